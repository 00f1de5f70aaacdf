"""Coverage of one system as a signed PDF: asking for it, and those that were made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.permissions import allowed, require
from core.errors import InvalidState
from evidence.models import Artifact, LedgerEntry
from inventory.models import AISystem
from reports.coverage import today
from reports.coverage_report import BUILT, FAILED, PDF_KIND, REQUESTED, coverage_report_request, subject_of
from web.coverage import queries
from web.coverage.forms import ReportForm
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.requirements.forms import FIRST

AGAIN = ("framework", "as_of", "known_at")
ASKED = "Asked for. A worker draws and signs it; load this page again in half a minute."


@require_http_methods(["GET", "POST"])
def coverage_report(request: HttpRequest, system_id: UUID) -> HttpResponse:
    """Ask for a report, and the reports made about this system, newest first."""
    actor = actor_of(request)
    system = queries.system_for(actor, system_id)
    require(actor, "report.build" if request.method == "POST" else "reports.read", system)
    day = today().isoformat()
    form = ReportForm(posted(request), initial={"framework": FIRST, "as_of": day, "known_at": day, **request.GET.dict()})
    if form.is_valid():
        with service_errors(form):
            try:
                coverage_report_request(actor=actor, system=system, **form.cleaned_data)
            except InvalidState as error:
                form.add_error("as_of", str(error))
            else:
                messages.success(request, ASKED)
                return redirect("web:coverage-report", system.pk)
    context = {"system": system, "files": files_of(actor, system), "newest": newest(system), "may_build": allowed(actor, "report.build", system)}
    return form_response(request, form, "web/coverage/report.html", nav="requirements", **context)


def files_of(actor: User, system: AISystem) -> list[Artifact]:
    """The signed reports on a system, newest first."""
    rows = Artifact.objects.visible_to(actor).filter(subject=subject_of(system), kind=PDF_KIND)
    return list(rows.select_related("attestation__entry").order_by("-created_at"))


@dataclass(frozen=True)
class Newest:
    """What became of the newest request: still ``waiting``, or failed for a ``reason``; ``asked`` holds the fields to ask again with."""

    waiting: bool
    reason: str
    asked: Mapping[str, Any]


def newest(system: AISystem) -> Newest | None:
    """The newest request where it has not led to a report; one query, two where it failed."""
    rows = LedgerEntry.objects.filter(subject=subject_of(system)).order_by("-index").values_list("action", "payload")
    last = rows.filter(action__in=[REQUESTED, BUILT, FAILED]).first()
    if last is None or last[0] == BUILT:
        return None
    action, payload = last
    # What was asked for stands in the request; a failure names its content only.
    found = (action, payload) if action == REQUESTED else rows.filter(action=REQUESTED, payload__content=payload["content"]).first()
    asked = {name: found[1][name] for name in AGAIN} if found else {}
    return Newest(action == REQUESTED, str(payload.get("error", "")), asked)
