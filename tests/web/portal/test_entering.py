"""Coming in by link: what opens, what does not, and that the secret stands nowhere afterwards."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from core import clock
from evidence.models import LedgerEntry
from questionnaires.models import Invitation, QuestionnaireRequest, RequestState
from questionnaires.services.invitations import invitation_create, invitation_renew, invitation_revoke
from questionnaires.services.requests import request_withdraw
from tests import factories
from tests.web.portal.conftest import Guest
from web.access import PORTAL
from web.portal.session import COOKIE, WRONG

pytestmark = pytest.mark.django_db
Invite = Callable[..., Guest]


def test_secret_is_exchanged_for_a_short_visit_and_stands_in_no_later_address(invite: Invite) -> None:
    guest = invite(enter=False)
    answer = guest.enter()
    assert (answer.status_code, answer.url) == (302, guest.path())
    assert (answer["Referrer-Policy"], answer["Cache-Control"]) == ("no-referrer", "no-store, private")
    cookie = answer.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["max-age"]) == (True, "Lax", guest.path(), 4 * 3600)
    assert guest.token not in cookie.value
    page = guest.get()
    assert (page.status_code, page["Cache-Control"], page["Referrer-Policy"]) == (200, "no-store, private", "same-origin")
    assert guest.token not in page.content.decode()


def test_secret_is_in_no_log_and_no_ledger(invite: Invite, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    with caplog.at_level(logging.DEBUG):
        good, bad = invite(), Client(raise_request_exception=False)
        good.get()
        bad.get(reverse("web:portal-enter", args=["assay_q_not-a-real-secret-but-long-enough-000000"]))
        bad.post(reverse("web:portal-enter", args=[good.token]))
    said = caplog.text + "".join(capsys.readouterr())
    assert "assay_q_" not in said
    assert good.token not in said
    assert not any("assay_q_" in str(entry.payload) or "Respondent" in str(entry.payload) for entry in LedgerEntry.objects.all())
    assert not Invitation.objects.filter(token_hash__contains=good.token[8:20]).exists()


def spoil(word: str, invitation: Invitation, admin: User) -> None:
    if word == "expired":
        Invitation.objects.filter(pk=invitation.pk).update(expires_at=clock.now() - timedelta(seconds=1))
    elif word == "revoked":
        invitation_revoke(actor=admin, invitation=invitation)
    elif word == "withdrawn":
        request_withdraw(actor=admin, request=invitation.request, reason="No longer needed.")
    else:
        QuestionnaireRequest.objects.filter(pk=invitation.request_id).update(state=RequestState.DRAFT)


@pytest.mark.parametrize(
    ("word", "status", "words"),
    [("expired", 410, "has expired"), ("revoked", 410, "switched off"), ("withdrawn", 410, "was withdrawn"), ("draft", 403, "not open yet")],
)
def test_shut_link_says_why_and_whom_to_ask_before_and_during_a_visit(invite: Invite, admin: User, word: str, status: int, words: str) -> None:
    guest = invite()
    spoil(word, Invitation.objects.get(request=guest.request, first_seen_at__isnull=False), admin)
    for answer in (guest.enter(), guest.get(), guest.post("submit", {"sure": "yes"})):
        assert answer.status_code == status
        assert words in answer.content.decode()
        assert str(admin) in answer.content.decode()


def test_unknown_link_names_nobody_and_too_many_are_stopped(invite: Invite, asked: QuestionnaireRequest) -> None:
    stranger = Client()
    address = reverse("web:portal-enter", args=["assay_q_" + "x" * 43])
    for _ in range(WRONG):
        answer = stranger.get(address)
        assert answer.status_code == 404
    assert str(asked.organisation) not in answer.content.decode()
    assert stranger.get(address).status_code == 429
    assert Client(REMOTE_ADDR="203.0.113.9").get(reverse("web:portal-enter", args=[invite(enter=False).token])).status_code == 302


def test_renewed_link_ends_the_old_one_and_visits_that_began_with_it(invite: Invite, admin: User) -> None:
    guest = invite()
    invitation = Invitation.objects.get(request=guest.request, first_seen_at__isnull=False)
    _, token = invitation_renew(actor=admin, invitation=invitation)
    assert guest.get().status_code == 403
    assert guest.enter().status_code == 404
    assert Guest(guest.request, token).get().status_code == 200


def test_leaving_ends_the_visit(invite: Invite) -> None:
    guest = invite()
    assert guest.post("leave").status_code == 200
    assert guest.get().status_code == 403


def test_account_finds_its_questionnaires_on_its_first_page(admin: User, asked: QuestionnaireRequest) -> None:
    person, other = (factories.user(Role.VENDOR, of=factories.home(admin)) for _ in range(2))
    invitation_create(actor=admin, request=asked, name="Kim", user=person)
    browser, stranger = Client(), Client()
    browser.force_login(person)
    stranger.force_login(other)
    assert reverse("web:portal-overview", args=[asked.pk]) in browser.get("/").content.decode()
    assert browser.get(reverse("web:portal-overview", args=[asked.pk])).status_code == 200
    assert "Questionnaire to answer" not in stranger.get("/").content.decode()
    assert stranger.get(reverse("web:portal-overview", args=[asked.pk])).status_code == 403


# What a respondent may see of others: nothing, at any address, with any method.

ARGUMENTS: dict[str, tuple[str, ...]] = {"section": ("section",), "file": ("exhibit",), "delegate-end": ("colleague",)}
METHODS: dict[str, tuple[str, ...]] = {
    "overview": ("GET", "POST"), "section": ("GET", "POST"), "file": ("GET",), "delegate": ("GET", "POST"), "delegate-end": ("GET", "POST"),
    "review": ("GET",), "submit": ("POST",), "receipt": ("GET",), "leave": ("POST",), "sheet": ("GET",), "upload": ("GET", "POST"), "apply": ("POST",),
}  # fmt: skip


def test_table_of_this_walk_is_whole() -> None:
    assert {f"portal-{name}" for name in METHODS} | {"portal-enter"} == PORTAL


def test_no_address_opens_without_or_with_anothers_invitation(invite: Invite, admin: User, asked: QuestionnaireRequest) -> None:
    mine, theirs = invite(), Guest(*_other(admin))
    theirs.answers("papers", {"f-card": _file()})
    values = _values(admin, theirs)
    before = LedgerEntry.objects.count()
    stray = _walk(Client(), theirs, values) + _walk(mine.browser, theirs, values)
    # Even with the other request's cookie path, a visit is good for its own request only.
    forged = Client()
    forged.cookies[COOKIE] = mine.browser.cookies[COOKIE].value
    stray += _walk(forged, theirs, values)
    staff = Client()
    staff.force_login(admin)
    stray += _walk(staff, theirs, values)
    assert stray == []
    assert LedgerEntry.objects.count() == before
    assert theirs.get("file", values["exhibit"]).status_code == 200


def _other(admin: User) -> tuple[QuestionnaireRequest, str]:
    row = factories.questionnaire_request(admin)
    return row, factories.questionnaire_invitation(admin, row)[1]


def _file() -> SimpleUploadedFile:
    return SimpleUploadedFile("card.pdf", b"%PDF-1.7 x")


def _values(admin: User, guest: Guest) -> dict[str, Any]:
    guest.post("delegate", {"name": "Kim", "sections": ["papers"]})
    colleague = Invitation.objects.get(delegated_by__isnull=False, request=guest.request)
    exhibit = guest.request.answers.get(question="card").exhibits.get()
    return {"section": "papers", "exhibit": exhibit.pk, "colleague": colleague.pk}


def _walk(browser: Client, guest: Guest, values: dict[str, Any]) -> list[str]:
    found = []
    for name, allowed in METHODS.items():
        path = guest.path(name, *(values[key] for key in ARGUMENTS.get(name, ())))
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            status = browser.generic(method, path).status_code
            wanted = 403 if method in allowed or (method == "HEAD" and "GET" in allowed) else 405
            if status != wanted:
                found.append(f"{method} {name}: {status} instead of {wanted}")
    return found


def test_own_visit_reaches_no_row_of_another_request(invite: Invite, admin: User) -> None:
    mine, theirs = invite(), Guest(*_other(admin))
    theirs.answers("papers", {"f-card": _file()})
    values = _values(admin, theirs)
    assert mine.get("file", values["exhibit"]).status_code == 404
    assert mine.get("delegate-end", values["colleague"]).status_code == 404
    mine.answers("papers", {"a-who": "", "remove": str(values["exhibit"])})
    assert theirs.get("file", values["exhibit"]).status_code == 200


def test_part_of_a_respondent_is_all_they_reach(invite: Invite) -> None:
    whole, part = invite(), invite(sections=["access"], may_submit=False)
    whole.answers("papers", {"f-card": _file()})
    exhibit = whole.request.answers.get(question="card").exhibits.get()
    assert part.get("section", "access").status_code == 200
    assert part.get("section", "papers").status_code == 404
    assert part.get("file", exhibit.pk).status_code == 404
    assert "Papers" not in part.get().content.decode()
    assert "The model card" not in part.get("review").content.decode()
    assert part.post("submit", {"sure": "yes"}).status_code == 403


def test_visit_opens_no_page_of_staff(invite: Invite, admin: User) -> None:
    guest = invite()
    names = ("home", "vendor-list", "questionnaire-list", "artifact-list", "search", "settings")
    pages = [reverse(f"web:{name}") for name in names] + [reverse("web:questionnaire-detail", args=[guest.request.pk]), "/api/v1/vendors"]
    guest.browser.cookies[COOKIE]["path"] = "/"
    answers = {path: guest.browser.get(path) for path in pages}
    assert [
        path for path, answer in answers.items() if answer.status_code not in (302, 401) or (answer.status_code == 302 and "/login/" not in answer.url)
    ] == []


def test_form_from_another_site_is_refused(invite: Invite) -> None:
    guest = invite(enter=False)
    guest.browser = Client(enforce_csrf_checks=True)
    guest.enter()
    for name, arguments in (("section", ("access",)), ("submit", ()), ("overview", ()), ("upload", ())):
        assert guest.post(name, {"a-level": "weights"}, *arguments).status_code == 403
    assert not guest.request.answers.exists()
