"""What the catalogue reads: instruments and probe sets from the program, their use from the actor's register."""

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache

from django.db.models import Count, QuerySet

from accounts.models import User
from assessments import probes
from assessments.contracts import Instrument, Refused
from assessments.models import Finding
from assessments.probes import ProbeSet
from assessments.registry import METHODS, instrument, probe_sets_of
from core import clock
from core.errors import NotFound
from frameworks.models import Requirement


@dataclass
class Use:
    """How often an instrument was used in the actor's register: findings in all, and by what the data alone read."""

    findings: int = 0
    readings: Counter[str] = field(default_factory=Counter)


def method_for(slug: str) -> Instrument:
    """An instrument of the registry, or ``NotFound``."""
    try:
        return instrument(slug)
    except Refused as error:
        raise NotFound("There is no such instrument in this installation.") from error


def probe_set_for(slug: str) -> ProbeSet:
    """A shipped probe set, or ``NotFound``."""
    if slug not in probes.shipped():
        raise NotFound("There is no such probe set in this installation.")
    return shipped_set(slug)


def shipped_set(slug: str) -> ProbeSet:
    """A shipped set, parsed again only when its file changed: pages name many sets, and reading one takes a tenth of a second."""
    stat = probes.path_of(slug).stat()
    return _parsed(slug, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=128)
def _parsed(slug: str, _changed: int, _size: int) -> ProbeSet:
    return probes.probe_set(slug)


def uses(actor: User) -> dict[str, Use]:
    """The use of every instrument, by slug; one query."""
    found = {method.card.slug: Use() for method in METHODS}
    rows = Finding.objects.visible_to(actor).order_by().values_list("step__instrument", "reading").annotate(count=Count("pk"))
    for slug, reading, count in rows:
        use = found.setdefault(slug, Use())
        use.findings += count
        use.readings[reading] += count
    return found


def latest_findings(actor: User, slug: str, count: int = 8) -> QuerySet[Finding]:
    """The newest findings of an instrument."""
    rows = Finding.objects.visible_to(actor).filter(step__instrument=slug)
    related = "step__run__plan__version__model"
    deferred = ("figures", "environment", "controls", "step__run__plan__document", f"{related.removesuffix('__model')}__weights_manifest")
    return rows.select_related(related).defer(*deferred).order_by("-created_at", "pk")[:count]


def requirements_named(refs: list[str]) -> dict[str, Requirement]:
    """The requirements ``refs`` as known today, by their reference; those of a catalogue that is not loaded are missing."""
    rows = Requirement.objects.shipped().known_at(clock.now().date()).filter(ref__in=refs).select_related("version__framework")
    return {row.ref: row for row in rows}


def users_of(slug: str) -> list[Instrument]:
    """The instruments that show a probe set to a model."""
    return [method for method in METHODS if slug in _shown_by(method)]


def _shown_by(method: Instrument) -> set[str]:
    """Every set that some choice of the instrument's parameters shows."""
    uses = [{name: value} for name, values in method.Params.offered().items() for value in values]
    return {*method.card.probe_sets, *(slug for params in uses for slug in probe_sets_of(method, params, shipped_set))}
