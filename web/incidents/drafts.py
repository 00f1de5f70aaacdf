"""Drafts of reports: fill in, save as versions, have the signed report made, take it away."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from accounts.permissions import allowed, require
from core.errors import InvalidState
from decisions import services
from decisions.drafts import Answer, answers_of
from decisions.models import DraftVersion, Incident
from decisions.report_forms import Draftable
from decisions.services.drafts import LONGEST
from reports.incident_reports import PDF, incident_report_request
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.handout import bundle_sent, file_sent
from web.incidents import queries
from web.incidents.page import CRUMBS


class AnswerField(forms.CharField):
    """One text; ``asked`` where the report should say it, although a draft without it can be saved."""

    def __init__(self, *, asked: bool, **options: Any) -> None:
        super().__init__(**options)
        self.asked = asked


class DraftForm(forms.Form):
    """One text for each thing the report should say; empty where the record's own words will do."""

    def __init__(self, data: Any, answers: list[Answer], typed: dict[str, str]) -> None:
        super().__init__(data, initial=typed)
        for row in answers:
            area, asked = forms.Textarea(attrs={"rows": 3}), not row.field.optional
            self.fields[row.field.key] = AnswerField(label=row.field.label, asked=asked, required=False, max_length=LONGEST, help_text=_help(row), widget=area)


@require_http_methods(["GET", "POST"])
def draft_detail(request: HttpRequest, incident_id: UUID, clock: str) -> HttpResponse:
    """The draft as it stands; saving makes the next version."""
    actor = actor_of(request)
    report, row = services.draft_named(clock), queries.incident_for(actor, incident_id)
    if request.method == "POST":
        require(actor, "incident.write", row)
    versions = queries.versions_of(row, clock)
    typed = versions[0].answers if versions else {}
    form = DraftForm(posted(request), answers_of(row, report, typed), typed)
    if form.is_valid():
        with service_errors(form):
            version = services.draft_save(actor=actor, incident=row, key=clock, answers=form.cleaned_data)
            messages.success(request, f"Saved as version {version.number}.")
            return redirect("web:draft-detail", row.id, clock)
    return form_response(request, form, "web/incidents/draft.html", **_context(actor, row, report, versions))


@require_POST
def draft_build(request: HttpRequest, incident_id: UUID, clock: str) -> HttpResponse:
    """Ask for the signed report over the newest version; a worker makes it."""
    actor = actor_of(request)
    row = queries.incident_for(actor, incident_id)
    services.draft_named(clock)
    versions = queries.versions_of(row, clock)
    if not versions:
        raise InvalidState("Save a version first; a report is made over exactly one of them.")
    report = incident_report_request(actor=actor, version=versions[0])
    messages.success(request, f"{report.reference} says what version {versions[0].number} and the record say now. A worker makes the file.")
    return redirect("web:draft-detail", row.id, clock)


@require_GET
def report_pdf(request: HttpRequest, made_id: UUID) -> FileResponse:
    """The signed PDF, hashed again on the way out."""
    report = queries.made_for(actor_of(request), made_id)
    return file_sent(report, report.pdf)


@require_GET
def report_json(request: HttpRequest, made_id: UUID) -> FileResponse:
    """The same as JSON."""
    report = queries.made_for(actor_of(request), made_id)
    return file_sent(report, report.data, "json")


@require_GET
def report_bundle(request: HttpRequest, made_id: UUID) -> HttpResponse:
    """Its signed log entry with its proof, which a verifier wants beside the PDF."""
    report = queries.made_for(actor_of(request), made_id)
    return bundle_sent(report, report.entry, PDF)


def _help(row: Answer) -> str:
    where = row.field.article if row.field.article != "practice" else "asked for in practice"
    if row.record:
        return f"{where}. From the record, if left empty: {row.record}"
    return f"{where}. {'May stay empty.' if row.field.optional else 'The record does not hold it.'}"


def _context(actor: User, row: Incident, report: Draftable, versions: list[DraftVersion]) -> dict[str, Any]:
    back = reverse("web:incident-detail", args=[row.id])
    saved = answers_of(row, report, versions[0].answers if versions else {})
    return {
        "title": report.label,
        "pretitle": str(row),
        "lead": f"To: {report.regime.recipient}. No official form: it gathers what the law asks for, and you decide what is sent.",
        "crumbs": (*CRUMBS, (row.reference, back)),
        "incident": row,
        "report": report,
        "versions": versions,
        "missing": [answer.field.label for answer in saved if answer.missing],
        "said": saved,
        "may_write": allowed(actor, "incident.write", row),
        "may_build": allowed(actor, "report.build", row),
        "back": back,
        "nav": "incidents",
    }
