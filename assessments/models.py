"""Sealed plans, their runs step by step, and what was found."""

import uuid
from typing import Any, ClassVar

from django.db import models

from accounts.models import User
from accounts.visibility import M, VisibleQuerySet
from assessments.blind_models import BlindExercise as BlindExercise
from assessments.conditions import Conditions, conditions_of
from assessments.contracts import Reading, SubjectSpec, Verdict
from assessments.organism_models import AddedOrganism as AddedOrganism
from assessments.pilot_models import Pilot as Pilot
from assessments.pilot_models import PilotDay as PilotDay
from assessments.probe_models import AddedProbeSet as AddedProbeSet
from assessments.received_models import ReceivedCase as ReceivedCase
from assessments.received_models import ReceivedPlan as ReceivedPlan
from assessments.received_models import VendorKey as VendorKey
from assessments.replay_models import Replay as Replay
from core.base import BaseModel
from core.canonical import canonical_digest
from evidence.models import Artifact, Attestation, LedgerEntry
from inventory.models import ModelVersion


class ThroughVersion(VisibleQuerySet[M]):
    """Rows that belong to an organisation through the model version they are about."""

    owner_path = "version__model__vendor__organisation"
    read_verb = "assessments.read"


class RunQuerySet(VisibleQuerySet[M]):
    """Questions about sets of runs."""

    owner_path = "plan__version__model__vendor__organisation"
    read_verb = "assessments.read"


class FindingQuerySet(VisibleQuerySet[M]):
    """Questions about sets of findings."""

    owner_path = "step__run__plan__version__model__vendor__organisation"
    read_verb = "assessments.read"


def in_choices(field: str, values: list[str], name: str) -> models.CheckConstraint:
    """A check constraint that ``field`` holds one of ``values``."""
    return models.CheckConstraint(condition=models.Q(**{f"{field}__in": values}), name=name)


RUNS_AT_VENDOR = "vendor"
"""Value of ``runs_at`` in the document of a plan that only the vendor can run."""


class Plan(BaseModel):
    """A protocol; once sealed, ``document`` must hash to ``sealed_digest`` for ever."""

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="plans")
    title = models.CharField(max_length=200)
    document = models.JSONField()
    sealed_digest = models.CharField(max_length=64, blank=True)
    sealed_entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, null=True, related_name="+")
    sealed_at = models.DateTimeField(null=True)
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = ThroughVersion.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return self.title

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.version.organisation_id

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the document as it stands now."""
        return canonical_digest(self.document)

    @property
    def subject(self) -> str:
        """The text by which the log names this plan."""
        return f"assessments.plan:{self.id}"

    @property
    def for_vendor(self) -> bool:
        """Whether the seal says that the vendor runs it, on weights that we do not have."""
        return bool(self.document.get("runs_at") == RUNS_AT_VENDOR)

    @property
    def received_from(self) -> ReceivedPlan | None:
        """Where the plan came from; None for one of our own."""
        return ReceivedPlan.objects.filter(plan=self).first()

    def subject_spec(self) -> SubjectSpec:
        """The sealed subject. Of a received plan: the same weights where they lie here, with digests that the sender did not know filled in."""
        sealed = SubjectSpec(**self.document["subject"])
        return sealed if self.received_from is None else subject_here(sealed, self.version)


def subject_here(sealed: SubjectSpec, version: ModelVersion) -> SubjectSpec:
    """``sealed`` as ``version`` has it: another place and name, the same digests."""
    return SubjectSpec(
        source=version.source,
        locator=version.locator,
        weights_digest=sealed.weights_digest or version.weights_digest,
        tokenizer_digest=sealed.tokenizer_digest or version.tokenizer_digest,
        template_digest=(sealed.template_digest if sealed.weights_digest else "") or version.template_digest,
        name=str(version),
    )


class RunState(models.TextChoices):
    """States of a run and of a step."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


STEP_ALLOWED: dict[str, frozenset[str]] = {
    RunState.QUEUED: frozenset({RunState.RUNNING, RunState.CANCELLED, RunState.FAILED}),
    RunState.RUNNING: frozenset({RunState.RUNNING, RunState.DONE, RunState.FAILED, RunState.CANCELLED}),
    RunState.FAILED: frozenset({RunState.QUEUED}),
    RunState.CANCELLED: frozenset({RunState.QUEUED}),
    RunState.DONE: frozenset(),
}
ENDED = (RunState.DONE, RunState.FAILED, RunState.CANCELLED)


class Run(BaseModel):
    """One execution of a sealed plan; its state follows from its steps. With ``received`` the vendor made it, and only the record of it is ours."""

    received = models.OneToOneField(ReceivedCase, on_delete=models.PROTECT, null=True, related_name="run")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="runs")
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.QUEUED)
    cancel_requested = models.BooleanField(default=False)
    number = models.PositiveIntegerField(unique=True)
    finished_at = models.DateTimeField(null=True)
    finished_entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, null=True, related_name="+")
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = RunQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [in_choices("state", RunState.values, "run_state_known")]
        ordering: ClassVar = ["-number"]

    def __str__(self) -> str:
        return f"Run {self.number}"

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.plan.organisation_id

    @property
    def subject(self) -> str:
        """The text by which the log names this run."""
        return f"assessments.run:{self.id}"

    @property
    def ended(self) -> bool:
        """Whether no step will move any more by itself."""
        return self.state in ENDED


class Step(BaseModel):
    """One instrument of a run: claimed by lease, so that exactly one worker's result counts."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveIntegerField()
    key = models.CharField(max_length=80)
    instrument = models.CharField(max_length=60)
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.QUEUED)
    fraction = models.FloatField(default=0)
    stage = models.CharField(max_length=200, blank=True)
    tokens = models.BigIntegerField(default=0)
    tokens_per_second = models.FloatField(default=0)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    attempts_made = models.PositiveIntegerField(default=0)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True, db_index=True)
    rung_at = models.DateTimeField(null=True)
    attestation = models.OneToOneField(Attestation, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "key"], name="one_step_per_key"),
            in_choices("state", RunState.values, "step_state_known"),
            models.CheckConstraint(condition=~models.Q(state="done") | models.Q(attestation__isnull=False), name="step_done_is_attested"),
        ]
        ordering: ClassVar = ["position"]

    def __str__(self) -> str:
        return f"{self.run} · {self.key}"

    @property
    def item(self) -> dict[str, Any]:
        """The sealed item this step carries out."""
        items: list[dict[str, Any]] = self.run.plan.document["items"]
        return items[self.position]

    @property
    def subject(self) -> str:
        """The text by which artifacts and log entries name this step."""
        return f"assessments.step:{self.id}"


class Calibration(BaseModel):
    """A wish to try an instrument on organisms, claimed by lease like a step. With ``family`` only that family: a look, which makes no record."""

    instrument = models.CharField(max_length=60, db_index=True)
    family = models.CharField(max_length=60, blank=True)
    seeds = models.PositiveIntegerField(default=2)
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.QUEUED)
    fraction = models.FloatField(default=0)
    stage = models.CharField(max_length=200, blank=True)
    error = models.TextField(blank=True)
    attempts_made = models.PositiveIntegerField(default=0)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True, db_index=True)
    rung_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [
            in_choices("state", RunState.values, "calibration_state_known"),
            models.UniqueConstraint(
                fields=["instrument"], condition=models.Q(state__in=[RunState.QUEUED, RunState.RUNNING]), name="one_open_calibration_per_instrument"
            ),
        ]
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"Calibration of {self.instrument}"

    @property
    def ended(self) -> bool:
        """Whether nothing will happen any more by itself."""
        return self.state in ENDED

    @property
    def subject(self) -> str:
        """The text by which artifacts and log entries name this calibration."""
        return f"assessments.calibration:{self.id}"


class CalibrationTrial(BaseModel):
    """One use of an instrument on an organism or its random-weight twin; the fields of ``assessments.qualification.TrialResult``."""

    calibration = models.ForeignKey(Calibration, on_delete=models.CASCADE, related_name="trials")
    position = models.PositiveIntegerField()
    organism = models.CharField(max_length=120)
    family = models.CharField(max_length=60)
    role = models.CharField(max_length=12)
    strength = models.FloatField()
    seed = models.PositiveIntegerField()
    trial = models.PositiveIntegerField()
    reading = models.CharField(max_length=20, null=True)
    score = models.FloatField(null=True)
    least = models.CharField(max_length=20, null=True)
    most = models.CharField(max_length=20, null=True)
    right = models.BooleanField(null=True)
    seconds = models.FloatField()
    error = models.TextField(blank=True)
    metric = models.CharField(max_length=80, blank=True)
    tuning = models.BooleanField(default=False)
    own = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["calibration", "position"], name="one_trial_per_position")]
        ordering: ClassVar = ["position"]

    def __str__(self) -> str:
        return f"{self.calibration} on {self.organism}"


class Qualification(BaseModel):
    """The attested record of a calibration: how far the instrument can be believed, under which conditions, until when.

    It belongs to the installation, not to an organisation: instruments and organisms are everybody's. ``shortfalls`` says why it does not
    qualify the instrument; it is empty when it does.
    """

    calibration = models.OneToOneField(Calibration, on_delete=models.PROTECT, related_name="qualification")
    instrument = models.CharField(max_length=60, db_index=True)
    version = models.CharField(max_length=40)
    source_digest = models.CharField(max_length=64)
    environment = models.JSONField()
    figures = models.JSONField()
    shortfalls = models.JSONField(default=list)
    result_artifact = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="+")
    attestation = models.OneToOneField(Attestation, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    valid_until = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-made_at"]

    def __str__(self) -> str:
        return f"Record of {self.instrument} of {self.made_at:%d %B %Y}"

    @property
    def conditions(self) -> Conditions:
        """What the record holds for."""
        return conditions_of(self.instrument, self.version, self.source_digest, self.environment)


class Finding(BaseModel):
    """What one step found: the data's own reading, and the verdict after the cap of its instrument's qualification.

    ``qualification`` is the record that was asked, ``cap_reasons`` says in sentences why it does not carry the reading (empty when it does).
    """

    step = models.OneToOneField(Step, on_delete=models.PROTECT, related_name="finding")
    reading = models.CharField(max_length=20)
    verdict = models.CharField(max_length=20)
    headline = models.CharField(max_length=300)
    summary = models.TextField()
    does_not_show = models.TextField()
    not_examined = models.TextField()
    primary = models.CharField(max_length=80)
    thresholds = models.JSONField(default=list)
    controls = models.JSONField(default=list)
    figures = models.JSONField(default=list)
    counts = models.JSONField(default=dict)
    environment = models.JSONField(default=dict)
    result_artifact = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="+")
    qualification = models.ForeignKey(Qualification, on_delete=models.PROTECT, null=True, related_name="findings")
    cap_reasons = models.JSONField(default=list)

    objects = FindingQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            in_choices("reading", [reading.value for reading in Reading], "finding_reading_known"),
            in_choices("verdict", [verdict.value for verdict in Verdict], "finding_verdict_known"),
        ]
        ordering: ClassVar = ["step__position"]

    def __str__(self) -> str:
        return self.headline

    @property
    def primary_measurement(self) -> "Measurement":
        """The measurement the claim was about."""
        return next(row for row in self.measurements.all() if row.name == self.primary)


class Measurement(BaseModel):
    """One number with its interval and null."""

    finding = models.ForeignKey(Finding, on_delete=models.CASCADE, related_name="measurements")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=80)
    label = models.CharField(max_length=200)
    value = models.FloatField()
    n = models.PositiveIntegerField()
    formula = models.CharField(max_length=120)
    unit = models.CharField(max_length=60, blank=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    null_low = models.FloatField(null=True)
    null_high = models.FloatField(null=True)
    p_value = models.FloatField(null=True)
    direction = models.CharField(max_length=10)
    role = models.CharField(max_length=12)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["finding", "name"], name="one_measurement_per_name")]
        ordering: ClassVar = ["position"]

    def __str__(self) -> str:
        return f"{self.label}: {self.value:g}"
