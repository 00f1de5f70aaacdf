"""Blind exercises: list, seal and show the truth once, answer, reveal, withdraw."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import allowed, require
from assessments.services import blind as services
from web.blind import page, queries
from web.blind.filters import BlindFilter
from web.blind.forms import AnswerForm, RevealForm, SealForm, WithdrawForm
from web.blind.tables import BlindTable
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.lists.listing import Action, Empty, Listing, list_response

EXERCISES = Listing(
    slug="blind-exercises",
    title="Blind exercises",
    lead="One person seals what is in a model, another looks without knowing, then the truth is opened and the answer scored.",
    table=BlindTable,
    filterset=BlindFilter,
    empty=Empty("No blind exercise yet", "An administrator seals the truth about a model version; somebody else then runs the instrument on it."),
    pretitle="Instruments",
    nav="instruments",
    noun=("exercise", "exercises"),
)
form_page = require_http_methods(["GET", "POST"])


@require_GET
def blind_list(request: HttpRequest) -> HttpResponse:
    """All exercises the actor may know of."""
    actor = actor_of(request)
    actions = (Action("Seal a truth", reverse("web:blind-seal"), primary=True),) if allowed(actor, "blind.seal") else ()
    return list_response(request, EXERCISES, queries.exercises_of(actor), actions)


@form_page
@never_cache
def blind_seal(request: HttpRequest) -> HttpResponse:
    """Seal a truth and show it this once: it is kept nowhere."""
    actor = actor_of(request)
    require(actor, "blind.seal")
    form = SealForm(posted(request), actor=actor)
    if form.is_valid():
        with service_errors(form):
            row, truth = services.blind_seal(actor=actor, **form.cleaned_data)
            return render(request, "web/blind/truth.html", {"exercise": row, "truth": truth, "crumbs": page.CRUMBS, "nav": "instruments"})
    lead = "Only the SHA-256 of the truth is stored and entered in the log. You get the text once, keep it, and bring it back when the answer is in."
    context: dict[str, Any] = {
        "title": "Seal a truth",
        "lead": lead,
        "action": "Seal",
        "back": reverse("web:blind-list"),
        "crumbs": page.CRUMBS,
        "nav": "instruments",
    }
    return form_response(request, form, **context)


@require_GET
def blind_detail(request: HttpRequest, exercise_id: UUID) -> HttpResponse:
    """One exercise: its three stages and what is missing."""
    actor = actor_of(request)
    return render(request, "web/blind/detail.html", page.detail_context(actor, queries.exercise_for(actor, exercise_id)))


@form_page
def blind_answer(request: HttpRequest, exercise_id: UUID) -> HttpResponse:
    """Choose the finding that answers."""
    actor = actor_of(request)
    row = queries.exercise_for(actor, exercise_id)
    form = AnswerForm(posted(request), actor=actor, exercise=row)
    if form.is_valid():
        with service_errors(form):
            services.blind_answer(actor=actor, exercise=row, finding=form.cleaned_data["finding"])
            messages.success(request, "The answer is recorded and entered in the log. Now the truth can be revealed.")
            return redirect("web:blind-detail", row.pk)
    lead = "Only findings of this instrument on this version count, from plans that were sealed after the truth was."
    return form_response(request, form, title="Answer", lead=lead, action="Record the answer", **_around(row.pk))


@form_page
@never_cache
def blind_reveal(request: HttpRequest, exercise_id: UUID) -> HttpResponse:
    """Check the truth against its commitment and score the answer."""
    actor = actor_of(request)
    row = queries.exercise_for(actor, exercise_id)
    form = RevealForm(posted(request))
    if form.is_valid():
        with service_errors(form):
            row = services.blind_reveal(actor=actor, exercise=row, truth=form.cleaned_data["truth"])
            messages.success(request, f"This is the truth that was sealed. Score: {page.OUTCOMES[row.outcome]}.")
            return redirect("web:blind-detail", row.pk)
    lead = f"It must hash to the sealed SHA-256 {row.commitment[:12]}…; anything else changes nothing."
    return form_response(request, form, title="Reveal the truth", lead=lead, action="Reveal and score", **_around(row.pk))


@form_page
def blind_withdraw(request: HttpRequest, exercise_id: UUID) -> HttpResponse:
    """End an exercise without a score."""
    actor = actor_of(request)
    row = queries.exercise_for(actor, exercise_id)
    form = WithdrawForm(posted(request))
    if form.is_valid():
        with service_errors(form):
            services.blind_withdraw(actor=actor, exercise=row, reason=form.cleaned_data["reason"])
            messages.success(request, "Withdrawn. It stays in the instrument's record as withdrawn.")
            return redirect("web:blind-detail", row.pk)
    lead = "For a truth that was lost, or an exercise that cannot be held. It stays visible in the instrument's record, with your reason."
    return form_response(request, form, title="Withdraw the exercise", lead=lead, action="Withdraw", **_around(row.pk))


def _around(exercise_id: UUID) -> dict[str, Any]:
    return {"back": reverse("web:blind-detail", args=[exercise_id]), "crumbs": page.CRUMBS, "nav": "instruments"}
