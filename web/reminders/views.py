"""A person's reminders and their calendar of deadlines; the calendar itself, which opens with its secret address alone."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from core import clock
from decisions import services
from decisions.calendars import calendar_of, calendar_owner
from decisions.models import CalendarKey, ReminderChoice
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.reminders.forms import ReminderForm
from web.settings.page import CRUMBS

HERE = (*CRUMBS, ("Reminders", "/settings/reminders/"))


@require_http_methods(["GET", "HEAD", "POST"])
def reminders(request: HttpRequest) -> HttpResponse:
    """Which mails, and whether there is a calendar."""
    actor = actor_of(request)
    choice = ReminderChoice.objects.filter(user=actor).first() or ReminderChoice(user=actor)
    form = ReminderForm(posted(request), initial={"clocks": choice.clocks, "actions": choice.actions})
    if form.is_valid():
        with service_errors(form):
            services.reminders_choose(actor=actor, **form.cleaned_data)
            messages.success(request, "Saved.")
            return redirect("web:reminders")
    key = CalendarKey.objects.filter(user=actor).first()
    return form_response(request, form, "web/reminders/reminders.html", key=key, person=actor, crumbs=CRUMBS, nav="settings")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def calendar_make(request: HttpRequest) -> HttpResponse:
    """Ask, then make a new address and show it, this once."""
    actor = actor_of(request)
    if request.method == "POST":
        secret = services.calendar_open(actor=actor)
        address = request.build_absolute_uri(reverse("web:calendar-feed", args=[secret]))
        return render(request, "web/reminders/address.html", {"address": address, "nav": "settings"})
    text = "Whoever has the address can read your deadlines without signing in. It is shown once. An address made before stops working."
    context = {"title": "Make a calendar address?", "text": text, "action": "Make it", "back": reverse("web:reminders"), "nav": "settings"}
    return render(request, "components/confirm.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def calendar_end(request: HttpRequest) -> HttpResponse:
    """Ask, then end the address."""
    actor = actor_of(request)
    if not CalendarKey.objects.filter(user=actor).exists():
        messages.info(request, "You have no calendar address.")
        return redirect("web:reminders")
    if request.method == "POST":
        services.calendar_close(actor=actor)
        messages.success(request, "The calendar address no longer works.")
        return redirect("web:reminders")
    text = "Calendar programs that use it get nothing from now on. This cannot be undone; a new address can be made."
    context = {"title": "End the calendar address?", "text": text, "action": "End it", "danger": True, "back": reverse("web:reminders"), "nav": "settings"}
    return render(request, "components/confirm.html", context)


@login_not_required
@require_safe
@never_cache
def calendar_feed(request: HttpRequest, secret: str) -> HttpResponse:
    """The deadlines of the person whose calendar ``secret`` opens."""
    now = clock.now()
    person = calendar_owner(secret, now)
    headers = {"Content-Disposition": 'attachment; filename="deadlines.ics"', "Referrer-Policy": "no-referrer"}
    return HttpResponse(calendar_of(person, now), content_type="text/calendar; charset=utf-8", headers=headers)
