"""A draft of a report: what the record gives, what people typed over it, and what is missing."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from decisions import wording
from decisions.models import DraftVersion, Incident
from decisions.report_forms import Draftable, Field, draftable

RECORD, TYPED, UNKNOWN = "record", "typed", "unknown"


@dataclass(frozen=True)
class Answer:
    """What a draft says on one field, and whether the record, a person or nobody knows it."""

    field: Field
    text: str
    origin: str
    record: str

    @property
    def missing(self) -> bool:
        """Whether it should be there and is not."""
        return not self.text and not self.field.optional


def answers_of(incident: Incident, report: Draftable, typed: Mapping[str, str]) -> list[Answer]:
    """Every field of the report in order; what is typed takes the place of what the record gives."""
    zone, found = report.regime.zone_for(incident.zone), []
    for field in report.form.of(report.stage):
        record, said = from_record(incident, field.source, zone), typed.get(field.key, "").strip()
        origin = TYPED if said else RECORD if record else UNKNOWN
        found.append(Answer(field, said or record, origin, record))
    return found


def offered(incident: Incident) -> list[Draftable]:
    """The reports that can be drafted for what this incident is and what we are in it."""
    kinds, roles = set(incident.kinds), set(incident.roles)
    return [row for row in draftable().values() if row.regime.kinds & kinds and row.regime.roles & roles]


def newest(versions: Iterable[DraftVersion]) -> dict[str, DraftVersion]:
    """The newest version of each draft, by its key."""
    return {row.clock: row for row in sorted(versions, key=lambda row: row.number)}


def from_record(incident: Incident, source: str, zone: ZoneInfo) -> str:
    """What the record gives for ``source``; empty where it is unknown."""
    if source.startswith("fact."):
        at = next((row.at for row in incident.current_facts() if row.name == source.removeprefix("fact.")), None)
        return f"{wording.moment(at, zone)}, {wording.zone_name(zone)}" if at else ""
    return READERS[source](incident) if source else ""


def _actions(incident: Incident) -> str:
    rows = [f"{row.text} ({'done' if row.done_at else f'due {row.due_on.isoformat()}'})" for row in incident.actions.all()]
    return "\n".join([*rows, *([f"Rolled back to {incident.rolled_back_to}"] if incident.rolled_back_to else [])])


def _submissions(incident: Incident) -> str:
    known = draftable()
    rows = incident.current_submissions()
    return "\n".join(f"{known[row.clock].label if row.clock in known else row.clock}, sent {row.submitted_at:%Y-%m-%d %H:%M} UTC" for row in rows)


READERS: Mapping[str, Callable[[Incident], str]] = {
    "organisation": lambda row: row.organisation.name,
    "reference": lambda row: row.reference,
    "description": lambda row: row.description,
    "kinds": lambda row: "\n".join(row.kind_words),
    "roles": lambda row: "\n".join(row.role_words),
    "systems": lambda row: "\n".join(str(found) for found in row.systems.all()),
    "versions": lambda row: "\n".join(str(found) for found in row.versions.all()),
    "actions": _actions,
    "submissions": _submissions,
    "holds": lambda row: "\n".join(f"{held.artifact.title} (SHA-256 {held.artifact.sha256})" for held in row.holds.all() if held.released_at is None),
}
