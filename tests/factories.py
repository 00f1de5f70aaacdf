"""Rows for tests, made through the services so that every one has its log entry."""

import itertools
from dataclasses import asdict
from pathlib import Path
from typing import Any

from accounts.models import Membership, Organisation, Role, User
from assessments.contracts import Control, Figure, Reading, StepOutput
from assessments.contracts import Measurement as MeasuredRow
from assessments.models import Finding, Plan, Run, Step
from assessments.services.plans import plan_seal, subject_of
from assessments.services.runs import run_create
from assessments.services.steps import step_finish, step_spec
from evidence import ledger
from frameworks.services import catalogue_load
from gpu_tasks import leases
from gpu_tasks.worker import store_output
from inventory.models import Access, AIModel, AISystem, ModelVersion, OurRole, RiskClass, Source, Vendor
from inventory.services import VersionFacts, model_register, system_register, vendor_register, version_register

count = itertools.count(1)
PASSWORD = "a-long-test-passphrase-41"


def organisation(name: str = "") -> Organisation:
    return Organisation.objects.create(name=name or f"Organisation {next(count)}")


def user(role: str | None = Role.ADMINISTRATOR, of: Organisation | None = None, **fields: Any) -> User:
    person = User(username=f"person{next(count)}", **fields)
    person.set_password(PASSWORD)
    person.save()
    if role is not None:
        Membership.objects.create(user=person, organisation=of or organisation(), role=role)
    return person


def home(actor: User) -> Organisation:
    return Organisation.objects.get(memberships__user=actor)


def vendor(actor: User, **fields: Any) -> Vendor:
    return vendor_register(actor=actor, **{"organisation": home(actor), "name": f"Vendor {next(count)}", "country": "NL", "access": Access.WEIGHTS, **fields})


def system(actor: User, **fields: Any) -> AISystem:
    defaults = {
        "organisation": home(actor),
        "name": f"System {next(count)}",
        "purpose": "Sorts letters by topic.",
        "our_role": OurRole.DEPLOYER,
        "risk_class": RiskClass.HIGH_ANNEX_III,
        "jurisdiction": "EU",
    }
    return system_register(actor=actor, **{**defaults, **fields})


def model(actor: User, **fields: Any) -> AIModel:
    return model_register(actor=actor, **{"vendor": fields.pop("vendor", None) or vendor(actor), "name": f"Model {next(count)}", **fields})


def facts(**fields: Any) -> VersionFacts:
    defaults = {
        "source": Source.SAFETENSORS,
        "locator": "/models/example",
        "weights_manifest": [{"name": "model.safetensors", "sha256": "ab" * 32, "size": 12}],
        "weights_digest": "cd" * 32,
        "tokenizer_digest": "ef" * 32,
        "template_digest": "",
        "quantisation": "none, float32",
        "architecture": "LlamaForCausalLM",
        "parameters": 1000,
    }
    return VersionFacts(**{**defaults, **fields})


def version(actor: User, *, version_facts: VersionFacts | None = None, **fields: Any) -> ModelVersion:
    defaults = {"model": fields.pop("model", None) or model(actor), "label": f"v{next(count)}", "access": Access.WEIGHTS}
    return version_register(actor=actor, facts=version_facts or facts(), **{**defaults, **fields})


def worker(of: Organisation) -> User:
    account, _ = User.objects.get_or_create(username="assay-worker", defaults={"is_service": True, "password": "!"})
    Membership.objects.get_or_create(user=account, organisation=of, role=Role.WORKER)
    return account


def catalogue(actor: User) -> int:
    return catalogue_load(actor=actor, record=ledger.append)


def item(key: str, **fields: Any) -> dict[str, Any]:
    """One step of a plan document, as ``plan_create`` writes it."""
    defaults = {
        "key": key,
        "instrument": "known_circuits",
        "version": "1",
        "source_digest": "00" * 32,
        "question": "Is it seen?",
        "estimand": "logit difference",
        "falsifier": "interval includes 0",
        "params": {},
        "probe_sets": {"ioi": "11" * 32},
        "thresholds": [{"metric": "effect", "op": ">=", "value": 1.0}],
    }
    return {**defaults, **fields}


def plan(actor: User, keys: tuple[str, ...] = ("one", "two"), *, seal: bool = True, **fields: Any) -> Plan:
    """A plan of ``keys`` over a registered version, sealed unless asked otherwise."""
    subject_version = fields.pop("version", None) or version(actor)
    document = {
        "schema": "urn:assay:plan:v1",
        "title": "A plan",
        "claim": "It is seen.",
        "version": str(subject_version.id),
        "subject": asdict(subject_of(subject_version)),
        "seed": 7,
        "split": {"exploration": 0.5, "by": "family"},
        "items": [item(key) for key in keys],
    }
    row = Plan.objects.create(version=subject_version, title="A plan", document=document, author=actor, **fields)
    return plan_seal(actor=actor, plan=row) if seal else row


def output(value: float = 2.0, **fields: Any) -> StepOutput:
    """What an instrument would return, with one primary measurement."""
    measured = MeasuredRow(name="effect", label="Effect", value=value, n=10, formula="mean-v1", low=value - 0.5, high=value + 0.5, role="primary")
    defaults = {
        "reading": Reading.OBSERVED,
        "headline": "It is seen",
        "summary": "The effect stands out from its null.",
        "does_not_show": "that it matters.",
        "not_examined": "Everything else.",
        "primary": "effect",
        "measurements": (measured,),
        "controls": (Control("no-op hook", 1, True, "bit-identical"),),
        "figures": (Figure("effect", "Effect", "The effect.", "A line that rises.", {"mark": "point", "data": {"values": [{"a": 1}]}}),),
        "files": (),
        "counts": {"items": 10, "unscored": 0, "errored": 0},
        "environment": {"device": "cpu", "dtype": "float32"},
        "tokens": 100,
    }
    return StepOutput(**{**defaults, **fields})


def finished_run(actor: User, keys: tuple[str, ...] = ("one",)) -> Run:
    """A run whose steps all ended with ``output()``, written by the service account."""
    robot = worker(home(actor))
    run = run_create(actor=actor, plan=plan(actor, keys))
    for step in run.steps.all():
        finish(robot, step)
    run.refresh_from_db()
    return run


def finish(robot: User, step: Step, result: StepOutput | None = None) -> Finding:
    """Claim ``step``, store ``result`` and attest it, as a worker does."""
    lease = leases.claim(actor=robot, step_id=step.id, worker="test")
    assert lease is not None
    step.refresh_from_db()
    result = result or output()
    artifacts = store_output(step_spec(step), result, Path("/nonexistent"))
    return step_finish(actor=robot, step=step, token=lease.token, output=result, artifacts=artifacts)
