"""Everything the review page shows: the questions, the chosen one with what stood there before, and what the answers come to."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.urls import reverse

from accounts.models import User
from accounts.permissions import allowed
from core import clock
from questionnaires.answer_words import said
from questionnaires.effects import effects_of
from questionnaires.models import ExhibitState, QuestionnaireRequest, RequestState
from questionnaires.scoring import Sitting
from questionnaires.services.reviews import VERB, cycle_end
from questionnaires.sitting import sitting_of
from questionnaires.staleness import staleness_of, unreadable
from questionnaires.standing import files_of
from reports.vendor_figures import history_figure, score_figure
from web.figures import FigureView, figure_view
from web.history import history
from web.lists.listing import Action
from web.reviews import queries
from web.reviews.forms import CiteForm, CommentForm, JudgeForm
from web.reviews.rows import SHOWS, Line, chosen, lines_of
from web.reviews.words import Part, word_diff


@dataclass(frozen=True)
class Review:
    """One request as it is reviewed, read once."""

    request: QuestionnaireRequest

    @cached_property
    def sitting(self) -> Sitting:
        """The questions with their answers."""
        return sitting_of(self.request)

    @cached_property
    def sheet(self) -> Any:
        """What the answers come to."""
        return self.sitting.sheet()

    @cached_property
    def lines(self) -> list[Line]:
        """Every asked question; four queries, and that of staleness."""
        answers = queries.answers_of(self.request)
        files = files_of([row.pk for row in answers.values()])
        stale = staleness_of([self.request], clock.now().date())[self.request.pk]
        return lines_of(self.sitting.asked(), answers, files, stale, effects_of(self.sitting))


def context(review: Review, actor: User, wanted: str, show: str, form: JudgeForm | None = None) -> dict[str, Any]:
    """The context of ``web/reviews/review.html``."""
    row, lines = review.request, review.lines
    show = show if show in SHOWS else "all"
    shown = [line for line in lines if line.shown(show)]
    line = chosen(shown or lines, wanted) if not wanted else chosen(lines, wanted)
    may = allowed(actor, VERB, row)
    return {
        "row": row,
        "title": str(row.vendor or row.customer),
        "pretitle": f"Review · {row.version}",
        "crumbs": (("Questionnaires", reverse("web:questionnaire-list")),),
        "actions": actions(row, may),
        "lines": shown,
        "show": show,
        "shows": [(key, label, sum(found.shown(key) for found in lines)) for key, label in SHOWS.items()],
        "judged": sum(found.answered and not found.to_judge for found in lines),
        "to_judge": sum(found.to_judge for found in lines),
        "answered": sum(found.answered for found in lines),
        "may_judge": may and row.state == RequestState.SUBMITTED,
        "may_review": may,
        "nav": "questionnaires",
        **(chosen_context(review, line, actor, form, shown) if line else {"line": None}),
        **outcome(review, actor),
    }


def chosen_context(review: Review, line: Line, actor: User, form: JudgeForm | None, shown: list[Line]) -> dict[str, Any]:
    """What the page shows of the chosen question."""
    row, keys = review.request, [found.key for found in shown]
    place = keys.index(line.key) if line.key in keys else None
    comments = queries.comments_on(row, line.key)
    return {
        "line": line,
        "form": form or JudgeForm(question=line.question, answer=line.answer),
        "comments": comments,
        "comment_form": CommentForm(),
        "cite_form": CiteForm(),
        "before": before(review, line),
        "gone": unreadable(file for file in line.files if file.state == ExhibitState.RELEASED),
        "back": keys[place - 1] if place else "",
        "next": keys[place + 1] if place is not None and place + 1 < len(keys) else "",
        "place": None if place is None else place + 1,
        "may_reopen": allowed(actor, VERB, row)
        and row.submitted_at is not None
        and row.state in (RequestState.SUBMITTED, RequestState.REVIEWED, RequestState.OPENED),
    }


def before(review: Review, line: Line) -> dict[str, Any] | None:
    """What was said earlier, where, with what verdict, and how it differs; None for a first answer."""
    answer = line.answer
    found = queries.before_of(review.request, answer) if answer is not None else None
    if found is None:
        return None
    where, earlier = found
    parts: list[Part] = word_diff(said(line.question, earlier.value), line.text)
    return {
        "where": where,
        "parts": parts,
        "same": all(name == "same" for name, _ in parts),
        "verdict": earlier.verdict.replace("_", " "),
        "reason": earlier.verdict_reason,
    }


def outcome(review: Review, actor: User) -> dict[str, Any]:
    """What the answers come to: score, caps, flags, clauses."""
    sheet, document, row = review.sheet, review.sitting.document, review.request
    figure = score_figure(document, sheet)
    caps = [cap for cap in document.caps if cap.id in sheet.caps]
    titles = {found.id: found.title for found in document.sections}
    clauses = "\n\n".join(f"{found.title}\n{found.text}" for found in sheet.clauses)
    return {
        "sheet": sheet,
        "figure": figure_view(figure) if figure else None,
        "caps": [(cap, titles.get(cap.section, "the whole")) for cap in caps],
        "flags": sheet.flags,
        "clauses": sheet.clauses,
        "clauses_text": clauses,
        "scores": score_history(row),
        "cycle_end": cycle_end(row, clock.now().date()),
        "history": history(actor, [f"questionnaires.questionnairerequest:{row.pk}"]) if allowed(actor, "evidence.read", row) else [],
        "subject": f"questionnaires.questionnairerequest:{row.pk}",
    }


def score_history(row: QuestionnaireRequest) -> FigureView | None:
    """How the score of this request moved."""
    figure = history_figure(list(row.scores.order_by("created_at").values_list("created_at", "claimed", "confirmed")), "How this score moved")
    return figure_view(figure) if figure else None


def actions(row: QuestionnaireRequest, may: bool) -> tuple[Action, ...]:
    """What the page offers above."""
    found = [
        Action("The request", reverse("web:questionnaire-detail", args=[row.pk])),
        Action("Compare vendors", f"{reverse('web:questionnaire-compare')}?version={row.version_id}"),
    ]
    if row.submitted_at is None and row.state in (RequestState.DRAFT, RequestState.SENT, RequestState.OPENED):
        found.append(Action("Earlier answers", reverse("web:questionnaire-reuse", args=[row.pk])))
    if may and row.state == RequestState.SUBMITTED:
        found.append(Action("Close the review", reverse("web:review-close", args=[row.pk]), primary=True))
    return tuple(found)


def reopened(mails: int) -> str:
    """What a reviewer reads after opening an answer again."""
    told = f"{mails} respondent{' is' if mails == 1 else 's are'} told by mail, with your reason."
    nobody = "Nobody can be told by mail: no invitation that works has an address. Tell them yourself, with a new link if theirs has ended."
    return f"The respondent can change this one answer now. What stood there is kept. {told if mails else nobody}"


def percent(value: float | None) -> str:
    """A score in words."""
    return "not counted, as nothing is scored" if value is None else f"{value:g} %"
