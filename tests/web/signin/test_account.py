"""One's own account: passwords, links, second factors, the first sign-in, single sign-on for known people only."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts import first_login
from accounts.models import Role, User
from accounts.services import user_invite
from core.errors import IntegrityFailed
from evidence import ledger
from evidence.models import LedgerEntry
from tests import factories
from web.settings.page import invitation_address
from web.signin.adapters import MFAAdapter, SocialAdapter

pytestmark = pytest.mark.django_db
NEW = "quiet-lantern-over-maple-52"


def change(client: Client, new: str = NEW, old: str = factories.PASSWORD) -> Any:
    return client.post(reverse("account_change_password"), {"oldpassword": old, "password1": new, "password2": new})


def last_action() -> str:
    return LedgerEntry.objects.latest("index").action


def test_new_password_ends_other_sessions_keeps_this_one_and_is_logged(admin: User, admin_client: Client) -> None:
    elsewhere = Client()
    elsewhere.force_login(admin)
    assert change(admin_client).status_code == 302
    assert admin_client.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302
    assert last_action() == "accounts.password.changed"
    assert NEW not in LedgerEntry.objects.latest("index").leaf


@pytest.mark.parametrize("weak", ["short-1", "111122223333", "startfinding", "administrator", factories.PASSWORD])
def test_weak_or_same_password_is_refused(admin: User, admin_client: Client, weak: str) -> None:
    User.objects.filter(pk=admin.pk).update(first_name="administrator")
    assert change(admin_client, weak).status_code == 200
    admin.refresh_from_db()
    assert admin.check_password(factories.PASSWORD)


def test_temporary_password_opens_nothing_but_its_own_change(admin: User, admin_client: Client) -> None:
    User.objects.filter(pk=admin.pk).update(must_change_password=True)
    file: Path = first_login.credentials_file()
    file.write_text("username: x\npassword: y\n")
    for path in ("/", "/vendors/", "/settings/users/", "/account/2fa/"):
        assert admin_client.get(path).headers["Location"] == reverse("account_change_password"), path
    assert admin_client.post(reverse("web:token-create")).headers["Location"] == reverse("account_change_password")
    assert admin_client.get("/", headers={"HX-Request": "true"}).headers["HX-Redirect"] == reverse("account_change_password")
    assert file.exists()
    assert change(admin_client).headers["Location"] == reverse("mfa_index"), "the second factor is suggested next"
    assert not file.exists()
    assert admin_client.get("/").status_code == 200


def test_second_factor_may_be_demanded_of_administrators(admin: User, admin_client: Client, settings: Any) -> None:
    settings.ASSAY_REQUIRE_MFA = True
    assert admin_client.get("/").headers["Location"] == reverse("mfa_index")
    assert admin_client.get(reverse("mfa_index")).status_code == 200
    auditor = Client()
    auditor.force_login(factories.user(Role.AUDITOR, of=factories.home(admin)))
    assert auditor.get("/").status_code == 200
    Authenticator.objects.create(user=admin, type=Authenticator.Type.RECOVERY_CODES, data={})
    assert admin_client.get("/").status_code == 302, "codes alone are no second factor"
    Authenticator.objects.create(user=admin, type=Authenticator.Type.TOTP, data={"secret": MFAAdapter().encrypt("x")})
    assert admin_client.get("/").status_code == 200


def test_second_factors_are_only_changed_after_the_password_once_more(admin_client: Client) -> None:
    for name in ("mfa_activate_totp", "mfa_add_webauthn", "mfa_generate_recovery_codes"):
        assert reverse("account_reauthenticate") in admin_client.get(reverse(name)).headers["Location"]


def test_secret_of_a_second_factor_lies_encrypted(settings: Any) -> None:
    kept = MFAAdapter().encrypt("JBSWY3DPEHPK3PXP")
    assert "JBSWY3DP" not in kept
    assert MFAAdapter().decrypt(kept) == "JBSWY3DPEHPK3PXP"
    settings.SECRET_KEY = "another"
    with pytest.raises(IntegrityFailed, match="SECRET_KEY"):
        MFAAdapter().decrypt(kept)


def link_for(admin: User, person: User) -> str:
    key = user_invite(actor=admin, record=ledger.append, user=person)
    return invitation_address(RequestFactory().get("/"), person, key).removeprefix("http://testserver")


def test_invitation_link_works_once_and_leaves_the_address_bar(admin: User, client: Client) -> None:
    person = factories.user(Role.AUDITOR, of=factories.home(admin))
    link = link_for(admin, person)
    answer: Any = client.get(link)
    assert link not in answer.url
    assert client.get(answer.url).status_code == 200
    done = client.post(answer.url, {"password1": NEW, "password2": NEW})
    assert done.url == reverse("account_reset_password_from_key_done")
    assert last_action() == "accounts.password.reset"
    person.refresh_from_db()
    assert person.check_password(NEW)
    assert client.get("/").status_code == 302, "whoever has the link still signs in, with the second factor if there is one"
    assert "This link has ended" in Client().get(link).content.decode()


def test_link_of_a_deactivated_person_opens_nothing(admin: User, client: Client) -> None:
    person = factories.user(Role.AUDITOR, of=factories.home(admin))
    link = link_for(admin, person)
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert "This link has ended" in client.get(link).content.decode()


def test_forgotten_password_says_the_same_of_known_and_unknown_addresses(admin: User) -> None:
    User.objects.filter(pk=admin.pk).update(email="ada@example.org")
    answers = [Client().post(reverse("account_reset_password"), {"email": email}) for email in ("ada@example.org", "nobody@example.org")]
    assert {(answer.status_code, answer.headers["Location"]) for answer in answers} == {(302, reverse("account_reset_password_done"))}
    assert [message.to for message in mail.outbox] == [["ada@example.org"]]


@pytest.mark.parametrize("name", ["account_signup", "socialaccount_signup", "account_email", "socialaccount_connections"])
def test_nobody_signs_up_and_other_pages_of_allauth_are_shut(admin_client: Client, client: Client, name: str) -> None:
    assert admin_client.get(reverse(name)).status_code in {302, 403}
    assert admin_client.post(reverse(name), {"username": "eve", "password1": NEW, "password2": NEW}).status_code == 403
    Client().post(reverse(name), {"username": "eve", "password1": NEW, "password2": NEW})
    assert not User.objects.filter(username="eve").exists()


def sign_on(*addresses: tuple[str, bool]) -> SimpleNamespace:
    rows = [SimpleNamespace(email=email, verified=verified) for email, verified in addresses]
    login = SimpleNamespace(is_existing=False, email_addresses=rows, user=None)
    login.connect = lambda request, user: setattr(login, "user", user)
    return login


def test_single_sign_on_ties_a_verified_address_to_the_account_an_administrator_made(admin: User) -> None:
    User.objects.filter(pk=admin.pk).update(email="ada@example.org")
    login = sign_on(("Ada@Example.org", True))
    SocialAdapter().pre_social_login(RequestFactory().get("/"), login)
    assert login.user == admin


@pytest.mark.parametrize(
    ("address", "verified", "active"), [("ada@example.org", False, True), ("ada@example.org", True, False), ("eve@example.org", True, True)]
)
def test_single_sign_on_opens_nothing_else(admin: User, address: str, verified: bool, active: bool) -> None:
    User.objects.filter(pk=admin.pk).update(email="ada@example.org", is_active=active)
    login = sign_on((address, verified))
    with pytest.raises(ImmediateHttpResponse):
        SocialAdapter().pre_social_login(RequestFactory().get("/"), login)
    assert login.user is None
    assert not SocialAdapter().is_open_for_signup(RequestFactory().get("/"), login)
