"""What the pages of blind exercises read."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from assessments.blind import Outcome, Planted, Scored, Tally, tally
from assessments.models import BlindExercise, Finding
from core.errors import NotFound
from inventory.models import ModelVersion


def exercises_of(actor: User) -> QuerySet[BlindExercise]:
    """All exercises of the actor's register, with what the list shows."""
    related = ("version__model__vendor", "finding", "sealed_entry", "answered_entry", "closed_entry", "sealed_by", "answered_by", "closed_by")
    return BlindExercise.objects.visible_to(actor).select_related(*related).defer("version__weights_manifest", "finding__figures")


def exercise_for(actor: User, exercise_id: UUID) -> BlindExercise:
    """An exercise of the actor's register, or ``NotFound``."""
    row = exercises_of(actor).filter(pk=exercise_id).first()
    if row is None:
        raise NotFound("There is no such blind exercise in your register.")
    return row


def versions_of(actor: User) -> QuerySet[ModelVersion]:
    """The versions an exercise may be about."""
    return ModelVersion.objects.visible_to(actor).select_related("model__vendor").defer("weights_manifest").order_by("model__name", "-created_at")


def findings_for(actor: User, row: BlindExercise) -> QuerySet[Finding]:
    """The findings that may answer: by the instrument, on the version, from plans sealed after the truth."""
    since = {"step__run__plan__sealed_entry__index__gt": row.sealed_entry.index}
    rows = Finding.objects.visible_to(actor).filter(step__instrument=row.instrument, step__run__plan__version=row.version, **since)
    return rows.select_related("step__run").defer("figures", "environment", "controls").order_by("-created_at")


def tally_of(actor: User, slug: str) -> Tally:
    """The record of an instrument's blind exercises in the actor's register; one query."""
    rows = BlindExercise.objects.visible_to(actor).filter(instrument=slug).order_by()
    found = rows.values_list("state", "planted", "outcome", "answered_entry_id", "version__weights_digest")
    return tally(
        Scored(state, Planted(planted) if planted else None, Outcome(outcome) if outcome else None, answered is not None, weights)
        for state, planted, outcome, answered, weights in found
    )
