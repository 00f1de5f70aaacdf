"""Turns tokens processed into the fraction of a whole step, stage by stage."""

from collections.abc import Mapping

from assessments.contracts import Progress
from assessments.subject import Tick


class Meter:
    """``stages`` gives every stage in order with its share of the work, in any common unit; ``tokens`` counts what was processed."""

    def __init__(self, progress: Progress, stages: Mapping[str, float]) -> None:
        self._progress = progress
        self._total = sum(stages.values())
        self._shares = dict(stages)
        self._done = self._reached = 0.0
        self.tokens = 0

    def stage(self, name: str, expected_tokens: int) -> Tick:
        """Begin stage ``name``; the tick it returns moves the fraction within the stage's share and lets a cancel through."""
        base, share = self._done / self._total, self._shares[name] / self._total
        self._done += self._shares[name]
        seen = 0

        def tick(tokens: int) -> None:
            nonlocal seen
            seen += tokens
            self.tokens += tokens
            self._reached = max(self._reached, min(1.0, base + share * min(1.0, seen / max(expected_tokens, 1))))
            self._progress(self._reached, name, tokens)

        tick(0)
        return tick
