"""Organisms of one's own: registered from a folder after every check, entered in the log, withdrawn with a reason."""

import uuid
from pathlib import Path

from django.db import IntegrityError, transaction

from accounts.models import Organisation, User
from accounts.permissions import require
from assessments.models import AddedOrganism
from assessments.organism_intake import organism_examine
from assessments.organism_shelf import organism_folder
from assessments.organisms.contracts import Organism
from assessments.organisms.registry import DATASHEET, RECORD, digests_shipped, organism_record
from core import clock
from core.errors import Conflict, InvalidInput, InvalidState
from core.hashing import sha256_bytes
from evidence import ledger
from evidence.services import StoredFile, evidence_record
from evidence.storage import blob_put_bytes

PREDICATE = "urn:assay:predicate:organism:v1"
LONGEST = 1000


def organism_register(*, actor: User, organisation: Organisation, folder: str) -> AddedOrganism:
    """Check the organism in ``folder``, relative to the folder for models, and register it for calibrations.

    ``Refused`` names what is wrong with it, ``InvalidInput`` a place outside, ``Conflict`` what is registered already. Nothing is half done.
    """
    row = AddedOrganism(organisation=organisation, added_by=actor, locator=folder)
    require(actor, "instrument.calibrate", row)
    where = organism_folder(folder)
    raw = _bytes(where / RECORD)
    _describe(row, organism_examine(where), raw)
    if _bytes(where / RECORD) != raw:
        raise Conflict(f"{RECORD} changed while it was being checked; register the folder again.")
    _refuse_known(row)
    files = _files(where, row, raw)
    with transaction.atomic():
        _record(actor, row, files)
    return row


@transaction.atomic
def organism_withdraw(*, actor: User, organism: AddedOrganism, reason: str) -> AddedOrganism:
    """Take an organism out of all later calibrations; records that rest on it stay as they are and go on naming it."""
    require(actor, "instrument.calibrate", organism)
    row = AddedOrganism.objects.select_for_update(of=("self",)).get(pk=organism.pk)
    if row.withdrawn_at is not None:
        raise InvalidState("This organism is withdrawn already.")
    if not 0 < len(reason.strip()) <= LONGEST:
        raise InvalidInput("reason", f"say in at most {LONGEST} characters why it is not to be used any more; the reason is shown and logged")
    row.withdrawn_at, row.reason = clock.now(), reason.strip()
    payload = {"slug": row.slug, "weights_digest": row.weights_digest, "reason": row.reason}
    row.withdrawn_entry = ledger.append(
        actor=actor, action="assessments.organism.withdrawn", subject=row.subject, payload=payload, organisation_id=row.organisation_id
    )
    row.save(update_fields=["withdrawn_at", "reason", "withdrawn_entry"])
    return row


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput("folder", f"{path.name} cannot be read in it ({error.strerror}); an organism's folder holds its record under this name") from error


def _describe(row: AddedOrganism, found: Organism, raw: bytes) -> None:
    recipe = found.recipe
    row.slug, row.family, row.role, row.strength, row.seed = found.slug, recipe.family, recipe.role.value, recipe.strength, recipe.seed
    row.title, row.planted, row.behaviour, row.tuning = found.title, found.planted, dict(found.behaviour), found.tuning
    row.trials = organism_record(found)["trials"]
    row.weights_digest, row.record_digest = found.weights_digest, sha256_bytes(raw)


def _refuse_known(row: AddedOrganism) -> None:
    if row.weights_digest in digests_shipped():
        raise Conflict("These very weights come with the program as an organism; they would be counted twice.")
    in_use = AddedOrganism.objects.filter(withdrawn_at__isnull=True)
    same = in_use.filter(weights_digest=row.weights_digest).first()
    if same is not None:
        raise Conflict(f"These very weights are registered already, as {same}; they would be counted twice.")
    if in_use.filter(slug=row.slug).exists():
        raise Conflict(f"Another organism is registered as {row}. Use another seed or family in {RECORD}, or withdraw the first.")


def _files(where: Path, row: AddedOrganism, raw: bytes) -> list[StoredFile]:
    files = [StoredFile(blob_put_bytes(raw), f"{row.slug}.json", "application/json", "organism", f"Record of the organism {row.slug}")]
    if (where / DATASHEET).is_file():
        sheet = blob_put_bytes(_bytes(where / DATASHEET))
        files.append(StoredFile(sheet, f"{row.slug}.md", "text/markdown", "datasheet", f"Datasheet of the organism {row.slug}"))
    return files


def _record(actor: User, row: AddedOrganism, files: list[StoredFile]) -> None:
    row.id = uuid.uuid4()
    said = {"slug": row.slug, "family": row.family, "role": row.role, "strength": row.strength, "seed": row.seed, "tuning": row.tuning}
    said |= {"weights_digest": row.weights_digest, "record": row.record_digest}
    row.attestation = evidence_record(
        actor=actor,
        action="assessments.organism.registered",
        subject=row.subject,
        predicate_type=PREDICATE,
        predicate={**said, "planted": row.planted, "behaviour": row.behaviour, "trials": row.trials},
        blobs=files,
        payload=said,
        organisation_id=row.organisation_id,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict(f"Somebody else has just registered {row}, or the same weights.") from error
