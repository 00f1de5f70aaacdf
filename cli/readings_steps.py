"""The work of `assay readings`: register, seal, run, report and verify for each organism on the default model, in the first administrator's name."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from accounts.models import Organisation, Role, User
from assessments.contracts import Reading
from assessments.models import Finding, Run
from assessments.organisms.contracts import Trial
from assessments.organisms.registry import ADAPTERS, organisms
from assessments.qualification import judged
from assessments.services.plans import PlanItem, plan_create, plan_seal
from cli.calibrate_steps import run_calibrations
from cli.demo_register import REGISTER
from cli.demo_steps import Tell, follow, free_folder, verify_as_a_stranger
from cli.setup import first_administrator
from core import clock
from core.errors import InvalidInput
from gpu_tasks.dispatch import run_start
from gpu_tasks.here import standings_here
from gpu_tasks.inspection import version_inspect
from inventory.models import AIModel, ModelVersion, Vendor
from inventory.services import model_register, vendor_register, version_register
from reports.services import report_build, report_export

UNCHANGED = "unchanged"
VENDOR = "Organisms of this program"
SEED = 1
CALIBRATED = 0.2
"""Share of the progress that calibrations take where there are any."""


@dataclass(frozen=True)
class Read:
    """A model to be read, with what a sound instrument reads on it."""

    name: str
    source: str
    locator: str
    trials: tuple[Trial, ...]


def run_readings(out: Path, families: Sequence[str], tell: Tell) -> list[dict[str, Any]]:
    """One row per reading. Workers must be running; instruments that have no current record here are calibrated first."""
    chosen = models_to_read(families)
    actor = first_administrator()
    organisation = Organisation.objects.filter(memberships__user=actor, memberships__role=Role.ADMINISTRATOR).order_by("created_at")[0]
    slugs = sorted({trial.instrument for model in chosen for trial in model.trials})
    lacking = [slug for slug, standing in standings_here(slugs).items() if standing.record is None or standing.reasons]
    begun = CALIBRATED if lacking else 0.0
    if lacking:
        run_calibrations(lacking, "", 1, _Within(tell, CALIBRATED))
    rows: list[dict[str, Any]] = []
    for place, model in enumerate(chosen):
        part = (1 - begun) / len(chosen)
        rows += _read(actor, organisation, model, out / model.name, _part(tell, begun + place * part, part, model.name))
    return rows


def models_to_read(families: Sequence[str]) -> list[Read]:
    """The shipped organisms on the default model and the model without them, or those of ``families``; an unknown name is refused with the known ones."""
    base: Mapping[str, str] = yaml.safe_load(REGISTER.read_text(encoding="utf-8"))["subject"]
    found = {row.recipe.family: Read(row.recipe.family, "lora", str(row.folder), row.trials) for row in organisms(ADAPTERS)}
    found[UNCHANGED] = Read(UNCHANGED, base["source"], base["locator"], nothing_planted([trial for model in found.values() for trial in model.trials]))
    unknown = [name for name in families if name not in found]
    if unknown:
        raise InvalidInput("FAMILY", f"unknown: {', '.join(unknown)}; known are {', '.join(found)}")
    return [found[name] for name in dict.fromkeys(families or found)]


def nothing_planted(trials: Iterable[Trial]) -> tuple[Trial, ...]:
    """Every use once, where no cause may be found: what is readable there may be observed, for nothing says that it is not represented."""
    uses = {(trial.instrument, tuple(sorted(trial.params.items()))): trial for trial in trials}
    return tuple(replace(trial, least=None, most=Reading.OBSERVED) for trial in uses.values())


def _read(actor: User, organisation: Organisation, model: Read, out: Path, tell: Tell) -> list[dict[str, Any]]:
    tell(0.0, "registering and sealing")
    version = _registered(actor, organisation, model)
    items = [PlanItem(trial.instrument, trial.params, key=_key(trial, place)) for place, trial in enumerate(model.trials)]
    claim = f"Instruments read on {model.name} what its record says, with default parameters and seed {SEED}."
    plan = plan_seal(actor=actor, plan=plan_create(actor=actor, version=version, title=f"Reading of {model.name}", claim=claim, items=items, seed=SEED))
    run = run_start(actor=actor, plan=plan)
    follow(run, tell)
    report = report_build(actor=actor, run=run, prepared_for="Readers of docs/organisms.md", as_of=clock.now().date())
    exported = report_export(actor=actor, report=report, folder=free_folder(out, run))
    for path in (exported.pdf, exported.case):
        verify_as_a_stranger(path)
    return [_row(model, trial, run, _key(trial, place), exported.pdf) for place, trial in enumerate(model.trials)]


def _key(trial: Trial, place: int) -> str:
    return f"{trial.instrument}.{place + 1}"


def _registered(actor: User, organisation: Organisation, model: Read) -> ModelVersion:
    facts = version_inspect(source=model.source, locator=model.locator)
    found = ModelVersion.objects.filter(model__vendor__organisation=organisation, model__vendor__name=VENDOR, weights_digest=facts.weights_digest).first()
    if found is not None:
        return found
    vendor = Vendor.objects.filter(organisation=organisation, name=VENDOR).first()
    vendor = vendor or vendor_register(actor=actor, organisation=organisation, name=VENDOR, country="", access="weights")
    row = AIModel.objects.filter(vendor=vendor, name=model.name).first() or model_register(actor=actor, vendor=vendor, name=model.name)
    return version_register(actor=actor, model=row, label=facts.weights_digest[:12], access="weights", facts=facts)


def _row(model: Read, trial: Trial, run: Run, key: str, report: Path) -> dict[str, Any]:
    finding = Finding.objects.select_related("step", "step__attestation").get(step__run=run, step__key=key)
    reading, main = Reading(finding.reading), finding.primary_measurement
    right = judged(reading, trial.least, trial.most)
    wanted = f"at least {trial.least}" if trial.least else f"at most {trial.most or Reading.NULL}"
    values = f"{main.label.lower()} {main.value:.2f} {main.unit} ({main.low:.2f} to {main.high:.2f})" if main.low is not None else f"{main.value:.2f}"
    text = f"{model.name}: {trial.instrument} reads {reading} ({finding.verdict}); {values}; {'as' if right else 'NOT as'} it should be ({wanted}); {report}"
    numbers = {row.name: {"value": row.value, "low": row.low, "high": row.high, "p": row.p_value, "n": row.n} for row in finding.measurements.all()}
    return {
        "model": model.name, "instrument": trial.instrument, "params": dict(trial.params), "reading": reading, "verdict": finding.verdict,
        "wanted": wanted, "right": right, "measurements": numbers, "summary": finding.summary, "report": report, "text": text,
    }  # fmt: skip


def _part(tell: Tell, start: float, share: float, name: str) -> Tell:
    return lambda fraction, text: tell(start + share * fraction, f"{name}: {text}")


@dataclass(frozen=True)
class _Within:
    """Progress of the calibrations as the first share of the whole."""

    tell_all: Callable[[float, str], None]
    share: float

    def tell(self, fraction: float, text: str) -> None:
        """Finished share of the calibrations and what is being done."""
        self.tell_all(self.share * fraction, text)

    def note(self, text: str) -> None:
        """A line of its own."""
        self.tell_all(self.share, text)
