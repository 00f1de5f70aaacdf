"""The first page after signing in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from web.fetch import actor_of
from web.home import page


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What needs this person today."""
    return render(request, "web/home/home.html", page.context(actor_of(request)))


@require_GET
def running(request: HttpRequest) -> HttpResponse:
    """The card of running assessments alone, which the page asks for again while it is open."""
    return render(request, "web/home/running.html", page.running(actor_of(request)))
