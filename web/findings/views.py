"""A finding with everything needed to doubt it, its files, and the review of its links to requirements."""

from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.permissions import require
from core.errors import InvalidInput
from evidence import services
from evidence.storage import blobs
from web.fetch import actor_of, artifact_of, finding_for, link_of
from web.figures import figure_file, figure_of
from web.findings import page, queries
from web.findings.forms import ReviewForm
from web.findings.tables import FINDINGS
from web.lists.listing import list_response


@require_GET
def finding_list(request: HttpRequest) -> HttpResponse:
    """Every finding of the register, newest first."""
    return list_response(request, FINDINGS, queries.findings_of(actor_of(request)))


@require_GET
def finding_detail(request: HttpRequest, finding_id: UUID) -> HttpResponse:
    """One finding: question, figures, measurements, controls, limits, seal, files, requirements."""
    actor = actor_of(request)
    finding = finding_for(actor, finding_id)
    return render(request, "web/findings/detail.html", page.context(finding, actor))


@require_GET
def finding_figure(request: HttpRequest, finding_id: UUID, name: str, form: str) -> HttpResponse:
    """One figure as a file: the drawing, the numbers, or the spec."""
    finding = finding_for(actor_of(request), finding_id)
    content, media_type = figure_file(figure_of(finding, name)["spec"], form)
    headers = {"Content-Disposition": f'attachment; filename="{finding.step.key}.{name}.{form}"'}
    return HttpResponse(content, content_type=media_type, headers=headers)


@require_GET
def artifact_download(request: HttpRequest, finding_id: UUID, artifact_id: UUID) -> FileResponse:
    """The bytes of one file, hashed again on the way out."""
    artifact = artifact_of(finding_for(actor_of(request), finding_id), artifact_id)
    return FileResponse(blobs().open(artifact.sha256), as_attachment=True, filename=artifact.name.replace("/", "."), content_type=artifact.media_type)


@require_POST
def link_review(request: HttpRequest, finding_id: UUID, link_id: UUID) -> HttpResponse:
    """Accept or decline a proposed link, with the reason."""
    actor = actor_of(request)
    finding = finding_for(actor, finding_id)
    require(actor, "evidence.review", finding.step.run)
    link = link_of(finding, link_id)
    form = ReviewForm(request.POST)
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise InvalidInput(field, str(errors[0]))
    accept = form.cleaned_data["decision"] == "accept"
    services.link_review(actor=actor, link=link, accept=accept, rationale=form.cleaned_data["rationale"])
    messages.success(request, f"{link.requirement.ref}: {'accepted' if accept else 'declined'}, signed and logged.")
    return redirect(reverse("web:finding-detail", args=[finding.id]) + "#requirements")
