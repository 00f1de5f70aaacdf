"""Calls about findings."""

from api.v1.base.views import DetailView, ListView
from api.v1.findings.filters import FindingFilter
from api.v1.findings.serializers import FindingRow, FindingWhole


class FindingDetail(DetailView):
    """One finding with measurements, controls, thresholds and limits."""

    out, noun = FindingWhole, "finding"


class FindingList(ListView):
    """Findings, each with what it does not show."""

    out, noun = FindingRow, "finding"
    filters, orderings = FindingFilter, ("-created_at",)
