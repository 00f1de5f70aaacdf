"""Writes to deployments: which version is at work in which system."""

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from core.errors import InvalidInput, InvalidState
from inventory.models import AISystem, Deployment, ModelVersion
from inventory.rows import row_insert, row_log


@transaction.atomic
def deployment_register(*, actor: User, system: AISystem, version: ModelVersion, environment: str) -> Deployment:
    """Record that a version is at work in a system."""
    require(actor, "inventory.write", system)
    if version.organisation_id != system.organisation_id:
        raise InvalidInput("version", "this version belongs to another organisation's register")
    deployment = Deployment(system=system, version=version, environment=environment)
    row_insert(deployment)
    row_log(actor, "inventory.deployment.registered", deployment, {"system": str(system.id), "version": str(version.id), "environment": environment})
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
    row_log(actor, "inventory.deployment.ended", row, {"reason": reason})
    return row
