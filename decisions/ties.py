"""What a decision is tied to, its waivers and its conditions to be fulfilled, read along with the decisions instead of after them."""

from collections.abc import Iterable, Sequence

from django.db.models import Model, OuterRef, QuerySet

from core.json_rows import JsonRows, rows_of
from decisions.gate_models import Decision, DecisionTask, Waiver

TASK = ("pk", "text", "owner_id", "due_on", "done_at")
WAIVER = ("pk", "condition", "reason", "owner_id", "written_by_id", "expires_on", "withdrawn_at")


def with_ties(rows: QuerySet[Decision]) -> QuerySet[Decision]:
    """``rows``, each with its ties as lists; ``ties_attach`` turns them into rows."""
    mine = {"decision": OuterRef("pk")}
    return rows.annotate(
        task_rows=JsonRows(DecisionTask.objects.filter(**mine).order_by("due_on", "created_at"), *TASK),
        waiver_rows=JsonRows(Waiver.objects.filter(**mine).order_by("created_at"), *WAIVER),
    )


def ties_attach(decisions: Iterable[Decision]) -> None:
    """Put the ties that came with ``decisions`` where ``tasks`` and ``waivers`` look for them, as prefetching does."""
    for row in decisions:
        _attach(row, "tasks", rows_of(DecisionTask, row.task_rows, decision_id=row.pk))  # type: ignore[attr-defined]
        _attach(row, "waivers", rows_of(Waiver, row.waiver_rows, decision_id=row.pk))  # type: ignore[attr-defined]


def _attach(row: Decision, name: str, found: Sequence[Model]) -> None:
    known = getattr(row, name).get_queryset()
    known._result_cache, known._prefetch_done = found, True
    row.__dict__.setdefault("_prefetched_objects_cache", {})[name] = known
