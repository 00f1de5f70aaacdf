"""Adding a probe set of one's own: checked whole, kept as evidence, entered in the log."""

from django.db import IntegrityError, transaction

from accounts.models import Organisation, User
from accounts.permissions import require
from assessments.models import AddedProbeSet
from assessments.probe_intake import Checked, check
from assessments.shelf import finder
from core.errors import Conflict
from core.hashing import sha256_bytes
from evidence.services import StoredFile, evidence_record
from evidence.storage import blob_put_bytes

PREDICATE = "urn:assay:predicate:probe-set:v1"


def probe_set_add(*, actor: User, organisation: Organisation, name: str, raw: bytes) -> AddedProbeSet:
    """Check the yaml file ``raw``, called ``name``, and keep it; ``Refused`` names what is wrong, ``Conflict`` what is there already. Nothing is half done."""
    row = AddedProbeSet(organisation=organisation, added_by=actor)
    require(actor, "probe_set.add", row)
    digest = sha256_bytes(raw)
    same = AddedProbeSet.objects.filter(organisation=organisation, digest=digest).first()
    if same is not None:
        raise Conflict(f"This very file was added before, as {same}.")
    checked = check(name, raw, finder(organisation.pk))
    _describe(row, checked)
    if AddedProbeSet.objects.filter(organisation=organisation, slug=row.slug, version=row.version).exists():
        raise Conflict(f"There is another file as {row}. Change the field version; a set that was added never changes.")
    file = StoredFile(blob_put_bytes(raw), f"{row.slug}.yaml", "application/yaml", "probe_set", f"Probe set: {row.title}")
    with transaction.atomic():
        _record(actor, row, file)
    return row


def _describe(row: AddedProbeSet, checked: Checked) -> None:
    found = checked.set
    items = found.labelled(checked.axis.positive, checked.axis.negative)
    row.slug, row.version, row.title, row.digest = found.slug, found.version, found.title, found.digest
    row.items, row.families, row.baseline = len(items), len({item.family for item in items}), dict(checked.baseline)


def _record(actor: User, row: AddedProbeSet, file: StoredFile) -> None:
    said = {"slug": row.slug, "version": row.version, "digest": row.digest, "items": row.items, "families": row.families}
    attestation = evidence_record(
        actor=actor,
        action="assessments.probeset.added",
        subject=row.subject,
        predicate_type=PREDICATE,
        predicate={**said, "surface_auroc": row.baseline},
        blobs=[file],
        payload=said,
        organisation_id=row.organisation_id,
    )
    row.artifact = attestation.artifacts.get()
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict(f"Somebody else has just added {row}.") from error
