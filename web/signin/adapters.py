"""Where allauth asks for our rules: no sign-up, every security event in the log, secrets encrypted, single sign-on only for known people."""

import base64
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.adapter import get_adapter as mfa_adapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse

from accounts.models import User
from accounts.record import homes_of
from core.errors import IntegrityFailed
from evidence import ledger

EVENTS = {
    "account/email/password_changed": "accounts.password.changed",
    "account/email/password_set": "accounts.password.changed",
    "account/email/password_reset": "accounts.password.reset",
    "mfa/email/totp_activated": "accounts.second_factor.added",
    "mfa/email/totp_deactivated": "accounts.second_factor.removed",
    "mfa/email/webauthn_added": "accounts.second_factor.added",
    "mfa/email/webauthn_removed": "accounts.second_factor.removed",
    "mfa/email/recovery_codes_generated": "accounts.recovery_codes.generated",
}
"""allauth's notices of what changed in an account, and what the log calls them."""


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by administrators; what happens to them is logged."""

    error_messages = {  # noqa: RUF012 - allauth reads a plain dictionary
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": "No account has this name and password. Check both; after five failures wait five minutes.",
        "email_password_mismatch": "No account has this name and password. Check both; after five failures wait five minutes.",
        "too_many_login_attempts": "Too many failed attempts. Wait five minutes, then try again.",
        "enter_current_password": "This is not your password. Type the one you signed in with.",
        "incorrect_password": "This is not your password. Type the one you signed in with.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to the profile, or to the second factor for those who have none yet."""
        return reverse("web:profile") if mfa_adapter().is_mfa_enabled(request.user) else reverse("mfa_index")

    def send_notification_mail(self, template_prefix: str, user: User, context: Any = None, email: str | None = None) -> None:
        """Log what changed, then tell the person by mail where they have an address."""
        if template_prefix in EVENTS:
            self._note(EVENTS[template_prefix], user)
        if email or user.email:
            super().send_notification_mail(template_prefix, user, context, email or user.email)

    @transaction.atomic
    def _note(self, action: str, user: User) -> None:
        for home in homes_of(user):
            ledger.append(actor=user, action=action, subject=f"accounts.user:{user.pk}", payload={}, organisation_id=home)


class MFAAdapter(DefaultMFAAdapter):
    """Second factors; their secrets lie encrypted in the database, so that a copy of it is not a set of keys."""

    error_messages = {  # noqa: RUF012
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "This code is not right. Codes of an app last 30 seconds; each recovery code works once.",
    }

    def generate_authenticator_name(self, user: User, type: str) -> str:
        """What a new key is called until its owner names it."""
        return f"Key {Authenticator.objects.filter(user=user, type=type).count() + 1}"

    def encrypt(self, text: str) -> str:
        """``text`` under a key derived from SECRET_KEY."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The text back; ``IntegrityFailed`` when SECRET_KEY is another one than then."""
        try:
            return _cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken as error:
            raise IntegrityFailed("The second factor cannot be read: SECRET_KEY is not the one it was stored under. Restore the old key.") from error


class SocialAdapter(DefaultSocialAccountAdapter):
    """Single sign-on opens existing accounts and makes none."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Never."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Tie a first sign-on to the account with that address, if the provider vouches for the address and an administrator made the account."""
        if sociallogin.is_existing:
            return
        addresses = [row.email.lower() for row in sociallogin.email_addresses if row.verified]
        user = User.objects.filter(email__in=addresses, is_active=True, is_service=False).first() if addresses else None
        if user is None:
            raise ImmediateHttpResponse(redirect("account_inactive"))
        sociallogin.connect(request, user)


def _cipher() -> Fernet:
    derived = HKDF(SHA256(), length=32, salt=None, info=b"assay second factors v1").derive(settings.SECRET_KEY.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
