"""Everything the lists and the page of a model show."""

from typing import Any

from django.urls import reverse

from accounts.models import User
from accounts.permissions import allowed
from inventory.models import AIModel
from web.ai_models import queries
from web.ai_models.filters import ModelFilter, VersionFilter
from web.ai_models.tables import ModelTable, VersionTable
from web.history import history
from web.lists.listing import Action, Empty, Listing

TERMS = {
    "Access": "What the vendor grants, from most to least: weights, activations, logits, text only. It decides which instruments can be used.",
    "Reading": "What the data of one run say when taken alone. The verdict may be no higher than the instrument's calibration record allows.",
    "Weights": "The SHA-256 of the list of weight files and their digests. Two versions with the same digest are the same bytes.",
}
NOTHING = "Register a vendor, a model and one exact version of its weights. On the command line, “./assay demo” fills a small register to look at."


def models(actor: User) -> tuple[Listing, tuple[Action, ...]]:
    """The list of models, and what it offers this person."""
    actions = (*_new(actor), Action("Versions", reverse("web:version-list")))
    text = "A model stands under its vendor; its exact weights, which alone can be assessed, are its versions."
    empty = Empty("No model is registered yet", NOTHING, _first(actor))
    return Listing("models", "Models", text, ModelTable, ModelFilter, empty, "Register", "models"), actions


def versions(actor: User) -> tuple[Listing, tuple[Action, ...]]:
    """The list of versions, and what it offers this person."""
    actions = (Action("Models", reverse("web:model-list")), *_new(actor))
    text = "A version is exact weights: nothing is assessed but bytes with this digest."
    empty = Empty("No model is registered yet", NOTHING, _first(actor))
    return Listing("versions", "Model versions", text, VersionTable, VersionFilter, empty, "Register", "models", "web/register/list.html"), actions


def _new(actor: User) -> tuple[Action, ...]:
    return (Action("Register a model", reverse("web:model-create"), primary=True),) if allowed(actor, "inventory.write") else ()


def _first(actor: User) -> Action | None:
    return Action("Register a vendor", reverse("web:vendor-create"), primary=True) if allowed(actor, "inventory.write") else None


def context(model: AIModel, actor: User) -> dict[str, Any]:
    """The context of ``web/ai_models/model.html``."""
    versions = list(queries.versions_of(model))
    runs = queries.runs_by_key(version.newest_run for version in versions)
    subject = f"inventory.aimodel:{model.id}"
    return {
        "model": model,
        "title": model.name,
        "crumbs": [("Vendors", reverse("web:vendor-list")), (model.vendor.name, reverse("web:vendor-detail", args=[model.vendor_id]))],
        "actions": _actions(model) if allowed(actor, "inventory.write", model) else (),
        "rows": [(version, runs.get(version.newest_run)) for version in versions],
        "intakes": queries.open_intakes(model),
        "may_write": allowed(actor, "inventory.write", model),
        "history": history(actor, [subject]),
        "subject": subject,
        "glossary": TERMS,
        "nav": "models",
    }


def _actions(model: AIModel) -> tuple[Action, ...]:
    edit = Action("Rename", reverse("web:model-edit", args=[model.id]))
    without = Action("Register one without weights", reverse("web:version-declare", args=[model.id]))
    return (edit, without, Action("Register a version", reverse("web:version-create", args=[model.id]), primary=True))
