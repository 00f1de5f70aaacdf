"""Evidence of a corresponding requirement: offered on the page of a requirement, proposed by a person."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.models import User
from evidence.libraries import MEANING, link_carry_over
from evidence.models import EvidenceLink
from frameworks.crosswalks import Counterpart, counterparts
from frameworks.imports.shapes import Relationship
from frameworks.models import Requirement
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.frameworks import queries
from web.frameworks.forms import CarryForm
from web.requirements.queries import requirement_for

OFFERED = 50
"""Pieces of evidence on one page."""


@dataclass(frozen=True)
class Beside:
    """A counterpart, how it lies to the requirement in words, and its accepted evidence that is not proposed here yet."""

    counterpart: Counterpart
    meaning: str
    links: list[EvidenceLink]


def beside(actor: User, requirement: Requirement) -> list[Beside]:
    """What corresponds to a requirement, with the evidence that may be offered, in four queries."""
    found = counterparts(requirement)
    frameworks, refs = {row.framework.pk for row in found}, {row.ref for row in found}
    here = EvidenceLink.objects.visible_to(actor).filter(requirement__version__framework=requirement.version.framework_id, requirement__ref=requirement.ref)
    known = set(here.values_list("artifact_id", flat=True))
    rows = EvidenceLink.objects.visible_to(actor).filter(
        requirement__version__framework__in=frameworks, requirement__ref__in=refs, status=EvidenceLink.Status.ACCEPTED
    )
    links: dict[tuple[object, str], list[EvidenceLink]] = {}
    for link in rows.select_related("artifact", "requirement__version").order_by("-reviewed_at")[:OFFERED]:
        if link.artifact_id not in known:
            links.setdefault((link.requirement.version.framework_id, link.requirement.ref), []).append(link)
    return [Beside(row, MEANING[row.relationship], links.get((row.framework.pk, row.ref), [])) for row in found]


@require_http_methods(["GET", "POST"])
def link_carry(request: HttpRequest, requirement_id: UUID, link_id: UUID) -> HttpResponse:
    """Propose evidence of another requirement for this one, with the relationship stated."""
    actor = actor_of(request)
    requirement, link = requirement_for(requirement_id), queries.link_for(actor, link_id)
    far = (link.requirement.version.framework_id, link.requirement.ref)
    found = [row for row in counterparts(requirement) if (row.framework.pk, row.ref) == far]
    overlaps = bool(found) and found[-1].relationship == Relationship.INTERSECT
    form = CarryForm(posted(request), requirement.evidence_kinds or [link.evidence_kind], overlaps)
    if form.is_valid():
        with service_errors(form):
            link_carry_over(actor=actor, link=link, requirement=requirement, **form.cleaned_data)
            messages.success(request, "Proposed. It counts once somebody has accepted it.")
            return redirect("web:requirement-detail", requirement.pk)
    how = f" {link.requirement.ref} {MEANING[found[-1].relationship]} {requirement.ref}." if found else ""
    text = f"“{link.artifact.title}” was accepted for {link.requirement}.{how} It counts here only after somebody has accepted it for this requirement."
    context = {"title": f"Propose this evidence for {requirement.ref}?", "text": text, "action": "Propose", "nav": "requirements"}
    return form_response(request, form, "components/confirm.html", back=reverse("web:requirement-detail", args=[requirement.pk]), **context)
