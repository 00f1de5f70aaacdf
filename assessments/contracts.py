"""What an instrument receives and returns: frozen plain data, free of Django, Celery and torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Protocol

from core.errors import AssayError


class Reading(StrEnum):
    """What the data alone say, before the instrument's qualification is taken into account."""

    NOT_APPLICABLE = "not_applicable"
    INCONCLUSIVE = "inconclusive"
    NULL = "null"
    OBSERVED = "observed"
    CAUSAL = "causal"


class Verdict(StrEnum):
    """The tier a finding may be cited at; capped at ``not_qualified`` without a current qualification."""

    NOT_APPLICABLE = "not_applicable"
    NOT_QUALIFIED = "not_qualified"
    INCONCLUSIVE = "inconclusive"
    NULL = "null"
    OBSERVED = "observed"
    CAUSAL = "causal"
    REPLICATED = "replicated"


class Cancelled(Exception):
    """Raised by ``Progress`` at the next batch after a person asked to stop."""


class Refused(AssayError):
    """The subject or a parameter cannot be used; the message names the thing and the fix."""


class Progress(Protocol):
    """Reports how far a step is; raises ``Cancelled`` when it must stop. Call it at every batch."""

    def __call__(self, fraction: float, stage: str, tokens: int = 0) -> None:
        """``fraction`` of the whole step in 0..1, a stage in plain words, tokens processed since the last call."""


@dataclass(frozen=True)
class SubjectSpec:
    """Where the weights come from and what they must hash to. ``source``: package, gguf or safetensors."""

    source: str
    locator: str
    weights_digest: str
    tokenizer_digest: str
    template_digest: str
    name: str


@dataclass(frozen=True)
class Threshold:
    """A sealed condition on one measurement. ``op``: ``>=``, ``<=``, ``>``, ``<`` or ``beyond_null`` (``value`` unused)."""

    metric: str
    op: str
    value: float | None = None


@dataclass(frozen=True)
class StepSpec:
    """One sealed step: which instrument, on what, with what. Everything that decides the result is in here."""

    key: str
    instrument: str
    version: str
    params: Mapping[str, Any]
    probe_sets: Mapping[str, str]
    thresholds: tuple[Threshold, ...]
    seed: int
    subject: SubjectSpec
    max_batch: int = 32


@dataclass(frozen=True)
class Measurement:
    """One number with its 95 % interval and null. ``role``: primary, secondary, control or cost."""

    name: str
    label: str
    value: float
    n: int
    formula: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    null_low: float | None = None
    null_high: float | None = None
    p_value: float | None = None
    direction: str = "higher"
    role: str = "secondary"


@dataclass(frozen=True)
class Control:
    """A control that was made (``n`` times) and whether it behaved; ``passed`` None where it only gives a null."""

    name: str
    n: int
    passed: bool | None
    note: str


@dataclass(frozen=True)
class Figure:
    """A Vega-Lite v6 spec with its data inline; ``name`` is a file stem, ``alt`` says in words what is seen."""

    name: str
    title: str
    caption: str
    alt: str
    spec: Mapping[str, Any]


@dataclass(frozen=True)
class OutputFile:
    """A file the step left in its work folder. ``kind``: items, direction, summary …"""

    path: str
    media_type: str
    kind: str
    title: str


@dataclass(frozen=True)
class StepOutput:
    """All a step found: exactly one finding, with everything needed to doubt it."""

    reading: Reading
    headline: str
    summary: str
    does_not_show: str
    not_examined: str
    primary: str
    measurements: tuple[Measurement, ...]
    controls: tuple[Control, ...]
    figures: tuple[Figure, ...]
    files: tuple[OutputFile, ...]
    counts: Mapping[str, int]
    environment: Mapping[str, Any]
    tokens: int = 0

    def measurement(self, name: str) -> Measurement:
        """The measurement called ``name``; ``KeyError`` when the instrument did not make it."""
        return {row.name: row for row in self.measurements}[name]


@dataclass(frozen=True)
class RequirementClaim:
    """A requirement this instrument's results may count towards once a person accepts the link."""

    requirement: str
    evidence_kind: str
    rationale: str


@dataclass(frozen=True)
class ParamsBase:
    """Base of every instrument's frozen parameters; ``bounds`` gives the closed range of each numeric field."""

    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {}

    @classmethod
    def offered(cls) -> Mapping[str, Mapping[str, str]]:
        """For each text field that names one of several things: those that come with the program, with their titles. Others may be named too."""
        return {}


@dataclass(frozen=True)
class InstrumentCard:
    """What a person may know of an instrument before running it."""

    slug: str
    version: str
    title: str
    question: str
    estimand: str
    falsifier: str
    paper: str
    access: str
    evidence_kinds: tuple[str, ...]
    requirements: tuple[RequirementClaim, ...]
    controls: tuple[str, ...]
    organisms: tuple[str, ...]
    probe_sets: tuple[str, ...]
    thresholds: tuple[Threshold, ...]
    tolerance: str = "bit-exact on CPU in fp32 with one thread"
    minutes: float = field(default=2.0)
    shows: str = ""
    does_not_show: str = ""


class Instrument(Protocol):
    """An entry of the registry. ``run`` takes a subject as declared in ``assessments.subject``."""

    card: InstrumentCard
    Params: type[ParamsBase]

    def run(self, spec: StepSpec, subject: Any, workdir: Path, progress: Progress) -> StepOutput:
        """Measure ``subject`` as ``spec`` says, writing files only below ``workdir``."""
