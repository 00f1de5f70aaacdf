"""Believable rows for looking at pages: a small register and runs with figures, written through the services."""

import math
from datetime import timedelta
from typing import Any

from accounts.models import Role, User
from assessments import vega
from assessments.contracts import Control, Figure, Measurement, Reading, StepOutput
from assessments.models import Run, Step
from assessments.services.plans import plan_seal
from assessments.services.standard import standard_plan
from core import clock
from decisions.basis import basis_of
from decisions.gate_models import Decision
from decisions.models import Incident
from decisions.services import Proof, approval_give, submission_record, task_add, waiver_write
from gpu_tasks import dispatch, leases
from inventory.models import Access, ModelVersion
from tests import factories


def register(person: User) -> ModelVersion:
    """Three vendors and four versions, one of which can be assessed; returns that one."""
    northwind = factories.vendor(person, name="Northwind Models", country="NL")
    factories.version(person, model=factories.model(person, vendor=northwind, name="Letter sorter"), label="1.4", access=Access.LOGITS)
    hollow = factories.vendor(person, name="Hollow Oak Speech", country="SE")
    speech = factories.model(person, vendor=hollow, name="Call summariser")
    factories.version(person, model=speech, label="2.0", access=Access.TEXT)
    open_lab = factories.vendor(person, name="Open Model Lab", country="FR")
    facts = factories.facts(weights_digest="9f2c41d7" + "5a" * 24 + "03e41bc6", quantisation="Q4_1, dequantised", parameters=134_515_008)
    model = factories.model(person, vendor=open_lab, name="Small chat model")
    return factories.version(person, model=model, label="135M instruct", version_facts=facts)


def started(person: User) -> Run:
    """The standard plan, sealed and started, nothing claimed yet."""
    plan = plan_seal(actor=person, plan=standard_plan(actor=person, version=register(person)))
    return dispatch.run_start(actor=person, plan=plan)


def finished(person: User) -> Run:
    """Every step of the standard plan done."""
    run = started(person)
    robot = factories.worker(factories.home(person))
    for step in run.steps.all():
        factories.finish(robot, step, output_for(step))
    run.refresh_from_db()
    return run


def running(person: User) -> Run:
    """First step done, second at 62 %, its first attempt lost."""
    run = started(person)
    robot = factories.worker(factories.home(person))
    first, second, *_ = run.steps.all()
    factories.finish(robot, first, output_for(first))
    leases.claim(actor=robot, step_id=second.id, worker="laptop:4711")
    Step.objects.filter(pk=second.pk).update(lease_until=clock.now() - timedelta(seconds=1))
    lease = leases.claim(actor=robot, step_id=second.id, worker="laptop:4790")
    assert lease is not None
    Step.objects.filter(pk=second.pk).update(started_at=clock.now() - timedelta(seconds=75))
    leases.report(actor=robot, lease=lease, fraction=0.62, stage="activations of layer 19 of 30", tokens=141_312, speed=1884.0)
    run.refresh_from_db()
    return run


def output_for(step: Step) -> StepOutput:
    """What ``step`` could have found: steering works for sentiment, not for refusal."""
    makers = {"known_circuits": _circuits, "linear_direction.harm": _direction, "steering_validation.refusal": _null}
    return makers.get(step.key, _steering)()


def _steering() -> StepOutput:
    slope = Measurement("slope", "Slope per unit", 1.72, 64, "slope-ols/1", "log-odds", 1.51, 1.9, -0.35, 0.79, 0.0099, role="primary")
    wrong = Measurement("wrong_way", "Prompts moved the wrong way", 0.03, 64, "share-wilson/1", "share", 0.01, 0.08, direction="lower")
    cost = Measurement("cost", "Cost: cross-entropy on neutral text", 0.04, 48, "ce-difference/1", "nats", 0.02, 0.06, direction="lower", role="cost")
    return factories.output(
        reading=Reading.CAUSAL,
        headline="Adding the designed direction moves sentiment",
        summary="The log-odds of positive over negative words rise by 1.72 per unit of the designed direction at layer 12 (1.51 to 1.90). "
        "Of 100 random directions of equal norm, 95 % lie between −0.35 and 0.79.",
        does_not_show="that sentiment is controlled by this direction alone, or that the effect holds for prompts unlike the probe set.",
        not_examined="Other layers than 12, other languages, conversations of more than one turn.",
        primary="slope",
        measurements=(slope, wrong, cost),
        controls=_controls(),
        figures=(_dose_response(),),
        counts={"items": 64, "scored": 64, "unscored": 0, "errored": 0},
        environment=_environment(),
    )


def _null() -> StepOutput:
    slope = Measurement("slope", "Slope per unit", 0.08, 64, "slope-ols/1", "log-odds", -0.11, 0.27, -0.4, 0.41, 0.48, role="primary")
    return factories.output(
        reading=Reading.NULL,
        headline="Adding the designed direction does not move refusal",
        summary="The slope of 0.08 per unit lies within its null. This model refuses none of the 24 probe requests to begin with.",
        primary="slope",
        measurements=(slope,),
        controls=_controls(),
        environment=_environment(),
    )


def _direction() -> StepOutput:
    auroc = Measurement("auroc", "AUROC, content families held out", 0.97, 192, "auroc/1", "", 0.94, 0.99, 0.38, 0.63, 0.001, role="primary")
    return factories.output(
        reading=Reading.OBSERVED,
        headline="Harmful and harmless requests can be told apart from layer 12 on",
        primary="auroc",
        measurements=(auroc,),
        controls=_controls(),
        environment=_environment(),
    )


def _circuits() -> StepOutput:
    margin = Measurement("ioi_logit_diff", "Right name over repeated name", 4.47, 50, "ioi/1", "nats", 4.1, 4.83, -0.92, 0.94, 0.0005, role="primary")
    return factories.output(
        reading=Reading.OBSERVED, headline="The known circuits are there", primary="ioi_logit_diff", measurements=(margin,), controls=_controls()
    )


def _controls() -> tuple[Control, ...]:
    return (
        Control("noop_hook", 8, True, "Outputs with an idle hook are identical to the bit."),
        Control("random_directions", 100, None, "Directions of equal norm drawn at random."),
        Control("random_weight_twin", 64, True, "Same architecture, random weights: slope 0.01."),
    )


def _environment() -> dict[str, Any]:
    return {"device": "cpu", "dtype": "float32", "threads": 1, "torch": "2.13.0", "batch size": 32, "padding side": "left"}


def _dose_response() -> Figure:
    rows = [{"coefficient": c, "log_odds": 4.4 + 1.72 * c - 0.9 * math.tanh(c)} for c in (-4, -2, -1, 0, 1, 2, 4)]
    nulls = [{"coefficient": c, "low": 4.4 - 0.35 * abs(c), "high": 4.4 + 0.79 * abs(c)} for c in (-4, -2, -1, 0, 1, 2, 4)]
    x, y = vega.quantity("coefficient", "coefficient (units of residual norm × 0.1)"), vega.quantity("log_odds", "log-odds")
    low = vega.quantity("low", "log-odds")
    end = rows[-1]
    spec = vega.layered(
        vega.band(nulls, x, low, "high"),
        vega.line(rows, x, y, vega.COLOURS["causal"]),
        vega.label("designed direction", 4, end["log_odds"], vega.COLOURS["causal"], align="right", dy=-14, fontWeight=600),
        vega.label("100 random directions (95 %)", 4, 5.4, vega.MUTED, align="right"),
    )
    return Figure(
        "dose",
        "Dose and response",
        "Log-odds of positive over negative words, 64 held-out prompts.",
        "Log-odds rise with the coefficient; random directions stay near the baseline.",
        spec,
    )


def incident(person: User) -> Incident:
    """A provider's incident on the second day: clocks that are overdue, due soon, running, waiting and done."""
    kinds = ["serious_harm", "critical_safety_incident", "personal_data_breach", "ict_incident", "significant_incident"]
    row = factories.incident(
        person,
        title="The letter sorter sent benefit decisions to the wrong people",
        description="Since an update of the model, some decisions went to households with similar names. Sorting was stopped by hand.",
        kinds=kinds,
        roles=["code_signatory", "frontier_developer", "controller", "financial_entity", "nis2_entity"],
    )
    for name, hours, source in (
        ("occurred", 70, "Log of the sorter"),
        ("detected", 59, "Two calls"),
        ("discovered", 58, "Ticket 12"),
        ("aware", 58, "Ticket 12"),
    ):
        factories.incident_fact(person, row, name, hours, source=source)
    factories.incident_fact(person, row, "model_involvement_aware", 30, source="Comparison of both versions")
    proof = Proof("receipt.pdf", b"%PDF-1.7 receipt")
    sent = clock.now() - timedelta(hours=20)
    submission_record(actor=person, incident=row, clock_key="code-9-3-d-initial", submitted_at=sent, reference="AIO-4711", proof=proof)
    late = "The duty officer could not be reached at night."
    submission_record(
        actor=person, incident=row, clock_key="nis2-23-early", submitted_at=clock.now() - timedelta(hours=3), reference="CSIRT-98", late_reason=late
    )
    return row


def decided(person: User, version: ModelVersion) -> Decision:
    """A decision about a version with a finding: one condition waived, an approval that a later task voided, and one that counts."""
    conditions = [
        {"key": "c1", "kind": "finding", "instrument": "steering_validation", "tier": "observed"},
        {"key": "c2", "kind": "incidents", "severity": "high"},
        {"key": "c3", "kind": "coverage", "framework": "eu-ai-act", "value": 25, "required": False},
    ]
    factories.qualified(version.plans.get().runs.get(), "causal")
    policy = factories.gate_policy(person, conditions, name="Approve a model version", quorum=2)
    row = factories.decision(person, policy, version=version, purpose="To sort incoming letters by topic before a person reads them.")
    home, later = factories.home(person), clock.now().date() + timedelta(days=60)
    incident = factories.incident(person, versions=[version])
    why = f"The cause of {incident.reference} is known and switched off."
    owner = factories.user(Role.GOVERNANCE, of=home, first_name="Ada", last_name="Example")
    waiver_write(actor=person, decision=row, condition="c2", owner=owner, reason=why, expires_on=later)
    task_add(actor=person, decision=row, text="Compare a sample of 50 letters each week.", owner=owner, due_on=later)
    first, second = (factories.user(Role.APPROVER, of=home, first_name=name, last_name="Example") for name in ("Bo", "Cy"))
    approval_give(actor=first, decision=row, digest=basis_of(row).digest, reason="Only for letters.")
    task_add(actor=person, decision=row, text="Read every complaint about a wrong letter.", owner=owner, due_on=later)
    row = Decision.objects.get(pk=row.pk)
    approval_give(actor=second, decision=row, digest=basis_of(row).digest)
    return row
