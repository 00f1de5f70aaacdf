"""Users and their roles: list, invite, change, deactivate; and service accounts."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import services
from accounts.models import User
from accounts.permissions import allowed
from evidence import ledger
from web.fetch import actor_of
from web.forms import form_response, service_errors
from web.lists.listing import Action, Empty, Listing, list_response
from web.settings import mail, page, queries
from web.settings.filters import UserFilter
from web.settings.forms import ServiceAccountForm, UserCreateForm, UserEditForm
from web.settings.tables import UserTable

USERS = Listing(
    slug="users",
    title="Users",
    lead="Who may come in, and with which roles. People choose their own passwords; nobody else ever knows one.",
    table=UserTable,
    filterset=UserFilter,
    empty=Empty("No users", "Invite the people who keep and judge the evidence."),
    pretitle="Settings",
    nav="settings",
)
USER_CRUMBS = (*page.CRUMBS, ("Users", "/settings/users/"))
form_page = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
def user_list(request: HttpRequest) -> HttpResponse:
    """All users of the actor's organisations."""
    actor = actor_of(request)
    invite = Action("Invite somebody", reverse("web:user-create"), primary=True)
    program = Action("Add a service account", reverse("web:service-account-create"))
    return list_response(request, USERS, queries.people_of(actor), actions=(program, invite) if allowed(actor, "accounts.manage") else ())


@form_page
@never_cache
def user_create(request: HttpRequest) -> HttpResponse:
    """Create a person and show the invitation once."""
    actor = actor_of(request)
    form = UserCreateForm(request.POST if request.method == "POST" else None, organisations=queries.organisations(actor))
    if request.method == "POST" and form.is_valid():
        with service_errors(form):
            user = services.user_create(actor=actor, record=ledger.append, **form.cleaned_data)
            return _invitation(request, user)
    context = {"roles": page.role_cards(), "back": reverse("web:user-list"), "crumbs": USER_CRUMBS, "nav": "settings"}
    return form_response(request, form, "web/settings/user_create.html", **context)


@require_safe
def user_detail(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """One user: roles, account, tokens, and what the log says about the account."""
    actor = actor_of(request)
    person = queries.person_for(actor, user_id)
    context = {
        "person": person,
        "state": page.state_of(person),
        "roles": page.role_cards({row.role for row in person.here}),  # type: ignore[attr-defined]
        "entries": page.account_history(actor, person),
        "tokens": queries.tokens_of(actor).filter(user=person),
        "secrets": queries.secrets_of(actor, person) if person.is_service else None,
        "may_manage": allowed(actor, "accounts.manage") and person != actor,
        "crumbs": USER_CRUMBS,
        "nav": "settings",
    }
    return render(request, "web/settings/user.html", context)


@form_page
def user_edit(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Change name, address and roles."""
    actor = actor_of(request)
    person = queries.person_for(actor, user_id)
    home = queries.shared_home(actor, person)
    held = [row.role for row in person.here if row.organisation_id == home.pk]  # type: ignore[attr-defined]
    initial = {"name": person.get_full_name(), "email": person.email, "roles": held}
    form = UserEditForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        with service_errors(form):
            services.user_change(actor=actor, record=ledger.append, user=person, organisation=home, **form.cleaned_data)
            messages.success(request, f"{person} is changed.")
            return redirect("web:user-detail", person.pk)
    context = {"title": f"Change {person}", "action": "Save", "back": reverse("web:user-detail", args=[person.pk]), "nav": "settings"}
    return form_response(request, form, crumbs=USER_CRUMBS, **context)


@form_page
@never_cache
def user_invite(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Ask, then show a fresh link once."""
    person = queries.person_for(actor_of(request), user_id)
    if request.method == "POST":
        return _invitation(request, person)
    text = "The link lets whoever holds it choose the password of this account, once, within a day. Hand it to nobody else. The log says that you made it."
    return _asked(request, person, "Make a sign-in link for {}?", text, "Make the link", danger=False)


@form_page
def user_deactivate(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Ask, then shut the user out."""
    text = "They are signed out at once, their password and links end, their API tokens are revoked for good. What they did stays in the log."
    done = "{} is deactivated: signed out everywhere, tokens revoked."
    return _confirmed(request, user_id, services.user_deactivate, done, "Deactivate {}?", text, "Deactivate")


@form_page
def user_reactivate(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Ask, then open the account again."""
    text = "The account opens again with the roles it had. Its old password and tokens stay dead."
    done = "{} is active again. Make a sign-in link, so that they can choose a password."
    return _confirmed(request, user_id, services.user_reactivate, done, "Reactivate {}?", text, "Reactivate", danger=False)


@form_page
def user_factors(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Ask, then remove the second factors of somebody who lost theirs."""
    text = "Their password alone opens the account until they add a new one. Be sure that it is they who asked you."
    done = "The second factors of {} are removed."
    return _confirmed(request, user_id, services.factors_remove, done, "Remove the second factors of {}?", text, "Remove")


@form_page
def service_account_create(request: HttpRequest) -> HttpResponse:
    """Create an account for a program."""
    actor = actor_of(request)
    form = ServiceAccountForm(request.POST if request.method == "POST" else None, organisations=queries.organisations(actor))
    if request.method == "POST" and form.is_valid():
        with service_errors(form):
            data = form.cleaned_data
            services.service_account_create(actor=actor, record=ledger.append, organisation=data["organisation"], username=data["username"])
            messages.success(request, "The service account is there. Give it a token.")
            return redirect("web:token-create")
    lead = "For a program that uses the API under a name of its own. It cannot sign in here; it acts with tokens that you issue."
    context = {"title": "Add a service account", "lead": lead, "action": "Add", "back": reverse("web:user-list"), "nav": "settings"}
    return form_response(request, form, crumbs=USER_CRUMBS, **context)


def _invitation(request: HttpRequest, person: User) -> HttpResponse:
    key = services.user_invite(actor=actor_of(request), record=ledger.append, user=person)
    link = page.invitation_address(request, person, key)
    context = {"person": person, "link": link, "mailed": mail.send_invitation(person, link), "nav": "settings"}
    return render(request, "web/settings/invitation.html", context)


def _confirmed(
    request: HttpRequest, user_id: UUID, change: Callable[..., object], done: str, title: str, text: str, action: str, danger: bool = True
) -> HttpResponse:
    person = queries.person_for(actor_of(request), user_id)
    if request.method != "POST":
        return _asked(request, person, title, text, action, danger)
    change(actor=actor_of(request), record=ledger.append, user=person)
    messages.success(request, done.format(person))
    return redirect("web:user-detail", person.pk)


def _asked(request: HttpRequest, person: User, title: str, text: str, action: str, danger: bool = True) -> HttpResponse:
    back = reverse("web:user-detail", args=[person.pk])
    context = {"title": title.format(person), "text": text, "action": action, "danger": danger, "back": back, "nav": "settings"}
    return render(request, "components/confirm.html", context)
