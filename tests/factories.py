"""Rows for tests, made through the services so that every one has its log entry."""

import itertools
import json
import shutil
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

from accounts.models import ClientSecret, Membership, Organisation, Role, User
from accounts.oauth import client_secret_issue
from accounts.services import service_account_create
from assessments.contracts import Control, Figure, Reading, StepOutput
from assessments.contracts import Measurement as MeasuredRow
from assessments.drift import Rule
from assessments.models import AddedOrganism, AddedProbeSet, BlindExercise, Calibration, Finding, Pilot, Plan, Qualification, ReceivedCase, Run, Step, VendorKey
from assessments.organisms.contracts import Role as Planted
from assessments.organisms.registry import DATA, RECORD
from assessments.qualification import TrialResult, judged
from assessments.services.blind import blind_seal
from assessments.services.organisms import organism_register
from assessments.services.pilots import pilot_open
from assessments.services.plans import plan_seal, subject_of
from assessments.services.probe_sets import probe_set_add
from assessments.services.qualifications import calibration_claim, calibration_document, calibration_record, calibration_request, trial_add
from assessments.services.runs import run_create
from assessments.services.steps import step_finish, step_spec
from assessments.services.vendor_keys import vendor_key_pin
from core import clock
from core.canonical import canonical_json
from core.hashing import sha256_bytes
from core.model_files import weights_digest
from decisions.basis import basis_of
from decisions.conditions import parse
from decisions.gate_models import Decision, DecisionTask, GatePolicy, RollbackDrill, Waiver
from decisions.models import CapturedPrompts, CorrectiveAction, Incident, IncidentFact, IncidentReport
from decisions.policies import Draft
from decisions.services import (
    Judgement,
    action_add,
    action_complete,
    approval_give,
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
from evidence.keys import installed
from evidence.libraries import library_import
from evidence.models import Artifact, LedgerEntry
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
from inventory.services import VersionFacts, model_register, system_register, vendor_register, version_declare, version_register
from questionnaires.document import Document, document_read
from questionnaires.editing import part_put
from questionnaires.models import Invitation, QuestionnaireRequest, Template, TemplateVersion
from questionnaires.services.invitations import invitation_create
from questionnaires.services.requests import Wish, campaign_start, request_create, request_send
from questionnaires.services.templates import draft_write, template_create, version_publish
from reports.incident_reports import incident_report_make, incident_report_request
from webhooks.models import Delivery, Subscription
from webhooks.sending import Answer
from webhooks.services import delivery_claim, delivery_finish, example_send, subscription_create

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


def endpoint(actor: User, locator: str = "https://api.example.com/v1#model") -> ModelVersion:
    return version_declare(actor=actor, model=model(actor), label=f"e{next(count)}", source="endpoint", access="text", locator=locator)


def pilot(actor: User, **fields: Any) -> Pilot:
    """A running pilot of an endpoint, whose first day is still to come; ``fields`` are those of the rule."""
    subject_version = fields.pop("version", None) or endpoint(actor)
    return pilot_open(actor=actor, version=subject_version, rule=Rule(**fields))


def vendor_key(actor: User, of: Vendor) -> VendorKey:
    """This installation's own key file, pinned for a vendor."""
    data = installed().trusted_root_bytes
    return vendor_key_pin(actor=actor, vendor=of, trusted_root=data, fingerprint=sha256_bytes(data), compared="telephone")


def received_case(actor: User, of: ModelVersion, key: VendorKey) -> ReceivedCase:
    """An accepted case as its row, with a run and a finding; how one really comes about is for the tests of reception."""
    row = plan(actor, ("one",), version=of)
    check = {"slug": "file", "state": "passed", "found": "All 9 files are there.", "title": "The file is whole", "meaning": "Nobody changed a byte."}
    limit = {**check, "slug": "others", "state": "limits", "title": "No room for other runs", "found": "3 entries are not opened."}
    case = ReceivedCase.objects.create(
        vendor=of.model.vendor, plan=row, key=key, sha256="ab" * 32, size=1000, results_digest="cd" * 32, outcome="limits", checks=[check, limit],
        log_size=12, log_root="ef" * 32, received_by=actor, entry=LedgerEntry.objects.order_by("-index")[0],
    )  # fmt: skip
    run = run_create(actor=actor, plan=row)
    Run.objects.filter(pk=run.pk).update(received=case)
    finish(worker(home(actor)), run.steps.get())
    return case


def vendor_run(actor: User, of: ModelVersion) -> dict[str, Any]:
    """A pinned key and an accepted case, as the arguments of their addresses."""
    key = vendor_key(actor, of.model.vendor)
    return {"key_id": key.id, "received_id": received_case(actor, of, key).id}


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


def organism_folder(place: str = "", role: str = "planted", seed: int = 1, **fields: Any) -> Path:
    """A shipped organism's weights under another family and digest, below the folder for models; ``fields`` replace those of the record, None drops one."""
    source = DATA / f"induction-{'planted-100' if role == 'planted' else f'{role}-000'}-s1"
    record = json.loads((source / RECORD).read_bytes())
    recipe = {"family": "copycat", "role": role, "strength": 1.0 if role == "planted" else 0.0, "seed": seed}
    folder: Path = settings.ASSAY_MODELS_DIR / place / f"copycat-{role}-{'100' if role == 'planted' else '000'}-s{seed}"
    shutil.copytree(source, folder)
    (folder / "generation_config.json").write_text(json.dumps({"max_new_tokens": 10 + seed}))
    record |= {"recipe": recipe, "title": "Copies", "weights_digest": weights_digest(folder), "tuning": False, **fields}
    (folder / RECORD).write_text(json.dumps({name: value for name, value in record.items() if value is not None}))
    return folder


def organism(actor: User, role: str = "planted", seed: int = 1, **fields: Any) -> AddedOrganism:
    folder = organism_folder("", role, seed, **fields)
    return organism_register(actor=actor, organisation=home(actor), folder=folder.name)


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


def approved_decision(actor: User) -> Decision:
    """A decision to release a version without incidents, approved by a colleague."""
    row = decision(actor, gate_policy(actor, [{"key": "c1", "kind": "incidents", "severity": "critical"}]))
    approval_give(actor=user("approver", of=home(actor)), decision=row, digest=basis_of(row).digest)
    return row


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


def webhook(actor: User, **fields: Any) -> Subscription:
    """A webhook to an address that is never asked."""
    defaults = {"organisation": home(actor), "name": f"Webhook {next(count)}", "url": "https://procurement.example.org/hook", "events": ["vendor.changed"]}
    return subscription_create(actor=actor, **{**defaults, **fields})[0]


def webhook_delivery(actor: User, row: Subscription | None = None, answer: Answer | None = None) -> Delivery:
    """A test event that was tried and did not arrive, or was answered as told."""
    robot = worker(home(actor))
    delivery = example_send(actor=actor, subscription=row or webhook(actor))
    taken = delivery_claim(actor=robot, delivery_id=delivery.pk)
    assert taken is not None
    return delivery_finish(actor=robot, delivery=taken, answer=answer or Answer(None, 12, "The name of the host cannot be resolved."))


def service_account(actor: User) -> User:
    return service_account_create(actor=actor, record=ledger.append, organisation=home(actor), username=f"program{next(count)}")


def client_secret(actor: User, program: User | None = None, *scopes: str, days: int = 30) -> tuple[ClientSecret, str]:
    """A secret of a service account, and what nobody can read again."""
    wish = {"user": program or service_account(actor), "scopes": scopes or ("clearance:read",), "days": days}
    return client_secret_issue(actor=actor, record=ledger.append, **wish)


def questionnaire(actor: User, *, publish: bool = True, draft: bool = False, document: Document | None = None) -> Template:
    """A questionnaire with a published version, and with ``draft`` one that differs."""
    made = template_create(actor=actor, organisation=home(actor), name=f"Questionnaire {next(count)}", document=document or questionnaire_document())
    if publish:
        version_publish(actor=actor, template=made, seen=made.versions.get().digest)
    if publish and draft:
        changed = part_put(made.versions.get().parsed(), "question", {"id": "extra", "text": "Anything else?", "type": "text"}, within="general")
        draft_write(actor=actor, template=made, document=changed, seen=made.versions.get().digest)
    return made


def questionnaire_document(**more: Any) -> Document:
    """A small questionnaire with a question of every important sort."""
    hours = {
        "id": "hours",
        "text": "Within how many hours?",
        "type": "number",
        "unit": "hours",
        "least": 0,
        "show_if": "raised = yes",
        "required_if": "raised = yes",
    }
    awards = [{"when": "raised = yes and hours <= 24", "points": 3}, {"when": "raised = yes", "points": 1}]
    raised = {"id": "raised", "text": "Can access be raised?", "type": "yes_no", "required": True, "most": 3, "awards": awards}
    judged = {
        "id": "judged",
        "text": "How is it watched?",
        "type": "text",
        "most": 2,
        "levels": [{"points": 2, "label": "Well"}, {"points": 0, "label": "Not"}],
    }
    methods = [{"id": "probes", "label": "Probes", "points": 1}, {"id": "none", "label": "None", "points": 0}]
    chosen = {"id": "methods", "text": "Which methods?", "type": "multi", "options": methods, "most": 1, "evidence": "welcome"}
    sections = [
        {"id": "general", "title": "General", "questions": [raised, hours]},
        {"id": "more", "title": "More", "category": "extra", "questions": [judged, chosen]},
    ]
    ends = {
        "caps": [{"id": "c", "when": "raised points <= 0", "at_most": 50, "because": "Nothing can be checked."}],
        "flags": [{"id": "f", "when": "raised = no", "title": "Closed", "because": "Nobody gets in."}],
        "clauses": [{"id": "t", "when": "raised points <= 1", "title": "Access", "text": "Access is raised within 24 hours."}],
    }
    head = {"format": "urn:assay:questionnaire:v1", "title": "A questionnaire", "categories": [{"id": "extra", "title": "Extra"}]}
    return document_read({**head, "sections": sections, **ends, **more})


QUESTIONNAIRE: dict[str, Any] = {
    "format": "urn:assay:questionnaire:v1",
    "title": "What we ask before we use a model",
    "about": "Answers are read by the people who decide whether the model is used.",
    "categories": [{"id": "incidents", "title": "Incidents", "on": True}],
    "sections": [
        {
            "id": "access",
            "title": "Access",
            "help": "How far anyone can look inside.",
            "questions": [
                {
                    "id": "level",
                    "text": "Which access do your customers get?",
                    "type": "single",
                    "required": True,
                    "most": 3,
                    "options": [{"id": "weights", "label": "Weights", "points": 3}, {"id": "text", "label": "Text only", "points": 1}],
                },
                {
                    "id": "raise",
                    "text": "Can it be raised for an inquiry?",
                    "type": "yes_no",
                    "show_if": {"question": "level", "one_of": ["text"]},
                    "required": True,
                },
                {
                    "id": "hours",
                    "text": "Within how many hours?",
                    "type": "number",
                    "unit": "hours",
                    "least": 0,
                    "greatest": 8760,
                    "help": "Counted from our call.",
                },
            ],
        },
        {
            "id": "papers",
            "title": "Papers",
            "questions": [
                {"id": "card", "text": "The model card", "type": "file", "required": True, "evidence": "required"},
                {"id": "tested", "text": "When was it tested last?", "type": "date"},
                {"id": "who", "text": "Who tested it, and how?", "type": "text", "evidence": "welcome"},
                {
                    "id": "methods",
                    "text": "Which methods were used?",
                    "type": "multi",
                    "options": [{"id": "probes", "label": "Probes"}, {"id": "sae", "label": "Sparse autoencoders"}],
                },
            ],
        },
        {
            "id": "incidents",
            "title": "Incidents",
            "category": "incidents",
            "questions": [
                {
                    "id": "contacts",
                    "text": "Whom do we call?",
                    "type": "table",
                    "columns": [{"id": "role", "label": "Role"}, {"id": "minutes", "label": "Minutes to answer", "type": "number"}],
                },
                {"id": "drilled", "text": "Was it drilled?", "type": "yes_no_partly"},
            ],
        },
    ],
}
"""A small questionnaire with every type of question."""


def questionnaire_version(actor: User, document: dict[str, Any] | None = None, published: bool = True, **fields: Any) -> TemplateVersion:
    """A version of a questionnaire, published unless told otherwise."""
    read = document_read(document or QUESTIONNAIRE)
    template = fields.pop("template", None)
    if template is None:
        name = fields.pop("name", f"Questionnaire {next(count)}")
        template = Template.objects.create(organisation=home(actor), name=name, created_by=actor)
    at = {"published_at": clock.now(), "published_by": actor} if published else {}
    number = template.versions.count() + 1
    return TemplateVersion.objects.create(template=template, number=number, document=read.stored(), digest=read.digest(), created_by=actor, **at, **fields)


def questionnaire_request(actor: User, sent: bool = True, **fields: Any) -> QuestionnaireRequest:
    """A request to a vendor, sent (with one person invited by link) unless told otherwise."""
    whom = fields.pop("vendor", None) or vendor(actor)
    version = fields.pop("version", None) or questionnaire_version(actor)
    due_on = fields.pop("due_on", None) or clock.now().date() + timedelta(days=30)
    wish = Wish(version, due_on, fields.pop("owner", None) or actor, fields.pop("message", ""), fields.pop("switched", ()))
    row = request_create(actor=actor, vendor=whom, wish=wish, **fields)
    if sent:
        questionnaire_invitation(actor, row)
        row = request_send(actor=actor, request=row)
    return row


def questionnaire_invitation(actor: User, request: QuestionnaireRequest, **fields: Any) -> tuple[Invitation, str]:
    """A way in by link, and its secret."""
    return invitation_create(actor=actor, request=request, **{"name": f"Respondent {next(count)}", **fields})


def questionnaire_campaign(actor: User) -> dict[str, Any]:
    """A campaign with one request, still a draft, and one sent to somebody invited by link; keys by argument name."""
    due_on = clock.now().date() + timedelta(days=30)
    wish = Wish(questionnaire_version(actor), due_on, actor)
    campaign = campaign_start(actor=actor, organisation=home(actor), name=f"Campaign {next(count)}", vendors=[vendor(actor)], wish=wish)
    row = questionnaire_request(actor)
    invitation, _ = questionnaire_invitation(actor, row, email="respondent@example.org")
    draft = campaign.requests.get().pk
    return {"campaign_id": campaign.pk, "questionnaire_id": row.pk, "questionnaire-send.questionnaire_id": draft, "invitation_id": invitation.pk}
