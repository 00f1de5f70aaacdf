"""The safety case: what it says of a decision, and its PDF: archivable, accessible, signed, stored, logged, repeatable from its own attachments."""

import io
from collections.abc import Callable

import pikepdf
import pytest

from accounts.models import Role, User
from assessments.models import Run
from core.canonical import canonical_digest, canonical_json, parse_canonical
from core.errors import Conflict, InvalidState, NotAllowed
from core.hashing import sha256_bytes
from decisions import services
from decisions.basis import basis_of
from decisions.gate_models import Decision
from evidence.bundle import statement_of
from evidence.keys import installed
from evidence.models import Artifact, LedgerEntry
from evidence.storage import blob_read
from reports.render import embedded_files, render_pdf
from reports.safety_case import case_read
from reports.safety_case_pdf import case_html, safety_case_make, safety_case_request
from reports.tasks import build_safety_case
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(admin: User) -> Run:
    factories.catalogue(admin)
    return factories.qualified(factories.finished_run(admin))


@pytest.fixture
def colleague(admin: User) -> Callable[..., User]:
    return lambda role=Role.APPROVER: factories.user(role, of=factories.home(admin))


@pytest.fixture
def decision(admin: User, run: Run, colleague: Callable[..., User]) -> Decision:
    """A go on one finding, approved."""
    row = factories.decision(admin, version=run.plan.version, purpose="To sort letters by topic.")
    services.approval_give(actor=colleague(), decision=row, digest=basis_of(row).digest)
    return Decision.objects.get(pk=row.pk)


def build(actor: User, row: Decision) -> Artifact:
    return safety_case_make(actor=actor, decision=row, content=safety_case_request(actor=actor, decision=row))


def test_case_says_claim_arguments_evidence_concordance_limits_and_approvals(decision: Decision, run: Run) -> None:
    case = case_read(decision)
    assert case["claim"] == f"{run.plan.version} can be approved."
    argument = case["arguments"][0]
    assert (argument["standing"], [leaf["says"] for leaf in argument["evidence"]]) == ("met", ["It is seen"])
    assert argument["evidence"][0]["artifact"] == run.steps.get().finding.result_artifact.sha256
    assert case["limits"] == [{"headline": "It is seen", "does_not_show": "that it matters.", "not_examined": "Everything else."}]
    assert (case["decision"]["outcome"], case["decision"]["stands"], case["approvals"][0]["counts"]) == ("go", True, True)
    block = case["concordance"][0]
    assert {row["ref"] for row in block["rows"]} == {link.requirement.ref for artifact in Artifact.objects.all() for link in artifact.links.all()}
    assert block["coverage"]
    assert case_read(decision) == case


def test_case_names_no_person_and_says_when_an_approval_no_longer_counts(decision: Decision, run: Run) -> None:
    given = decision.approvals.get()
    assert given.approver.username not in str(case_read(decision))
    factories.qualified(run, "causal")
    case = case_read(Decision.objects.get(pk=decision.pk))
    assert (case["decision"]["stands"], case["approvals"][0]["counts"]) == (False, False)


def test_case_of_a_system_without_a_version_says_so(admin: User) -> None:
    row = factories.decision(admin, system=factories.system(admin))
    case = case_read(row)
    assert (case["concordance"], case["limits"], case["arguments"][0]["standing"]) == ([], [], "unknown")


def test_pdf_is_archivable_accessible_signed_stored_logged_and_made_once(admin: User, decision: Decision, run: Run) -> None:
    """One test, because drawing it is slow."""
    artifact = build(admin, decision)
    said_check(artifact, decision)
    file_check(blob_read(artifact.sha256), decision)
    assert build(admin, decision) == artifact
    content = safety_case_request(actor=admin, decision=decision)
    factories.qualified(run, "causal")
    assert safety_case_make(actor=admin, decision=decision, content=content) == artifact
    with pytest.raises(Conflict, match="ask for it again"):
        safety_case_make(actor=admin, decision=Decision.objects.get(pk=decision.pk), content="00" * 32)
    assert LedgerEntry.objects.last().action == "reports.safety_case.failed"  # type: ignore[union-attr]
    assert Artifact.objects.filter(kind="safety_case").count() == 1


def said_check(artifact: Artifact, decision: Decision) -> None:
    """The statement says what was made from what, and the same PDF follows from its own attachments."""
    pdf = blob_read(artifact.sha256)
    said = statement_of(artifact.attestation.parsed_envelope, installed().trust)
    predicate, attached = said["predicate"], dict(embedded_files(pdf))
    assert (artifact.media_type, artifact.attestation.entry.action) == ("application/pdf", "reports.safety_case.built")
    assert said["subject"] == [{"name": "safety-case.pdf", "digest": {"sha256": sha256_bytes(pdf)}}]
    snapshot = attached.pop("snapshot.json")
    assert predicate["snapshot_sha256"] == sha256_bytes(snapshot)
    assert predicate["attachments"] == {name: sha256_bytes(data) for name, data in attached.items()}
    assert sha256_bytes(attached["decision.json"]) == decision.digest
    assert attached["decision.json"] == canonical_json(decision.basis)
    indexes = {entry.index for entry in LedgerEntry.objects.filter(subject=decision.subject) if not entry.action.startswith("reports.")}
    assert {f"statement-{index}.sigstore.json" for index in indexes} <= set(attached)
    document = parse_canonical(snapshot)
    assert sha256_bytes(render_pdf(document, attached, case_html)) == predicate["unsigned_sha256"]


def file_check(pdf: bytes, decision: Decision) -> None:
    """PDF/A-3a and PDF/UA, tagged, with a signature that certifies it and an outline."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        with opened.open_metadata() as metadata:
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "A")
        assert 'pdfuaid:part="1"' in opened.Root.Metadata.read_bytes().decode()
        assert bool(opened.Root.MarkInfo.Marked)
        assert str(opened.Root.Lang) == "en-GB"
        assert str(opened.docinfo["/Title"]) == f"{decision.reference}: Safety case: {decision.version}"
        figures = [item for item in opened.objects if isinstance(item, pikepdf.Dictionary) and item.get("/S") == "/Figure"]
        assert all(len(str(item.Alt)) > 20 for item in figures)
        fields = [str(field.T) for field in opened.Root.AcroForm.Fields]
        assert fields == ["AssayReport"]
        assert "/DocMDP" in opened.Root.Perms
        with opened.open_outline() as outline:
            assert [item.title[:2] for item in outline.root] == ["Su", "1 ", "2 ", "3 ", "4 ", "5 "]


def test_worker_makes_what_was_asked_for_and_says_when_it_cannot(admin: User, decision: Decision) -> None:
    content = canonical_digest(case_read(decision))
    assert build_safety_case(str(decision.pk), "11" * 32) == "failed"
    assert build_safety_case(str(decision.pk), content) == "done"


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.APPROVER])
def test_case_is_refused_without_the_permission_or_before_the_decision(admin: User, decision: Decision, colleague: Callable[..., User], role: str) -> None:
    for actor in (colleague(role), factories.user(Role.ADMINISTRATOR)):
        with pytest.raises(NotAllowed):
            build(actor, decision)
    with pytest.raises(InvalidState, match="not decided yet"):
        build(admin, factories.decision(admin, version=decision.version))
