"""The safety case as a signed PDF: asked for, drawn and signed outside any transaction, stored and logged as the assessment report is."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

from accounts.models import User
from accounts.permissions import require
from core import clock
from core.canonical import canonical_digest, canonical_json, parse_canonical
from core.errors import AssayError, Conflict, InvalidState
from core.hashing import sha256_bytes
from decisions.basis import basis_of
from decisions.gate_models import Decision, DecisionState
from evidence import bundle, ledger
from evidence.keys import KeyRing, installed
from evidence.models import Artifact, Attestation
from evidence.proofs import bundles_read
from evidence.services import StoredFile, evidence_record
from evidence.storage import blob_put_bytes
from reports.engine import render
from reports.fonts import printable_tree
from reports.presentation import data_uri, qr_svg
from reports.render import render_pdf, template_digest
from reports.safety_case import case_read
from reports.sign import PROFILE, sign_pdf, signer_open
from reports.snapshot import log_head, renderers

SCHEMA = "urn:assay:safety-case:v1"
PREDICATE = "urn:assay:predicate:safety-case:v1"
PDF, KIND = "safety-case.pdf", "safety_case"
REQUESTED, BUILT, FAILED = "reports.safety_case.requested", "reports.safety_case.built", "reports.safety_case.failed"


@dataclass(frozen=True)
class MadeCase:
    """A signed PDF and everything its statement says about it."""

    pdf: bytes
    predicate: dict[str, Any]


@transaction.atomic
def safety_case_request(*, actor: User, decision: Decision) -> str:
    """Ask for the PDF of a decision that is not open any more and ring for a worker; the digest of what it will say."""
    require(actor, "report.build", decision)
    if decision.state == DecisionState.OPEN:
        raise InvalidState(f"{decision.reference} is not decided yet; a safety case is signed once it is.")
    digest = canonical_digest(case_read(decision))
    _log(actor, REQUESTED, decision, {"content": digest})
    transaction.on_commit(partial(_ring, decision, digest))
    return digest


def safety_case_make(*, actor: User, decision: Decision, content: str) -> Artifact:
    """Render, sign, store and log the PDF whose content has the digest ``content``; ``Conflict`` where it would say something else by now."""
    require(actor, "report.build", decision)
    made_already = made_of(decision, content)
    if made_already is not None:
        return made_already
    try:
        made = _make(decision, content)
    except AssayError as error:
        with transaction.atomic():
            _log(actor, FAILED, decision, {"content": content, "error": str(error)[:500]})
        raise
    blob = blob_put_bytes(made.pdf)
    attestation = evidence_record(
        actor=actor,
        action=BUILT,
        subject=decision.subject,
        predicate_type=PREDICATE,
        predicate=made.predicate,
        blobs=[StoredFile(blob, PDF, "application/pdf", KIND, f"Safety case of {decision.reference}")],
        payload={"content": content, "snapshot": made.predicate["snapshot_sha256"], "signed": blob.sha256},
        organisation_id=decision.organisation_id,
    )
    return attestation.artifacts.get()


def made_of(decision: Decision, content: str) -> Artifact | None:
    """The PDF that says exactly ``content``; None where it was not made yet."""
    rows = Artifact.objects.filter(subject=decision.subject, kind=KIND, attestation__entry__payload__content=content)
    return rows.select_related("attestation__entry").first()


def document_of(decision: Decision, content: Mapping[str, Any], ring: KeyRing, certificate: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The snapshot and the bytes of what it attaches: keys, the basis that was approved, and the statements all of it rests on."""
    moment = clock.iso(clock.now())
    files, titles = _files(decision, ring)
    heading = {"reference": decision.reference, "title": f"Safety case: {decision.about}", "organisation": content["organisation"], "made_at": moment}
    rows = [
        {"name": name, "media_type": "application/json", "sha256": sha256_bytes(data), "size": len(data), "title": titles[name], "embedded": True}
        for name, data in files.items()
    ]
    document = {
        "schema": SCHEMA,
        "report": heading,
        "software": {"name": "Assay", "version": settings.ASSAY_VERSION, "renderer": renderers(), "template_digest": template_digest()},
        **{name: value for name, value in content.items() if name != "organisation"},
        "log": log_head(files, ring),
        "keys": [{"label": label, "fingerprint": value} for label, value in ring.trust.fingerprints()],
        "signature": {"profile": PROFILE, "certificate": certificate},
        "attachments": rows,
    }
    return document, files


def case_html(snapshot: Mapping[str, Any]) -> str:
    """The pages as one HTML document; every text in it is escaped."""
    snapshot = parse_canonical(canonical_json(snapshot))
    shown = {**printable_tree(snapshot), "snapshot_digest": canonical_digest(snapshot), "qr": data_uri(qr_svg(snapshot["log"]["note"]))}
    return render("safety_case.html", shown)


def _make(decision: Decision, content: str) -> MadeCase:
    said = case_read(decision)
    if canonical_digest(said) != content:
        raise Conflict(f"What the safety case of {decision.reference} would say changed since it was asked for; ask for it again.")
    ring = installed()
    signer = signer_open(*ring.report_key())
    document, files = document_of(decision, said, ring, signer.certificate)
    unsigned = render_pdf(document, files, case_html)
    signed = sign_pdf(unsigned, signer)
    predicate = {
        "decision": str(decision.pk),
        "content": content,
        "snapshot_sha256": canonical_digest(document),
        "unsigned_sha256": sha256_bytes(unsigned),
        "signed_sha256": sha256_bytes(signed),
        "attachments": {name: sha256_bytes(data) for name, data in files.items()},
        "profile": PROFILE,
        "certificate": signer.certificate,
    }
    return MadeCase(signed, predicate)


def _files(decision: Decision, ring: KeyRing) -> tuple[dict[str, bytes], dict[str, str]]:
    basis = basis_of(decision)
    files = {"trusted_root.json": ring.trusted_root_bytes, "decision.json": canonical_json(basis.document)}
    titles = {"trusted_root.json": "Public keys to check everything against", "decision.json": "What the digest of the decision is of"}
    entries = {int(item["entry"]) for row in basis.results for item in row.evidence if item.get("entry") is not None}
    own = Attestation.objects.filter(subject=decision.subject).exclude(entry__action__startswith="reports.")
    held = (own | Attestation.objects.filter(entry__index__in=entries)).select_related("entry").order_by("entry__index")
    for index, data in bundles_read(list(held)).items():
        name = bundle.file_name(index)
        files[name], titles[name] = data, f"Statement of log entry {index}"
    return files, titles


def _log(actor: User, action: str, decision: Decision, payload: dict[str, Any]) -> None:
    ledger.append(actor=actor, action=action, subject=decision.subject, payload=payload, organisation_id=decision.organisation_id)


def _ring(decision: Decision, digest: str) -> None:
    """A broker that is away is no error: the PDF can be asked for again."""
    try:
        current_app.send_task("reports.tasks.build_safety_case", args=[str(decision.pk), digest], queue="reports", retry=False)
    except OperationalError:
        return
