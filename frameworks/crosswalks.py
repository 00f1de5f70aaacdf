"""What a requirement corresponds to in other frameworks, read in both directions."""

from dataclasses import dataclass

from django.db.models import Q

from core import clock
from frameworks.imports.shapes import Relationship
from frameworks.models import Crosswalk, CrosswalkRow, Framework, Requirement


@dataclass(frozen=True)
class Counterpart:
    """A requirement of another framework; ``relationship`` says how it lies to the one that was asked about. ``row`` is None where it is no longer loaded."""

    framework: Framework
    ref: str
    relationship: Relationship
    rationale: str
    strength: int | None
    crosswalk: Crosswalk
    row: Requirement | None


def counterparts(requirement: Requirement) -> list[Counterpart]:
    """The requirements that current crosswalks set beside this one, in two queries; the closest relationship first."""
    framework, ref = requirement.version.framework_id, requirement.ref
    forward = Q(crosswalk__source_framework=framework, source_ref=ref)
    backward = Q(crosswalk__target_framework=framework, target_ref=ref)
    rows = CrosswalkRow.objects.filter(forward | backward, crosswalk__replaced_by__isnull=True)
    found = list(rows.select_related("crosswalk__source_framework", "crosswalk__target_framework"))
    other = {row: _other(row, framework, ref) for row in found}
    wanted = Q(pk__in=[])
    for end, name, _ in other.values():
        wanted |= Q(version__framework=end, ref=name)
    loaded = {(row.version.framework_id, row.ref): row for row in Requirement.objects.known_at(clock.now().date()).filter(wanted).select_related("version")}
    pairs = [Counterpart(end, name, how, row.rationale, row.strength, row.crosswalk, loaded.get((end.pk, name))) for row, (end, name, how) in other.items()]
    # A file may state a pair in both directions; it is shown once.
    unique = {(pair.framework.pk, pair.ref, pair.relationship, pair.crosswalk.publisher): pair for pair in pairs}
    return sorted(unique.values(), key=lambda pair: (list(Relationship).index(pair.relationship), pair.framework.name, pair.ref))


def _other(row: CrosswalkRow, framework: object, ref: str) -> tuple[Framework, str, Relationship]:
    """The far end of a pair, and how it lies to the near one."""
    stated = Relationship(row.relationship)
    if (row.crosswalk.source_framework_id, row.source_ref) == (framework, ref):
        return row.crosswalk.target_framework, row.target_ref, stated.reverse
    return row.crosswalk.source_framework, row.source_ref, stated
