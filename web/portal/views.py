"""The respondent's pages: overview, one section, files, comments, colleagues, review, hand in, receipt."""

from typing import Any
from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from core.errors import NotFound
from evidence.storage import blobs
from questionnaires.models import Exhibit, ExhibitOrigin, Invitation
from questionnaires.respondents import actor_behind, within
from questionnaires.services.answering import comment_add
from questionnaires.services.invitations import delegation_revoke, section_delegate
from questionnaires.services.submitting import Missing, answers_submit
from questionnaires.sitting import sitting_of
from web.forms import posted, service_errors
from web.portal import page
from web.portal.forms import DelegateForm
from web.portal.saving import Outcome, section_save, shown_after
from web.portal.session import path_of, portal_page, visit_end


@portal_page("GET", "POST")
def overview(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """What is asked, by whom, until when, how far it is; and a word to who asks."""
    if request.method == "POST":
        comment_add(actor=actor_behind(invitation), invitation=invitation, question="", text=request.POST.get("text", ""))
        return redirect(f"{path_of(invitation)}#comments")
    return render(request, "web/portal/overview.html", page.overview(invitation))


@portal_page("GET", "POST", upload=True)
def section(request: HttpRequest, invitation: Invitation, section: str) -> HttpResponse:
    """One section: look, save all, or save one question while the page stays."""
    sitting = sitting_of(invitation.request)
    found = page.section_named(invitation, sitting, section)
    rows = page.questions(invitation, found, sitting)
    if request.method != "POST":
        return render(request, "web/portal/section.html", page.section(invitation, found, rows, sitting))
    outcome = section_save(request, invitation, rows)
    sitting = sitting_of(invitation.request)
    rows = page.questions(invitation, found, sitting)
    shown_after(rows, outcome)
    context = page.section(invitation, found, rows, sitting)
    if request.headers.get("HX-Request"):
        return _part(request, rows, context)
    return _whole(request, invitation, outcome, context)


def _part(request: HttpRequest, rows: list[Any], context: dict[str, Any]) -> HttpResponse:
    """The state of the one question that was saved, and the questions that appear or go because of it."""
    one, shown = request.POST.get("one", ""), set(request.POST.getlist("shown"))
    row = next((row for row in rows if row.key == one), None)
    if row is None:
        raise NotFound("There is no such question in this section.")
    changed = [other for other in rows if other.key != one and other.shown != (other.key in shown)]
    template = "web/portal/extra.html" if "extra" in request.POST else "web/portal/saved.html"
    return render(request, template, {**context, "row": row, "changed": changed})


def _whole(request: HttpRequest, invitation: Invitation, outcome: Outcome, context: dict[str, Any]) -> HttpResponse:
    came_up = [row for row in context["rows"] if row.shown and row.changeable and row.key not in request.POST.getlist("shown")]
    if not outcome.clean:
        return render(request, "web/portal/section.html", {**context, "faulty": True}, status=422)
    if came_up:
        return render(request, "web/portal/section.html", {**context, "came_up": came_up})
    if request.POST.get("go") == "next":
        after = context["after"]
        return redirect("web:portal-section", invitation.request_id, after.id) if after else redirect("web:portal-review", invitation.request_id)
    anchor = request.POST.get("at") or next(iter(outcome.saved), "")
    here = reverse("web:portal-section", args=[invitation.request_id, context["section"].id])
    return redirect(f"{here}?saved=1#q-{anchor}" if anchor else f"{here}?saved=1")


@portal_page("GET")
def file(request: HttpRequest, invitation: Invitation, exhibit_id: UUID) -> HttpResponse:
    """A file that was attached in this respondent's part, as a download and nothing else."""
    mine = Exhibit.objects.filter(answer__request=invitation.request, origin=ExhibitOrigin.ATTACHED, removed_at__isnull=True)
    row = mine.select_related("artifact", "answer").filter(pk=exhibit_id).first()
    sections = {question.id: found.id for found in invitation.request.version.parsed().sections for question in found.questions}
    if row is None or not within(invitation, sections.get(row.answer.question, "")):
        raise NotFound("There is no such file in your part of the questionnaire.")
    response = FileResponse(blobs().open(row.artifact.sha256), as_attachment=True, filename=row.name, content_type="application/octet-stream")
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Referrer-Policy"] = "no-referrer"
    return response  # type: ignore[return-value]  # FileResponse is a streaming one


@portal_page("GET", "POST")
def delegate(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Let a colleague answer some sections, and show their link, this once."""
    parts = page.overview(invitation)["parts"]
    form = DelegateForm(posted(request), sections=[(part.section.id, part.section.title) for part in parts])
    context = {**page.overview(invitation), "form": form}
    if form.is_valid():
        with service_errors(form):
            colleague, token = section_delegate(actor=actor_behind(invitation), invitation=invitation, **form.cleaned_data)
            link = request.build_absolute_uri(reverse("web:portal-enter", args=[token]))
            return render(request, "web/portal/link.html", {**context, "colleague": colleague, "link": link})
    return render(request, "web/portal/delegate.html", context, status=422 if form.errors else 200)


@portal_page("GET", "POST")
def delegate_end(request: HttpRequest, invitation: Invitation, colleague_id: UUID) -> HttpResponse:
    """Ask, then shut a colleague's link."""
    colleague = invitation.request.invitations.filter(delegated_by=invitation, pk=colleague_id).first()
    if colleague is None:
        raise NotFound("You passed on no such link.")
    if request.method == "POST":
        delegation_revoke(actor=actor_behind(invitation), invitation=invitation, colleague=colleague)
        return redirect(path_of(invitation))
    return render(request, "web/portal/delegate_end.html", {**page.base(invitation), "colleague": colleague})


@portal_page("GET")
def review(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Every answer once more before it is handed in, and what is missing."""
    return render(request, "web/portal/review.html", page.review(invitation))


@portal_page("POST")
def submit(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Hand in, after the box was ticked that says one may."""
    if request.POST.get("sure") != "yes":
        context = {**page.review(invitation), "unsure": True}
        return render(request, "web/portal/review.html", context, status=422)
    try:
        answers_submit(actor=actor_behind(invitation), invitation=invitation)
    except Missing as error:
        return render(request, "web/portal/review.html", {**page.review(invitation, error.keys), "refused": True}, status=422)
    return redirect("web:portal-receipt", invitation.request_id)


@portal_page("GET")
def receipt(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """What was handed in, to be printed or kept."""
    return render(request, "web/portal/receipt.html", page.receipt(invitation))


@portal_page("POST")
def leave(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """End the visit in this browser, as on a computer that others use."""
    response = render(request, "web/portal/left.html", page.base(invitation))
    if invitation.user_id is None:
        visit_end(response, invitation)
    return response
