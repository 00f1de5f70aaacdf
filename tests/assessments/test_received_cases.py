"""A vendor's case, made by a real run in another installation: taken in for what it is worth, or refused with nothing changed."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction

from accounts.models import Membership, Role, User
from assessments.contracts import Threshold
from assessments.models import Finding, Plan, ReceivedCase, Run, RunState
from assessments.services.plans import PlanItem, subject_of
from assessments.services.received_cases import Reception, case_receive
from assessments.services.runs import run_create, run_retry
from assessments.services.vendor_keys import vendor_key_pin, vendor_key_withdraw
from core.errors import Conflict, InvalidInput, InvalidState, NotAllowed
from core.hashing import sha256_bytes
from evidence.archive import DATE
from evidence.models import Artifact, EvidenceLink, LedgerEntry
from inventory.models import Vendor
from tests import factories
from tests.assessments import received as two
from tests.tiny_models import build_tiny

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny(tmp_path_factory.mktemp("sold"), "llama")


@pytest.fixture(scope="session")
def their_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return two.vendor_keys(tmp_path_factory.mktemp("vendor"))


MADE: dict[str, bytes] = {}
"""Cases by kind: each is made once by a real run, because the plan of ours is the same to the last byte in every test."""


@pytest.fixture
def plan(admin: User, model: Path) -> Plan:
    return two.our_plan(admin, model)


@pytest.fixture
def vendor(plan: Plan) -> Vendor:
    return plan.version.model.vendor


def made(kind: str, plan: Plan, admin: User, settings: Any, their_keys: Path, model: Path, tmp_path: Path, **how: Any) -> bytes:
    if kind not in MADE:
        package = two.handed_over(admin, plan)
        with two.elsewhere(settings, their_keys):
            MADE[kind] = two.case_of(two.vendor_run(package, model, **how), tmp_path)
    return MADE[kind]


@pytest.fixture
def qualified(plan: Plan, admin: User, settings: Any, their_keys: Path, model: Path, tmp_path: Path) -> bytes:
    return made("qualified", plan, admin, settings, their_keys, model, tmp_path, qualified=True)


@pytest.fixture
def unqualified(plan: Plan, admin: User, settings: Any, their_keys: Path, model: Path, tmp_path: Path) -> bytes:
    return made("unqualified", plan, admin, settings, their_keys, model, tmp_path)


def everything() -> dict[str, int]:
    """Rows per table, the log's own left out."""
    return {row.__name__: row._default_manager.count() for row in apps.get_models() if row not in two.LOG and row.__name__ != "Attestation"}


def refused(admin: User, vendor: Vendor, data: bytes) -> Reception:
    """Take ``data`` in, which must change nothing but add one line to the log."""
    rows, entries = everything(), LedgerEntry.objects.count()
    found = two.received(admin, vendor, data)
    assert found.case is None
    assert everything() == rows
    assert LedgerEntry.objects.count() == entries + 1
    line = LedgerEntry.objects.order_by("-index")[0]
    assert (line.action, line.payload["sha256"]) == ("assessments.case.refused", sha256_bytes(data))
    assert line.payload["failed"] == [row.slug for row in found.report.failures]
    return found


def test_a_sound_case_is_taken_in_and_says_who_attested_what(admin: User, plan: Plan, vendor: Vendor, qualified: bytes, their_keys: Path) -> None:
    factories.catalogue(admin)
    two.pinned(admin, vendor, their_keys)
    found = two.received(admin, vendor, qualified)
    assert found.case is not None, found.report.failures
    assert set(two.states(found).values()) == {"passed"}, found.report.limits
    assert found.case.outcome == "accepted"
    run = found.case.run
    finding = Finding.objects.get(step__run=run)
    assert (run.state, run.plan, run.number) == (RunState.DONE, plan, 1)
    assert finding.verdict == finding.reading == "null"
    assert finding.cap_reasons == []
    statement = LedgerEntry.objects.get(action="assessments.step.received").attestation
    assert statement.predicate_type == "urn:assay:predicate:received-result:v1"
    assert {row.kind for row in finding.step.attestation.artifacts.all()} == {"vendor_file", "vendor_statement"}
    assert Artifact.objects.get(kind="received_case").sha256 == sha256_bytes(qualified)
    link = EvidenceLink.objects.first()
    assert link is not None
    assert (link.status, link.tier) == ("proposed", "null")
    assert "Run by the vendor" in link.rationale


def test_the_limits_applied_are_those_that_we_sealed(admin: User, vendor: Vendor, qualified: bytes, their_keys: Path) -> None:
    two.pinned(admin, vendor, their_keys)
    two.received(admin, vendor, qualified)
    rows = Finding.objects.get().thresholds
    assert [(row["metric"], row["text"]) for row in rows] == [("induction_score", "≥ 0.25")]


def test_twice_is_once(admin: User, plan: Plan, vendor: Vendor, qualified: bytes, their_keys: Path) -> None:
    two.pinned(admin, vendor, their_keys)
    first = two.received(admin, vendor, qualified)
    entries, rows = LedgerEntry.objects.count(), everything()
    again = two.received(admin, vendor, qualified)
    assert (again.repeated, again.case) == (True, first.case)
    assert two.states(again) == two.states(first)
    assert (LedgerEntry.objects.count(), everything()) == (entries, rows)


def test_the_same_results_in_another_file_are_the_same_case(
    admin: User, plan: Plan, vendor: Vendor, settings: Any, their_keys: Path, model: Path, tmp_path: Path
) -> None:
    package = two.handed_over(admin, plan)
    with two.elsewhere(settings, their_keys):
        run = two.vendor_run(package, model)
        first, second = two.case_of(run, tmp_path, "one"), two.case_of(run, tmp_path, "two")
    assert first != second
    two.pinned(admin, vendor, their_keys)
    kept = two.received(admin, vendor, first).case
    again = two.received(admin, vendor, second)
    assert (again.repeated, again.case, ReceivedCase.objects.count(), Run.objects.count()) == (True, kept, 1, 1)


def test_an_instrument_without_calibration_caps_the_verdict(admin: User, vendor: Vendor, unqualified: bytes, their_keys: Path) -> None:
    two.pinned(admin, vendor, their_keys)
    found = two.received(admin, vendor, unqualified)
    assert found.case is not None
    assert (found.case.outcome, two.states(found)["instruments"]) == ("limits", "limits")
    finding = Finding.objects.get()
    assert (finding.reading, finding.verdict) == ("null", "not_qualified")
    assert finding.cap_reasons == ["The vendor's installation had no calibration record of the instrument."]


def test_an_unknown_key_is_refused_until_a_person_pinned_it(admin: User, vendor: Vendor, qualified: bytes, their_keys: Path) -> None:
    found = refused(admin, vendor, qualified)
    assert two.states(found)["key"] == "failed"
    fingerprint = sha256_bytes((their_keys / "trusted_root.json").read_bytes())
    assert fingerprint in two.words(found, "key")
    two.pinned(admin, vendor, their_keys)
    assert two.received(admin, vendor, qualified).case is not None


def test_a_withdrawn_key_is_as_unknown_as_any(admin: User, vendor: Vendor, qualified: bytes, their_keys: Path) -> None:
    key = two.pinned(admin, vendor, their_keys)
    vendor_key_withdraw(actor=admin, key=key, reason="The vendor reported a break-in.")
    assert two.states(refused(admin, vendor, qualified))["key"] == "failed"


def test_the_key_of_another_vendor_is_no_key_of_this_one(admin: User, vendor: Vendor, qualified: bytes, their_keys: Path) -> None:
    two.pinned(admin, factories.vendor(admin), their_keys)
    assert two.states(refused(admin, vendor, qualified))["key"] == "failed"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_any_changed_byte_is_refused(admin: User, vendor: Vendor, qualified: bytes, their_keys: Path, share: float) -> None:
    two.pinned(admin, vendor, their_keys)
    data = bytearray(qualified)
    data[int(len(data) * share)] ^= 1
    assert "file" in {row.slug for row in refused(admin, vendor, bytes(data)).report.failures}


def test_a_changed_result_names_its_file(admin: User, vendor: Vendor, qualified: bytes, their_keys: Path) -> None:
    two.pinned(admin, vendor, their_keys)
    with zipfile.ZipFile(io.BytesIO(qualified)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    name = next(name for name, data in files.items() if b"urn:assay:step-result:v1" in data)
    files[name] = files[name].replace(b'"seed":3', b'"seed":4')
    found = refused(admin, vendor, packed(files))
    assert "result.json" in two.words(found, "file") or name in two.words(found, "file")


@pytest.mark.parametrize("cut", [0, 10, 5000, -1])
def test_a_file_cut_off_or_of_another_kind_is_refused(admin: User, vendor: Vendor, qualified: bytes, their_keys: Path, cut: int) -> None:
    two.pinned(admin, vendor, their_keys)
    found = refused(admin, vendor, qualified[:cut])
    assert two.states(found) == {**dict.fromkeys(two.states(found), "skipped"), "file": "failed"}


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A ZIP in the form of an export."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, DATE)
            info.create_system, info.external_attr, info.compress_type = 3, 0o644 << 16, method
            archive.writestr(info, files[name])
    return target.getvalue()


@pytest.mark.parametrize("name", ["../../etc/cron.d/x", "/etc/passwd", "artifacts/../../x", "a\\..\\b", "C:/x", "a//b", "a\nb"])
def test_names_that_lead_outside_are_refused_before_anything_is_read(admin: User, vendor: Vendor, name: str) -> None:
    found = refused(admin, vendor, packed({name: b"x", "manifest.json": b"{}"}))
    assert "leads outside" in two.words(found, "file")


def test_a_zip_bomb_is_refused_unread(admin: User, vendor: Vendor) -> None:
    bomb = packed({"manifest.json": bytes(64 << 20)}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 100_000
    assert "compressed" in two.words(refused(admin, vendor, bomb), "file")


def test_files_that_claim_more_than_the_zip_holds_are_refused_unread(admin: User, vendor: Vendor) -> None:
    data = bytearray(packed({"a": b"x" * 100}))
    for magic, place in ((b"PK\x01\x02", 20), (b"PK\x03\x04", 18)):
        where = data.index(magic) + place
        data[where : where + 8] = (2**30).to_bytes(4, "little") * 2
    assert "larger than the zip" in two.words(refused(admin, vendor, bytes(data)), "file")


def test_a_plan_that_differs_by_one_limit_is_refused_and_the_limit_named(
    admin: User, plan: Plan, vendor: Vendor, settings: Any, their_keys: Path, model: Path, tmp_path: Path
) -> None:
    with transaction.atomic():
        mark = transaction.savepoint()
        softer = [PlanItem("known_circuits", two.SMALL, (Threshold("induction_score", ">=", 0.2),))]
        package = two.handed_over(admin, two.our_plan(admin, model, softer))
        transaction.savepoint_rollback(mark)
    with two.elsewhere(settings, their_keys):
        data = two.case_of(two.vendor_run(package, model), tmp_path)
    two.pinned(admin, vendor, their_keys)
    found = refused(admin, vendor, data)
    assert two.states(found)["plan"] == "failed"
    assert "the limit on induction_score: “induction_score >= 0.25” was sealed, the case has “induction_score >= 0.2”" in two.words(found, "plan")


def test_other_weights_than_those_on_record_are_refused(admin: User, settings: Any, their_keys: Path, model: Path, tmp_path: Path) -> None:
    """A vendor whose software was changed to let other weights through: our own check still sees the digest that it attests."""
    plan = two.our_plan(admin, model)
    other = build_tiny(tmp_path / "other", "llama", seed=5)
    package = two.handed_over(admin, plan)
    with two.elsewhere(settings, their_keys), pytest.MonkeyPatch.context() as patch:
        patch.setattr("assessments.services.handovers._check_weights", lambda package, version: None)
        patch.setattr("assessments.models.subject_here", lambda sealed, version: subject_of(version))
        data = two.case_of(two.vendor_run(package, other), tmp_path)
    two.pinned(admin, plan.version.model.vendor, their_keys)
    found = refused(admin, plan.version.model.vendor, data)
    assert two.states(found)["weights"] == "failed"
    assert plan.document["subject"]["weights_digest"] in two.words(found, "weights")


def test_weights_unknown_to_us_are_recorded_and_limit_the_verdict(admin: User, settings: Any, their_keys: Path, model: Path, tmp_path: Path) -> None:
    unknown = {"weights_digest": "", "tokenizer_digest": "", "template_digest": "", "weights_manifest": [], "source": "held"}
    plan = two.our_plan(admin, None, facts=unknown, runs_at="vendor")
    with pytest.raises(InvalidState, match="The vendor runs this plan"):
        run_create(actor=admin, plan=plan)
    package = two.handed_over(admin, plan)
    with two.elsewhere(settings, their_keys):
        run = two.vendor_run(package, model, qualified=True)
        loaded, data = run.plan.version.weights_digest, two.case_of(run, tmp_path)
    two.pinned(admin, plan.version.model.vendor, their_keys)
    found = two.received(admin, plan.version.model.vendor, data)
    assert found.case is not None, found.report.failures
    assert two.states(found)["weights"] == "limits"
    assert loaded in two.words(found, "weights")


def test_a_second_run_that_is_not_in_the_case_leaves_a_gap_that_is_named(
    admin: User, plan: Plan, vendor: Vendor, settings: Any, their_keys: Path, model: Path, tmp_path: Path
) -> None:
    package = two.handed_over(admin, plan)
    with two.elsewhere(settings, their_keys):
        data = two.case_of(two.vendor_run(package, model, runs=2), tmp_path)
    two.pinned(admin, vendor, their_keys)
    found = two.received(admin, vendor, data)
    assert found.case is not None
    assert two.states(found)["others"] == "limits"
    assert "3 entries that the case does not open" in two.words(found, "others")


def test_a_log_that_was_rewritten_since_the_last_case_is_refused(
    admin: User, plan: Plan, vendor: Vendor, qualified: bytes, unqualified: bytes, their_keys: Path
) -> None:
    two.pinned(admin, vendor, their_keys)
    assert two.received(admin, vendor, qualified).case is not None
    assert "rewritten" in two.words(refused(admin, vendor, unqualified), "history")


def test_only_a_person_with_the_right_fingerprint_pins_a_key(admin: User, vendor: Vendor, their_keys: Path) -> None:
    data = (their_keys / "trusted_root.json").read_bytes()
    right = sha256_bytes(data)
    for wrong in ("", right[:-1], "0" * 64):
        with pytest.raises(InvalidInput, match="fingerprint"):
            vendor_key_pin(actor=admin, vendor=vendor, trusted_root=data, fingerprint=wrong, compared="telephone")
    robot = factories.user(Role.ADMINISTRATOR, of=factories.home(admin), is_service=True)
    with pytest.raises(NotAllowed, match="person"):
        vendor_key_pin(actor=robot, vendor=vendor, trusted_root=data, fingerprint=right, compared="telephone")
    with pytest.raises(InvalidInput, match="not the public key file"):
        vendor_key_pin(actor=admin, vendor=vendor, trusted_root=b"{}", fingerprint=sha256_bytes(b"{}"), compared="telephone")
    spelled = ":".join(right[place : place + 2].upper() for place in range(0, 64, 2))
    vendor_key_pin(actor=admin, vendor=vendor, trusted_root=data, fingerprint=spelled, compared="telephone")
    with pytest.raises(Conflict, match="already"):
        two.pinned(admin, vendor, their_keys)


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.APPROVER])
def test_who_only_reads_takes_nothing_in(admin: User, vendor: Vendor, role: str) -> None:
    person = factories.user(role, of=factories.home(admin))
    assert Membership.objects.filter(user=person).exists()
    with pytest.raises(NotAllowed):
        case_receive(actor=person, vendor=vendor, stream=io.BytesIO(b""))


def test_a_step_without_a_result_is_shown_as_failed_and_not_run_here(admin: User, settings: Any, their_keys: Path, model: Path, tmp_path: Path) -> None:
    items = [PlanItem("known_circuits", two.SMALL, key=key) for key in ("first", "second")]
    plan = two.our_plan(admin, model, items)
    package = two.handed_over(admin, plan)
    with two.elsewhere(settings, their_keys):
        run = two.vendor_run(package, model)
        lost = run.steps.get(key="second")
        left_out = {lost.subject, run.subject}
        rows = [row for row in two.statements_of(run) if row.subject not in left_out]
        data = two.case_with(run, rows, tmp_path)
    two.pinned(admin, plan.version.model.vendor, their_keys)
    found = two.received(admin, plan.version.model.vendor, data)
    assert found.case is not None, found.report.failures
    assert "1 of 2 steps have no result: second" in two.words(found, "complete")
    assert found.case.run.state == RunState.FAILED
    assert Finding.objects.count() == 1
    with pytest.raises(InvalidState, match="made by the vendor"):
        run_retry(actor=admin, run=found.case.run)
