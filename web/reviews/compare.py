"""Vendors side by side: what each said to the same question of the same questionnaire, and what a reviewer made of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from accounts.models import User
from inventory.models import Vendor
from questionnaires.answer_words import said
from questionnaires.models import Answer, QuestionnaireRequest, TemplateVersion
from questionnaires.scoring import Share
from questionnaires.sitting import sitting_of
from web.reviews import queries
from web.reviews.forms import CompareForm
from web.reviews.rows import STATES


@dataclass(frozen=True)
class Cell:
    """One vendor's answer to one question; ``asked`` is False where its other answers hide the question."""

    text: str
    state: str
    asked: bool

    @property
    def word(self) -> str:
        """The state in words."""
        return STATES[self.state] if self.asked else "Not asked"


def context(actor: User, query: Any) -> dict[str, Any]:
    """The context of ``web/reviews/compare.html``."""
    rows = queries.comparable(actor)
    versions = TemplateVersion.objects.filter(pk__in=rows.order_by().values("version")).select_related("template").order_by("template__name", "-number")
    vendors = Vendor.objects.filter(pk__in=rows.order_by().values("vendor"))
    form = CompareForm(query if "vendor" in query else None, versions=versions, vendors=vendors, initial={"version": query.get("version")})
    found = (
        table(list(rows.filter(version=form.cleaned_data["version"])), list(form.cleaned_data["vendor"]), form.cleaned_data["version"])
        if form.is_valid()
        else {}
    )
    return {
        "form": form,
        "any": versions.exists(),
        "title": "Compare vendors",
        "crumbs": (("Questionnaires", reverse("web:questionnaire-list")),),
        "nav": "questionnaires",
        **found,
    }


def table(rows: Sequence[QuestionnaireRequest], vendors: Sequence[Vendor], version: TemplateVersion) -> dict[str, Any]:
    """A row for every question, a column for every vendor's newest submitted answers; who has none is named apart."""
    newest = {vendor.pk: next((row for row in rows if row.vendor_id == vendor.pk), None) for vendor in vendors}
    chosen = [row for row in newest.values() if row is not None]
    answers: dict[Any, dict[str, Answer]] = {row.pk: {} for row in chosen}
    for answer in Answer.objects.filter(request__in=chosen):
        answers[answer.request_id][answer.question] = answer
    sittings = [(row, sitting_of(row)) for row in chosen]
    asked = {row.pk: {question.id for _, question in sitting.asked()} for row, sitting in sittings}
    document = version.parsed()
    sections = [
        (
            section.title,
            [(question, [_cell(question, answers[row.pk].get(question.id), question.id in asked[row.pk]) for row in chosen]) for question in section.questions],
        )
        for section in document.sections
    ]
    totals: list[tuple[QuestionnaireRequest, Share]] = [(row, sitting.sheet().total) for row, sitting in sittings]
    return {"groups": sections, "totals": totals, "absent": [vendor.name for vendor in vendors if newest[vendor.pk] is None]}


def _cell(question: Any, answer: Answer | None, asked: bool) -> Cell:
    if answer is None or not asked:
        return Cell("", "empty", asked)
    return Cell(said(question, answer.value), answer.verdict or ("unjudged" if answer.value is not None else "empty"), asked)
