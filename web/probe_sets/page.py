"""Everything the pages of probe sets show beyond the catalogue's own."""

from functools import lru_cache
from typing import Any

from accounts.models import User
from accounts.permissions import allowed
from assessments import probes
from assessments.contracts import Refused
from assessments.methods.parts.axes import axis_of
from assessments.models import AddedProbeSet
from assessments.probe_intake import baseline_figure, baseline_of, warnings
from assessments.probes import ProbeSet
from assessments.shelf import added_read
from web import words
from web.figures import figure_view
from web.instruments import page as catalogue
from web.instruments.queries import shipped_set
from web.probe_sets import queries

CRUMBS = (("Instruments", "/instruments/"), ("Probe sets", "/probe-sets/"))


def list_context(actor: User) -> dict[str, Any]:
    """The context of ``web/probe_sets/list.html``."""
    return {
        "own": queries.added_of(actor),
        "shipped": [shipped_set(slug) for slug in probes.shipped()],
        "actions": [{"label": "Add a probe set", "url": "/probe-sets/own/add/", "primary": True}] if allowed(actor, "probe_set.add") else [],
        "crumbs": CRUMBS[:1],
        "glossary": words.glossary("Probe set", "Digest", "Sealed plan"),
        "nav": "instruments",
    }


def own_context(row: AddedProbeSet) -> dict[str, Any]:
    """The context of ``web/instruments/probe_set.html`` for an added set."""
    shown = added_read(row)
    return {**catalogue.probe_set_context(shown), **surface_context(shown), "users": queries.users_of(row), "added": row}


def surface_context(shown: ProbeSet) -> dict[str, Any]:
    """What the texts give away without any model; nothing for a set that declares no axis."""
    baseline = dict(_baseline(shown.digest, shown.slug)) if shown.slug in probes.shipped() else _measured(shown)
    if not baseline:
        return {"baseline": None, "warnings": []}
    figure = baseline_figure(baseline)
    parts = {"name": figure.name, "title": figure.title, "caption": figure.caption, "alt": figure.alt, "spec": figure.spec}
    return {"baseline": figure_view(parts), "warnings": warnings(baseline)}


@lru_cache(maxsize=64)
def _baseline(_digest: str, slug: str) -> tuple[tuple[str, float], ...]:
    return tuple(_measured(shipped_set(slug)).items())


def _measured(shown: ProbeSet) -> dict[str, float]:
    try:
        axis = axis_of(shown)
    except Refused:
        return {}
    return baseline_of(shown.labelled(axis.positive, axis.negative), axis)
