"""Writes to the register: permission, state, change, log entry, in one transaction each."""

from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction

from accounts.models import Organisation, User
from accounts.permissions import require
from core.errors import Conflict, InvalidInput, InvalidState
from evidence import ledger
from inventory.models import LIFECYCLE_ALLOWED, AIModel, AISystem, Deployment, ModelVersion, Vendor


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


def _save_checked(row: models.Model) -> None:
    """Validate and insert; a broken rule becomes ``InvalidInput`` on its first field, a taken name ``Conflict``."""
    try:
        row.clean_fields()
    except ValidationError as error:
        name, messages = next(iter(error.message_dict.items()))
        raise InvalidInput(name, " ".join(messages)) from error
    try:
        row.validate_constraints()
    except ValidationError as error:
        raise Conflict(f"{row._meta.verbose_name}: an entry with this name exists already; open it or choose another name") from error
    row.save(force_insert=True)


def _log(actor: User, action: str, row: Any, payload: dict[str, Any]) -> None:
    ledger.append(actor=actor, action=action, subject=f"{row._meta.label_lower}:{row.id}", payload=payload)


@transaction.atomic
def vendor_register(*, actor: User, organisation: Organisation, name: str, country: str, access: str) -> Vendor:
    """Enter a vendor with the access its contract grants."""
    vendor = Vendor(organisation=organisation, name=name, country=country, access=access)
    require(actor, "inventory.write", vendor)
    _save_checked(vendor)
    _log(actor, "inventory.vendor.registered", vendor, {"name": name, "country": country, "access": access})
    return vendor


@transaction.atomic
def system_register(*, actor: User, organisation: Organisation, name: str, purpose: str, our_role: str, risk_class: str, jurisdiction: str) -> AISystem:
    """Enter an AI system with its purpose, our role, its risk class and jurisdiction."""
    system = AISystem(organisation=organisation, name=name, purpose=purpose, our_role=our_role, risk_class=risk_class, jurisdiction=jurisdiction)
    require(actor, "inventory.write", system)
    _save_checked(system)
    payload = {"name": name, "our_role": our_role, "risk_class": risk_class, "jurisdiction": jurisdiction}
    _log(actor, "inventory.system.registered", system, payload)
    return system


@transaction.atomic
def model_register(*, actor: User, vendor: Vendor, name: str) -> AIModel:
    """Enter a model under its vendor."""
    require(actor, "inventory.write", vendor)
    model = AIModel(vendor=vendor, name=name)
    _save_checked(model)
    _log(actor, "inventory.model.registered", model, {"name": name, "vendor": str(vendor.id)})
    return model


@transaction.atomic
def version_register(*, actor: User, model: AIModel, label: str, access: str, facts: VersionFacts, parent: ModelVersion | None = None) -> ModelVersion:
    """Enter exact weights by the digests an inspection found."""
    require(actor, "inventory.write", model)
    if parent is not None and parent.organisation_id != model.organisation_id:
        raise InvalidInput("parent", "the parent version belongs to another organisation's register")
    version = ModelVersion(model=model, label=label, access=access, parent=parent, **vars(facts))
    _save_checked(version)
    payload = {"label": label, "model": str(model.id), "access": access, "source": facts.source, "quantisation": facts.quantisation}
    digests = {"weights": facts.weights_digest, "tokenizer": facts.tokenizer_digest, "chat_template": facts.template_digest}
    _log(actor, "inventory.modelversion.registered", version, {**payload, "digests": digests, "parent": str(parent.id) if parent else None})
    return version


@transaction.atomic
def version_transition(*, actor: User, version: ModelVersion, lifecycle: str, reason: str) -> ModelVersion:
    """Move a version to another lifecycle state; raises ``InvalidState`` where the table does not allow it."""
    require(actor, "inventory.transition", version)
    row = ModelVersion.objects.select_for_update(of=("self",)).get(pk=version.pk)
    if lifecycle not in LIFECYCLE_ALLOWED[row.lifecycle]:
        allowed = ", ".join(sorted(LIFECYCLE_ALLOWED[row.lifecycle])) or "nothing"
        raise InvalidState(f"A version that is {row.lifecycle} cannot become {lifecycle}; from here it can become: {allowed}.")
    before, row.lifecycle = row.lifecycle, lifecycle
    row.save(update_fields=["lifecycle"])
    _log(actor, "inventory.modelversion.moved", row, {"from": before, "to": lifecycle, "reason": reason})
    return row


@transaction.atomic
def deployment_register(*, actor: User, system: AISystem, version: ModelVersion, environment: str) -> Deployment:
    """Record that a version is at work in a system."""
    require(actor, "inventory.write", system)
    if version.organisation_id != system.organisation_id:
        raise InvalidInput("version", "this version belongs to another organisation's register")
    deployment = Deployment(system=system, version=version, environment=environment)
    _save_checked(deployment)
    _log(actor, "inventory.deployment.registered", deployment, {"system": str(system.id), "version": str(version.id), "environment": environment})
    return deployment


@transaction.atomic
def deployment_end(*, actor: User, deployment: Deployment, reason: str) -> Deployment:
    """Record that a version is no longer at work in a system."""
    require(actor, "inventory.write", deployment.system)
    row = Deployment.objects.select_for_update(of=("self",)).get(pk=deployment.pk)
    if not row.active:
        raise InvalidState("This deployment has ended already.")
    row.active = False
    row.save(update_fields=["active"])
    _log(actor, "inventory.deployment.ended", row, {"reason": reason})
    return row
