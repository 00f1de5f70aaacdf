"""Filters of systems and deployments."""

from django_filters import FilterSet

from api.v1.base import filters
from inventory.models import OurRole, RiskClass


class SystemFilter(FilterSet):  # the library is untyped
    """Name, role, risk class, jurisdiction."""

    name = filters.text("name", "part of the name", "icontains")
    our_role = filters.choice("our_role", OurRole.choices, "what we are with regard to the system")
    risk_class = filters.choice("risk_class", RiskClass.choices, "risk class under the EU AI Act")
    jurisdiction = filters.text("jurisdiction", "where it is used", "iexact")


class DeploymentFilter(FilterSet):  # the library is untyped
    """System, version, environment, active."""

    system = filters.key("system_id", "id of the system")
    version = filters.key("version_id", "id of the model version")
    environment = filters.text("environment", "for example production", "iexact")
    active = filters.flag("active", "still at work")
