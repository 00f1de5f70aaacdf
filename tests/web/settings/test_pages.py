"""Settings: users, roles, tokens, keys, profile, facts about the system."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from accounts.models import ApiToken, Role, User
from accounts.permissions import PERSONAL, POLICY, VERBS
from accounts.services import service_account_create
from accounts.tokens import token_authenticate, token_issue
from core import clock
from evidence import ledger
from evidence.keys import CHECKPOINTS, STATEMENTS, installed
from tests import factories

pytestmark = pytest.mark.django_db
NEW_USER = {"username": "bea", "name": "Bea B", "email": "bea@example.org", "roles": [Role.AUDITOR]}


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def test_settings_show_only_what_may_be_opened(admin_client: Client, as_role: Callable[[str], Client]) -> None:
    assert "Users" in re.findall(r'<a href="[^"]+">([^<]+)</a></h2>', text_of(admin_client.get(reverse("web:settings"))))
    cards = re.findall(r'<a href="([^"]+)">[^<]+</a></h2>', text_of(as_role(Role.APPROVER).get(reverse("web:settings"))))
    assert cards == [reverse("web:profile"), reverse("web:reminders"), reverse("web:role-list"), reverse("web:key-list")]
    assert reverse("api:docs") in text_of(as_role(Role.ASSESSOR).get(reverse("web:settings")))


def test_invited_person_gets_a_link_that_is_shown_once(admin: User, admin_client: Client) -> None:
    answer = admin_client.post(reverse("web:user-create"), NEW_USER)
    person = User.objects.get(username="bea")
    link = re.search(r"http://testserver(/account/password/reset/key/[^<\"]+)", text_of(answer))
    assert link is not None
    assert "no-store" in answer.headers["Cache-Control"]
    assert person.memberships.get().organisation == factories.home(admin)
    assert Client().get(link[1]).status_code == 302, "it leads to the form"
    assert link[1] not in text_of(admin_client.get(reverse("web:user-detail", args=[person.pk])))
    assert mail.outbox == [], "without a mail server nothing is sent"


def test_invitation_is_mailed_where_a_server_is_set(admin_client: Client, settings: Any) -> None:
    settings.EMAIL_HOST = "mail.example.org"
    answer = text_of(admin_client.post(reverse("web:user-create"), NEW_USER))
    assert [message.to for message in mail.outbox] == [["bea@example.org"]]
    assert "on its way to bea@example.org" in answer


def test_mail_server_that_fails_holds_nothing_up(admin_client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ConnectionRefusedError

    settings.EMAIL_HOST = "mail.example.org"
    monkeypatch.setattr("web.settings.mail.send_mail", fail)
    answer = admin_client.post(reverse("web:user-create"), NEW_USER)
    assert answer.status_code == 200
    assert "Hand this link to" in text_of(answer)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"username": "a b"}, "Use letters, digits"),
        ({"email": "nowhere"}, "Write the whole address"),
        ({"roles": []}, "Choose at least one role"),
        ({"roles": ["worker"]}, "worker"),
    ],
)
def test_wrong_entry_is_named_at_its_field_and_nothing_typed_is_lost(admin_client: Client, fields: dict[str, Any], says: str) -> None:
    answer = admin_client.post(reverse("web:user-create"), {**NEW_USER, **fields})
    assert answer.status_code == 422
    assert says in text_of(answer)
    assert "Bea B" in text_of(answer)
    assert not User.objects.filter(first_name="Bea B").exists()


def test_roles_and_details_are_changed_on_one_page(admin: User, admin_client: Client) -> None:
    person = factories.user(Role.AUDITOR, of=factories.home(admin))
    form = text_of(admin_client.get(reverse("web:user-edit", args=[person.pk])))
    assert re.search(r'value="auditor"[^>]*checked', form)
    admin_client.post(reverse("web:user-edit", args=[person.pk]), {"name": "Cy", "email": "", "roles": [Role.APPROVER, Role.ASSESSOR]})
    person.refresh_from_db()
    assert str(person) == "Cy"
    assert set(person.memberships.values_list("role", flat=True)) == {Role.APPROVER, Role.ASSESSOR}


@pytest.mark.parametrize("name", ["user-deactivate", "user-invite", "user-factors"])
def test_act_is_asked_about_before_it_is_done(admin: User, admin_client: Client, name: str) -> None:
    person = factories.user(Role.AUDITOR, of=factories.home(admin))
    answer = admin_client.get(reverse(f"web:{name}", args=[person.pk]))
    assert answer.status_code == 200
    assert person.username in text_of(answer)
    person.refresh_from_db()
    assert person.is_active


def test_person_is_deactivated_and_let_in_again(admin: User, admin_client: Client) -> None:
    person = factories.user(Role.AUDITOR, of=factories.home(admin))
    page = reverse("web:user-detail", args=[person.pk])
    admin_client.post(reverse("web:user-deactivate", args=[person.pk]))
    assert "deactivated" in text_of(admin_client.get(page))
    assert reverse("web:user-reactivate", args=[person.pk]) in text_of(admin_client.get(page))
    admin_client.post(reverse("web:user-reactivate", args=[person.pk]))
    person.refresh_from_db()
    assert person.is_active
    assert "Reactivated" in text_of(admin_client.get(page))


def test_own_page_offers_no_act_on_oneself(admin: User, admin_client: Client) -> None:
    page = text_of(admin_client.get(reverse("web:user-detail", args=[admin.pk])))
    assert reverse("web:user-deactivate", args=[admin.pk]) not in page
    assert admin_client.post(reverse("web:user-edit", args=[admin.pk]), {"roles": [Role.AUDITOR]}).status_code == 403


def test_auditor_sees_users_and_can_change_none(admin: User, as_role: Callable[[str], Client]) -> None:
    auditor = as_role(Role.AUDITOR)
    assert auditor.get(reverse("web:user-list")).status_code == 200
    page = text_of(auditor.get(reverse("web:user-detail", args=[admin.pk])))
    assert reverse("web:user-edit", args=[admin.pk]) not in page
    assert reverse("web:user-create") not in text_of(auditor.get(reverse("web:user-list")))


def test_role_page_says_what_the_policy_says(admin_client: Client) -> None:
    page = text_of(admin_client.get(reverse("web:role-list")))
    rows = dict(re.findall(r'<tr><th scope="row">([^<]+)</th>(.*?)</tr>', page))
    for verb, text in VERBS.items():
        given = [role for role in Role if role in PERSONAL and verb in POLICY[role]]
        marks = [
            role
            for role, cell in zip([role for role in Role if role in PERSONAL], rows.get(escape(text), "").split("</td>"), strict=False)
            if "may-mark" in cell
        ]
        assert marks == given, verb


def test_secret_of_a_token_is_shown_once_and_works(admin: User, admin_client: Client) -> None:
    answer = admin_client.post(reverse("web:token-create"), {"name": "Gateway", "scopes": ["inventory:read"], "days": 30})
    secret = re.search(r"assay_[\w-]{43}", text_of(answer))
    assert secret is not None
    assert "no-store" in answer.headers["Cache-Control"]
    assert token_authenticate(secret[0], clock.now()) == admin
    assert secret[0] not in text_of(admin_client.get(reverse("web:token-list")))


def test_token_form_offers_only_scopes_of_ones_roles(as_role: Callable[[str], Client]) -> None:
    page = text_of(as_role(Role.GOVERNANCE).get(reverse("web:token-create")))
    assert "inventory:write" in page
    assert "assessments:run" not in page


def test_administrator_gives_a_service_account_a_token(admin: User, admin_client: Client) -> None:
    admin_client.post(reverse("web:service-account-create"), {"username": "gateway"})
    program = User.objects.get(username="gateway")
    assert (program.is_service, program.has_usable_password()) == (True, False)
    fields = {"name": "Nightly", "user": str(program.pk), "scopes": ["reports:read"], "days": 30}
    admin_client.post(reverse("web:token-create"), fields)
    assert ApiToken.objects.get().user == program


def test_token_is_revoked_after_a_question(admin: User, admin_client: Client) -> None:
    token, secret = token_issue(actor=admin, record=ledger.append, name="Old", scopes=["inventory:read"], days=5)
    address = reverse("web:token-revoke", args=[token.pk])
    assert "cannot be undone" in text_of(admin_client.get(address))
    assert token_authenticate(secret, clock.now()) is not None
    admin_client.post(address)
    assert token_authenticate(secret, clock.now()) is None
    assert "revoked" in text_of(admin_client.get(reverse("web:token-list")))


def test_keys_page_holds_every_public_key_and_nothing_private(as_role: Callable[[str], Client]) -> None:
    browser, ring = as_role(Role.APPROVER), installed()
    page = text_of(browser.get(reverse("web:key-list")))
    for _, fingerprint in ring.trust.fingerprints():
        assert fingerprint.replace("+", "&#x2B;") in page or fingerprint in page
    private = [(ring.folder / name).read_text().splitlines()[1] for name in (STATEMENTS, CHECKPOINTS)]
    download = browser.get(reverse("web:key-download"))
    assert download.content == ring.trusted_root_bytes
    assert json.loads(download.content)["logs"]
    assert not [line for line in private if line in page + text_of(download)]


def test_system_page_gives_no_secret_away(admin_client: Client, settings: Any) -> None:
    settings.BROKER_URL = "amqp://assay:hunter2@queue.internal:5672/"
    page = text_of(admin_client.get(reverse("web:system-facts")))
    assert "amqp" in page
    assert "hunter2" not in page
    assert "queue.internal" not in page


def test_profile_is_saved_and_an_address_under_single_sign_on_is_not(admin: User, admin_client: Client, settings: Any) -> None:
    admin_client.post(reverse("web:profile"), {"name": "Ada", "email": "ada@example.org"})
    settings.OIDC = {**settings.OIDC, "ISSUER": "https://login.example.org"}
    admin_client.post(reverse("web:profile"), {"name": "Ada L", "email": "somebody.else@example.org"})
    admin.refresh_from_db()
    assert (str(admin), admin.email) == ("Ada L", "ada@example.org")


@pytest.mark.parametrize("name", ["user-list", "token-list", "user-detail", "settings", "role-list", "profile"])
def test_pages_cost_few_queries_however_many_rows(admin: User, admin_client: Client, django_assert_max_num_queries: Any, name: str) -> None:
    home = factories.home(admin)
    people = [factories.user(Role.AUDITOR, of=home) for _ in range(30)]
    for index in range(30):
        program = service_account_create(actor=admin, record=ledger.append, organisation=home, username=f"program-{index}")
        token_issue(actor=admin, record=ledger.append, name=f"Token {index}", scopes=["inventory:read"], days=5, user=program)
    admin_client.get(reverse("web:settings"))
    with django_assert_max_num_queries(10):
        assert admin_client.get(reverse(f"web:{name}", args=[people[0].pk] if name == "user-detail" else [])).status_code == 200


def test_lists_are_exported_in_words(admin: User, admin_client: Client) -> None:
    factories.user(Role.AUDITOR, of=factories.home(admin))
    rows = admin_client.get(reverse("web:user-list"), {"export": "csv"}).content.decode("utf-8-sig")
    assert "Auditor" in rows
    assert "<span" not in rows
