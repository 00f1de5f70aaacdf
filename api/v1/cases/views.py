"""Calls about cases."""

import io
from dataclasses import asdict
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from accounts.models import User
from api.v1.base import idempotency
from api.v1.base.authentication import actor_of
from api.v1.base.files import blob_sent
from api.v1.base.filters import parameters_check
from api.v1.base.related import named
from api.v1.base.rendering import answer
from api.v1.base.rows import Values
from api.v1.base.views import ApiView, CreateView, DetailView, ListView
from api.v1.cases.filters import CaseFilter, ReceivedFilter
from api.v1.cases.serializers import CaseBody, CaseRow, ReceivedCaseBody, ReceivedCaseRow, ReceivedCaseWhole, Reception
from assessments.models import Run
from assessments.services.received_cases import case_receive
from core.errors import InvalidState, NotFound
from inventory.models import Vendor
from reports.cases import case_request
from reports.models import CaseExport, ReportState

ZIP = "application/zip"


class CaseDetail(DetailView):
    """One exported case."""

    out, noun = CaseRow, "case"


class CaseList(CreateView):
    """Cases that were exported."""

    out, body, noun, detail, address = CaseRow, CaseBody, "case", CaseDetail, "case"
    filters, orderings = CaseFilter, ("-created_at",)

    def create(self, actor: User, data: Values) -> CaseExport:
        """Ask for the case of a run that has ended; a worker puts it together. One that is under way is the answer."""
        run = named("run", Run.objects.visible_to(actor).select_related("plan__version__model__vendor"), data["run"])
        return case_request(actor=actor, run=run)


class CaseContent(ApiView):
    """The ZIP of a case."""

    out, noun, media_types = CaseRow, "case", (ZIP,)

    def get(self, request: Request, id: UUID) -> HttpResponseBase:
        """The ZIP, hashed again on the way out; its SHA-256 is the ETag."""
        parameters_check(request, ())
        row = CaseExport.objects.visible_to(actor_of(request)).select_related("run").filter(pk=id).first()
        if row is None:
            raise NotFound("There is no such case in your register.")
        if row.state != ReportState.DONE:
            raise InvalidState(f"{row.title} is {row.get_state_display().lower()}; there is no file yet.")
        return blob_sent(request, row.sha256, ZIP, row.file_name)


class ReceivedDetail(DetailView):
    """One received case with every check."""

    out, noun = ReceivedCaseWhole, "received case"


class ReceivedList(ListView):
    """Cases that vendors sent and that were taken in."""

    out, noun = ReceivedCaseRow, "received case"
    filters, orderings = ReceivedFilter, ("-created_at",)


class ReceivedImport(ApiView):
    """The reception of a vendor's case."""

    out, body, noun = Reception, ReceivedCaseBody, "received case"

    def post(self, request: Request) -> HttpResponse:
        """Check a vendor's case and take it in, or not at all: then ``case`` is null and the checks say why. What was here before changes nothing."""
        actor = actor_of(request)
        data = self.checked(request, self.body)
        return idempotency.once(request, actor, lambda: _received(actor, data))


def _received(actor: User, data: Values) -> HttpResponse:
    vendor = named("vendor", Vendor.objects.visible_to(actor), data["vendor"])
    found = case_receive(actor=actor, vendor=vendor, stream=io.BytesIO(data["content"]))
    checks = [asdict(row) for row in found.report.rows]
    told = {"outcome": found.case.outcome if found.case else "refused", "repeated": found.repeated, "sha256": found.sha256}
    return answer({**told, "case": found.case.pk if found.case else None, "checks": checks})
