"""One sealed step, from its specification to its output. Knows no queue and no database."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assessments import registry
from assessments.contracts import Progress, StepOutput, StepSpec
from assessments.subject import Subject
from gpu_tasks.runtime.subjects import SHELF

PROBE_ROWS, PROBE_LENGTH = 8, 32


@dataclass(frozen=True)
class Sharing:
    """The run that a step belongs to and all its steps: what one of them read from the model the others need not run again."""

    run: str
    steps: Sequence[StepSpec]


def execute(
    spec: StepSpec, workdir: Path, progress: Progress, cache: Path, *, threads: int = 1, twin_seed: int | None = None, sharing: Sharing | None = None
) -> StepOutput:
    """Run ``spec`` with files only below ``workdir``; raises ``Refused`` before any model is loaded when the step cannot be run as sealed.

    With ``twin_seed`` the subject's random-weight twin is measured in its place. Without ``sharing`` everything is computed anew.
    ``Cancelled`` from ``progress`` passes through and leaves ``workdir`` to the caller.
    """
    instrument = registry.checked_instrument(spec)
    progress(0.0, "checking the model's files")
    subject = SHELF.subject(spec.subject, cache, threads=threads, max_batch=spec.max_batch)
    if sharing is not None:
        subject.sharing(SHELF.harvest.begin(sharing.run, registry.layers_shared(spec, sharing.steps, subject.facts.n_layers)))
    subject = subject if twin_seed is None else subject.random_twin(twin_seed)
    progress(0.0, "model loaded")
    output = instrument.run(spec, subject, workdir, progress)
    return replace(output, environment={**subject.facts.environment, **output.environment, **subject.happened()})


def tokens_shared() -> int:
    """How many of the tokens of the last step that shared were read from earlier passes: of other steps of its run, or its own."""
    return SHELF.harvest.tokens_read


def probe_speed(subject: Subject) -> float:
    """Tokens per second of full passes on this machine now, for planning only; takes a second or two."""
    items = subject.random_tokens(PROBE_ROWS, PROBE_LENGTH, seed=0)
    subject.log_probs(items[:1], [0], lambda tokens: None)
    begun = time.perf_counter()
    subject.log_probs(items, [0], lambda tokens: None)
    return PROBE_ROWS * PROBE_LENGTH / (time.perf_counter() - begun)
