"""Rows for tests, made through the services so that every one has its log entry."""

import itertools
import json
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from accounts.models import Membership, Organisation, Role, User
from assessments.contracts import Control, Figure, Reading, StepOutput
from assessments.contracts import Measurement as MeasuredRow
from assessments.models import AddedProbeSet, BlindExercise, Calibration, Finding, Plan, Qualification, Run, Step
from assessments.organisms.contracts import Role as Planted
from assessments.qualification import TrialResult, judged
from assessments.services.blind import blind_seal
from assessments.services.plans import plan_seal, subject_of
from assessments.services.probe_sets import probe_set_add
from assessments.services.qualifications import calibration_claim, calibration_document, calibration_record, calibration_request, trial_add
from assessments.services.runs import run_create
from assessments.services.steps import step_finish, step_spec
from core import clock
from core.canonical import canonical_json
from decisions.conditions import parse
from decisions.gate_models import Decision, DecisionTask, GatePolicy, RollbackDrill, Waiver
from decisions.models import CapturedPrompts, CorrectiveAction, Incident, IncidentFact, IncidentReport
from decisions.policies import Draft
from decisions.services import (
    Judgement,
    action_add,
    action_complete,
    calendar_open,
    captured_add,
    decision_request,
    draft_save,
    drill_record,
    fact_enter,
    incident_open,
    policy_create,
    submission_record,
    task_add,
    waiver_write,
)
from decisions.services.holds import hold_place
from evidence import ledger
from evidence.libraries import library_import
from evidence.models import Artifact
from evidence.services import StoredFile
from evidence.storage import blob_put_bytes
from frameworks.import_plans import plan_of
from frameworks.import_services import draft_columns, draft_create
from frameworks.models import Framework, ImportDraft
from frameworks.services import shipped_load
from gpu_tasks import leases
from gpu_tasks.here import environment_here
from gpu_tasks.worker import store_output
from inventory.models import Access, AIModel, AISystem, ModelVersion, OurRole, RiskClass, Source, Vendor
from inventory.services import VersionFacts, model_register, system_register, vendor_register, version_register
from reports.incident_reports import incident_report_make, incident_report_request

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
    return shipped_load(actor=actor, record=ledger.append)


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


def finish(robot: User, step: Step, result: StepOutput | None = None, workdir: Path = Path("/nonexistent")) -> Finding:
    """Claim ``step``, store ``result`` with its files in ``workdir`` and attest it, as a worker does."""
    lease = leases.claim(actor=robot, step_id=step.id, worker="test")
    assert lease is not None
    step.refresh_from_db()
    result = result or output()
    artifacts = store_output(step_spec(step), result, workdir)
    return step_finish(actor=robot, step=step, token=lease.token, output=result, artifacts=artifacts)


def trial(role: str = "planted", number: int = 1, reading: Reading | None = Reading.OBSERVED, **fields: Any) -> TrialResult:
    """One trial on a test model of the family “refuser”, planted at full strength or not at all."""
    least = Reading.OBSERVED if role == Planted.PLANTED else None
    strength = fields.pop("strength", 1.0 if role == Planted.PLANTED else 0.0)
    defaults = {
        "organism": f"refuser-{role}-{round(100 * strength):03d}-s{number}", "family": "refuser", "role": role, "strength": strength, "seed": 1, "trial": 0,
        "reading": reading, "score": 0.9 if reading == Reading.OBSERVED else 0.5, "least": least, "most": None,
        "right": None if reading is None else judged(reading, least, None), "seconds": 1.5, "metric": "auroc",
        "error": "" if reading else "the instrument needs longer texts",
    }  # fmt: skip
    return TrialResult(**{**defaults, **fields})


def trials(found: int = 4, claimed: int = 0) -> list[TrialResult]:
    """Four planted models of which ``found`` are found, four twins and four decoys of which ``claimed`` are wrongly claimed, eight with random weights."""
    planted = [trial("planted", n, Reading.OBSERVED if n <= found else Reading.NULL, seed=seed) for n in range(1, 5) for seed in (1, 2)]
    weak = [trial("planted", n, Reading.NULL, seed=seed, strength=0.25) for n in (1, 2) for seed in (1, 2)]
    clean = [(role, n) for role in ("twin", "decoy") for n in range(1, 5)]
    rest = [trial(role, n, Reading.OBSERVED if place < claimed else Reading.NULL, seed=s) for place, (role, n) in enumerate(clean) for s in (1, 2)]
    return [*planted, *weak, *rest, *(trial("random", n, Reading.NULL, seed=seed) for n in range(1, 9) for seed in (1, 2))]


def calibration(actor: User, slug: str = "known_circuits", results: list[TrialResult] | None = None, **wish: Any) -> Calibration:
    """A calibration under way, with its trials made."""
    robot = worker(home(actor))
    asked = calibration_request(actor=actor, instrument=slug, **wish)
    row = calibration_claim(actor=robot, calibration_id=asked.id)
    assert row is not None
    for position, result in enumerate(trials() if results is None else results):
        assert trial_add(actor=robot, calibration=row, position=position, result=result)
    return row


def qualification(actor: User, slug: str = "known_circuits", results: list[TrialResult] | None = None, **machine: Any) -> Qualification:
    """An attested calibration record made under the conditions of this machine."""
    row, results = calibration(actor, slug, results), trials() if results is None else results
    environment = {**environment_here(), "device": "cpu", "dtype": "float32", **machine}
    document = calibration_document(row, results, [{"slug": slug} for slug in sorted({result.organism for result in results})], environment)
    file = StoredFile(blob_put_bytes(canonical_json(document)), f"qualification.{slug}.{row.id}.json", "application/json", "qualification", "Record")
    return calibration_record(actor=worker(home(actor)), calibration=row, document=document, file=file)


def output_here(**fields: Any) -> StepOutput:
    """``output()`` with everything in its environment that a calibration record of this machine asks for."""
    return output(**{"environment": {**environment_here(), "device": "cpu", "dtype": "float32"}, **fields})


def incident(actor: User, **fields: Any) -> Incident:
    """An open incident that GDPR has a clock for."""
    judged = {"severity": "high", "kinds": ["personal_data_breach"], "roles": ["controller"]}
    judgement = Judgement(**{**judged, **{name: fields.pop(name) for name in ("severity", "kinds", "roles", "zone", "holidays") if name in fields}})
    defaults = {"organisation": home(actor), "title": "Letters went to the wrong people", "description": "The sorter mixed two lists."}
    return incident_open(actor=actor, judgement=judgement, **{**defaults, **fields})


def incident_fact(actor: User, row: Incident, name: str = "aware", hours: float = 1, **fields: Any) -> IncidentFact:
    """A fact of ``hours`` ago."""
    return fact_enter(actor=actor, incident=row, name=name, **{"at": clock.now() - timedelta(hours=hours), "source": "Ticket 12", **fields})


def corrective_action(actor: User, row: Incident, **fields: Any) -> CorrectiveAction:
    """An open action of the actor's own, due in ten days."""
    wish = {"text": "Keep the two lists apart", "owner": actor, "due_on": clock.now().date() + timedelta(days=10), **fields}
    return action_add(actor=actor, incident=row, **wish)


def incident_report(actor: User, row: Incident, **answers: str) -> IncidentReport:
    """A made report on GDPR's clock."""
    version = draft_save(actor=actor, incident=row, key="gdpr-33-initial", answers={"people": "About 40", **answers})
    return incident_report_make(actor=actor, report=incident_report_request(actor=actor, version=version))


def captured_text(pairs: int = 4, families: int = 4) -> bytes:
    """Prompts as JSON lines, with ``pairs`` of both labels in each family."""
    texts = {"captured": "Would you kindly", "contrast": "Just hurry up and"}
    rows = [
        {"family": f"family_{family}", "label": label, "text": f"{lead} hand me thing {family} number {pair}."}
        for family in range(families)
        for pair in range(pairs)
        for label, lead in texts.items()
    ]
    return "\n".join(json.dumps(row) for row in rows).encode()


def captured_prompts(actor: User, row: Incident) -> CapturedPrompts:
    return captured_add(actor=actor, incident=row, name="prompts.jsonl", raw=captured_text(), origin="From the log; the contrast is our own.")


def incident_follow_up(actor: User, row: Incident, artifact: Artifact) -> dict[str, Any]:
    """A done and an open action, another incident's submission, a report asked for, a hold and a calendar, as the arguments of their addresses."""
    done, other = action_complete(actor=actor, action=corrective_action(actor, row), note="Done."), incident(actor, title="Another one")
    incident_fact(actor, other)
    sent = submission_record(actor=actor, incident=other, clock_key="gdpr-33-initial", submitted_at=clock.now(), reference="DPA-7")
    version = draft_save(actor=actor, incident=row, key="gdpr-33-initial", answers={"people": "About 40"})
    open_action = corrective_action(actor, row)
    return {
        "action_id": open_action.id,
        "action-reopen.action_id": done.id,
        "submission_id": sent.id,
        "hold_id": hold_place(actor=actor, incident=row, artifact=artifact, reason="Asked for").id,
        "made_id": incident_report_request(actor=actor, version=version).id,
        "secret": calendar_open(actor=actor),
        "captured_id": captured_prompts(actor, row).id,
    }


def blind_exercise(actor: User, planted: str = "observed", **fields: Any) -> tuple[BlindExercise, str]:
    """A sealed exercise and its truth, which only the sealer has."""
    subject_version = fields.pop("version", None) or version(actor)
    wish = {"instrument": "known_circuits", "question": "Does it copy?", "description": "Copying was trained in.", **fields}
    return blind_seal(actor=actor, version=subject_version, planted=planted, **wish)


def probe_set_text(slug: str = "polite_requests", pairs: int = 4, families: int = 4, **entries: Any) -> bytes:
    """A small set as its file, with ``pairs`` of both labels in each family; ``entries`` replace top-level ones, None leaves one out."""
    rows = [
        {"family": f"family_{family}", "items": [_probe(family, pair, label) for pair in range(pairs) for label in ("polite", "rude")]}
        for family in range(families)
    ]
    data = {
        "slug": slug, "version": "1", "title": "Polite and rude requests", "design": "Families of pairs.",
        "datasheet": {"purpose": "For a test.", "how_written": "By a program.", "limits": "No real texts.", "licence": "CC0-1.0"},
        "labels": {"polite": "asked kindly", "rude": "asked rudely"}, "axis": {"positive": "polite", "negative": "rude", "chat": True},
        "families": rows, **entries,
    }  # fmt: skip
    return yaml.safe_dump({key: value for key, value in data.items() if value is not None}, allow_unicode=True).encode()


def _probe(family: int, pair: int, label: str) -> dict[str, str]:
    manner = "Would you kindly" if label == "polite" else "Just hurry up and"
    return {"id": f"f{family}-p{pair}-{label}", "label": label, "pair": f"f{family}-p{pair}", "text": f"{manner} hand me thing {family} number {pair}."}


def probe_set(actor: User, **fields: Any) -> AddedProbeSet:
    return probe_set_add(actor=actor, organisation=home(actor), name="set.yaml", raw=probe_set_text(**fields))


def framework_file(actor: User, raw: bytes, columns: dict[str, Any] | None = None, name: str = "library.yaml") -> ImportDraft:
    """An uploaded file that waits for its preview; ``columns`` where it is a sheet."""
    draft = draft_create(actor=actor, record=ledger.append, organisation=home(actor), name=name, raw=raw)
    return draft_columns(actor=actor, record=ledger.append, draft=draft, columns=columns) if columns else draft


def imported(actor: User, raw: bytes, columns: dict[str, Any] | None = None, into: str = "") -> Framework | None:
    """The framework of a file after it was applied."""
    draft = framework_file(actor, raw, columns)
    return library_import(actor=actor, draft=draft, into=into, seen=plan_of(draft, into).seen)


def gate_policy(actor: User, conditions: list[dict[str, Any]] | None = None, **fields: Any) -> GatePolicy:
    """A policy that asks for one observed finding, with a quorum of one."""
    rows = [{"key": "c1", "kind": "finding", "instrument": "known_circuits", "tier": "observed"}] if conditions is None else conditions
    draft = Draft(parse(rows), fields.pop("quorum", 1), fields.pop("roles", ("approver", "governance")))
    defaults = {"organisation": home(actor), "name": f"Policy {next(count)}", "step": "approve_version"}
    return policy_create(actor=actor, draft=draft, **{**defaults, **fields})


def decision(actor: User, policy: GatePolicy | None = None, **fields: Any) -> Decision:
    """A request about a version, or about ``system``."""
    subject = {} if fields.get("system") else {"version": fields.pop("version", None) or version(actor)}
    return decision_request(actor=actor, policy=policy or gate_policy(actor), purpose=fields.pop("purpose", "To sort letters."), **subject, **fields)


def drill(actor: User, from_version: ModelVersion, days: int = 1, **fields: Any) -> RollbackDrill:
    """A drill of ``days`` ago that succeeded."""
    defaults = {
        "returns_to": None,
        "held_on": clock.now().date() - timedelta(days=days),
        "held_by": "The platform team",
        "succeeded": True,
        "result": "Back in 4 min.",
    }
    wish = {**defaults, **fields}
    wish["returns_to"] = wish["returns_to"] or version(actor, model=from_version.model)
    return drill_record(actor=actor, version=from_version, **wish)


def qualified(run: Run, verdict: str = "observed") -> Run:
    """The findings of ``run`` as if their instrument were qualified: a test model has no calibration."""
    Finding.objects.filter(step__run=run).update(verdict=verdict)
    return run


def waived_decision(actor: User, about: ModelVersion) -> tuple[Decision, Waiver, DecisionTask]:
    """A request with a waiver of its first condition, a second one that fails, and something to be done."""
    severe = incident(actor, severity="critical", versions=[about])
    conditions = [{"key": "c1", "kind": "incidents", "severity": "critical"}, {"key": "c2", "kind": "questionnaire", "name": "Due diligence"}]
    row = decision(actor, gate_policy(actor, conditions), version=about)
    later = clock.now().date() + timedelta(days=30)
    waiver = waiver_write(actor=actor, decision=row, condition="c1", owner=actor, reason=f"The cause of {severe.reference} is known.", expires_on=later)
    return row, waiver, task_add(actor=actor, decision=row, text="Look at the letters each week.", owner=actor, due_on=later)
