"""Requests as the asking side handles them: made, sent, moved, withdrawn; campaigns of many; comments from staff."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from accounts.models import Organisation, User
from accounts.permissions import allowed, require
from accounts.record import Owner
from core import clock
from core.errors import InvalidInput, InvalidState
from inventory.models import AISystem, ModelVersion, Vendor
from inventory.rows import row_insert, row_log
from questionnaires.models import REQUEST_ALLOWED, Campaign, Comment, Invitation, QuestionnaireRequest, RequestState, TemplateVersion
from questionnaires.services.notices import notices_ring, sending_note

VERB = "questionnaire.send"
LONGEST_COMMENT = 4000
MOST_VENDORS = 500


@dataclass(frozen=True)
class Wish:
    """What all requests of one sending share; ``switched`` are keys of categories switched away from their default."""

    version: TemplateVersion
    due_on: date
    owner: User
    message: str = ""
    switched: Collection[str] = ()


@transaction.atomic
def request_create(
    *, actor: User, vendor: Vendor, wish: Wish, model_version: ModelVersion | None = None, system: AISystem | None = None
) -> QuestionnaireRequest:
    """A draft of a request to ``vendor``, with the published version frozen; the earlier request with the same template becomes ``previous``."""
    require(actor, VERB, vendor)
    _check_wish(vendor, wish)
    _check_about(vendor, model_version, system)
    return _created(actor, vendor, wish, model_version=model_version, system=system)


@transaction.atomic
def campaign_start(*, actor: User, organisation: Organisation, name: str, vendors: Sequence[Vendor], wish: Wish) -> Campaign:
    """The same questionnaire to each of ``vendors``, as drafts under one name and day; nothing is made when one of them does not fit."""
    require(actor, VERB, Owner(organisation.id))
    if not vendors or len(vendors) > MOST_VENDORS:
        raise InvalidInput("vendors", f"choose between 1 and {MOST_VENDORS} vendors")
    if len({row.pk for row in vendors}) != len(vendors):
        raise InvalidInput("vendors", "a vendor is named twice")
    for vendor in vendors:
        if vendor.organisation_id != organisation.id:
            raise InvalidInput("vendors", f"“{vendor}” is not in this register")
        _check_wish(vendor, wish)
    campaign = Campaign(organisation=organisation, name=name.strip(), version=wish.version, due_on=wish.due_on, created_by=actor)
    row_insert(campaign)
    rows = [_created(actor, vendor, wish, campaign=campaign) for vendor in vendors]
    row_log(actor, "questionnaires.campaign.started", campaign, {"document": wish.version.digest, "requests": [str(row.pk) for row in rows]})
    return campaign


@transaction.atomic
def request_send(*, actor: User, request: QuestionnaireRequest, ring: bool = True) -> QuestionnaireRequest:
    """Open ``request`` to those who are invited and have them told by mail; ``InvalidState`` with the fix when nobody could answer it in time.

    Without ``ring`` the caller rings for the worker, once for many.
    """
    row = _locked(actor, request)
    _move(row, RequestState.SENT)
    if fix := obstacle_of(row, row.invitations.all(), clock.now()):
        raise InvalidState(fix)
    row.sent_at = clock.now()
    row.save(update_fields=["state", "sent_at"])
    facts = {"document": row.version.digest, "due_on": row.due_on.isoformat(), "mails": sending_note(row)}
    _log(actor, "questionnaires.request.sent", row, facts)
    if ring:
        notices_ring()
    return row


def obstacle_of(request: QuestionnaireRequest, invitations: Collection[Invitation], now: datetime) -> str:
    """Why a draft cannot be sent now, and what to do about it; empty when it can."""
    if not invitations:
        return "Nobody is invited yet, so nobody could answer. Invite somebody first."
    if not any(row.open_at(now) for row in invitations):
        return "Every invitation was revoked or has expired, so nobody could answer. Make a new link, or invite somebody."
    if request.due_on < now.date():
        return f"The day on which it is due, {request.due_on.isoformat()}, has passed. Change the day first."
    return ""


@transaction.atomic
def request_withdraw(*, actor: User, request: QuestionnaireRequest, reason: str) -> QuestionnaireRequest:
    """End ``request`` before it is reviewed; respondents read that it was withdrawn. The reason goes into the log."""
    if not reason.strip():
        raise InvalidInput("reason", "say in one sentence why it is withdrawn")
    row = _locked(actor, request)
    _move(row, RequestState.WITHDRAWN)
    row.save(update_fields=["state"])
    _log(actor, "questionnaires.request.withdrawn", row, {"reason": reason.strip()[:1000]})
    return row


@transaction.atomic
def due_change(*, actor: User, request: QuestionnaireRequest, due_on: date) -> QuestionnaireRequest:
    """Another due day; reminders are counted anew from it."""
    row = _locked(actor, request)
    if row.state not in (RequestState.DRAFT, RequestState.SENT, RequestState.OPENED):
        raise InvalidState("The due day can change only until the answers are submitted.")
    _check_day(due_on)
    before, row.due_on = row.due_on, due_on
    if before != due_on:
        row.save(update_fields=["due_on"])
        _log(actor, "questionnaires.request.due_changed", row, {"before": before.isoformat(), "after": due_on.isoformat()})
    return row


@transaction.atomic
def staff_comment_add(*, actor: User, request: QuestionnaireRequest, text: str, question: str = "", internal: bool = False) -> Comment:
    """A word to the respondents about one question or the whole; ``internal`` ones they never see. Kept out of the log, as free text."""
    row = _locked(actor, request)
    if question and question not in row.version.parsed().by_id:
        raise InvalidInput("question", "there is no such question in this questionnaire")
    comment = Comment(request=row, question=question, text=comment_text(text), internal=internal, by=actor)
    comment.save(force_insert=True)
    return comment


def comment_text(text: str) -> str:
    """A comment as it is stored; ``InvalidInput`` on one that is empty or too long."""
    found = text.strip().replace("\x00", "")
    if not found or len(found) > LONGEST_COMMENT:
        raise InvalidInput("text", f"write between 1 and {LONGEST_COMMENT} characters")
    return found


def _created(actor: User, vendor: Vendor, wish: Wish, **more: Any) -> QuestionnaireRequest:
    earlier = QuestionnaireRequest.objects.filter(vendor=vendor, version__template=wish.version.template_id)
    row = QuestionnaireRequest(
        organisation_id=vendor.organisation_id,
        vendor=vendor,
        version=wish.version,
        switched=sorted(set(wish.switched)),
        message=wish.message.strip(),
        owner=wish.owner,
        created_by=actor,
        due_on=wish.due_on,
        previous=earlier.exclude(state=RequestState.WITHDRAWN).order_by("-created_at").first(),
        **more,
    )
    row.save(force_insert=True)
    facts = {"vendor": str(vendor.pk), "document": wish.version.digest, "due_on": wish.due_on.isoformat(), "switched": row.switched}
    previous = {"previous": str(row.previous_id)} if row.previous_id else {}
    _log(actor, "questionnaires.request.created", row, {**facts, **previous})
    return row


def _check_wish(vendor: Vendor, wish: Wish) -> None:
    if wish.version.organisation_id != vendor.organisation_id:
        raise InvalidInput("version", "this questionnaire is not in the register of the vendor")
    if wish.version.published_at is None:
        raise InvalidState("This version is a draft. Publish it first: a request freezes what was published.")
    if wish.version.template.withdrawn_at is not None:
        raise InvalidState(f"“{wish.version.template}” was withdrawn. Choose another questionnaire.")
    unknown = sorted(set(wish.switched) - {row.id for row in wish.version.parsed().categories})
    if unknown:
        raise InvalidInput("switched", f"there is no category “{unknown[0]}” in this questionnaire")
    if len(wish.message) > LONGEST_COMMENT:
        raise InvalidInput("message", f"at most {LONGEST_COMMENT} characters")
    if wish.owner.is_service or not allowed(wish.owner, VERB, vendor):
        raise InvalidInput("owner", "choose somebody of this register whose roles let them send questionnaires")
    _check_day(wish.due_on)


def _check_day(due_on: date) -> None:
    if due_on < clock.now().date():
        raise InvalidInput("due_on", "choose today or a later day")


def _check_about(vendor: Vendor, model_version: ModelVersion | None, system: AISystem | None) -> None:
    if model_version is not None and model_version.model.vendor_id != vendor.pk:
        raise InvalidInput("model_version", "choose a version of one of this vendor's models")
    if system is not None and system.organisation_id != vendor.organisation_id:
        raise InvalidInput("system", "choose a system of the same register")


def _locked(actor: User, request: QuestionnaireRequest) -> QuestionnaireRequest:
    require(actor, VERB, request)
    return QuestionnaireRequest.objects.select_for_update(of=("self",)).select_related("version__template").get(pk=request.pk)


def _move(row: QuestionnaireRequest, state: RequestState) -> None:
    if state not in REQUEST_ALLOWED[row.state]:
        raise InvalidState(f"The request is {row.get_state_display().lower()}; it cannot become {state.label.lower()} from there.")
    row.state = state


def _log(actor: User, action: str, row: QuestionnaireRequest, payload: Mapping[str, Any]) -> None:
    row_log(actor, action, row, payload)
