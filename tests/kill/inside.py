"""Run inside an installation that is under test: starts a run, waits for its end, or prints what its database and store hold."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402

from accounts.models import Organisation, Role, User  # noqa: E402
from assessments.models import Finding, Run, RunState, Step  # noqa: E402
from assessments.services.plans import PlanItem, plan_create, plan_seal  # noqa: E402
from evidence.ledger import locked_tree  # noqa: E402
from evidence.models import LedgerEntry  # noqa: E402
from gpu_tasks.dispatch import run_start  # noqa: E402
from gpu_tasks.inspection import version_inspect  # noqa: E402
from gpu_tasks.models import Attempt, Outcome  # noqa: E402
from inventory.services import model_register, vendor_register, version_register  # noqa: E402
from tests.kill import processes  # noqa: E402

# Many random directions keep the steering steps under way long enough to be killed in the middle.
ITEMS = (
    PlanItem("known_circuits"),
    PlanItem("steering_validation", {"behaviour": "sentiment", "random_directions": 800}, key="first"),
    PlanItem("steering_validation", {"behaviour": "sentiment", "random_directions": 800}, key="second"),
)


def start(model: str, server: str, *markers: str) -> dict[str, Any]:
    """Register the model, seal a plan, start a run; once a steering step is in its middle, SIGKILL what matches ``markers``."""
    admin = User.objects.filter(memberships__role=Role.ADMINISTRATOR)[0]
    name = f"Vendor before run {Run.objects.count() + 1}"
    vendor = vendor_register(actor=admin, organisation=Organisation.objects.get(), name=name, country="NL", access="weights")
    facts = version_inspect(source="safetensors", locator=model)
    version = version_register(actor=admin, model=model_register(actor=admin, vendor=vendor, name="Tiny"), label="random", access="weights", facts=facts)
    plan = plan_create(actor=admin, version=version, title="To be killed", claim="It survives.", items=ITEMS, seed=5)
    run = run_start(actor=admin, plan=plan_seal(actor=admin, plan=plan))
    found = midway(run)
    return {"steps": run.steps.count(), "midway": found, "killed": kill(int(server), markers) if found else []}


def kill(server: int, markers: tuple[str, ...]) -> list[int]:
    """SIGKILL to the descendants of ``server`` whose command line holds a marker; an empty marker means all of them and ``server`` first."""
    victims = [pid for marker in markers for pid in processes.descendants(server, marker)]
    for pid in [server, *victims] if "" in markers else victims:
        processes.kill_quietly(pid)
    return victims


def midway(run: Run) -> bool:
    """Wait until a steering step has begun to report and has most of its way before it; whether that came."""
    for _ in range(3000):
        if run.steps.filter(state=RunState.RUNNING, instrument="steering_validation", fraction__gt=0.02, fraction__lt=0.6).exists():
            return True
        time.sleep(0.05)
    return False


def state(model: str, *rest: str) -> dict[str, Any]:
    """Everything the tests compare: of the last run, and of the log and the store as a whole."""
    run = Run.objects.order_by("-number").first()
    return {
        "run": run.state if run else "",
        "steps_done": Step.objects.filter(run=run, state=RunState.DONE).count(),
        "findings": Finding.objects.filter(step__run=run).count(),
        "done_entries": LedgerEntry.objects.filter(action="assessments.step.done", payload__run=str(run and run.id)).count(),
        "indexes": list(LedgerEntry.objects.order_by("index").values_list("index", flat=True)),
        "log_verifies": log_verifies(),
        "lost_attempts": Attempt.objects.filter(step__run=run, outcome=Outcome.LOST).count(),
        "leftovers": [path.name for path in Path(settings.ASSAY_VAR).glob("artifacts/sha256/.*")],
    }


def ended(model: str, seconds: str) -> dict[str, Any]:
    """``state`` once the last run is done, or after ``seconds``. Waiting here costs nothing; a new process for each look takes the processor from the run."""
    deadline = time.monotonic() + float(seconds)
    while Run.objects.order_by("-number")[0].state != RunState.DONE and time.monotonic() < deadline:
        time.sleep(0.1)
    return state(model)


def log_verifies() -> bool:
    """Recompute the root from all leaves and compare with the last signed checkpoint."""
    from django.db import transaction

    from evidence.keys import installed

    with transaction.atomic():
        return locked_tree(installed()).size == LedgerEntry.objects.count()


if __name__ == "__main__":
    print(json.dumps({"start": start, "state": state, "ended": ended}[sys.argv[1]](*sys.argv[2:])))
