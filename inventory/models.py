"""The register: who sells what, which systems use it, and exactly which weights are meant."""

import uuid
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models

from accounts.models import Organisation, User
from accounts.visibility import M, VisibleQuerySet
from core.base import BaseModel
from inventory.countries import country_known

HTTPS = URLValidator(schemes=["https"], message="Give the whole address, beginning with https://")


class ThroughVendor(VisibleQuerySet[M]):
    """Rows that belong to an organisation through their vendor."""

    owner_path = "vendor__organisation"


class ThroughModel(VisibleQuerySet[M]):
    """Rows that belong to an organisation through their model's vendor."""

    owner_path = "model__vendor__organisation"


class ThroughSystem(VisibleQuerySet[M]):
    """Rows that belong to an organisation through their AI system."""

    owner_path = "system__organisation"


class Access(models.TextChoices):
    """What the vendor grants, from most to least."""

    WEIGHTS = "weights", "Weights"
    ACTIVATIONS = "activations", "Activations"
    LOGITS = "logits", "Logits"
    TEXT = "text", "Text only"


class Tier(models.TextChoices):
    """How much we depend on a vendor, by our own judgement."""

    CRITICAL = "critical", "Critical"
    IMPORTANT = "important", "Important"
    STANDARD = "standard", "Standard"
    LOW = "low", "Low"


class Lifecycle(models.TextChoices):
    """States of a model version; ``LIFECYCLE_ALLOWED`` says which may follow which."""

    CANDIDATE = "candidate", "Candidate"
    APPROVED = "approved", "Approved"
    RESTRICTED = "restricted", "Restricted"
    ROLLED_BACK = "rolled_back", "Rolled back"
    RETIRED = "retired", "Retired"


LIFECYCLE_ALLOWED: dict[str, frozenset[str]] = {
    Lifecycle.CANDIDATE: frozenset({Lifecycle.APPROVED, Lifecycle.RESTRICTED, Lifecycle.RETIRED}),
    Lifecycle.APPROVED: frozenset({Lifecycle.RESTRICTED, Lifecycle.ROLLED_BACK, Lifecycle.RETIRED}),
    Lifecycle.RESTRICTED: frozenset({Lifecycle.APPROVED, Lifecycle.ROLLED_BACK, Lifecycle.RETIRED}),
    Lifecycle.ROLLED_BACK: frozenset({Lifecycle.RETIRED, Lifecycle.CANDIDATE}),
    Lifecycle.RETIRED: frozenset(),
}


LIFECYCLE_DECIDED: dict[str, frozenset[str]] = {
    Lifecycle.CANDIDATE: frozenset({Lifecycle.APPROVED, Lifecycle.RESTRICTED}),
    Lifecycle.APPROVED: frozenset({Lifecycle.ROLLED_BACK}),
    Lifecycle.RESTRICTED: frozenset({Lifecycle.APPROVED, Lifecycle.ROLLED_BACK}),
    Lifecycle.ROLLED_BACK: frozenset(),
    Lifecycle.RETIRED: frozenset(),
}
"""Moves to more use, which need a decision, and rolling back, which names a version; ``version_transition`` makes none of these."""


class RiskClass(models.TextChoices):
    """Risk classes of the EU AI Act as we use them for systems."""

    PROHIBITED = "prohibited", "Prohibited practice"
    HIGH_ANNEX_III = "high_annex_iii", "High risk, Annex III"
    HIGH_ANNEX_I = "high_annex_i", "High risk, Annex I product"
    TRANSPARENCY = "transparency", "Transparency duties"
    MINIMAL = "minimal", "Minimal"


class OurRole(models.TextChoices):
    """What we are with regard to an AI system."""

    PROVIDER = "provider", "Provider"
    DEPLOYER = "deployer", "Deployer"
    GPAI_PROVIDER = "gpai_provider", "Provider of a general-purpose model"
    GPAI_SYSTEMIC = "gpai_systemic", "Provider of a general-purpose model with systemic risk"
    FRONTIER_DEVELOPER = "frontier_developer", "Developer of a frontier model"
    LARGE_FRONTIER_DEVELOPER = "large_frontier_developer", "Large developer of a frontier model"


class Setting(models.TextChoices):
    """Settings in which the law gives older systems a time of their own; keys of ``frameworks.transition.SETTINGS``."""

    PUBLIC_AUTHORITY = "public_authority", "Meant for use by public authorities"
    LARGE_SCALE_IT = "large_scale_it", "Part of a large-scale IT system of Annex X"


class Source(models.TextChoices):
    """Where weights come from."""

    PACKAGE = "package", "Registry package"
    GGUF = "gguf", "GGUF file"
    SAFETENSORS = "safetensors", "safetensors folder"
    LORA = "lora", "Low-rank adapter on a base model"
    ENDPOINT = "endpoint", "Endpoint that answers over the network"
    DUMP = "dump", "Activation dump from the vendor"
    HELD = "held", "Weights that stay with the vendor"


WITHOUT_WEIGHTS = (Source.ENDPOINT, Source.DUMP, Source.HELD)
"""Sources of which no weights lie here: nothing about them can be checked by a digest of our own."""


def one_of(field: str, choices: type[models.TextChoices]) -> models.CheckConstraint:
    """A check constraint that ``field`` holds one of ``choices``."""
    return models.CheckConstraint(condition=models.Q(**{f"{field}__in": choices.values}), name=f"%(class)s_{field}_known")


class Vendor(BaseModel):
    """A company that sells, hosts or publishes models; ``access`` is what its contract grants, ``owner`` who answers for it on our side."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="vendors")
    name = models.CharField(max_length=200)
    country = models.CharField(max_length=2, blank=True, validators=[country_known])
    access = models.CharField(max_length=12, choices=Access.choices)
    website = models.CharField(max_length=300, blank=True, validators=[HTTPS])
    contact = models.CharField(max_length=300, blank=True)
    tier = models.CharField(max_length=10, choices=Tier.choices, default=Tier.STANDARD)
    owner = models.CharField(max_length=200, blank=True)
    review_cycle_months = models.PositiveSmallIntegerField(default=12, validators=[MinValueValidator(1), MaxValueValidator(60)])
    contract_reference = models.CharField(max_length=200, blank=True)
    contract_ends_on = models.DateField(null=True, blank=True)
    notes = models.TextField(blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "name"], name="one_vendor_per_name"),
            one_of("access", Access),
            one_of("tier", Tier),
            models.CheckConstraint(condition=models.Q(review_cycle_months__range=(1, 60)), name="vendor_review_cycle_in_months"),
        ]
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class AISystem(BaseModel):
    """A use of AI with a purpose; the law applies to it by role, risk class and jurisdiction."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="systems")
    name = models.CharField(max_length=200)
    purpose = models.TextField()
    our_role = models.CharField(max_length=30, choices=OurRole.choices)
    risk_class = models.CharField(max_length=20, choices=RiskClass.choices)
    jurisdiction = models.CharField(max_length=60)
    placed_on = models.DateField(null=True, blank=True)
    changed_on = models.DateField(null=True, blank=True)
    setting = models.CharField(max_length=20, choices=Setting.choices, blank=True)
    owner = models.CharField(max_length=200, blank=True)
    notes = models.TextField(blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "name"], name="one_system_per_name"),
            one_of("our_role", OurRole),
            one_of("risk_class", RiskClass),
            models.CheckConstraint(condition=models.Q(setting__in=["", *Setting.values]), name="aisystem_setting_known"),
        ]
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class AIModel(BaseModel):
    """A model as its vendor names it."""

    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, related_name="models")
    name = models.CharField(max_length=200)

    objects = ThroughVendor.as_manager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["vendor", "name"], name="one_model_per_name")]
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.vendor.organisation_id


class ModelVersion(BaseModel):
    """Exact weights: nothing is assessed but bytes with this digest. Of ``WITHOUT_WEIGHTS`` the digest is the vendor's word, or empty."""

    model = models.ForeignKey(AIModel, on_delete=models.PROTECT, related_name="versions")
    label = models.CharField(max_length=100)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    access = models.CharField(max_length=12, choices=Access.choices)
    lifecycle = models.CharField(max_length=12, choices=Lifecycle.choices, default=Lifecycle.CANDIDATE)
    source = models.CharField(max_length=12, choices=Source.choices)
    locator = models.CharField(max_length=500)
    weights_manifest = models.JSONField(default=list, blank=True)
    weights_digest = models.CharField(max_length=64, blank=True)
    tokenizer_digest = models.CharField(max_length=64, blank=True)
    template_digest = models.CharField(max_length=64, blank=True)
    quantisation = models.CharField(max_length=60)
    architecture = models.CharField(max_length=80)
    parameters = models.BigIntegerField()
    licence = models.CharField(max_length=80, blank=True)
    notes = models.TextField(blank=True)

    objects = ThroughModel.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["model", "label"], name="one_version_per_label"),
            one_of("access", Access),
            one_of("lifecycle", Lifecycle),
            one_of("source", Source),
            models.CheckConstraint(
                condition=models.Q(source__in=WITHOUT_WEIGHTS) | ~models.Q(weights_digest="") & ~models.Q(tokenizer_digest=""), name="weights_here_have_digests"
            ),
        ]
        ordering: ClassVar = ["model__name", "-created_at"]

    def __str__(self) -> str:
        return f"{self.model.name} · {self.label}"

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.model.vendor.organisation_id

    @property
    def weights_here(self) -> bool:
        """Whether the weights lie in this installation."""
        return self.source not in WITHOUT_WEIGHTS

    @property
    def subject(self) -> str:
        """The text by which artifacts and log entries name this version."""
        return f"inventory.modelversion:{self.id}"


class Deployment(BaseModel):
    """A model version at work in an AI system."""

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="deployments")
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="deployments")
    environment = models.CharField(max_length=60)
    active = models.BooleanField(default=True)

    objects = ThroughSystem.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["system", "version", "environment"], condition=models.Q(active=True), name="one_active_deployment_per_environment")
        ]
        ordering: ClassVar = ["system__name"]

    def __str__(self) -> str:
        return f"{self.version} in {self.system} ({self.environment})"

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.system.organisation_id


class IntakeState(models.TextChoices):
    """States of an intake; a failed one may be queued again."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class Intake(BaseModel):
    """A wish to register weights: a worker reads, checks and hashes them, then the version is entered in the requester's name.

    ``locator`` names a package, or a place relative to the folder for models. Claimed by lease, like a step.
    """

    model = models.ForeignKey(AIModel, on_delete=models.PROTECT, related_name="intakes")
    label = models.CharField(max_length=100)
    access = models.CharField(max_length=12, choices=Access.choices)
    source = models.CharField(max_length=12, choices=Source.choices)
    locator = models.CharField(max_length=500)
    parent = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=10, choices=IntakeState.choices, default=IntakeState.QUEUED)
    stage = models.CharField(max_length=200, blank=True)
    error = models.TextField(blank=True)
    attempts_made = models.PositiveIntegerField(default=0)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True, db_index=True)
    rung_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    version = models.OneToOneField(ModelVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="intake")
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = ThroughModel.as_manager()

    class Meta:
        constraints: ClassVar = [
            one_of("access", Access),
            one_of("source", Source),
            one_of("state", IntakeState),
            models.CheckConstraint(condition=~models.Q(state="done") | models.Q(version__isnull=False), name="intake_done_has_version"),
        ]
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.model.name} · {self.label}"

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.model.organisation_id

    @property
    def ended(self) -> bool:
        """Whether nothing will happen any more by itself."""
        return self.state in (IntakeState.DONE, IntakeState.FAILED)
