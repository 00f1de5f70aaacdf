"""Whether a vendor is cleared: the newest decision on each of its versions and systems, held against the record as it stands now."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.visibility import VisibleQuerySet
from core import clock
from core.canonical import canonical_digest
from decisions.basis import Basis, bases_of, waivers_that_count
from decisions.clearance_answers import VendorAnswers, answers_of, weighed_in
from decisions.clearance_words import REASONS, Reason, Word, reason, worst_of
from decisions.conditions import parse, words
from decisions.gate_models import Decision, DecisionState
from decisions.gate_vocabulary import Outcome, Standing
from decisions.ties import ties_attach, with_ties
from inventory.models import AISystem, Deployment, Lifecycle, ModelVersion, Vendor
from questionnaires.standing import AnswerBook

SCHEMA = "urn:assay:clearance:v1"


class ClearanceVendors(VisibleQuerySet[Vendor]):
    """Vendors of whose clearance an actor may know."""

    read_verb = "clearance.read"


@dataclass(frozen=True)
class Line:
    """One model version or AI system: the word on it and what that rests on. ``decisions`` are those that count, ``void`` those overtaken by the record."""

    kind: str
    key: UUID
    name: str
    word: Word
    reasons: Sequence[Reason]
    conditions: Sequence[Mapping[str, Any]] = ()
    evidence: Sequence[Mapping[str, Any]] = ()
    valid_until: datetime.date | None = None
    decisions: Sequence[Decision] = ()
    void: Sequence[Decision] = ()

    @property
    def document(self) -> dict[str, Any]:
        """As it is shown and hashed."""
        return {
            "kind": self.kind,
            "id": str(self.key),
            "name": self.name,
            "decision": self.word.value,
            "valid_until": self.valid_until.isoformat() if self.valid_until else None,
            "reasons": list(self.reasons),
            "conditions": list(self.conditions),
            "evidence": list(self.evidence),
            "decisions": [_named(row) for row in self.decisions],
        }


@dataclass(frozen=True)
class Clearance:
    """The word on a vendor: the worst over ``lines`` and over ``reasons`` against it as a whole."""

    vendor: Vendor
    lines: Sequence[Line]
    reasons: Sequence[Reason] = ()
    word: Word = field(default=Word.UNDECIDED)
    ends: Sequence[datetime.date] = ()

    @property
    def valid_until(self) -> datetime.date | None:
        """The last day on which the word holds if nothing else changes; None where no day is known. ``ends``: last days of reviews of answers."""
        return min((*(row.valid_until for row in self.lines if row.valid_until), *self.ends), default=None)

    @property
    def document(self) -> dict[str, Any]:
        """Everything but the time of looking, as it is hashed."""
        reasons = [*self.reasons, *(reason for row in self.lines for reason in row.reasons)]
        return {
            "schema": SCHEMA,
            "vendor": str(self.vendor.pk),
            "name": self.vendor.name,
            "decision": self.word.value,
            "uniform": len({row.word for row in self.lines}) <= 1,
            "valid_until": self.valid_until.isoformat() if self.valid_until else None,
            "reasons": reasons,
            "conditions": [row for line in self.lines for row in line.conditions],
            "evidence": _unique(row for line in self.lines for row in line.evidence),
            "lines": [row.document for row in self.lines],
        }

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the document."""
        return canonical_digest(self.document)


def vendors_visible(actor: User) -> QuerySet[Vendor]:
    """The vendors of whose clearance the actor may know."""
    return ClearanceVendors(Vendor).visible_to(actor)


def clearance_of(vendor: Vendor, only: UUID | None = None, book: AnswerBook | None = None) -> Clearance:
    """The word on ``vendor`` as the record stands now; ``only``: on one of its versions or systems; ``book``: its answers, where they were read."""
    return clearances_of([vendor], only, book)[0]


def clearances_of(vendors: Sequence[Vendor], only: UUID | None = None, book: AnswerBook | None = None) -> list[Clearance]:
    """The word on each vendor, in a number of queries that does not grow with the vendors."""
    book = book or AnswerBook([row.pk for row in vendors], clock.now().date())
    versions = _versions(vendors)
    systems = _systems(versions)
    decided = _decided(versions, systems)
    bases = bases_of([row for rows in decided.values() for row in rows if row.state == DecisionState.APPROVED], book)
    spoken = _subjects(versions, systems, set(decided))
    lines = {key: _line(about, decided.get(key, ()), bases) for key, about in spoken.items()}
    wanted = None if only is None else _narrowed(only, lines, systems)
    answers = answers_of(vendors, book)
    return [_clearance(vendor, _of_vendor(vendor, versions, systems), lines, wanted, answers[vendor.pk]) for vendor in vendors]


def _clearance(vendor: Vendor, keys: Sequence[UUID], lines: Mapping[UUID, Line], only: set[UUID] | None, answers: VendorAnswers) -> Clearance:
    wanted = [lines[key] for key in keys if key in lines and (only is None or key in only)]
    mine = sorted(wanted, key=lambda row: (row.kind, row.name, str(row.key)))
    whole = answers.reasons(weighed_in([row.decisions for row in mine]), only)
    if not mine:
        whole = [*whole, reason("nothing_registered", "No version of this vendor that is still in use is registered, so nothing could be decided.")]
    word = worst_of([*(row.word for row in mine), *(REASONS[str(row["code"])] for row in whole)])
    cleared = word in (Word.CLEARED, Word.WITH_CONDITIONS)
    return Clearance(vendor, mine, whole, word, answers.ends(only) if cleared else ())


def _versions(vendors: Sequence[Vendor]) -> list[ModelVersion]:
    rows = ModelVersion.objects.filter(model__vendor__in=[row.pk for row in vendors]).exclude(lifecycle=Lifecycle.RETIRED)
    return list(rows.select_related("model__vendor").defer("weights_manifest"))


def _systems(versions: Sequence[ModelVersion]) -> list[Deployment]:
    """Where the versions are at work."""
    return list(Deployment.objects.filter(version__in=[row.pk for row in versions], active=True).select_related("system"))


def _subjects(versions: Sequence[ModelVersion], systems: Sequence[Deployment], decided: set[UUID]) -> dict[UUID, ModelVersion | AISystem]:
    """What has a line: systems somebody decided on, and versions, except those at work only in such systems and never decided on themselves."""
    places: dict[UUID, set[UUID]] = {}
    for row in systems:
        places.setdefault(row.version_id, set()).add(row.system_id)
    found: dict[UUID, ModelVersion | AISystem] = {row.system_id: row.system for row in systems if row.system_id in decided}
    spoken_for = {key for key, at in places.items() if at <= decided} - decided
    return found | {row.pk: row for row in versions if row.pk not in spoken_for}


def _narrowed(only: UUID, lines: Mapping[UUID, Line], systems: Sequence[Deployment]) -> set[UUID]:
    """The line of ``only``; those of its systems where a version has none of its own."""
    return {only} if only in lines else {row.system_id for row in systems if row.version_id == only}


def _of_vendor(vendor: Vendor, versions: Sequence[ModelVersion], systems: Sequence[Deployment]) -> list[UUID]:
    mine = [row.pk for row in versions if row.model.vendor_id == vendor.pk]
    return [*mine, *dict.fromkeys(row.system_id for row in systems if row.version_id in set(mine))]


def _decided(versions: Sequence[ModelVersion], systems: Sequence[Deployment]) -> dict[UUID, list[Decision]]:
    """By subject the newest decision of each step that was not withdrawn, and any newer one that waits."""
    found: dict[UUID, list[Decision]] = {}
    seen: set[tuple[object, ...]] = set()
    about = Q(version__in=[row.pk for row in versions]) | Q(system__in={row.system_id for row in systems})
    rows = Decision.objects.filter(about).exclude(state=DecisionState.WITHDRAWN)
    bulky = ("basis", "version__weights_manifest", "attestation__envelope", "attestation__entry__leaf", "attestation__entry__payload")
    related = rows.select_related("policy__policy", "version__model", "system", "attestation__entry").defer(*bulky)
    for row in with_ties(related).order_by("-number"):
        key = row.version_id or row.system_id
        place = (key, row.policy.policy.step, row.state == DecisionState.OPEN)
        assert key is not None
        if place not in seen:
            seen.add(place)
            found.setdefault(key, []).append(row)
    ties_attach(row for rows in found.values() for row in rows)
    return found


def _line(about: ModelVersion | AISystem, decisions: Sequence[Decision], bases: Mapping[UUID, Basis]) -> Line:
    approved = [row for row in decisions if row.state == DecisionState.APPROVED]
    void = [row for row in approved if bases[row.pk].digest != row.digest]
    counting = [row for row in approved if row not in void]
    reasons = [*_lifecycle(about), *(_said(row, row in void) for row in decisions)]
    if not reasons:
        reasons = [reason("no_decision", "Nobody has decided on it yet.")]
    # A request that waits takes nothing away from what was decided before it.
    weighed = [row for row in reasons if row["code"] != "waiting" or len(reasons) == 1] or reasons
    return Line(
        kind="version" if isinstance(about, ModelVersion) else "system",
        key=about.pk,
        name=str(about),
        word=worst_of(REASONS[str(row["code"])] for row in weighed),
        reasons=reasons,
        conditions=[found for row in counting for found in _conditions(row, bases[row.pk])],
        evidence=_unique(found for row in counting for found in _evidence(row, bases[row.pk])),
        valid_until=min((day for row in counting for day in _ends(row, bases[row.pk])), default=None),
        decisions=counting,
        void=void,
    )


def _lifecycle(about: ModelVersion | AISystem) -> list[Reason]:
    if isinstance(about, ModelVersion) and about.lifecycle == Lifecycle.ROLLED_BACK:
        return [reason("rolled_back", "The version was rolled back.", version=str(about.pk))]
    return []


def _said(row: Decision, overtaken: bool) -> Reason:
    where = _named(row)
    if row.state == DecisionState.OPEN:
        return reason("waiting", f"{row.reference} waits for approval.", **where)
    if row.state == DecisionState.REJECTED:
        return reason("rejected", f"{row.reference} was rejected.", **where)
    if overtaken:
        return reason("overtaken", f"{row.reference} no longer stands: the record has changed since it was approved.", **where)
    if row.outcome == Outcome.GO:
        return reason("approved", f"{row.reference} was approved.", **where)
    return reason("approved_with_conditions", f"{row.reference} was approved with conditions.", **where)


def _named(row: Decision) -> dict[str, Any]:
    step = row.policy.policy.step
    return {"decision": str(row.pk), "reference": row.reference, "step": step, "purpose": row.purpose, "digest": row.digest}


def _conditions(row: Decision, basis: Basis) -> list[dict[str, Any]]:
    """What the approval is tied to: tasks, waived conditions, and advisory ones that are not met."""
    today, kinds = clock.now().date(), {found.key: found for found in parse(row.policy.conditions)}
    found: list[dict[str, Any]] = [
        _condition(row, "task", task.text, task.due_on, done=task.done_at is not None, overdue=task.done_at is None and task.due_on < today)
        for task in sorted(row.tasks.all(), key=lambda task: (task.due_on, str(task.pk)))
    ]
    found += [_condition(row, "waiver", words(kinds[waiver.condition]), waiver.expires_on) for waiver in waivers_that_count(row)]
    advisory = [result for result in basis.results if result.standing != Standing.MET and not result.condition.required]
    return found + [_condition(row, "advisory", f"{words(result.condition)} {result.reason}", None) for result in advisory]


def _condition(row: Decision, kind: str, text: str, until: datetime.date | None, done: bool = False, overdue: bool = False) -> dict[str, Any]:
    day = until.isoformat() if until else None
    return {"decision": str(row.pk), "kind": kind, "text": text, "until": day, "done": done, "overdue": overdue}


def _evidence(row: Decision, basis: Basis) -> list[dict[str, Any]]:
    entry = row.attestation.entry.index if row.attestation else None
    found = [{"kind": "decision", "id": str(row.pk), "sha256": row.digest, "log_index": entry}]
    for fact in basis.record.facts.findings:
        found.append({"kind": "finding", "id": fact.key, "sha256": fact.artifact, "log_index": fact.entry})
    links = sorted(basis.record.links, key=lambda link: str(link.pk))
    found += [{"kind": "accepted_evidence", "id": str(link.pk), "sha256": link.artifact.sha256, "log_index": None} for link in links]
    said = [fact for fact in basis.record.facts.questionnaires if fact.submission]
    return found + [{"kind": "questionnaire", "id": fact.key, "sha256": fact.submission, "log_index": None} for fact in said]


def _ends(row: Decision, basis: Basis) -> list[datetime.date]:
    """Last days of what the approval rests on: waivers, accepted evidence, reviews of answers, rollback drills."""
    found = [waiver.expires_on for waiver in waivers_that_count(row)]
    found += [link.valid_until for link in basis.record.links if link.valid_until is not None]
    today = clock.now().date()
    found += [fact.valid_until for fact in basis.record.facts.questionnaires if fact.valid_until is not None and fact.valid_until >= today]
    drills = max((drill.held_on for drill in basis.record.facts.drills), default=None)
    spans = [int(result.condition.value or 0) for result in basis.results if result.condition.kind == "rollback_drill"]
    return found + [drills + datetime.timedelta(days=days) for days in spans if drills is not None]


def _unique(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return list({(row["kind"], row["id"]): row for row in rows}.values())
