"""The instruments there are. Adding one: a module in ``methods`` and one line here."""

import ast
import hashlib
import importlib.util
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from assessments import probes
from assessments.contracts import Instrument, Refused, StepSpec
from assessments.methods.behaviour_gap import BehaviourGap
from assessments.methods.circuit_stability import CircuitStability
from assessments.methods.evaluation_gaming import EvaluationGaming
from assessments.methods.known_circuits import KnownCircuits
from assessments.methods.linear_direction import LinearDirection
from assessments.methods.sae_features import SaeFeatures
from assessments.methods.sae_fit import SaeFit
from assessments.methods.sandbagging_noise import SandbaggingNoise
from assessments.methods.self_repair import SelfRepair
from assessments.methods.steering_validation import SteeringValidation
from assessments.organisms.contracts import Organism, Recipe, Trial
from assessments.parameters import params_parse

METHODS: tuple[Instrument, ...] = (
    KnownCircuits(),
    LinearDirection(),
    SteeringValidation(),
    EvaluationGaming(),
    SandbaggingNoise(),
    SelfRepair(),
    CircuitStability(),
    SaeFit(),
    SaeFeatures(),
    BehaviourGap(),
)


def instrument(slug: str) -> Instrument:
    """The instrument called ``slug``; refuses an unknown one naming those that exist."""
    known = {method.card.slug: method for method in METHODS}
    if slug not in known:
        raise Refused(f"unknown instrument {slug!r}; known: {', '.join(known)}")
    return known[slug]


def checked_instrument(spec: StepSpec) -> Instrument:
    """The registered instrument, with the version, parameters and probe sets that were sealed; ``Refused`` where anything is another."""
    method = instrument(spec.instrument)
    if method.card.version != spec.version:
        raise Refused(
            f"{spec.instrument} is at version {method.card.version} but the plan sealed version {spec.version}: "
            "run it with the program version that sealed it, or seal a new plan"
        )
    params_parse(method.Params, spec.params)
    for slug in spec.probe_sets:
        probes.sealed(spec.probe_sets, slug)
    return method


@runtime_checkable
class ChoosesProbeSets(Protocol):
    """An instrument whose parameters decide which texts it shows."""

    def probe_sets(self, params: Mapping[str, Any], find: probes.Find) -> tuple[str, ...]:
        """Slugs of the sets that a run with ``params`` needs; ``find`` looks a set up by its slug."""


def probe_sets_of(method: Instrument, params: Mapping[str, Any], find: probes.Find = probes.probe_set) -> tuple[str, ...]:
    """Slugs of the probe sets that a use with ``params`` needs: those of the card unless the instrument says otherwise. A plan pins these and no others."""
    return method.probe_sets(params, find) if isinstance(method, ChoosesProbeSets) else method.card.probe_sets


@runtime_checkable
class ReadsResiduals(Protocol):
    """An instrument that reads residuals at the last tokens of whole probe sets: what steps of one run can share."""

    def residual_layers(self, params: Mapping[str, Any], n_layers: int, find: probes.Find) -> Mapping[str, Sequence[int]]:
        """Layers that a run with ``params`` reads, by the slug of the set."""


def layers_shared(spec: StepSpec, steps: Sequence[StepSpec], n_layers: int) -> tuple[int, ...]:
    """Layers that any of ``steps`` reads from the sets and the model that ``spec`` reads from, rising: one pass for all of them."""
    own = _residual_layers(spec, n_layers)
    others = [_residual_layers(step, n_layers) for step in steps if step.subject == spec.subject]
    return tuple(sorted({layer for wanted in (own, *others) for slug in own for layer in wanted.get(slug, ())}))


def _residual_layers(spec: StepSpec, n_layers: int) -> Mapping[str, Sequence[int]]:
    method = instrument(spec.instrument)
    if not isinstance(method, ReadsResiduals):
        return {}
    try:
        return method.residual_layers(spec.params, n_layers, lambda slug: probes.sealed(spec.probe_sets, slug))
    except Refused:
        # The step itself will say so; here it only means that nobody waits for its layers.
        return {}


@runtime_checkable
class BringsTrials(Protocol):
    """An instrument that says itself what it should read on organisms that were there before it, whose records stay as they are."""

    def trials(self, recipe: Recipe) -> tuple[Trial, ...]:
        """Its trials on the organism of ``recipe``; none where there is nothing for it."""


def trials_on(slug: str, found: Organism) -> list[tuple[int, Trial]]:
    """Trials of an instrument on an organism with their places: those of the organism's record, then those that the instrument brings."""
    brought = [trial for method in METHODS if method.card.slug == slug and isinstance(method, BringsTrials) for trial in method.trials(found.recipe)]
    return [(place, trial) for place, trial in enumerate([*found.trials, *brought]) if trial.instrument == slug]


@cache
def source_digest(slug: str) -> str:
    """SHA-256 over the source of the instrument's module and of every ``assessments`` module it imports, directly or not.

    Hashes ``name NUL length NUL bytes`` of each module by rising name, so that no two sets of files give the same input.
    """
    return modules_digest(type(instrument(slug)).__module__)


def modules_digest(module: str) -> str:
    """SHA-256 over the source of ``module`` and of every ``assessments`` module it imports, as ``source_digest`` has it."""
    total = hashlib.sha256()
    for name in source_modules(module):
        source = _file(name).read_bytes()
        total.update(f"{name}\0{len(source)}\0".encode() + source)
    return total.hexdigest()


def source_modules(module: str) -> list[str]:
    """``module`` and all modules of this package that its results depend on, by rising name."""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += _imported(name)
    return sorted(seen)


def _imported(module: str) -> list[str]:
    package = __name__.partition(".")[0]
    found: list[str] = []
    for node in ast.walk(ast.parse(_file(module).read_bytes())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == package:
            # ``from package import name`` may name a module or something inside one
            candidates = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [str(node.module), *(name for name in candidates if _is_module(name))]
    return found


def _is_module(name: str) -> bool:
    parent, _, last = name.rpartition(".")
    folder = _file(parent).parent
    return _file(parent).name == "__init__.py" and ((folder / f"{last}.py").exists() or (folder / last / "__init__.py").exists())


def _file(module: str) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise Refused(f"the source of {module} is not there, so the instrument cannot be identified; install from source files")
    return Path(spec.origin)
