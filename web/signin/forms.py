"""allauth's forms in the words of the house."""

from typing import Any

from allauth.account import forms as allauth
from allauth.account.adapter import get_adapter
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp.forms import ActivateTOTPForm as TOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django import forms

from accounts import first_login
from accounts.models import User
from accounts.services import temporary_password_end

RULES = "At least 12 characters, not only digits, no common password, nothing like your name. A few unrelated words are good."


def _plain(form: forms.Form, **labels: str) -> None:
    """Our labels; no text inside fields, which would vanish on typing."""
    for name, field in form.fields.items():
        field.widget.attrs.pop("placeholder", None)
        field.label = labels.get(name, field.label)


def _choose(form: forms.Form) -> None:
    _plain(form, password1="New password", password2="New password again")
    form.fields["password1"].help_text = RULES


def _own_now(user: User) -> None:
    if temporary_password_end(actor=user):
        first_login.forget()


class LoginForm(allauth.LoginForm):
    """User name or e-mail address, and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(self, login="User name or e-mail", password="Password")
        self.fields["password"].help_text = ""
        self.fields["login"].widget.attrs |= {"autocomplete": "username webauthn", "autocapitalize": "none", "spellcheck": "false", "autofocus": True}


class ChangePasswordForm(allauth.ChangePasswordForm):
    """The old password and a new one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose(self)
        self.fields["oldpassword"].label, self.fields["oldpassword"].help_text = "Password now", ""

    def save(self) -> None:
        """Set it; a temporary one is none any more."""
        super().save()
        _own_now(self.user)

    def clean(self) -> Any:
        """A new password that is the old one would leave a temporary one in use."""
        data = super().clean()
        if data.get("password1") and data.get("password1") == data.get("oldpassword"):
            self.add_error("password1", "Choose another password than the one you have now.")
        return data


class SetPasswordForm(allauth.SetPasswordForm):
    """A first password for somebody who signs in otherwise."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose(self)


class ResetPasswordForm(allauth.ResetPasswordForm):
    """The address a link is sent to."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(self, email="E-mail address")


class ResetPasswordKeyForm(allauth.ResetPasswordKeyForm):
    """A password of one's own, for the holder of an invitation or reset link."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose(self)

    def save(self) -> None:
        """Set it; a temporary one is none any more."""
        super().save()
        _own_now(self.user)


class UserTokenForm(allauth.UserTokenForm):
    """Whether a link is still good: also not for those who were shut out after it was made."""

    def clean(self) -> Any:
        """As allauth, and the account must be open."""
        data = super().clean()
        if isinstance(self.reset_user, User) and (not self.reset_user.is_active or self.reset_user.is_service):
            raise get_adapter().validation_error("invalid_password_reset")
        return data


class CodeForm(mfa.AuthenticateForm):
    """The second step of signing in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _code(self)


class ReauthenticateCodeForm(mfa.ReauthenticateForm):
    """The second factor once more, before it is changed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _code(self)


class ActivateTOTPForm(TOTPForm):
    """The first code of a new authenticator app."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _code(self)


class AddKeyForm(AddWebAuthnForm):
    """A new security key or passkey."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(self, name="Name", passwordless="Sign in with it alone, without the password (a passkey)")
        self.fields["name"].help_text = "So that you can tell your keys apart."
        self.fields["passwordless"].help_text = "The key then asks for a PIN or a fingerprint each time."
        self.fields["passwordless"].initial = True


class EditKeyForm(EditWebAuthnForm):
    """Another name for a key."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(self, name="Name")


def _code(form: forms.Form) -> None:
    _plain(form, code="Code")
    form.fields["code"].widget.attrs |= {"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"}
