"""Questionnaires: list, read a version, try it, compare two, take it out as a file."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods

from core.errors import NotFound
from questionnaires.exchange.files import FORMATS
from web.fetch import actor_of
from web.forms import posted
from web.lists.listing import list_response
from web.questionnaire_templates import page, queries
from web.questionnaire_templates.forms import CompareForm
from web.questionnaire_templates.trial import trial_read

FOLDER = "web/questionnaire_templates"


@require_GET
def template_list(request: HttpRequest) -> HttpResponse:
    """All questionnaires the actor may know of."""
    actor = actor_of(request)
    listing, actions = page.listing(actor)
    return list_response(request, listing, queries.template_rows(actor), actions=actions)


@require_GET
def template_detail(request: HttpRequest, template_id: UUID) -> HttpResponse:
    """A questionnaire by its newest version, or by its draft where nothing is published."""
    actor = actor_of(request)
    template = queries.template_for(actor, template_id)
    shown = queries.newest_of(template) or queries.draft_of(template)
    if shown is None:
        raise NotFound("This questionnaire has no text; it was discarded in the meantime.")
    return render(request, f"{FOLDER}/detail.html", page.detail_context(actor, template, shown))


@require_GET
def template_version(request: HttpRequest, template_version_id: UUID) -> HttpResponse:
    """One version, or the draft."""
    actor = actor_of(request)
    shown = queries.version_for(actor, template_version_id)
    return render(request, f"{FOLDER}/detail.html", page.detail_context(actor, shown.template, shown))


@require_http_methods(["GET", "POST"])
def template_try(request: HttpRequest, template_version_id: UUID) -> HttpResponse:
    """Answer as a vendor would and see what is asked and what it is worth; nothing is stored."""
    shown = queries.version_for(actor_of(request), template_version_id)
    trial = trial_read(shown.parsed(), posted(request))
    sheet = trial.sheet()
    switches = [(row, row.on != (row.id in trial.switched)) for row in trial.document.categories]
    sections = [(row, sheet.sections[row.id]) for row in trial.sitting.sections() if sheet.sections[row.id].claimed is not None]
    context = {"shown": shown, "trial": trial, "asked": trial.asked(), "sheet": sheet, "switches": switches, "shares": sections, "nav": page.NAV}
    context |= {
        "title": f"Try “{shown.template}”",
        "pretitle": page.version_name(shown),
        "crumbs": page.crumbs((shown.template.name, _home(shown.template_id))),
    }
    context |= {"held": [row for row in trial.document.caps if row.id in sheet.caps], "lead": "As a vendor would see it. Nothing you enter is stored."}
    return render(request, f"{FOLDER}/try.html", context)


@require_GET
def template_differences(request: HttpRequest, template_id: UUID) -> HttpResponse:
    """What differs between two versions, in words."""
    template = queries.template_for(actor_of(request), template_id)
    versions = queries.versions_of(template)
    form = CompareForm(request.GET, versions)
    changes, pair = None, []
    if form.is_valid():
        pair = [next(row for row in versions if str(row.pk) == form.cleaned_data[name]) for name in ("before", "after")]
        changes = page.changes_of(pair[0], pair[1])
    context = {"template": template, "form": form, "changes": changes, "pair": pair, "title": "What differs", "pretitle": template.name, "nav": page.NAV}
    return render(request, f"{FOLDER}/differences.html", context | {"crumbs": page.crumbs((template.name, _home(template.pk)))})


@require_GET
def template_export(request: HttpRequest, template_version_id: UUID, ending: str) -> HttpResponse:
    """A version as a file."""
    shown = queries.version_for(actor_of(request), template_version_id)
    if ending not in FORMATS:
        raise NotFound(f"There is no such format; choose from {', '.join(FORMATS)}.")
    media, write = FORMATS[ending]
    name = f"{slugify(shown.template.name) or 'questionnaire'}-{shown.number}{'' if shown.published_at else '-draft'}.{ending}"
    return HttpResponse(write(shown.parsed()), content_type=media, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _home(template_id: UUID) -> str:
    return reverse("web:template-detail", args=[template_id])
