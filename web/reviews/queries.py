"""What the review pages read."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from core.errors import NotFound
from questionnaires.models import Answer, AnswerRevision, Comment, Direction, Exhibit, QuestionnaireRequest, RequestState

RELATED = ("version__template", "vendor", "owner", "reviewed_by", "submission", "model_version__model", "system", "previous")


def request_for(actor: User, request_id: UUID) -> QuestionnaireRequest:
    """A request of the actor's register, or ``NotFound``."""
    rows = QuestionnaireRequest.objects.visible_to(actor).filter(direction=Direction.OUTBOUND)
    row = rows.select_related(*RELATED).filter(pk=request_id).first()
    if row is None:
        raise NotFound("There is no such questionnaire in your register.")
    return row


def answer_for(request: QuestionnaireRequest, question: str) -> Answer:
    """The answer to ``question``; an unsaved empty one where nothing was answered, ``NotFound`` where nothing of that name is asked."""
    if question not in request.version.parsed().by_id:
        raise NotFound("The questionnaire has no such question.")
    found = Answer.objects.filter(request=request, question=question).select_related("request").first()
    if found is None:
        raise NotFound("Nothing was answered here, so there is nothing to judge. Open the question again to ask for an answer.")
    return found


def answers_of(request: QuestionnaireRequest) -> dict[str, Answer]:
    """Answers by question, with who gave and judged them; one query."""
    related = ("verdict_by", "invitation", "changed_by", "reused_from__request__version__template")
    return {row.question: row for row in Answer.objects.filter(request=request).select_related(*related)}


def exhibit_for(actor: User, exhibit_id: UUID) -> Exhibit:
    """A file behind an answer of the actor's register, or ``NotFound``."""
    related = ("artifact", "answer__request__version__template", "answer__request__vendor")
    row = Exhibit.objects.visible_to(actor).filter(removed_at__isnull=True).select_related(*related).filter(pk=exhibit_id).first()
    if row is None:
        raise NotFound("There is no such file in your register.")
    return row


def before_of(request: QuestionnaireRequest, answer: Answer) -> tuple[str, AnswerRevision | Answer] | None:
    """What stood there before, and where: an earlier revision, else the answer of the request that this one follows or the vendor's last one."""
    earlier = AnswerRevision.objects.filter(answer=answer).order_by("-number").first()
    if earlier is not None:
        return f"revision {earlier.number}", earlier
    rows = Answer.objects.filter(question=answer.question, request__vendor=request.vendor_id, request__organisation=request.organisation_id)
    rows = rows.filter(request__submitted_at__isnull=False, request__created_at__lt=request.created_at, request__version__template=request.version.template_id)
    found = rows.select_related("request").order_by("-request__submitted_at").first() if request.vendor_id else None
    return (f"the answers of {found.request.submitted_at:%d %B %Y}", found) if found and found.request.submitted_at else None


def comments_on(request: QuestionnaireRequest, question: str) -> QuerySet[Comment]:
    """Comments on one question, oldest first."""
    return Comment.objects.filter(request=request, question=question).select_related("by", "invitation")


def comparable(actor: User) -> QuerySet[QuestionnaireRequest]:
    """Submitted requests to vendors that the actor may know of, newest first."""
    states = (RequestState.SUBMITTED, RequestState.REVIEWED)
    rows = QuestionnaireRequest.objects.visible_to(actor).filter(state__in=states, direction=Direction.OUTBOUND)
    return rows.select_related("version__template", "vendor").order_by("-submitted_at")
