"""Everything the pages of customers' questionnaires show."""

from typing import Any

from django.urls import reverse

from accounts.models import User
from accounts.permissions import allowed
from questionnaires.document import Question
from questionnaires.inbound import Line, known_answers, known_files, lines_of
from questionnaires.models import QuestionnaireRequest, RequestState
from questionnaires.services.inbound import APPROVE, VERB
from questionnaires.suggestions import best_of
from web.history import history
from web.inbound.tables import STATES, InboundFilter, InboundTable
from web.lists.listing import Action, Empty, Listing

CRUMBS = (("Questionnaires", "/questionnaires/"), ("From customers", "/questionnaires/inbound/"))
TEXT = "Take in the file a customer sent. Earlier answers and accepted evidence are offered for each question, and somebody else approves what goes out."


def listing(actor: User) -> tuple[Listing, tuple[Action, ...]]:
    """The list, and what it offers this person."""
    take = Action("Take one in", reverse("web:inbound-create"), primary=True)
    may = allowed(actor, VERB)
    found = Listing(
        slug="inbound",
        title="From customers",
        lead="What customers ask us, how far the answers are, and what was approved.",
        table=InboundTable,
        filterset=InboundFilter,
        empty=Empty("No customer asked yet", TEXT, take if may else None),
        pretitle="Questionnaires",
        nav="questionnaires",
        noun=("questionnaire", "questionnaires"),
    )
    return found, (take,) if may else ()


def context(row: QuestionnaireRequest, actor: User) -> dict[str, Any]:
    """The context of ``web/inbound/detail.html``."""
    lines, opened = lines_of(row), row.state == RequestState.OPENED
    may_send, may_approve = allowed(actor, VERB, row), allowed(actor, APPROVE, row)
    return {
        "row": row,
        "title": row.customer,
        "pretitle": "A customer asks us",
        "crumbs": CRUMBS,
        "lines": lines,
        "done": sum(line.done for line in lines),
        "state": STATES.get(RequestState(row.state), row.get_state_display()),
        "opened": opened,
        "may_answer": may_send and opened,
        "may_export": may_send and not opened,
        "actions": _actions(row, opened, may_send, may_approve),
        "history": history(actor, [f"{row._meta.label_lower}:{row.pk}"]),
        "subject": f"{row._meta.label_lower}:{row.pk}",
        "nav": "questionnaires",
    }


def answer_context(row: QuestionnaireRequest, question: Question, actor: User) -> dict[str, Any]:
    """The context of ``web/inbound/answer.html`` beside its form."""
    return {
        "row": row,
        "question": question,
        "title": question.text,
        "pretitle": f"{row.customer} asks",
        "crumbs": (*CRUMBS, (row.customer, reverse("web:inbound-detail", args=[row.pk]))),
        "answers": best_of(question.text, known_answers(actor, row)),
        "files": best_of(question.text, known_files(actor, row)),
        "may_take": not question.choices and question.type == "text",
        "back": reverse("web:inbound-detail", args=[row.pk]),
        "nav": "questionnaires",
    }


def begin(line: Line, actor: User, row: QuestionnaireRequest, taken: str, cited: str) -> dict[str, Any]:
    """What the form begins with: what stands there, with an answer or a file that was chosen from the suggestions."""
    digests = [digest for _, digest in line.files]
    value: Any = line.answer.value if line.answer else ""
    offered = {known.key: known.shown for known in known_answers(actor, row)} if taken else {}
    files = {known.key for known in known_files(actor, row)} if cited else set()
    return {
        "value": offered.get(taken, value),
        "citations": "\n".join([*digests, *([cited] if cited in files and cited not in digests else [])]),
        "seen": line.answer.revision if line.answer else 0,
    }


def _actions(row: QuestionnaireRequest, opened: bool, may_send: bool, may_approve: bool) -> tuple[Action, ...]:
    if opened:
        return (Action("Approve", reverse("web:inbound-approve", args=[row.pk]), primary=True),) if may_approve else ()
    return (Action("Open the answers again", reverse("web:inbound-reopen", args=[row.pk])),) if may_send else ()
