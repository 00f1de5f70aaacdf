"""Probe sets from outside: what is sound is kept and used, what is not changes nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from accounts.models import Role, User
from assessments import probes
from assessments.contracts import Refused
from assessments.models import AddedProbeSet
from assessments.probe_intake import LARGEST, baseline_figure, check, warnings
from assessments.services.plans import PlanItem, plan_create
from assessments.services.probe_sets import probe_set_add
from assessments.shelf import finder, shelf_fill
from cli.probes_steps import add
from core.errors import Conflict, InvalidInput, NotAllowed
from core.hashing import sha256_bytes
from evidence.models import Artifact, LedgerEntry
from evidence.storage import blob_read
from tests import factories

GOOD = factories.probe_set_text()


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    """The sound file after ``change``."""
    data = yaml.safe_load(GOOD)
    change(data)
    return yaml.safe_dump(data, allow_unicode=True).encode()


def item(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = data["families"][0]["items"][0]
    return found


def keep(family: dict[str, Any], wanted: Callable[[dict[str, Any]], bool]) -> None:
    family["items"] = [row for row in family["items"] if wanted(row)]


LAUGHS = b"a: &a [ha, ha]\n" + b"".join(b"%c: &%c [*%c, *%c, *%c]\n" % (c, c, c - 1, c - 1, c - 1) for c in range(ord("b"), ord("z")))
HOSTILE = {
    "aliases that stand for billions of texts": (LAUGHS + GOOD, "anchor or alias"),
    "an object of the program": (b"x: !!python/object/apply:os.system [ls]\n" + GOOD, "uses a tag"),
    "endless nesting": (b"x: " + b"[" * 100_000, "nested more than"),
    "too many bytes": (b"#" * (LARGEST + 1), "bytes"),
    "not text": (b"\xc3\x28" * 9, "not readable as yaml"),
    "a day that never was": (b"x: 2024-99-99\n" + GOOD, "not readable as yaml"),
    "a number without end": (b"x: " + b"9" * 9000 + b"\n" + GOOD, "not readable as yaml"),
    "no mapping": (b"- a\n- b\n", "must be a mapping"),
    "HTML in an item": (changed(lambda d: item(d).update(text="Hand me <script>alert(1)</script>")), "holds HTML"),
    "HTML in the title": (changed(lambda d: d.update(title="<b>Polite</b>")), "holds HTML"),
    "HTML in the datasheet": (changed(lambda d: d["datasheet"].update(limits="<!-- none")), "holds HTML"),
    "HTML in an entry of its own": (changed(lambda d: d.update(answers={"yes": ["<i>yes"]})), "holds HTML"),
    "writing that turns round": (changed(lambda d: item(d).update(text="Hand me \u202egniht a")), "invisible control"),
    "a number for a text": (changed(lambda d: item(d).update(text=7)), "field text is missing"),
    "a list for the labels": (changed(lambda d: d.update(labels=["polite"])), "field labels must map"),
    "the name of a shipped set": (changed(lambda d: d.update(slug="sentiment")), "comes with the program"),
    "a name that is a path": (changed(lambda d: d.update(slug="../../etc/passwd")), "field slug"),
    "a version that is markup": (changed(lambda d: d.update(version="1 & more")), "field version"),
    "no axis": (factories.probe_set_text(axis=None), "declares no axis"),
    "too few items": (factories.probe_set_text(pairs=2), "from 24 to 600 are needed"),
    "too few families": (factories.probe_set_text(families=3), "at least 4 are needed"),
    "a family of one label": (changed(lambda d: keep(d["families"][0], lambda row: row["label"] == "rude")), "one label only"),
    "words that no run would find": (
        changed(lambda d: d["axis"].update(up=["no", "such"], down=["no", "list"], readout="r", instruction="i")), "must be a list of texts"
    ),
    "answers in a set that is not there": (
        changed(lambda d: d["axis"].update(up=["a"], down=["b"], readout="r", instruction="i", answers_set="nowhere")), "unknown probe set"
    ),
}  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_hostile_or_worthless_file_is_refused_and_nothing_changes(admin: User, raw: tuple[bytes, str], installation: Path) -> None:
    home, before = factories.home(admin), set(installation.rglob("*"))
    entries = LedgerEntry.objects.count()
    with pytest.raises(Refused, match=raw[1]):
        probe_set_add(actor=admin, organisation=home, name="set.yaml", raw=raw[0])
    assert (LedgerEntry.objects.count(), AddedProbeSet.objects.count(), Artifact.objects.count()) == (entries, 0, 0)
    assert set(installation.rglob("*")) == before


def test_labels_out_of_balance_are_refused_where_there_are_enough_items() -> None:
    def most_rude(data: dict[str, Any]) -> None:
        for family in data["families"]:
            family["items"] = [row for row in family["items"] if row["label"] == "rude" or row["pair"].endswith("p0")]

    raw = yaml.safe_load(factories.probe_set_text(pairs=8))
    most_rude(raw)
    with pytest.raises(Refused, match="labels are not balanced"):
        check("set.yaml", yaml.safe_dump(raw).encode())


@pytest.mark.django_db
def test_added_set_is_evidence_with_digest_baseline_and_log_entry(admin: User) -> None:
    row = factories.probe_set(admin)
    assert (row.slug, row.items, row.families, row.digest) == ("polite_requests", 32, 4, sha256_bytes(GOOD))
    assert blob_read(row.digest) == GOOD
    entry = LedgerEntry.objects.get(action="assessments.probeset.added")
    assert (entry.subject, entry.payload["digest"], row.artifact.sha256) == (row.subject, row.digest, row.digest)
    assert row.baseline["words"] == pytest.approx(1.0), "these two manners are told apart by their words"
    assert "Words alone" in warnings(row.baseline)[0]
    assert "0.50" in baseline_figure({"words": 0.5, "length": 0.5, "format": 0.5}).alt
    assert warnings({"words": 0.5, "length": 0.31, "format": 0.69}) == []
    assert len(warnings({"words": 0.5, "length": 0.29, "format": 0.71})) == 2, "a classifier that is always wrong tells as much"


@pytest.mark.django_db
def test_same_file_and_same_version_are_conflicts(admin: User) -> None:
    row = factories.probe_set(admin)
    for raw, told in ((GOOD, "very file was added before"), (factories.probe_set_text(title="Another title"), "Change the field version")):
        with pytest.raises(Conflict, match=told):
            probe_set_add(actor=admin, organisation=row.organisation, name="set.yaml", raw=raw)
    newer = probe_set_add(actor=admin, organisation=row.organisation, name="set.yaml", raw=factories.probe_set_text(version="2"))
    assert finder(row.organisation_id)("polite_requests").digest == newer.digest


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.GOVERNANCE, Role.APPROVER, Role.AUDITOR, Role.VENDOR, Role.API_CLIENT])
def test_others_may_not_add(admin: User, role: str) -> None:
    person = factories.user(role, of=factories.home(admin))
    with pytest.raises(NotAllowed):
        factories.probe_set(person)


@pytest.mark.django_db
def test_plan_pins_the_added_set_and_a_worker_finds_exactly_it(admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(probes.SHELF, "/nonexistent")
    row = factories.probe_set(admin)
    wish = [PlanItem("linear_direction", {"concept": "polite_requests"})]
    plan = plan_create(actor=admin, version=factories.version(admin), title="Manners", claim="It reads manners.", items=wish, seed=1)
    pinned = plan.document["items"][0]["probe_sets"]
    assert pinned == {"polite_requests": row.digest}
    with pytest.raises(Refused):
        probes.sealed(pinned, "polite_requests")
    shelf_fill(pinned)
    found = probes.sealed(pinned, "polite_requests")
    assert (found.digest, len(found.items)) == (row.digest, 32)
    shelf_fill({"polite_requests": "0" * 64, "sentiment": "0" * 64})


@pytest.mark.django_db
def test_added_set_of_another_organisation_is_unknown(admin: User) -> None:
    factories.probe_set(factories.user())
    wish = [PlanItem("linear_direction", {"concept": "polite_requests"})]
    with pytest.raises(Refused, match="unknown probe set"):
        plan_create(actor=admin, version=factories.version(admin), title="Manners", claim="It reads manners.", items=wish, seed=1)


@pytest.mark.django_db
def test_command_adds_a_file_and_names_one_that_is_not_there(admin: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.probes_steps.first_administrator", lambda: admin)
    path = tmp_path / "set.yaml"
    with pytest.raises(InvalidInput, match="cannot be read"):
        add(path)
    path.write_bytes(GOOD)
    found = add(path)
    assert found["digest"] == AddedProbeSet.objects.get().digest
    assert "32 items in 4 families" in found["text"]
    with pytest.raises(InvalidInput, match="name one of"):
        add(path, "Nobody")
    with path.open("wb") as stream:
        stream.truncate(1 << 30)
    with pytest.raises(Refused, match="bytes"):
        add(path)
