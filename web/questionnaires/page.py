"""Everything the staff pages of questionnaires show."""

from typing import Any

from django.urls import reverse

from accounts.models import User
from accounts.permissions import allowed
from core import clock
from questionnaires.models import ANSWERABLE, Exhibit, ExhibitState, Invitation, QuestionnaireRequest, RequestState
from questionnaires.progress import progress_of_many, whole
from web.history import history
from web.lists.listing import Action, Empty, Listing
from web.questionnaires.filters import RequestFilter
from web.questionnaires.tables import RequestTable

SEND = "questionnaire.send"
CRUMBS = (("Questionnaires", "/questionnaires/"),)
TEXT = "Ask a vendor with a published questionnaire: they answer by a link, without an account."


def listing(actor: User) -> tuple[Listing, tuple[Action, ...]]:
    """The list, and what it offers this person."""
    ask = Action("Ask a vendor", reverse("web:questionnaire-create"), primary=True)
    many = Action("Ask many", reverse("web:campaign-create"))
    always = (
        Action("What we ask", reverse("web:template-list")),
        Action("Compare answers", reverse("web:questionnaire-compare")),
        Action("Vendor map", reverse("web:vendor-map")),
        Action("Campaigns", reverse("web:campaign-list")),
        Action("From customers", reverse("web:inbound-list")),
    )
    may = allowed(actor, SEND)
    found = Listing(
        slug="questionnaires",
        title="Questionnaires",
        lead="What vendors were asked, how far their answers are, and what is late.",
        table=RequestTable,
        filterset=RequestFilter,
        empty=Empty("No vendor was asked yet", TEXT, ask if may else None),
        pretitle="Vendors",
        nav="questionnaires",
        template="web/questionnaires/list.html",
        noun=("questionnaire", "questionnaires"),
    )
    return found, (*always, many, ask) if may else always


def context(row: QuestionnaireRequest, actor: User) -> dict[str, Any]:
    """The context of ``web/questionnaires/detail.html``."""
    now, may = clock.now(), allowed(actor, SEND, row)
    parts = progress_of_many([row])[row.pk]
    exhibits = Exhibit.objects.filter(answer__request=row, removed_at__isnull=True)
    titles = {section.id: section.title for section in row.version.parsed().sections}
    invitations = list(row.invitations.all())
    return {
        "row": row,
        "title": str(row.vendor),
        "pretitle": row.version.template.name,
        "crumbs": CRUMBS,
        "actions": actions(row) if may else (),
        "may_send": may,
        "open": row.state in ANSWERABLE,
        "parts": parts,
        "total": whole(parts),
        "late": row.late_on(now.date()),
        "timeline": timeline(row, invitations),
        "invitations": [(other, word_of(other, row), [titles[key] for key in other.sections if key in titles]) for other in invitations],
        "may_invite": may and row.state not in (RequestState.WITHDRAWN, RequestState.REVIEWED),
        "comments": row.comments.all(),
        "files": exhibits.count(),
        "quarantined": exhibits.filter(state=ExhibitState.QUARANTINED).count(),
        "history": history(actor, [subject(row)]) if allowed(actor, "evidence.read", row) else [],
        "subject": subject(row),
        "nav": "questionnaires",
    }


def subject(row: QuestionnaireRequest) -> str:
    """The text by which the log names a request."""
    return f"{row._meta.label_lower}:{row.pk}"


def word_of(invitation: Invitation, row: QuestionnaireRequest) -> str:
    """The state of a way in, in a word."""
    if invitation.revoked_at is not None:
        return "revoked"
    if clock.now() >= invitation.expires_at:
        return "expired"
    return "used" if invitation.first_seen_at else "not used yet"


def timeline(row: QuestionnaireRequest, invitations: list[Invitation]) -> list[tuple[str, Any]]:
    """What happened when; what has not happened yet has no moment."""
    opened = min((other.first_seen_at for other in invitations if other.first_seen_at), default=None)
    steps = [("Written", row.created_at), ("Sent", row.sent_at), ("First opened", opened), ("Submitted", row.submitted_at), ("Reviewed", row.reviewed_at)]
    return [*steps, ("Withdrawn", True)] if row.state == RequestState.WITHDRAWN else steps


def actions(row: QuestionnaireRequest) -> tuple[Action, ...]:
    """What may be done with a request in its state."""
    found = []
    if row.state in (RequestState.DRAFT, RequestState.SENT, RequestState.OPENED, RequestState.SUBMITTED):
        found.append(Action("Withdraw", reverse("web:questionnaire-withdraw", args=[row.pk])))
    if row.state in (RequestState.DRAFT, *ANSWERABLE):
        found.append(Action("Change the day", reverse("web:questionnaire-due", args=[row.pk])))
    if row.state == RequestState.DRAFT:
        found.append(Action("Send", reverse("web:questionnaire-send", args=[row.pk]), primary=True))
    elif row.state in ANSWERABLE:
        found.append(Action("Remind now", reverse("web:questionnaire-remind", args=[row.pk])))
    elif row.state in (RequestState.SUBMITTED, RequestState.REVIEWED):
        found.append(Action("Review", reverse("web:questionnaire-review", args=[row.pk]), primary=row.state == RequestState.SUBMITTED))
    return tuple(found)
