"""Sealed plans that cross the border: handed to a vendor as a file, and taken in at the vendor's side under the digest that was sealed."""

from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from assessments import probes
from assessments.contracts import Refused, Threshold
from assessments.models import Plan, ReceivedPlan
from assessments.parameters import params_parse
from assessments.plan_packages import PLAN_FILE, PlanPackage, package_build, package_read
from assessments.registry import instrument, source_digest
from assessments.services.plans import SCHEMA, plan_check_seal
from assessments.shelf import finder
from core import clock
from core.canonical import canonical_json
from core.errors import AssayError, Conflict, InvalidInput, InvalidState
from core.hashing import sha256_bytes
from evidence import ledger, statements
from evidence.keys import installed
from evidence.models import LedgerEntry
from evidence.proofs import bundles_read
from evidence.services import StoredFile, evidence_record
from evidence.storage import blob_put_bytes
from inventory.models import ModelVersion

HANDED_OVER = "assessments.plan.handed_over"


def plan_hand_over(*, actor: User, plan: Plan) -> bytes:
    """The package of a sealed plan for the vendor of its version. The first time is entered in the log; a repetition gives newer proofs of the same."""
    require(actor, "evidence.export", plan)
    plan_check_seal(plan)
    if plan.received_from is not None:
        raise InvalidState("This plan came from somebody else; only who sealed it first hands it over.")
    entry = _handed_over(actor, plan)
    assert plan.sealed_entry is not None
    proven = bundles_read([plan.sealed_entry.attestation, entry.attestation])
    return package_build(plan.document, proven[plan.sealed_entry.index], proven[entry.index], installed().trusted_root_bytes)


@transaction.atomic
def _handed_over(actor: User, plan: Plan) -> LedgerEntry:
    Plan.objects.select_for_update(of=("self",)).get(pk=plan.pk)
    before = LedgerEntry.objects.filter(action=HANDED_OVER, subject=plan.subject).select_related("attestation").first()
    if before is not None:
        return before
    payload = {"digest": plan.sealed_digest, "vendor": str(plan.version.model.vendor_id)}
    statement = statements.build([statements.descriptor(PLAN_FILE, plan.sealed_digest)], statements.PLAN_HANDOVER, {"plan": str(plan.pk), **payload})
    return ledger.append(actor=actor, action=HANDED_OVER, subject=plan.subject, payload=payload, statement=statement, organisation_id=plan.organisation_id)


def plan_receive(*, actor: User, data: bytes, version: ModelVersion, fingerprint: str = "") -> Plan:
    """Take in a package for ``version``, sealed here under the sender's digest. With ``fingerprint`` the sender's keys must have it.

    ``IntegrityFailed`` for a file that was changed, ``InvalidInput`` for other weights, another program or keys than expected. Taking the same
    plan in twice gives the first one back. Nothing is half done.
    """
    require(actor, "plan.write", version)
    require(actor, "plan.seal", version)
    package = package_read(data)
    _check_sender(package, fingerprint)
    _check_document(package, version)
    before = ReceivedPlan.objects.filter(plan__sealed_digest=package.digest, plan__version__model__vendor__organisation=version.organisation_id).first()
    if before is not None:
        return before.plan if before.plan.version_id == version.pk else _elsewhere(before.plan)
    return _receive(actor, package, version, sha256_bytes(data), bool(fingerprint))


def _elsewhere(plan: Plan) -> Plan:
    raise Conflict(f"This plan was taken in before, for {plan.version}. One plan is run on one version.")


def _check_sender(package: PlanPackage, fingerprint: str) -> None:
    wanted = fingerprint.replace(" ", "").replace(":", "").lower()
    if wanted and wanted != package.fingerprint:
        raise InvalidInput("fingerprint", f"the keys in the file have fingerprint {package.fingerprint}, not the one given. Do not run this plan.")
    if package.document.get("schema") != SCHEMA:
        raise InvalidInput("file", f"the plan is of kind {package.document.get('schema')!r}, this program runs {SCHEMA}. Use the sender's version.")


def _check_document(package: PlanPackage, version: ModelVersion) -> None:
    try:
        _check_weights(package, version)
        for item in package.document["items"]:
            _check_item(item, version)
            [Threshold(**row) for row in item["thresholds"]]
        str(package.document["title"]), int(package.document["seed"]), UUID(package.handover.statement["predicate"]["plan"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInput("file", f"the plan lacks something that every plan has ({type(error).__name__}: {str(error)[:80]})") from error


def _check_weights(package: PlanPackage, version: ModelVersion) -> None:
    sealed = package.document["subject"]
    names = {"weights_digest": "weights", "tokenizer_digest": "tokenizer", "template_digest": "chat template"}
    for field, word in names.items():
        found = getattr(version, field)
        if sealed["weights_digest"] and sealed[field] != found:
            stated, here = sealed[field] or "none", found or "none"
            raise InvalidInput("version", f"the plan is about a {word} with SHA-256 {stated}, {version} has {here}. Choose the version that was sold.")
    if not version.weights_digest:
        raise InvalidInput("version", f"{version} has no weights in this installation; register the weights first")


def _check_item(item: dict[str, Any], version: ModelVersion) -> None:
    """The instrument must be the very code that was sealed, and the texts must be here: both are refused now, not after an hour."""
    try:
        method = instrument(item["instrument"])
    except Refused as error:
        raise InvalidInput("file", f"step “{item['key']}”: {error}. Install the version of this program that the sender has.") from error
    if (method.card.version, source_digest(item["instrument"])) != (item["version"], item["source_digest"]):
        raise InvalidInput("file", f"step “{item['key']}”: the code of {item['instrument']} here is not what was sealed. Install the sender's version.")
    params_parse(method.Params, item["params"])
    find = finder(version.organisation_id)
    for slug, digest in item["probe_sets"].items():
        if _digest(find, slug) != digest:
            raise InvalidInput("file", f"step “{item['key']}”: the probe set {slug} is not here as sealed. Ask the sender for its file and add it.")


def _digest(find: probes.Find, slug: str) -> str:
    try:
        return find(slug).digest
    except AssayError:
        return ""


@transaction.atomic
def _receive(actor: User, package: PlanPackage, version: ModelVersion, package_digest: str, compared: bool) -> Plan:
    blob = blob_put_bytes(canonical_json(package.document))
    plan = Plan(version=version, title=str(package.document["title"])[:200], document=package.document, author=actor)
    file = StoredFile(blob=blob, name=PLAN_FILE, media_type="application/json", kind="plan", title=f"Received plan: {plan.title}"[:200])
    sent = package.handover.statement["predicate"]
    source = {"plan": str(sent["plan"]), "origin": package.origin, "log_index": package.seal.index, "package": package_digest, "keys": package.fingerprint}
    said = {"plan": str(plan.id), "digest": blob.sha256, "subject": package.document["subject"], "sealed_at": clock.iso(clock.now())}
    attestation = evidence_record(
        actor=actor,
        action="assessments.plan.received",
        subject=plan.subject,
        predicate_type=statements.PLAN_SEAL,
        predicate={**said, "received": source},
        blobs=[file],
        payload={"digest": blob.sha256, "received": source},
        organisation_id=version.organisation_id,
    )
    plan.sealed_digest, plan.sealed_entry, plan.sealed_at = blob.sha256, attestation.entry, clock.now()
    plan.save(force_insert=True)
    ReceivedPlan.objects.create(
        plan=plan, origin=package.origin, fingerprint=package.fingerprint, their_plan=sent["plan"], their_entry=package.seal.index, compared=compared
    )
    return plan
