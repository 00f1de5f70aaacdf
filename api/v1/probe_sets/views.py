"""Calls about probe sets; adding one is left to the page and the command line, which show its check."""

from api.v1.base.views import DetailView, ListView
from api.v1.probe_sets.filters import ProbeSetFilter
from api.v1.probe_sets.serializers import ProbeSetRow


class ProbeSetList(ListView):
    """Probe sets that your organisation added."""

    out, noun, filters, orderings = ProbeSetRow, "probe set", ProbeSetFilter, ("-created_at", "slug")


class ProbeSetDetail(DetailView):
    """One version of a probe set; its texts are the artifact's content."""

    out, noun = ProbeSetRow, "probe set"
