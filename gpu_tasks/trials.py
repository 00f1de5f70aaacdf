"""The trials of a calibration: which there are, and how each is made, on an organism or on its random-weight twin."""

import shutil
import tempfile
import time
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings

from assessments import probes
from assessments.contracts import Progress, Refused, StepOutput, StepSpec, SubjectSpec
from assessments.models import AddedOrganism
from assessments.organism_shelf import organism_load, organisms_in_use
from assessments.organisms.contracts import Organism, Trial
from assessments.organisms.registry import ADAPTERS, organisms
from assessments.parameters import params_parse
from assessments.qualification import RANDOM, TrialResult, judged
from assessments.registry import instrument, probe_sets_of, trials_on
from core.errors import AssayError, InvalidInput
from core.model_files import ADAPTER_SETTINGS, weights_digest
from gpu_tasks.inspection import version_inspect

FAULTS = (AssayError, ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)
"""What ends a trial and not the calibration: an instrument that breaks on an organism is a result about the instrument."""


@dataclass(frozen=True)
class Job:
    """One trial to be made; ``twin``: on the organism's architecture with random weights, where there is nothing to find. ``own``: registered here."""

    organism: Organism
    trial: Trial
    place: int
    seed: int
    twin: bool
    own: bool = False

    @property
    def name(self) -> str:
        """In words, for progress."""
        return f"{self.organism.slug}{', random weights' if self.twin else ''}, seed {self.seed}"

    @property
    def twin_seed(self) -> int | None:
        """Seed of the random weights: another one for each organism, or twins of one architecture would all be the same model."""
        return zlib.crc32(f"{self.organism.slug} {self.seed}".encode()) if self.twin else None


def trials_check(slug: str, family: str = "") -> None:
    """``InvalidInput`` when there is nothing to calibrate ``slug`` on; names the families there are."""
    known = sorted(families_of(slug))
    if not known:
        raise InvalidInput("instrument", f"no organism has a trial for {slug}; build or add organisms that name it, then calibrate")
    if family and family not in known and not jobs_of(slug, family, 1):
        raise InvalidInput("family", f"no organism of family {family} has a trial for {slug}; families that have: {', '.join(known)}")


def families_of(slug: str) -> set[str]:
    """The families of organisms that have a trial for the instrument, those registered here included."""
    return {row.recipe.family for row in organisms() if trials_on(slug, row)} | {row.family for row in own_of(slug)}


def own_of(slug: str) -> list[AddedOrganism]:
    """The organisms registered here that have a trial for the instrument; one query."""
    return [row for row in organisms_in_use() if any(trial["instrument"] == slug for trial in row.trials)]


def jobs_of(slug: str, family: str, seeds: int) -> list[Job]:
    """All trials in a settled order, one organism after the other so that each is loaded once; ``family`` empty takes all tiny ones.

    Shipped organisms on the default model take minutes a trial, so they are tried only when their family is named. Those registered here are
    always tried, after the others; ``Refused`` when one of them is not what was registered.
    """
    rows = [row for row in organisms() if not family] or [row for row in (*organisms(), *organisms(ADAPTERS)) if row.recipe.family == family]
    own = [organism_load(row) for row in own_of(slug) if family in ("", row.family)]
    tried = [(row, False) for row in rows] + [(row, True) for row in own]
    return [
        Job(row, trial, place, seed, twin, mine)
        for row, mine in tried
        for place, trial in trials_on(slug, row)
        for twin in (False, True)
        for seed in range(1, seeds + 1)
    ]


def own_check(jobs: Sequence[Job]) -> None:
    """Load every organism registered here once; ``Refused`` names one that cannot be loaded, which is no fault of the instrument."""
    for organism in {job.organism.slug: job.organism for job in jobs if job.own}.values():
        try:
            version_inspect(source=source_of(organism.folder), locator=str(organism.folder))
        except Refused as error:
            raise Refused(f"organism {organism.slug} was registered here and cannot be loaded: {error}; correct it, or withdraw it on its page") from error


def trial_make(job: Job, slug: str, progress: Progress) -> TrialResult:
    """One trial from parameters to judgement; what breaks in it is its result."""
    begun, least, most = time.perf_counter(), job.trial.least, job.trial.most
    if job.twin:
        least = most = None
    recipe = job.organism.recipe
    result = partial(
        TrialResult, organism=job.organism.slug, family=recipe.family, role=RANDOM if job.twin else recipe.role.value,
        strength=0.0 if job.twin else recipe.strength, seed=job.seed, trial=job.place, least=least, most=most, tuning=job.organism.tuning, own=job.own,
    )  # fmt: skip
    try:
        output = _run(job, slug, progress)
    except FAULTS as error:
        message = str(error) if isinstance(error, AssayError) else f"{type(error).__name__}: {error}"
        return result(reading=None, score=None, right=None, seconds=_since(begun), error=message)
    right = judged(output.reading, least, most)
    return result(reading=output.reading, score=score_of(output), right=right, seconds=_since(begun), metric=output.primary)


def _since(begun: float) -> float:
    return round(time.perf_counter() - begun, 3)


def score_of(output: StepOutput) -> float | None:
    """The primary value turned so that higher means more; None where the instrument could not make it."""
    found = next((row for row in output.measurements if row.name == output.primary), None)
    if found is None or found.value != found.value:
        return None
    return -found.value if found.direction == "lower" else found.value


def _run(job: Job, slug: str, progress: Progress) -> StepOutput:
    """Import the torch runtime only here, in the process that makes the trials."""
    from gpu_tasks.runtime.execute import execute

    root: Path = settings.ASSAY_VAR / "work"
    root.mkdir(parents=True, exist_ok=True)
    workdir = Path(tempfile.mkdtemp(prefix="trial-", dir=root))
    try:
        return execute(spec_of(job, slug), workdir, progress, settings.ASSAY_CACHE, twin_seed=job.twin_seed)
    finally:
        shutil.rmtree(workdir, ignore_errors=True)


def spec_of(job: Job, slug: str) -> StepSpec:
    """A trial as a step: the trial's own parameters over the defaults, the probe sets as they are now, no thresholds."""
    method = instrument(slug)
    params = asdict(params_parse(method.Params, job.trial.params))
    return StepSpec(
        key=slug,
        instrument=slug,
        version=method.card.version,
        params=params,
        probe_sets={name: probes.probe_set(name).digest for name in probe_sets_of(method, params)},
        thresholds=(),
        seed=job.seed,
        subject=subject_of(job.organism),
    )


def subject_of(organism: Organism) -> SubjectSpec:
    """An organism as a subject, with the digests of its files; ``Refused`` when they are not those of its record."""
    from gpu_tasks.runtime.sources import identity_of

    source = source_of(organism.folder)
    found = identity_of(source, str(organism.folder), settings.ASSAY_CACHE)
    if weights_digest(organism.folder) != organism.weights_digest:
        raise Refused(f"{organism.folder} changed since it was listed; put the original files back or build the organism again")
    return SubjectSpec(source, str(organism.folder), found.weights, found.tokenizer, found.template, organism.slug)


def source_of(folder: Path) -> str:
    """Adapter or whole model."""
    return "lora" if (folder / ADAPTER_SETTINGS).is_file() else "safetensors"


def organism_rows(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """Each organism once, with what was planted and the digest of its weights."""
    found = {job.organism.slug: job.organism for job in jobs}
    own = {job.organism.slug for job in jobs if job.own}
    return [
        {
            "slug": slug, "family": row.recipe.family, "role": row.recipe.role.value, "strength": row.recipe.strength,
            "planted": row.planted, "weights_digest": row.weights_digest, "tuning": row.tuning, "own": slug in own,
        }
        for slug, row in sorted(found.items())
    ]  # fmt: skip
