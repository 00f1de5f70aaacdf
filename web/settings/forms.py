"""Forms of the settings pages."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import Organisation, User
from web.settings import page

OVERLAPS = ((0, "Not at all: it leaked"), (1, "One hour"), (24, "One day"), (72, "Three days"), (168, "One week"))
DAYS = ((30, "30 days"), (90, "90 days"), (180, "180 days"), (365, "one year"))


def role_choices() -> list[tuple[str, SafeString]]:
    """Roles with what they are for."""
    return [(card.key, _choice(card.label, card.purpose)) for card in page.role_cards()]


def _choice(name: str, meaning: str) -> SafeString:
    return format_html('<span class="choice">{}<span class="sub">{}</span></span>', name, meaning)


class ProfileForm(forms.Form):
    """Name and e-mail address."""

    name = forms.CharField(label="Name", required=False, max_length=150, help_text="As colleagues see it. The log names you by a number only.")
    email = forms.CharField(label="E-mail", required=False, max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"}))

    def __init__(self, *args: Any, fixed_email: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].help_text = "For signing in and for links when you forget the password. Optional."
        if fixed_email:
            self.fields["email"].disabled = True
            self.fields["email"].help_text = "Single sign-on knows you by this address; an administrator can change it."


class RolesForm(forms.Form):
    """The roles of one person."""

    roles = forms.MultipleChoiceField(
        label="Roles",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one role; to shut somebody out, deactivate the account."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["roles"].choices = role_choices()  # type: ignore[attr-defined]


class UserEditForm(ProfileForm, RolesForm):
    """Name, e-mail address and roles, as an administrator changes them."""

    field_order: tuple[str, ...] = ("name", "email", "roles")


class OrganisationForm(forms.Form):
    """In which organisation; not asked when there is one."""

    organisation = forms.ModelChoiceField(label="Organisation", queryset=Organisation.objects.none(), empty_label=None)

    def __init__(self, *args: Any, organisations: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["organisation"]
        field.queryset = organisations  # type: ignore[attr-defined]
        field.initial = organisations[0]
        if len(organisations) == 1:
            field.widget, field.required, field.disabled = forms.HiddenInput(), False, True


class UserCreateForm(OrganisationForm, UserEditForm):
    """A new person; no password, because nobody else should know it."""

    username = forms.CharField(
        label="User name",
        max_length=150,
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
        help_text="Letters, digits and . + - _",
    )
    field_order = ("username", "name", "email", "roles", "organisation")


class ServiceAccountForm(OrganisationForm):
    """A new service account."""

    username = forms.CharField(label="Name of the program", max_length=150, help_text="Such as procurement-gateway. Letters, digits and . + - _")
    field_order = ("username", "organisation")


class TokenForm(forms.Form):
    """A new API token."""

    name = forms.CharField(label="What is it for?", max_length=100, help_text="The program or script that will use it.")
    user = forms.ModelChoiceField(label="Acts as", queryset=User.objects.none(), required=False, empty_label="yourself")
    scopes = forms.MultipleChoiceField(label="What may it do?", widget=forms.CheckboxSelectMultiple, error_messages={"required": "Choose at least one."})
    days = forms.TypedChoiceField(label="Until when?", choices=DAYS, coerce=int, initial=90, help_text="Shorter is safer: a lost token ends by itself.")

    def __init__(self, *args: Any, programs: Any, scopes: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].queryset = programs  # type: ignore[attr-defined]
        if not programs.exists():
            del self.fields["user"]
        self.fields["scopes"].choices = [(scope, _choice(scope, page.scope_words(scope))) for scope in scopes]  # type: ignore[attr-defined]


class ClientSecretForm(forms.Form):
    """A new client secret."""

    scopes = forms.MultipleChoiceField(label="What may it do?", widget=forms.CheckboxSelectMultiple, error_messages={"required": "Choose at least one."})
    days = forms.TypedChoiceField(
        label="Until when?", choices=DAYS, coerce=int, initial=365, help_text="Exchange it before; the former one can go on for a while."
    )

    def __init__(self, *args: Any, scopes: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = [(scope, _choice(scope, page.scope_words(scope))) for scope in scopes]  # type: ignore[attr-defined]


class SecretRotateForm(forms.Form):
    """For how long the former secret goes on."""

    overlap_hours = forms.TypedChoiceField(
        label="How long shall the former secret go on?", choices=OVERLAPS, coerce=int, initial=24, help_text="So that the program can change in peace."
    )


def email_fixed() -> bool:
    """Whether addresses are what single sign-on recognises people by: then nobody may take one for themselves."""
    return bool(settings.OIDC["ISSUER"])
