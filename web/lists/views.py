"""Saving and forgetting a list's filter."""

from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts import preferences
from accounts.models import SavedFilter, User
from core.errors import InvalidInput, NotFound
from web.fetch import actor_of


@require_POST
def filter_save(request: HttpRequest) -> HttpResponse:
    """Keep the query of the list the person came from under a name."""
    data = request.POST
    row = preferences.filter_save(actor=actor_of(request), listing=data.get("listing", ""), name=data.get("name", ""), query=data.get("query", ""))
    messages.success(request, f"Filter “{row.name}” saved.")
    return redirect(f"{own_path(data.get('back', ''))}?{row.query}")


@require_http_methods(["GET", "POST"])
def filter_delete(request: HttpRequest, filter_id: UUID) -> HttpResponse:
    """Ask, then forget one saved filter."""
    actor = actor_of(request)
    back = own_path(request.POST.get("back") or request.GET.get("back") or reverse("web:home"))
    if request.method == "POST":
        messages.info(request, f"Filter “{preferences.filter_delete(actor=actor, filter_id=filter_id).name}” deleted.")
        return redirect(back)
    row = filter_of(actor, filter_id)
    title, text = f"Delete the filter “{row.name}”?", "Only the saved filter goes; the rows it shows stay as they are."
    return render(request, "components/confirm.html", {"title": title, "text": text, "action": "Delete the filter", "back": back, "danger": True})


def filter_of(actor: User, filter_id: UUID) -> SavedFilter:
    """One of the actor's own saved filters, or ``NotFound``."""
    row = SavedFilter.objects.filter(user=actor, pk=filter_id).first()
    if row is None:
        raise NotFound("You have no such filter.")
    return row


def own_path(text: str) -> str:
    """``text`` when it is a path of this site; anything else could send the person elsewhere."""
    parts = urlsplit(text)
    if parts.scheme or parts.netloc or not text.startswith("/") or text.startswith("//"):
        raise InvalidInput("back", "this is not a page of this site")
    try:
        resolve(parts.path)
    except Resolver404 as error:
        raise InvalidInput("back", "this is not a page of this site") from error
    return parts.path
