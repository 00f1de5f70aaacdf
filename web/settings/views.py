"""Settings home, one's own profile, roles, keys and facts about the system."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.services import details_change
from evidence import ledger
from evidence.keys import installed
from web.fetch import actor_of
from web.forms import form_response, service_errors
from web.settings import page
from web.settings.forms import ProfileForm, email_fixed
from web.settings.queries import people_of


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The settings pages open to this person."""
    return render(request, "web/settings/home.html", {"cards": page.cards(actor_of(request)), "nav": "settings"})


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """One's own name and address, and the ways to everything about signing in."""
    actor = actor_of(request)
    initial = {"name": actor.get_full_name(), "email": actor.email}
    form = ProfileForm(request.POST if request.method == "POST" else None, initial=initial, fixed_email=email_fixed())
    if request.method == "POST" and form.is_valid():
        with service_errors(form):
            details_change(actor=actor, record=ledger.append, user=actor, **form.cleaned_data)
            messages.success(request, "Saved.")
            return redirect("web:profile")
    held = page.role_cards({role for _, role in actor.roles_held})
    own = people_of(actor).filter(pk=actor.pk).first()
    return form_response(request, form, "web/settings/profile.html", roles=held, own=own, person=actor, crumbs=page.CRUMBS, nav="settings")


@require_safe
def roles(request: HttpRequest) -> HttpResponse:
    """What each role may do."""
    mine = {role for _, role in actor_of(request).roles_held}
    return render(
        request, "web/settings/roles.html", {"roles": page.role_cards(), "rows": page.matrix(), "mine": mine, "crumbs": page.CRUMBS, "nav": "settings"}
    )


@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """The public keys of this installation."""
    ring = installed()
    return render(request, "web/settings/keys.html", {"rows": page.key_rows(ring), "origin": ring.origin, "crumbs": page.CRUMBS, "nav": "settings"})


@require_safe
def key_download(request: HttpRequest) -> HttpResponse:
    """The file of public keys that the offline verifier wants."""
    headers = {"Content-Disposition": 'attachment; filename="trusted_root.json"'}
    return HttpResponse(installed().trusted_root_bytes, content_type="application/json", headers=headers)


@require_safe
def system(request: HttpRequest) -> HttpResponse:
    """What runs here."""
    return render(request, "web/settings/system.html", {"facts": page.system_facts(), "crumbs": page.CRUMBS, "nav": "settings"})
