"""Writes to models and their versions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from core.errors import InvalidInput, InvalidState
from inventory.models import LIFECYCLE_ALLOWED, LIFECYCLE_DECIDED, AIModel, ModelVersion, Vendor
from inventory.rows import row_change, row_insert, row_log

DECIDED = {
    "approved": "A version becomes approved through a decision. Ask for one under a policy for approving versions, and release the version from there.",
    "restricted": "A version becomes restricted through a decision to go with conditions. Ask for one, and release the version from there.",
    "rolled_back": "Rolling back names the version to return to. Use “Roll back” on the page of the version.",
}


@dataclass(frozen=True)
class VersionFacts:
    """What an inspection of the weights found; digests are hex SHA-256, ``template_digest`` empty for base models."""

    source: str
    locator: str
    weights_manifest: list[dict[str, Any]]
    weights_digest: str
    tokenizer_digest: str
    template_digest: str
    quantisation: str
    architecture: str
    parameters: int
    licence: str = ""
    notes: str = field(default="")


@transaction.atomic
def model_register(*, actor: User, vendor: Vendor, name: str) -> AIModel:
    """Enter a model under its vendor."""
    require(actor, "inventory.write", vendor)
    model = AIModel(vendor=vendor, name=name)
    row_insert(model)
    row_log(actor, "inventory.model.registered", model, {"name": name, "vendor": str(vendor.id)})
    return model


@transaction.atomic
def model_update(*, actor: User, model: AIModel, changes: Mapping[str, Any], seen: Mapping[str, Any] | None = None) -> AIModel:
    """Change a model's name; ``Conflict`` where it is no longer the one in ``seen``. No change, no log entry."""
    require(actor, "inventory.write", model)
    row, changed = row_change(model, editable=("name",), changes=changes, seen=seen)
    if changed:
        row_log(actor, "inventory.model.changed", row, {"changed": changed})
    return row


@transaction.atomic
def version_register(*, actor: User, model: AIModel, label: str, access: str, facts: VersionFacts, parent: ModelVersion | None = None) -> ModelVersion:
    """Enter exact weights by the digests an inspection found."""
    require(actor, "inventory.write", model)
    if parent is not None and parent.organisation_id != model.organisation_id:
        raise InvalidInput("parent", "the parent version belongs to another organisation's register")
    version = ModelVersion(model=model, label=label, access=access, parent=parent, **vars(facts))
    row_insert(version)
    payload = {"label": label, "model": str(model.id), "access": access, "source": facts.source, "quantisation": facts.quantisation}
    digests = {"weights": facts.weights_digest, "tokenizer": facts.tokenizer_digest, "chat_template": facts.template_digest}
    row_log(actor, "inventory.modelversion.registered", version, {**payload, "digests": digests, "parent": str(parent.id) if parent else None})
    return version


@transaction.atomic
def version_transition(*, actor: User, version: ModelVersion, lifecycle: str, reason: str) -> ModelVersion:
    """Move a version where no decision is needed: to less use, or back to the start. ``InvalidState`` where the table does not allow it."""
    before = ModelVersion.objects.values_list("lifecycle", flat=True).get(pk=version.pk)
    if lifecycle in LIFECYCLE_DECIDED[before]:
        raise InvalidState(DECIDED[lifecycle])
    return version_enter(actor=actor, version=version, lifecycle=lifecycle, said={"reason": reason})


@transaction.atomic
def version_enter(*, actor: User, version: ModelVersion, lifecycle: str, said: Mapping[str, Any]) -> ModelVersion:
    """Enter a state with what is said about it in the log. For states that need a decision, only the services of decisions call this."""
    require(actor, "inventory.transition", version)
    row = ModelVersion.objects.select_for_update(of=("self",)).get(pk=version.pk)
    if lifecycle not in LIFECYCLE_ALLOWED[row.lifecycle]:
        allowed = ", ".join(sorted(LIFECYCLE_ALLOWED[row.lifecycle])) or "nothing"
        raise InvalidState(f"A version that is {row.lifecycle} cannot become {lifecycle}; from here it can become: {allowed}.")
    before, row.lifecycle = row.lifecycle, lifecycle
    row.save(update_fields=["lifecycle"])
    row_log(actor, "inventory.modelversion.moved", row, {"from": before, "to": lifecycle, **said})
    return row
