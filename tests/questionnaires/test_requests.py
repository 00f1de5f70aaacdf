"""Requests, campaigns and ways in, as the asking side handles them."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Role, User
from accounts.tokens import hash_of
from core import clock
from core.errors import Conflict, InvalidInput, InvalidState, NotAllowed
from evidence.models import LedgerEntry
from questionnaires.models import Campaign, Invitation, QuestionnaireRequest, RequestState
from questionnaires.respondents import invitation_of
from questionnaires.services.invitations import MOST_COLLEAGUES, invitation_create, invitation_renew, invitation_revoke, section_delegate
from questionnaires.services.requests import Wish, campaign_start, due_change, request_create, request_send, request_withdraw
from tests import factories
from tests.questionnaires.conftest import Guest

pytestmark = pytest.mark.django_db


def wish(admin: User, **fields: Any) -> Wish:
    values = {"version": None, "due_on": clock.now().date() + timedelta(days=9), "owner": admin, **fields}
    return Wish(**{**values, "version": values["version"] or factories.questionnaire_version(admin)})


def actions(row: QuestionnaireRequest) -> list[str]:
    return list(LedgerEntry.objects.filter(subject__endswith=str(row.pk)).order_by("index").values_list("action", flat=True))


def test_request_freezes_a_version_and_follows_the_one_before(admin: User) -> None:
    vendor, version = factories.vendor(admin), factories.questionnaire_version(admin)
    first = request_create(actor=admin, vendor=vendor, wish=wish(admin, version=version, switched=["incidents"]))
    request_withdraw(actor=admin, request=first, reason="Wrong person.")
    second = request_create(actor=admin, vendor=vendor, wish=wish(admin, version=version))
    third = request_create(actor=admin, vendor=vendor, wish=wish(admin, version=factories.questionnaire_version(admin, template=version.template)))
    other = request_create(actor=admin, vendor=factories.vendor(admin), wish=wish(admin, version=version))
    assert (first.switched, second.previous, third.previous, other.previous) == (["incidents"], None, second, None)
    assert actions(first) == ["questionnaires.request.created", "questionnaires.request.withdrawn"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"due_on": clock.now().date() - timedelta(days=1)}, "today or a later day"),
        ({"switched": ["none"]}, "no category"),
        ({"message": "x" * 4001}, "4000"),
        ({"owner": "auditor"}, "roles let them send"),
        ({"version": "draft"}, "Publish it first"),
        ({"version": "foreign"}, "not in the register"),
    ],
)
def test_wish_that_does_not_fit_makes_nothing(admin: User, fields: dict[str, Any], words: str) -> None:
    made = {
        "auditor": lambda: factories.user(Role.AUDITOR, of=factories.home(admin)),
        "draft": lambda: factories.questionnaire_version(admin, published=False),
        "foreign": lambda: factories.questionnaire_version(factories.user()),
    }
    fields = {key: made[value]() if isinstance(value, str) and value in made else value for key, value in fields.items()}
    with pytest.raises((InvalidInput, InvalidState), match=words):
        request_create(actor=admin, vendor=factories.vendor(admin), wish=wish(admin, **fields))
    assert not QuestionnaireRequest.objects.exists()


@pytest.mark.parametrize("role", [role for role in Role.values if role not in (Role.ADMINISTRATOR, Role.GOVERNANCE)])
def test_other_roles_may_not_ask_invite_or_withdraw(admin: User, asked: QuestionnaireRequest, role: str) -> None:
    actor = factories.user(role, of=factories.home(admin))
    assert asked.vendor is not None
    for act in (
        lambda: request_create(actor=actor, vendor=asked.vendor, wish=wish(admin, version=asked.version)),  # type: ignore[arg-type]
        lambda: invitation_create(actor=actor, request=asked, name="Kim"),
        lambda: request_withdraw(actor=actor, request=asked, reason="No."),
        lambda: due_change(actor=actor, request=asked, due_on=clock.now().date()),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_campaign_asks_all_or_nobody(admin: User) -> None:
    mine, foreign = [factories.vendor(admin) for _ in range(3)], factories.vendor(factories.user())
    start = {"actor": admin, "organisation": factories.home(admin), "name": "Yearly", "wish": wish(admin)}
    with pytest.raises(InvalidInput, match="not in this register"):
        campaign_start(**start, vendors=[*mine, foreign])
    assert not QuestionnaireRequest.objects.exists()
    assert campaign_start(**start, vendors=mine).requests.count() == 3
    with pytest.raises(Conflict):
        campaign_start(**start, vendors=mine)
    assert Campaign.objects.count() == 1


def test_sending_needs_somebody_who_can_come_in(admin: User) -> None:
    row = factories.questionnaire_request(admin, sent=False)
    with pytest.raises(InvalidState, match="Nobody is invited"):
        request_send(actor=admin, request=row)
    factories.questionnaire_invitation(admin, row)
    assert request_send(actor=admin, request=row).state == RequestState.SENT
    with pytest.raises(InvalidState):
        request_send(actor=admin, request=row)


def test_secret_is_kept_as_its_hash_only_and_named_nowhere(admin: User, asked: QuestionnaireRequest) -> None:
    invitation, token = invitation_create(actor=admin, request=asked, name="Kim Respondent", email="kim@example.org")
    assert len(token.removeprefix("assay_q_")) >= 43
    assert (invitation.token_hash, invitation_of(token)) == (hash_of(token), invitation)
    told = "".join(str(entry.payload) for entry in LedgerEntry.objects.all())
    assert not any(word in told for word in (token, token[8:], "Kim", "kim@example.org", invitation.token_hash))


def test_account_needs_the_role_and_is_invited_once(admin: User, asked: QuestionnaireRequest) -> None:
    person, auditor = (factories.user(role, of=factories.home(admin)) for role in (Role.VENDOR, Role.AUDITOR))
    for other in (auditor, factories.user(Role.VENDOR)):
        with pytest.raises(InvalidInput, match="role vendor respondent"):
            invitation_create(actor=admin, request=asked, name="Kim", user=other)
    assert invitation_create(actor=admin, request=asked, name="Kim", user=person)[1] == ""
    with pytest.raises(Conflict):
        invitation_create(actor=admin, request=asked, name="Kim", user=person)


def test_revoking_shuts_what_was_passed_on_and_renewing_does_not(admin: User, guest: Guest) -> None:
    colleague = Guest(section_delegate(**guest.who, name="Kim", email="", sections=["access", "papers"])[1])
    third = Guest(section_delegate(**colleague.who, name="Lee", email="", sections=["papers"])[1])
    invitation, token = invitation_renew(actor=admin, invitation=guest.invitation)
    assert Guest(token).write("hours", 3).value == 3
    assert third.write("who", "We did.").value == "We did."
    invitation_revoke(actor=admin, invitation=invitation)
    for other in (Guest(token), colleague, third):
        with pytest.raises(InvalidState, match="no longer works"):
            other.write("who", "Nobody did.")
    with pytest.raises(InvalidState):
        invitation_revoke(actor=admin, invitation=invitation)


def test_passing_on_gives_no_more_than_one_has(guest: Guest) -> None:
    part = Guest(section_delegate(**guest.who, name="Kim", email="kim@example.org", sections=["access"])[1])
    assert (part.invitation.may_submit, part.invitation.expires_at) == (False, guest.invitation.expires_at)
    for sections, words in ((["papers"], "answer yourself"), ([], "choose the sections")):
        with pytest.raises(InvalidInput, match=words):
            section_delegate(**part.who, name="Lee", email="", sections=sections)
    with pytest.raises(InvalidInput, match="no section"):
        section_delegate(**guest.who, name="Lee", email="", sections=["none"])
    Invitation.objects.bulk_create(
        Invitation(request=guest.invitation.request, name="x", token_hash=f"{number:064d}", expires_at=clock.now(), delegated_by=guest.invitation)
        for number in range(MOST_COLLEAGUES)
    )
    with pytest.raises(InvalidState, match="passed this on"):
        section_delegate(**guest.who, name="Lee", email="", sections=["papers"])


def test_due_day_moves_until_submission_and_the_log_keeps_both(admin: User, asked: QuestionnaireRequest, guest: Guest) -> None:
    later = asked.due_on + timedelta(days=7)
    due_change(actor=admin, request=asked, due_on=later)
    entry = LedgerEntry.objects.get(action="questionnaires.request.due_changed")
    assert entry.payload == {"before": asked.due_on.isoformat(), "after": later.isoformat()}
    guest.complete()
    guest.submit()
    with pytest.raises(InvalidState):
        due_change(actor=admin, request=asked, due_on=later)
