"""Gate policies: list, begin, read in words, add, change and remove conditions. Every change makes a version."""

from dataclasses import replace
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import require
from core.errors import NotFound
from decisions import services
from decisions.conditions import Condition, keyed, parse, words
from decisions.gate_models import GatePolicy
from decisions.gate_vocabulary import KINDS
from decisions.policies import Draft
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.gates import policy_page, queries
from web.gates.policy_forms import FORMS, PolicyForm, QuestionnaireForm, VotersForm
from web.lists.listing import list_response

SAVED = "Saved as version {}, and entered in the log. Decisions asked for so far keep their version."


@require_GET
def policy_list(request: HttpRequest) -> HttpResponse:
    """All policies the actor may know of."""
    actor = actor_of(request)
    listing, actions = policy_page.listing(actor)
    return list_response(request, listing, queries.policy_rows(actor), actions=actions)


@require_GET
def policy_detail(request: HttpRequest, policy_id: UUID) -> HttpResponse:
    """One policy in words, with its versions."""
    actor = actor_of(request)
    return render(request, "web/gates/policy.html", policy_page.context(queries.policy_for(actor, policy_id), actor))


@require_http_methods(["GET", "POST"])
def policy_create(request: HttpRequest) -> HttpResponse:
    """Begin a policy."""
    actor = actor_of(request)
    form = PolicyForm(posted(request), actor=actor)
    if form.is_valid():
        with service_errors(form):
            policy = services.policy_create(actor=actor, **form.wish())
            messages.success(request, "Written. Read each condition below and make it yours.")
            return redirect("web:policy-detail", policy.pk)
    lead = "A policy says what must hold before a step of the lifecycle, and who must approve."
    return form_response(
        request, form, title="Write a policy", lead=lead, crumbs=policy_page.CRUMBS, action="Write", back=reverse("web:policy-list"), nav="decisions"
    )


@require_http_methods(["GET", "POST"])
def policy_voters(request: HttpRequest, policy_id: UUID) -> HttpResponse:
    """Change how many must approve and whose approval counts."""
    actor = actor_of(request)
    policy = queries.policy_for(actor, policy_id)
    require(actor, "policy.write", policy)
    current = policy.current
    form = VotersForm(posted(request), initial={"quorum": current.quorum, "roles": current.roles, "seen": current.number})
    if form.is_valid():
        data = form.cleaned_data
        with service_errors(form):
            draft = Draft(parse(current.conditions), data["quorum"], tuple(data["roles"]))
            row = services.policy_edit(actor=actor, policy=policy, seen=data["seen"], draft=draft)
            messages.success(request, SAVED.format(row.number))
            return redirect("web:policy-detail", policy.pk)
    lead = "Nobody can approve what he asked for, ran, planned or waived, or under a policy he wrote. That holds whatever is chosen here."
    return form_response(request, form, title="Who must approve", pretitle=str(policy), lead=lead, action="Save", back=_back(policy), nav="decisions")


@require_http_methods(["GET", "POST"])
def condition_add(request: HttpRequest, policy_id: UUID, kind: str) -> HttpResponse:
    """Add a condition of a kind."""
    policy = queries.policy_for(actor_of(request), policy_id)
    require(actor_of(request), "policy.write", policy)
    if kind not in FORMS:
        raise NotFound("There is no such kind of condition.")
    return _condition(request, policy, kind, None)


@require_http_methods(["GET", "POST"])
def condition_edit(request: HttpRequest, policy_id: UUID, condition: str) -> HttpResponse:
    """Change a condition."""
    policy = queries.policy_for(actor_of(request), policy_id)
    require(actor_of(request), "policy.write", policy)
    row = _named(policy, condition)
    return _condition(request, policy, row.kind, row)


@require_http_methods(["GET", "POST"])
def condition_remove(request: HttpRequest, policy_id: UUID, condition: str) -> HttpResponse:
    """Ask once more, then leave a condition out of the next version."""
    actor = actor_of(request)
    policy = queries.policy_for(actor, policy_id)
    require(actor, "policy.write", policy)
    row, current = _named(policy, condition), policy.current
    if request.method == "POST":
        rest = tuple(found for found in parse(current.conditions) if found.key != row.key)
        made = services.policy_edit(actor=actor, policy=policy, seen=current.number, draft=Draft(rest, current.quorum, tuple(current.roles)))
        messages.success(request, SAVED.format(made.number))
        return redirect("web:policy-detail", policy.pk)
    text = f"{words(row)} Decisions asked for so far keep it; later ones will not ask for it."
    context = {"title": "Remove this condition?", "text": text, "action": "Remove", "back": _back(policy), "danger": True, "nav": "decisions"}
    return render(request, "components/confirm.html", context)


def _condition(request: HttpRequest, policy: GatePolicy, kind: str, row: Condition | None) -> HttpResponse:
    current = policy.current
    form = FORMS[kind](posted(request), initial={**(row.document if row else {}), "seen": current.number})
    if isinstance(form, QuestionnaireForm):
        form.suggest(queries.questionnaires_of(policy))
    if form.is_valid():
        fresh = form.condition(row.key if row else "")
        with service_errors(form):
            made = services.policy_edit(actor=actor_of(request), policy=policy, seen=form.cleaned_data["seen"], draft=_with(policy, fresh))
            messages.success(request, SAVED.format(made.number))
            return redirect("web:policy-detail", policy.pk)
    title = KINDS[kind] if row is None else f"Change: {KINDS[kind].lower()}"
    return form_response(request, form, title=title, pretitle=str(policy), lead=policy_page.LEADS[kind], action="Save", back=_back(policy), nav="decisions")


def _with(policy: GatePolicy, row: Condition) -> Draft:
    current = policy.current
    rows = parse(current.conditions)
    changed = [row if found.key == row.key else found for found in rows] if row.key else [*rows, replace(row, key="")]
    return Draft(keyed(changed), current.quorum, tuple(current.roles))


def _named(policy: GatePolicy, key: str) -> Condition:
    found = next((row for row in parse(policy.current.conditions) if row.key == key), None)
    if found is None:
        raise NotFound("The policy has no such condition; it may have been removed.")
    return found


def _back(policy: GatePolicy) -> str:
    return reverse("web:policy-detail", args=[policy.pk])
