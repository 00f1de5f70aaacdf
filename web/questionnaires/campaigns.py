"""What the pages of a campaign show: how far each vendor is, and what sending all drafts would do."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse

from accounts.models import User
from accounts.permissions import allowed
from core import clock
from questionnaires.models import Campaign, QuestionnaireRequest, RequestState
from questionnaires.progress import Progress, progress_of_many, whole
from questionnaires.services.campaigns import Draft, Sending, drafts_of
from questionnaires.services.notices import opening_text
from web.lists.listing import Action
from web.questionnaires import queries
from web.questionnaires.page import CRUMBS, SEND

STAGES = {
    "draft": "Drafted",
    "sent": "Sent, not opened",
    "opened": "Opened, nothing answered",
    "answering": "In progress",
    "reopened": "Open again",
    "submitted": "Submitted, waits for review",
    "reviewed": "Reviewed",
    "expired": "Review ended",
    "withdrawn": "Withdrawn",
}
"""How far a vendor is, in the order of the way."""


@dataclass(frozen=True)
class Row:
    """One vendor of a campaign: its stage, whether it is overdue, and how much is answered as a whole and by section."""

    request: QuestionnaireRequest
    stage: str
    late: bool
    total: Progress
    cells: tuple[Progress | None, ...]

    @property
    def word(self) -> str:
        """The stage in words."""
        return STAGES[self.stage]


def context(campaign: Campaign, actor: User) -> dict[str, Any]:
    """The context of ``web/questionnaires/campaign.html``: one row a vendor, one column a section."""
    rows = rows_of(campaign, actor)
    drafts = sum(row.stage == "draft" for row in rows)
    send = Action(f"Send all drafts ({drafts})", reverse("web:campaign-send", args=[campaign.pk]), primary=True)
    return {
        "campaign": campaign,
        "title": campaign.name,
        "pretitle": "Campaign",
        "lead": f"{campaign.version.template.name}, version {campaign.version.number}. Due {_day(campaign.due_on)}.",
        "crumbs": (*CRUMBS, ("Campaigns", reverse("web:campaign-list"))),
        "actions": (send,) if drafts and allowed(actor, SEND, campaign) else (),
        "columns": campaign.version.parsed().sections,
        "rows": rows,
        "stages": stages_of(rows),
        "nav": "questionnaires",
    }


def rows_of(campaign: Campaign, actor: User) -> list[Row]:
    """Every vendor of the campaign by name; as many queries for one as for many."""
    requests, today = queries.campaign_requests(actor, campaign), clock.now().date()
    parts, sections = progress_of_many(requests), campaign.version.parsed().sections
    found = []
    for request in requests:
        total, cells = whole(parts[request.pk]), {part.section.id: part.progress for part in parts[request.pk]}
        stage = stage_of(request, total.answered, today)
        found.append(Row(request, stage, request.late_on(today), total, tuple(cells.get(section.id) for section in sections)))
    return found


def stage_of(request: QuestionnaireRequest, answered: int, today: date) -> str:
    """One of ``STAGES``; ``request`` carries ``came_in``."""
    if request.state == RequestState.REVIEWED:
        return "reviewed" if request.current_on(today) else "expired"
    if request.state not in (RequestState.SENT, RequestState.OPENED):
        return request.state
    if request.submitted_at is not None:
        return "reopened"
    if answered:
        return "answering"
    return "opened" if request.state == RequestState.OPENED or getattr(request, "came_in", None) else "sent"


def stages_of(rows: list[Row]) -> list[tuple[str, int]]:
    """How many vendors are how far; overdue ones are counted once more at the end."""
    counts, late = Counter(row.stage for row in rows), sum(row.late for row in rows)
    found = [(label, counts[key]) for key, label in STAGES.items() if counts[key]]
    return [*found, ("Overdue", late)] if late else found


def sending_context(campaign: Campaign) -> dict[str, Any]:
    """The context of ``web/questionnaires/campaign_send.html``."""
    drafts = drafts_of(campaign)
    going = [row for row in drafts if not row.obstacle]
    mailed = [person for row in going for person, address in row.contacts if address]
    return {
        "campaign": campaign,
        "title": f"Send all drafts of “{campaign.name}”?",
        "going": going,
        "kept": [(row, hint(row)) for row in drafts if row.obstacle],
        "mails": len(mailed),
        "example": opening_text(mailed[0]) if mailed else "",
        "action": f"Send {_counted(len(going), 'request')}",
        "back": reverse("web:campaign-detail", args=[campaign.pk]),
        "nav": "questionnaires",
    }


def hint(draft: Draft) -> str:
    """Whom the register names at a vendor whose draft has nobody to answer it."""
    contact = draft.request.vendor.contact if draft.request.vendor and not draft.contacts else ""
    return f"The register names {contact}." if contact else ""


def told(done: Sending) -> str:
    """What a person reads after sending."""
    left = f"{_counted(len(done.left), 'request')} could not go; below stands what to do about each." if done.left else ""
    if not done.sent:
        return f"Nothing was sent. {left}" if left else "Everything was sent already; nothing was sent twice."
    return f"{_counted(len(done.sent), 'request')} sent. Pass the links on if you have not: they are not mailed. {left}".strip()


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
