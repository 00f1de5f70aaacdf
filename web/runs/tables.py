"""The list of runs."""

from collections import Counter
from datetime import timedelta
from typing import ClassVar

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django_tables2.utils import A

from assessments.models import Run, RunState
from reports.vocabulary import vocabulary
from web import words
from web.lists.columns import ListTable, StateColumn, WhenColumn
from web.lists.listing import Action, Empty, Listing
from web.runs.filters import RunFilter
from web.templatetags import assay


class RunTable(ListTable):
    """Every run with its state, its length, and what came out."""

    number = tables.Column(verbose_name="Run", linkify=("web:run-detail", {"run_id": A("pk")}), attrs={"td": {"class": "tnum"}})
    version = tables.Column(accessor="plan__version", verbose_name="Model version", order_by=("plan__version__model__name", "plan__version__label"))
    plan = tables.Column(accessor="plan__title", verbose_name="Plan", linkify=("web:plan-detail", {"plan_id": A("plan_id")}))
    state = StateColumn()
    findings = tables.Column(accessor="pk", verbose_name="Verdicts", orderable=False)
    started = WhenColumn(accessor="created_at", verbose_name="Started")
    took = tables.Column(attrs={"td": {"class": "tnum text-nowrap"}})
    requested_by = tables.Column(order_by="requested_by__username")
    compare = tables.Column(accessor="pk", verbose_name="Compare", orderable=False, exclude_from_export=True)

    class Meta(ListTable.Meta):
        order_by = "-number"
        sequence: ClassVar = ["number", "version", "plan", "state", "findings", "started", "took", "requested_by", "compare"]

    def render_number(self, record: Run) -> str:
        """The run by its name."""
        return str(record)

    def value_number(self, record: Run) -> int:
        """The number alone."""
        return record.number

    def render_version(self, record: Run) -> SafeString:
        """The version with its vendor below."""
        return format_html('{}<span class="sub">{}</span>', record.plan.version, record.plan.version.model.vendor.name)

    def value_version(self, record: Run) -> str:
        """Model and version."""
        return str(record.plan.version)

    def render_findings(self, record: Run) -> SafeString:
        """Verdicts with their numbers, the readings below where they differ."""
        verdicts, readings = counts(record)
        if not verdicts:
            return format_html('<span class="text-secondary">{}</span>', "none")
        told = ((count, assay.verdict(tier)) for tier, count in ordered(verdicts))
        marks = format_html_join(" ", '<span class="text-nowrap"><span class="tnum">{}</span> {}</span>', told)
        if verdicts == readings:
            return marks
        return format_html('{}<span class="sub">data alone: {}</span>', marks, spelled(readings))

    def value_findings(self, record: Run) -> str:
        """Verdicts and readings in words."""
        verdicts, readings = counts(record)
        return f"{spelled(verdicts)}; data alone: {spelled(readings)}" if verdicts else ""

    def render_compare(self, record: Run) -> SafeString:
        """The way to the comparison, for a run with results."""
        if record.state != RunState.DONE:
            return format_html("{}", "")
        text = '<a href="{}?a={}">compare<span class="visually-hidden"> run {} with another</span></a>'
        return format_html(text, reverse("web:run-compare"), record.pk, record.number)

    def render_took(self, value: timedelta) -> str:
        """From request to end."""
        return assay.duration(value.total_seconds())

    def value_took(self, value: timedelta | None) -> float | None:
        """In seconds."""
        return round(value.total_seconds(), 1) if value else None


def counts(run: Run) -> tuple[Counter[str], Counter[str]]:
    """How often each verdict and each reading was given in a run whose steps are prefetched."""
    found = [step.finding for step in run.steps.all() if hasattr(step, "finding")]
    return Counter(row.verdict for row in found), Counter(row.reading for row in found)


def ordered(tally: Counter[str]) -> list[tuple[str, int]]:
    """Tiers that occur, strongest first."""
    return [(tier, tally[tier]) for tier in vocabulary()["order"] if tally[tier]]


def spelled(tally: Counter[str]) -> str:
    """``1 causal, 2 observed``."""
    return ", ".join(f"{count} {words.tier_word(tier).lower()}" for tier, count in ordered(tally))


def listing(plan_address: str = "") -> Listing:
    """The list of runs; the empty one leads to the plan builder when the person may use it."""
    step = Action("New plan", plan_address, primary=True) if plan_address else None
    return Listing(
        slug="runs",
        title="Runs",
        lead="Each carries out one sealed plan, step by step.",
        table=RunTable,
        filterset=RunFilter,
        empty=Empty("No run yet", "A run begins from a sealed plan. Build one for a model version, seal it, start it.", step),
        pretitle="Assessments",
        nav="assessments",
        template="web/runs/list.html",
    )
