"""Calls about systems and deployments."""

from accounts.models import User
from api.v1.base.related import named, organisation_for
from api.v1.base.rows import Values
from api.v1.base.views import ActionView, CreateView, DetailView, PatchView
from api.v1.systems.filters import DeploymentFilter, SystemFilter
from api.v1.systems.serializers import DeploymentBody, DeploymentRow, EndBody, SystemBody, SystemPatch, SystemRow
from inventory.models import AISystem, Deployment, ModelVersion
from inventory.services import deployment_end, deployment_register, system_register, system_update


class SystemDetail(PatchView):
    """One AI system."""

    out, body, noun = SystemRow, SystemPatch, "AI system"

    def change(self, actor: User, row: AISystem, changes: Values) -> None:
        """Change what the register says of it; the log keeps what was before and after."""
        system_update(actor=actor, system=row, changes=changes)


class SystemList(CreateView):
    """AI systems of your register."""

    out, body, noun, detail, address = SystemRow, SystemBody, "AI system", SystemDetail, "system"
    filters, orderings = SystemFilter, ("name", "created_at")

    def create(self, actor: User, data: Values) -> AISystem:
        """Enter an AI system with its purpose, our role, its risk class and jurisdiction."""
        organisation = organisation_for(actor, "inventory.write", data.pop("organisation", None))
        return system_register(actor=actor, organisation=organisation, **data)


class DeploymentDetail(DetailView):
    """One deployment."""

    out, noun = DeploymentRow, "deployment"


class DeploymentList(CreateView):
    """Which model version is at work in which system."""

    out, body, noun, detail, address = DeploymentRow, DeploymentBody, "deployment", DeploymentDetail, "deployment"
    filters, orderings = DeploymentFilter, ("-created_at", "environment")

    def create(self, actor: User, data: Values) -> Deployment:
        """Record that a version is at work in a system."""
        system = named("system", AISystem.objects.visible_to(actor), data["system"])
        version = named("version", ModelVersion.objects.visible_to(actor).select_related("model__vendor"), data["version"])
        return deployment_register(actor=actor, system=system, version=version, environment=data["environment"])


class DeploymentEnd(ActionView):
    """The end of a deployment."""

    out, body, noun = DeploymentRow, EndBody, "deployment"

    def act(self, actor: User, row: Deployment, data: Values) -> None:
        """Record that the version is no longer at work in the system."""
        deployment_end(actor=actor, deployment=row, reason=data["reason"])
