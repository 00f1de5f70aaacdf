"""Coming in, in a real browser under the real content security policy: passkey, authenticator app, first sign-in, invitation."""

import hashlib
import hmac
import struct
import time
from base64 import b32decode
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from accounts.first_login import credentials_file
from accounts.models import User
from evidence.models import LedgerEntry
from tests import factories
from tests.e2e.conftest import Visit

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
NEW = "quiet-lantern-over-maple-52"


def code_of(secret: str, moment: float) -> str:
    """RFC 6238: what an authenticator app shows."""
    mac = hmac.new(b32decode(secret + "=" * (-len(secret) % 8)), struct.pack(">Q", int(moment) // 30), hashlib.sha1).digest()
    start = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def authenticator(visit: Visit) -> None:
    """A device with a fingerprint reader, played by the browser."""
    devices = visit.page.context.new_cdp_session(visit.page)
    devices.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def sign_out(visit: Visit) -> None:
    """As ``sign_in`` the other way round."""
    visit.open("/account/logout/")
    visit.page.locator("main").get_by_role("button", name="Sign out").click()
    visit.page.wait_for_url("**/login/")


def prove(visit: Visit) -> None:
    """The password once more, before anything about signing in is changed."""
    expect(visit.page.get_by_role("heading", name="Is it you?")).to_be_visible()
    visit.page.get_by_label("Password").fill(factories.PASSWORD)
    visit.page.get_by_role("button", name="Go on").click()


def test_passkey_is_registered_and_then_opens_the_account_alone(visit_with: Callable[..., Visit], person: User) -> None:
    visit = visit_with()
    authenticator(visit)
    visit.sign_in(person)
    visit.open("/account/2fa/")
    assert visit.axe() == []
    visit.page.get_by_role("link", name="Add").click()
    prove(visit)
    visit.page.get_by_label("Name").fill("Laptop")
    visit.page.get_by_role("button", name="Add").click()
    expect(visit.page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    assert visit.axe() == []
    sign_out(visit)
    assert visit.axe() == []
    visit.page.get_by_role("button", name="Use a passkey").click()
    expect(visit.page).to_have_url(f"{visit.base}/")
    visit.open("/account/2fa/webauthn/")
    expect(visit.page.get_by_text("Laptop")).to_be_visible()
    actions = set(LedgerEntry.objects.filter(subject=f"accounts.user:{person.pk}").values_list("action", flat=True))
    assert "accounts.second_factor.added" in actions


def test_passkey_that_is_not_used_says_so(visit_with: Callable[..., Visit], person: User) -> None:
    visit = visit_with()
    visit.open("/login/")
    visit.page.evaluate("() => { navigator.credentials.get = () => Promise.reject(new DOMException('no', 'NotAllowedError')); }")
    visit.page.get_by_role("button", name="Use a passkey").click()
    expect(visit.page.get_by_role("alert")).to_have_text("The key was not used. Press the button to try again.")


def test_authenticator_app_is_set_up_and_asked_for(visit_with: Callable[..., Visit], person: User) -> None:
    visit = visit_with()
    visit.sign_in(person)
    visit.open("/account/2fa/totp/activate/")
    prove(visit)
    expect(visit.page.get_by_role("heading", name="Set up an authenticator app")).to_be_visible()
    assert visit.axe() == []
    secret = visit.page.locator("code.secret").inner_text()
    visit.page.get_by_label("Code").fill(code_of(secret, time.time()))
    visit.page.get_by_role("button", name="Switch on").click()
    expect(visit.page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    spare = visit.page.locator("pre.codes").inner_text().split()[0]
    for answer in (code_of(secret, time.time() + 30), spare):
        sign_out(visit)
        visit.page.get_by_label("User name").fill(person.username)
        visit.page.get_by_label("Password").fill(factories.PASSWORD)
        visit.page.get_by_role("button", name="Sign in").click()
        expect(visit.page.get_by_role("heading", name="Second step")).to_be_visible()
        visit.page.get_by_label("Code").fill(answer)
        visit.page.get_by_role("button", name="Sign in").click()
        expect(visit.page).to_have_url(f"{visit.base}/")


def test_first_sign_in_ends_with_a_password_of_ones_own(visit_with: Callable[..., Visit], person: User) -> None:
    User.objects.filter(pk=person.pk).update(must_change_password=True)
    file: Path = credentials_file()
    file.write_text("username: administrator\npassword: something\n")
    visit = visit_with()
    visit.open("/login/")
    visit.page.get_by_label("User name").fill(person.username)
    visit.page.get_by_label("Password").fill(factories.PASSWORD)
    visit.page.get_by_role("button", name="Sign in").click()
    expect(visit.page.get_by_role("heading", name="Choose a password of your own")).to_be_visible()
    assert visit.axe() == []
    visit.page.get_by_label("Password now").fill(factories.PASSWORD)
    visit.page.get_by_label("New password", exact=True).fill(NEW)
    visit.page.get_by_label("New password again").fill(NEW)
    visit.page.get_by_role("button", name="Change password").click()
    expect(visit.page.get_by_role("heading", name="Second factor")).to_be_visible()
    assert not file.exists()


def test_invited_person_chooses_a_password_and_comes_in(visit_with: Callable[..., Visit], person: User) -> None:
    visit = visit_with()
    visit.sign_in(person)
    visit.open("/settings/users/new/")
    visit.page.get_by_label("User name").fill("bea")
    visit.page.get_by_label("Auditor").check()
    visit.page.get_by_role("button", name="Create and make the link").click()
    link = visit.page.locator("code.secret").inner_text()
    assert visit.axe() == []
    guest = visit_with(viewport={"width": 390, "height": 800})
    guest.page.goto(link)
    assert guest.axe() == []
    guest.page.get_by_label("New password", exact=True).fill(NEW)
    guest.page.get_by_label("New password again").fill(NEW)
    guest.page.get_by_role("button", name="Set password").click()
    guest.page.get_by_role("link", name="Sign in", exact=True).click()
    guest.page.get_by_label("User name").fill("bea")
    guest.page.get_by_label("Password").fill(NEW)
    guest.page.get_by_role("button", name="Sign in").click()
    expect(guest.page).to_have_url(f"{guest.base}/")
