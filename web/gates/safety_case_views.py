"""The safety case of a decision: the page, and asking for the signed PDF."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import User
from accounts.permissions import allowed, require
from decisions.gate_models import Decision, DecisionState
from evidence.models import Artifact, LedgerEntry
from reports.safety_case import case_read
from reports.safety_case_pdf import BUILT, FAILED, KIND, REQUESTED, safety_case_request
from web.fetch import actor_of
from web.gates import queries


@require_GET
def safety_case(request: HttpRequest, decision_id: UUID) -> HttpResponse:
    """Claim, arguments and evidence as a tree, with what they do not show."""
    actor = actor_of(request)
    return render(request, "web/gates/safety_case.html", case_context(queries.decision_for(actor, decision_id), actor))


@require_http_methods(["GET", "POST"])
def safety_case_build(request: HttpRequest, decision_id: UUID) -> HttpResponse:
    """Ask once more, then have the PDF drawn and signed by a worker."""
    actor = actor_of(request)
    row = queries.decision_for(actor, decision_id)
    require(actor, "report.build", row)
    back = reverse("web:safety-case", args=[row.pk])
    if request.method == "POST":
        safety_case_request(actor=actor, decision=row)
        messages.success(request, "Asked for. A worker draws and signs it; load this page again in half a minute.")
        return redirect(back)
    text = f"The safety case of {row.reference} is drawn as it stands now, signed, stored as evidence and entered in the log."
    return render(
        request, "components/confirm.html", {"title": "Have the safety case signed?", "text": text, "action": "Sign it", "back": back, "nav": "decisions"}
    )


def case_context(row: Decision, actor: User) -> dict[str, Any]:
    """The context of ``web/gates/safety_case.html``."""
    case = case_read(row)
    decided = row.state != DecisionState.OPEN
    may_build = decided and allowed(actor, "report.build", row)
    build = [{"label": "Signed PDF", "url": reverse("web:safety-case-build", args=[row.pk]), "primary": True}] if may_build else []
    return {
        "decision": row,
        "case": case,
        "title": f"Safety case: {row.about}",
        "pretitle": f"{row.reference} · {row.get_step}",
        "crumbs": (("Decisions", "/decisions/"), (row.reference, reverse("web:decision-detail", args=[row.pk]))),
        "actions": build,
        "files": Artifact.objects.visible_to(actor).filter(subject=row.subject, kind=KIND).select_related("attestation__entry").order_by("-created_at"),
        "waits": waits(row),
        "decided": decided,
        "nav": "decisions",
    }


def waits(row: Decision) -> str:
    """What became of the newest request for a PDF: ``requested``, ``failed`` or nothing to say."""
    newest = LedgerEntry.objects.filter(subject=row.subject, action__in=[REQUESTED, BUILT, FAILED]).order_by("-index").values_list("action", flat=True).first()
    return str(newest).rpartition(".")[2] if newest in (REQUESTED, FAILED) else ""
