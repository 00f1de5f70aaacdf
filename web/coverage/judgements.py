"""Judgements that a duty does not apply to a system: propose, decide with a second pair of eyes, withdraw."""

from uuid import UUID

import django_filters as filters
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import allowed, require
from decisions import services
from decisions.models import Exemption, ExemptionState
from web.coverage import queries
from web.coverage.forms import DecideForm, ReasonForm
from web.coverage.tables import ExemptionTable
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.history import history
from web.lists.listing import Empty, Listing, list_response
from web.requirements.queries import requirement_for

EMPTY = "Open a requirement, and choose “Does not apply” beside a system. A second person then approves or declines."


class ExemptionFilter(filters.FilterSet):
    """By reference, system and state."""

    ref = filters.CharFilter(lookup_expr="icontains", label="Reference contains")
    system = filters.CharFilter(field_name="system__name", lookup_expr="icontains", label="System's name contains")
    state = filters.ChoiceFilter(choices=ExemptionState.choices, label="State", empty_label="Any")

    class Meta:
        model = Exemption
        fields: tuple[str, ...] = ()


LISTING = Listing(
    slug="exemptions",
    title="Judged not applicable",
    lead="Duties that two people judged not to apply to a system, and proposals that wait for a second person.",
    pretitle="Requirements",
    table=ExemptionTable,
    filterset=ExemptionFilter,
    empty=Empty("No duty was judged not applicable", EMPTY),
    nav="requirements",
    noun=("judgement", "judgements"),
)


@require_GET
def exemption_list(request: HttpRequest) -> HttpResponse:
    """All judgements the actor may know of."""
    rows = Exemption.objects.visible_to(actor_of(request)).select_related("system", "framework", "proposed_by", "decided_by")
    return list_response(request, LISTING, rows)


@require_GET
def exemption_detail(request: HttpRequest, exemption_id: UUID) -> HttpResponse:
    """One judgement: who said what, and what can be done about it."""
    actor = actor_of(request)
    row = queries.exemption_for(actor, exemption_id)
    waits = row.state == ExemptionState.PROPOSED
    context = {
        "row": row,
        "may_decide": waits and row.proposed_by_id != actor.pk and allowed(actor, "exemption.decide", row),
        "own": waits and row.proposed_by_id == actor.pk,
        "may_withdraw": row.state in ("proposed", "approved") and allowed(actor, "exemption.propose", row),
        "history": history(actor, [f"{row._meta.label_lower}:{row.pk}"]) if allowed(actor, "evidence.read", row) else [],
        "nav": "requirements",
    }
    return render(request, "web/coverage/exemption.html", context)


@require_http_methods(["GET", "POST"])
def exemption_propose(request: HttpRequest, system_id: UUID, requirement_id: UUID) -> HttpResponse:
    """Propose that a requirement does not apply to a system."""
    actor = actor_of(request)
    system, requirement = queries.system_for(actor, system_id), requirement_for(requirement_id)
    require(actor, "exemption.propose", system)
    form, back = ReasonForm(posted(request)), f"{reverse('web:requirement-detail', args=[requirement.pk])}?system={system.pk}"
    if form.is_valid():
        with service_errors(form):
            row = services.exemption_propose(actor=actor, system=system, requirement=requirement, reason=form.cleaned_data["reason"])
            messages.success(request, "Proposed. It counts once a second person has approved it.")
            return redirect("web:exemption-detail", row.pk)
    lead = f"{requirement.ref} {requirement.title}. Say why this duty does not apply here; another person has to approve."
    return form_response(request, form, title="Does not apply", pretitle=system.name, lead=lead, action="Propose", back=back, nav="requirements")


@require_http_methods(["GET", "POST"])
def exemption_decide(request: HttpRequest, exemption_id: UUID) -> HttpResponse:
    """Approve or decline what somebody else proposed."""
    actor = actor_of(request)
    row = queries.exemption_for(actor, exemption_id)
    require(actor, "exemption.decide", row)
    form, back = DecideForm(posted(request)), reverse("web:exemption-detail", args=[row.pk])
    if form.is_valid():
        with service_errors(form):
            services.exemption_decide(actor=actor, exemption=row, approve=form.cleaned_data["approve"] == "yes", reason=form.cleaned_data["reason"])
            messages.success(request, "Decided, and entered in the log.")
            return redirect(back)
    lead = f"{row.proposed_by} proposes that {row.ref} does not apply to {row.system.name}: {row.reason}"
    return form_response(request, form, title="Approve or decline", pretitle=str(row), lead=lead, action="Decide", back=back, nav="requirements")


@require_http_methods(["GET", "POST"])
def exemption_withdraw(request: HttpRequest, exemption_id: UUID) -> HttpResponse:
    """Take a proposal or an approved judgement back."""
    actor = actor_of(request)
    row = queries.exemption_for(actor, exemption_id)
    require(actor, "exemption.propose", row)
    form, back = ReasonForm(posted(request)), reverse("web:exemption-detail", args=[row.pk])
    if form.is_valid():
        with service_errors(form):
            services.exemption_withdraw(actor=actor, exemption=row, reason=form.cleaned_data["reason"])
            messages.success(request, "Withdrawn. The duty counts again from now on.")
            return redirect(back)
    lead = "The duty counts again from now on. What was known before stays on record."
    return form_response(request, form, title="Withdraw the judgement", pretitle=str(row), lead=lead, action="Withdraw", back=back, nav="requirements")
