"""Filters of models, versions and intakes."""

from django_filters import FilterSet

from api.v1.base import filters
from inventory.models import Access, IntakeState, Lifecycle


class ModelFilter(FilterSet):  # the library is untyped
    """Name and vendor."""

    name = filters.text("name", "part of the name", "icontains")
    vendor = filters.key("vendor_id", "id of the vendor")


class VersionFilter(FilterSet):  # the library is untyped
    """Model, vendor, label, access, lifecycle, weights."""

    model_id = filters.key("model_id", "id of the model")
    vendor = filters.key("model__vendor_id", "id of the vendor")
    label = filters.text("label", "the whole label")
    access = filters.choice("access", Access.choices, "what may be looked at")
    lifecycle = filters.choice("lifecycle", Lifecycle.choices, "state of the version")
    weights_digest = filters.text("weights_digest", "hex SHA-256 of the weights, or how it begins", "startswith", 64)


class IntakeFilter(FilterSet):  # the library is untyped
    """Model and state."""

    model_id = filters.key("model_id", "id of the model")
    state = filters.choice("state", IntakeState.choices, "how far it is")
