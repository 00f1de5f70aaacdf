"""The safety case as a signed PDF: asked for, drawn and signed outside any transaction, stored and logged as the assessment report is."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from core.canonical import canonical_digest, canonical_json
from core.errors import AssayError, Conflict, InvalidState
from decisions.basis import basis_of
from decisions.gate_models import Decision, DecisionState
from evidence import ledger
from evidence.models import Artifact, Attestation
from evidence.services import evidence_record
from reports.safety_case import case_read
from reports.signed_pages import Made, Pages, pages_html, pages_make
from reports.signed_rows import made_of, worker_ring

SCHEMA = "urn:assay:safety-case:v1"
PREDICATE = "urn:assay:predicate:safety-case:v1"
PDF, KIND = "safety-case.pdf", "safety_case"
REQUESTED, BUILT, FAILED = "reports.safety_case.requested", "reports.safety_case.built", "reports.safety_case.failed"
TASK = "reports.tasks.build_safety_case"


@transaction.atomic
def safety_case_request(*, actor: User, decision: Decision) -> str:
    """Ask for the PDF of a decision that is not open any more and ring for a worker; the digest of what it will say."""
    require(actor, "report.build", decision)
    if decision.state == DecisionState.OPEN:
        raise InvalidState(f"{decision.reference} is not decided yet; a safety case is signed once it is.")
    digest = canonical_digest(case_read(decision))
    _log(actor, REQUESTED, decision, {"content": digest})
    transaction.on_commit(partial(worker_ring, TASK, str(decision.pk), digest))
    return digest


def safety_case_make(*, actor: User, decision: Decision, content: str) -> Artifact:
    """Render, sign, store and log the PDF whose content has the digest ``content``; ``Conflict`` where it would say something else by now."""
    require(actor, "report.build", decision)
    made_already = made_of(decision.subject, KIND, content)
    if made_already is not None:
        return made_already
    try:
        made = _make(decision, content)
    except AssayError as error:
        with transaction.atomic():
            _log(actor, FAILED, decision, {"content": content, "error": str(error)[:500]})
        raise
    file = made.stored(PDF, KIND, f"Safety case of {decision.reference}")
    attestation = evidence_record(
        actor=actor,
        action=BUILT,
        subject=decision.subject,
        predicate_type=PREDICATE,
        predicate=made.predicate,
        blobs=[file],
        payload={"content": content, "snapshot": made.predicate["snapshot_sha256"], "signed": file.blob.sha256},
        organisation_id=decision.organisation_id,
    )
    return attestation.artifacts.get()


def case_html(snapshot: Mapping[str, Any]) -> str:
    """The pages as one HTML document; every text in it is escaped."""
    return pages_html("safety_case.html", snapshot)


def _make(decision: Decision, content: str) -> Made:
    said = case_read(decision)
    if canonical_digest(said) != content:
        raise Conflict(f"What the safety case of {decision.reference} would say changed since it was asked for; ask for it again.")
    return pages_make(_pages(decision, said, content))


def _pages(decision: Decision, said: Mapping[str, Any], content: str) -> Pages:
    """The argument, with the keys, the basis that was approved, and the statements all of it rests on."""
    basis = basis_of(decision)
    entries = {int(item["entry"]) for row in basis.results for item in row.evidence if item.get("entry") is not None}
    own = Attestation.objects.filter(subject=decision.subject).exclude(entry__action__startswith="reports.")
    return Pages(
        schema=SCHEMA,
        draw=case_html,
        heading={"reference": decision.reference, "title": f"Safety case: {decision.about}", "organisation": said["organisation"]},
        said={name: value for name, value in said.items() if name != "organisation"},
        about={"decision": str(decision.pk), "content": content},
        statements=(own | Attestation.objects.filter(entry__index__in=entries)).select_related("entry"),
        more={"decision.json": ("What the digest of the decision is of", canonical_json(basis.document))},
    )


def _log(actor: User, action: str, decision: Decision, payload: dict[str, Any]) -> None:
    ledger.append(actor=actor, action=action, subject=decision.subject, payload=payload, organisation_id=decision.organisation_id)
