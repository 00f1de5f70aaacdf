"""Filters of plans."""

from django.db.models import QuerySet
from django_filters import FilterSet

from api.v1.base import filters
from assessments.models import Plan


class PlanFilter(FilterSet):  # the library is untyped
    """Version, title, sealed or draft."""

    version = filters.key("version_id", "id of the model version")
    title = filters.text("title", "part of the title", "icontains")
    sealed = filters.choice("sealed_digest", [("true", "true"), ("false", "false")], "sealed, or still a draft")

    def filter_queryset(self, queryset: QuerySet[Plan]) -> QuerySet[Plan]:
        """Sealed plans are those with an entry in the log."""
        wanted = self.form.cleaned_data.pop("sealed", "")
        found: QuerySet[Plan] = super().filter_queryset(queryset)
        return found.filter(sealed_entry__isnull=wanted == "false") if wanted else found
