"""Controls every run makes: an idle hook must change nothing, a cached restart must agree with the plain forward pass."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from assessments.contracts import Control, InstrumentCard, StepSpec
from assessments.statistics import Array, generator
from assessments.subject import Edit, Subject, Tick, Tokens

RESTART_TOLERANCE = 1e-3


def noop_control(subject: Subject, items: Sequence[Tokens], tick: Tick) -> Control:
    """Log-probabilities of the whole vocabulary with an idle hook in the middle layer against none: equal bit for bit."""
    ids = range(subject.facts.vocab_size)
    idle = Edit("noop", subject.facts.n_layers // 2, np.zeros(subject.facts.d_model, dtype=np.float32))
    same = bool(np.array_equal(subject.log_probs(items, ids, tick), subject.log_probs(items, ids, tick, idle)))
    note = "An idle hook leaves every log-probability bit-identical." if same else "An idle hook changes log-probabilities: nothing here can be trusted."
    return Control("noop_hook", len(items), same, note)


def restart_control(subject: Subject, items: Sequence[Tokens], layer: int, tick: Tick) -> Control:
    """Restarting from the cached residual of ``layer`` with a zero vector against the plain forward pass, largest difference in nats."""
    ids = range(subject.facts.vocab_size)
    zero = np.zeros((1, subject.facts.d_model), dtype=np.float32)
    gap = float(np.abs(subject.steered_log_probs(items, layer, zero, ids, tick)[0] - subject.log_probs(items, ids, tick)).max())
    note = f"Restart from the cached residual differs from a full pass by at most {gap:.2g} nats (allowed {RESTART_TOLERANCE:g})."
    return Control("cached_restart", len(items), gap <= RESTART_TOLERANCE, note)


def random_directions(count: int, width: int, seed: int, purpose: str = "random directions") -> Array:
    """``[count, width]`` unit vectors, uniform on the sphere (normalised Gaussian draws)."""
    draws = generator(seed, purpose).standard_normal((count, width))
    return np.asarray(draws / np.linalg.norm(draws, axis=1, keepdims=True))


def twin_seed(spec: StepSpec) -> int:
    """Seed of the random-weight twin: fixed by the step's seed, different from it."""
    return spec.seed + 1_000_003


def sealed_limits(card: InstrumentCard, spec: StepSpec) -> dict[str, float]:
    """The limit of every metric: the one that the plan sealed, else the instrument's own."""
    return {row.metric: row.value for row in (*card.thresholds, *spec.thresholds) if row.value is not None}


def environment(spec: StepSpec, subject: Subject) -> Mapping[str, Any]:
    """What has to be the same for the numbers to come out the same."""
    facts = subject.facts
    return {
        **facts.environment,
        "architecture": facts.architecture,
        "layers": facts.n_layers,
        "heads": facts.n_heads,
        "width": facts.d_model,
        "dtype": facts.dtype,
        "device": facts.device,
        "threads": facts.threads,
        "prefix_token": facts.prefix_token,
        "chat": facts.chat,
        "seed": spec.seed,
        "twin_seed": twin_seed(spec),
        "max_batch": spec.max_batch,
        "probe_sets": dict(spec.probe_sets),
        "numpy": np.__version__,
    }
