"""Saving versions of a draft. What they say stays out of the log, which keeps their digest."""

from collections.abc import Mapping

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from core.canonical import canonical_digest
from core.errors import InvalidInput, NotFound
from decisions.models import DraftVersion, Incident
from decisions.report_forms import Draftable, draftable
from evidence import ledger
from inventory.rows import row_insert

LONGEST = 10_000
"""Characters of one answer."""


def draft_named(key: str) -> Draftable:
    """The report that can be drafted under ``key``, or ``NotFound``."""
    found = draftable().get(key)
    if found is None:
        raise NotFound("There is no form for such a report.")
    return found


@transaction.atomic
def draft_save(*, actor: User, incident: Incident, key: str, answers: Mapping[str, str]) -> DraftVersion:
    """Save what was typed as the next version; the newest one where it says the same. ``InvalidInput`` names a field that is unknown or too long."""
    require(actor, "incident.write", incident)
    report = draft_named(key)
    typed = _checked(report, answers)
    row = Incident.objects.select_for_update(of=("self",)).get(pk=incident.pk)
    last = DraftVersion.objects.filter(incident=row, clock=key).order_by("-number").first()
    if last is not None and last.answers == typed:
        return last
    version = DraftVersion(incident=row, clock=key, number=last.number + 1 if last else 1, answers=typed, saved_by=actor)
    row_insert(version)
    payload = {"clock": key, "number": version.number, "answers": canonical_digest(typed)}
    ledger.append(actor=actor, action="decisions.draft.saved", subject=row.subject, payload=payload, organisation_id=row.organisation_id)
    return version


def _checked(report: Draftable, answers: Mapping[str, str]) -> dict[str, str]:
    known = {field.key for field in report.form.of(report.stage)}
    unknown = sorted(set(answers) - known)
    if unknown:
        raise InvalidInput(unknown[0], "this report has no such field")
    long = next((key for key, text in answers.items() if len(text) > LONGEST), "")
    if long:
        raise InvalidInput(long, f"use at most {LONGEST} characters")
    return {key: text.strip() for key, text in answers.items() if text.strip()}
