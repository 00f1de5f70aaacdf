"""One sealed step on an endpoint, from its specification to its output. Loads no model library."""

import time
from dataclasses import replace
from pathlib import Path

from assessments.contracts import Progress, Refused, StepOutput, StepSpec
from assessments.registry import checked_instrument
from gpu_tasks.remote.endpoint import Endpoint
from gpu_tasks.remote.wire import Policy

SOURCE = "endpoint"
NAP = 1.0


def execute_remote(spec: StepSpec, workdir: Path, progress: Progress, policy: Policy) -> StepOutput:
    """Run ``spec`` on its endpoint; ``Refused`` for an instrument that needs to see inside."""
    instrument = checked_instrument(spec)
    if instrument.card.access not in ("text", "logits"):
        raise Refused(f"{instrument.card.slug} needs access to {instrument.card.access}; {spec.subject.name} only answers. Ask the vendor for more access.")
    listening = _Listening(progress)
    listening(0.0, "asking the endpoint")
    subject = Endpoint(spec.subject, policy, spec.seed, wait=listening.wait)
    output = instrument.run(spec, subject, workdir, listening)
    return replace(output, environment={**output.environment, **subject.environment()})


class _Listening:
    """Passes progress on, and repeats it while waiting, so that a cancel or a lost lease is noticed then too."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._fraction, self._stage = progress, 0.0, "asking the endpoint"

    def __call__(self, fraction: float, stage: str, tokens: int = 0) -> None:
        """See ``Progress``."""
        self._fraction, self._stage = fraction, stage
        self._progress(fraction, stage, tokens)

    def wait(self, seconds: float) -> None:
        """Sleep in short naps."""
        while seconds > 0:
            self._progress(self._fraction, self._stage, 0)
            time.sleep(min(NAP, seconds))
            seconds -= NAP
