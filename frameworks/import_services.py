"""Writes of imports: keep an uploaded file for its preview, choose its columns, discard or apply it. The caller hands in ``record``."""

import datetime
from collections.abc import Mapping
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from accounts.models import Organisation, User
from accounts.permissions import require
from accounts.services import Record
from core import clock
from core.errors import Conflict, InvalidInput, InvalidState
from core.hashing import sha256_bytes
from frameworks.import_plans import CrosswalkPlan, Plan, draft_read
from frameworks.imports.reader import read
from frameworks.imports.shapes import Row
from frameworks.imports.sheets import Columns
from frameworks.models import Crosswalk, CrosswalkRow, Framework, FrameworkVersion, ImportDraft, Requirement

KEPT: Final = datetime.timedelta(days=7)
"""Drafts older than this go when the same person uploads the next."""
PREFIX: Final = "imported-"
"""Before the slug of each imported framework, so that a catalogue that comes with the program never meets it."""
AGAIN: Final = "Somebody else has applied a file since you looked. Nothing was changed; look at the preview again."


def draft_create(*, actor: User, record: Record, organisation: Organisation, name: str, raw: bytes) -> ImportDraft:
    """Check the file ``raw`` whole and keep it for its preview; ``InvalidInput`` names what is wrong, and then nothing is kept."""
    draft = ImportDraft(organisation=organisation, uploaded_by=actor, name=name[:100], digest=sha256_bytes(raw), raw=raw)
    require(actor, "frameworks.load", draft)
    read(raw)
    with transaction.atomic():
        ImportDraft.objects.filter(uploaded_by=actor, created_at__lt=clock.now() - KEPT).delete()
        draft.save(force_insert=True)
        _log(record, actor, draft, "frameworks.import.uploaded", {"bytes": len(raw)})
    return draft


def draft_columns(*, actor: User, record: Record, draft: ImportDraft, columns: Mapping[str, Any]) -> ImportDraft:
    """Say which columns of a sheet hold what; ``InvalidInput`` names the cell that cannot be read so, and then nothing changes."""
    require(actor, "frameworks.load", draft)
    if draft_read(draft).found is not None and not draft.columns:
        raise InvalidState("This file says itself what its fields are.")
    read(bytes(draft.raw), Columns(**columns))
    with transaction.atomic():
        draft.columns = dict(columns)
        draft.save(update_fields=["columns"])
        _log(record, actor, draft, "frameworks.import.columns_chosen", {"columns": dict(columns)})
    return draft


@transaction.atomic
def draft_discard(*, actor: User, record: Record, draft: ImportDraft) -> None:
    """Forget an uploaded file."""
    require(actor, "frameworks.load", draft)
    _log(record, actor, draft, "frameworks.import.discarded", {})
    draft.delete()


def plan_check(plan: Plan, seen: str) -> None:
    """``Conflict`` when the plan is not the one a person ``seen``; ``InvalidState`` or ``InvalidInput`` when it cannot be applied."""
    if plan.nothing:
        raise InvalidState("There is nothing to change: all of it is loaded already.")
    if plan.missing:
        raise InvalidInput("file", f"The crosswalk needs frameworks that are not loaded: {', '.join(plan.missing)}. Import them first.")
    if seen != plan.seen:
        raise Conflict(AGAIN)


def draft_apply(*, actor: User, record: Record, draft: ImportDraft, plan: Plan, seen: str) -> Framework | None:
    """Carry out ``plan`` as it was ``seen``: a version with its rows, crosswalks, one entry in the log. The draft is gone afterwards.

    Returns the framework (None where the file holds crosswalks alone). ``Conflict`` when anything was applied in between.
    """
    require(actor, "frameworks.load", draft)
    plan_check(plan, seen)
    try:
        with transaction.atomic():
            if not ImportDraft.objects.select_for_update().filter(pk=draft.pk).exists():
                raise Conflict("This file was applied or discarded in the meantime.")
            framework = _version(plan, draft) if plan.changes_framework else plan.framework
            for row in plan.crosswalks:
                _crosswalk(row, plan, framework)
            subject = f"frameworks.framework:{framework.slug}" if framework else draft.subject
            record(actor=actor, action="frameworks.import.applied", subject=subject, payload=_facts(plan, framework), organisation_id=draft.organisation_id)
            draft.delete()
    except IntegrityError as error:
        raise Conflict(AGAIN) from error
    return framework


def _version(plan: Plan, draft: ImportDraft) -> Framework:
    framework = _framework(plan)
    newest = framework.versions.first()
    if (newest and newest.pk) != (plan.version and plan.version.pk):
        raise Conflict(AGAIN)
    facts = {name: getattr(plan.found, name) for name in ("edition", "published", "publisher", "licence", "source")}
    version = FrameworkVersion.objects.create(
        framework=framework,
        known_from=clock.now().date(),
        digest=plan.digest,
        format=plan.found.format.value,
        file_name=draft.name,
        replaces=plan.version,
        **facts,
    )
    Requirement.objects.bulk_create(_requirement(row, version, place) for place, row in enumerate(plan.found.duties))
    return framework


def _framework(plan: Plan) -> Framework:
    """The framework, locked; its name follows the newest file."""
    if plan.framework is not None:
        framework = Framework.objects.select_for_update().get(pk=plan.framework.pk)
        framework.name = plan.found.name
        framework.save(update_fields=["name"])
        return framework
    slug = f"{PREFIX}{slugify(plan.found.ref)[:42] or 'framework'}"
    if Framework.objects.filter(slug=slug).exists():
        slug = f"{slug}-{sha256_bytes(plan.found.identity.encode())[:8]}"
    return Framework.objects.create(slug=slug, name=plan.found.name, kind="imported", identity=plan.found.identity)


def _requirement(row: Row, version: FrameworkVersion, place: int) -> Requirement:
    """A row as the file has it: no dates, roles or kinds of evidence, because the file states none."""
    imported = {"section": row.section, "urn": row.urn, "depth": row.depth, "controls": list(row.controls)}
    details = {"imported": imported, **({"note": row.note} if row.note else {})}
    sources = [{"key": "import", "address": version.source}] if version.source else []
    said = {"ref": row.ref, "title": row.title, "gist": row.text, "sourced": False}
    return Requirement(version=version, position=place, details=details, sources=sources, **said)


def _crosswalk(row: CrosswalkPlan, plan: Plan, own: Framework | None) -> None:
    if row.same:
        return
    head = Crosswalk.objects.current().select_for_update(of=("self",)).filter(identity=row.pair_set.identity).first()
    if (head and head.pk) != (row.before and row.before.pk):
        raise Conflict(AGAIN)
    facts = {name: getattr(plan.found, name) for name in ("publisher", "licence", "source")}
    ends = {"source_framework": row.source or own, "target_framework": row.target or own}
    made = Crosswalk.objects.create(identity=row.pair_set.identity, name=row.pair_set.name, digest=plan.file_digest, replaces=row.before, **ends, **facts)
    for pair in row.rows:
        pair.crosswalk = made
    CrosswalkRow.objects.bulk_create(row.rows)


def _facts(plan: Plan, framework: Framework | None) -> dict[str, Any]:
    crosswalks = [{"name": row.pair_set.name, "rows": len(row.rows)} for row in plan.crosswalks if not row.same]
    return {
        "file": plan.file_digest,
        "format": plan.found.format.value,
        "framework": framework.slug if framework else "",
        "edition": plan.found.edition,
        "catalogue": plan.digest,
        "rows": len(plan.found.duties),
        **plan.counts,
        "crosswalks": crosswalks,
    }


def _log(record: Record, actor: User, draft: ImportDraft, action: str, payload: dict[str, Any]) -> None:
    record(actor=actor, action=action, subject=draft.subject, payload={"file": draft.digest, **payload}, organisation_id=draft.organisation_id)
