"""Ways in: made, renewed and revoked by the asking side; passed on, section by section, by a respondent."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from accounts.models import Role, User
from accounts.permissions import require
from accounts.tokens import hash_of
from core import clock
from core.errors import Conflict, InvalidInput, InvalidState
from inventory.rows import row_log
from questionnaires.models import Invitation, QuestionnaireRequest, RequestState
from questionnaires.respondents import new_token, within
from questionnaires.services.requests import VERB
from questionnaires.writing import entered

DAYS, MOST_DAYS = 60, 365
MOST_COLLEAGUES = 20


@transaction.atomic
def invitation_create(
    *,
    actor: User,
    request: QuestionnaireRequest,
    name: str,
    email: str = "",
    user: User | None = None,
    sections: Collection[str] = (),
    may_submit: bool = True,
    days: int = DAYS,
) -> tuple[Invitation, str]:
    """A way in for one respondent and the secret of its link, which nobody can read again later; empty for an account (role vendor)."""
    require(actor, VERB, request)
    row = _locked(request)
    _check_account(row, user)
    _check_days(days)
    token = "" if user else new_token()
    ends = clock.now() + timedelta(days=days)
    found = _made(row, name, email, sections, token, user=user, may_submit=may_submit, expires_at=ends, created_by=actor)
    _log(actor, "questionnaires.invitation.created", found, {"sections": found.sections, "expires_at": clock.iso(ends), "account": user is not None})
    return found, token


@transaction.atomic
def invitation_renew(*, actor: User, invitation: Invitation, days: int = DAYS) -> tuple[Invitation, str]:
    """A new secret and a new end; the link before it stops working at once, and so do browsers that entered by it."""
    require(actor, VERB, invitation)
    _check_days(days)
    _locked(invitation.request)
    row = Invitation.objects.select_related("request").get(pk=invitation.pk)
    if row.revoked_at is not None:
        raise InvalidState("This invitation was revoked. Invite the person anew.")
    token = "" if row.user_id else new_token()
    row.token_hash, row.expires_at = hash_of(token) if token else "", clock.now() + timedelta(days=days)
    row.save(update_fields=["token_hash", "expires_at"])
    _log(actor, "questionnaires.invitation.renewed", row, {"expires_at": clock.iso(row.expires_at)})
    return row, token


@transaction.atomic
def invitation_revoke(*, actor: User, invitation: Invitation) -> Invitation:
    """Shut this way in now, with those its holder passed on. What was answered stays."""
    require(actor, VERB, invitation)
    _locked(invitation.request)
    row = Invitation.objects.select_related("request").get(pk=invitation.pk)
    if row.revoked_at is not None:
        raise InvalidState("This invitation was revoked already.")
    shut = [row, *(other for other in row.request.invitations.all() if other.revoked_at is None and _comes_from(other, row))]
    Invitation.objects.filter(pk__in=[other.pk for other in shut]).update(revoked_at=clock.now())
    row.refresh_from_db()
    _log(actor, "questionnaires.invitation.revoked", row, {"passed_on": [str(other.pk) for other in shut[1:]]})
    return row


@transaction.atomic
def section_delegate(*, actor: User, invitation: Invitation, name: str, email: str, sections: Collection[str]) -> tuple[Invitation, str]:
    """A respondent lets a colleague answer some of their sections: a way in without the right to submit, as long as the respondent's own, and its secret."""
    entry = entered(actor, invitation)
    wanted = list(sections)
    if not wanted:
        raise InvalidInput("sections", "choose the sections that the colleague should answer")
    if any(not within(entry.invitation, key) for key in wanted):
        raise InvalidInput("sections", "choose among the sections that you answer yourself")
    if entry.request.invitations.filter(delegated_by=entry.invitation, revoked_at__isnull=True).count() >= MOST_COLLEAGUES:
        raise InvalidState(f"You passed this on to {MOST_COLLEAGUES} colleagues already. Ask {entry.request.owner} for more.")
    token = new_token()
    ends = entry.invitation.expires_at
    found = _made(entry.request, name, email, wanted, token, may_submit=False, expires_at=ends, delegated_by=entry.invitation)
    facts = {"sections": found.sections, "expires_at": clock.iso(ends), "delegated_by": str(entry.invitation.pk)}
    _log(actor, "questionnaires.invitation.created", found, facts)
    return found, token


@transaction.atomic
def delegation_revoke(*, actor: User, invitation: Invitation, colleague: Invitation) -> Invitation:
    """A respondent shuts a way in that they passed on, with what came of it."""
    entry = entered(actor, invitation)
    row = entry.request.invitations.filter(pk=colleague.pk, delegated_by=entry.invitation).first()
    if row is None or row.revoked_at is not None:
        raise InvalidState("You passed on no such link, or it was shut already.")
    shut = [other.pk for other in entry.request.invitations.all() if other.pk == row.pk or _comes_from(other, row)]
    Invitation.objects.filter(pk__in=shut, revoked_at__isnull=True).update(revoked_at=clock.now())
    row.refresh_from_db()
    _log(actor, "questionnaires.invitation.revoked", row, {"delegated_by": str(entry.invitation.pk)})
    return row


def _made(request: QuestionnaireRequest, name: str, email: str, sections: Collection[str], token: str, **more: Any) -> Invitation:
    known = [section.id for section in request.version.parsed().sections]
    unknown = sorted(set(sections) - set(known))
    if unknown:
        raise InvalidInput("sections", f"there is no section “{unknown[0]}” in this questionnaire")
    fields = {"sections": [key for key in known if key in set(sections)], "token_hash": hash_of(token) if token else ""}
    row = Invitation(request=request, name=name.strip(), email=_address(email), created_at=clock.now(), **fields, **more)
    if not row.name or len(row.name) > 200:
        raise InvalidInput("name", "say who is invited, in at most 200 characters")
    row.save(force_insert=True)
    return row


def _address(email: str) -> str:
    found = email.strip()
    try:
        if found:
            validate_email(found)
    except ValidationError as error:
        raise InvalidInput("email", "enter an e-mail address such as name@example.org, or leave it empty") from error
    return found


def _check_account(request: QuestionnaireRequest, user: User | None) -> None:
    if user is None:
        return
    if user.is_service or not user.is_active or (request.organisation_id, Role.VENDOR) not in user.roles_held:
        raise InvalidInput("user", "choose an active account with the role vendor respondent in this register")
    if request.invitations.filter(user=user).exists():
        raise Conflict("This account is invited to this questionnaire already.")


def _check_days(days: int) -> None:
    if not 1 <= days <= MOST_DAYS:
        raise InvalidInput("days", f"choose between 1 and {MOST_DAYS} days")


def _locked(request: QuestionnaireRequest) -> QuestionnaireRequest:
    row = QuestionnaireRequest.objects.select_for_update(of=("self",)).select_related("version").get(pk=request.pk)
    if row.state == RequestState.WITHDRAWN:
        raise InvalidState("The request was withdrawn; nobody can be let in any more.")
    return row


def _comes_from(row: Invitation, root: Invitation) -> bool:
    """Whether ``row`` was passed on by ``root``, directly or through others."""
    parents = dict(row.request.invitations.values_list("pk", "delegated_by"))
    at = parents.get(row.pk)
    while at is not None:
        if at == root.pk:
            return True
        at = parents.get(at)
    return False


def _log(actor: User, action: str, row: Invitation, payload: Mapping[str, Any]) -> None:
    row_log(actor, action, row.request, {"invitation": str(row.pk), **payload})
