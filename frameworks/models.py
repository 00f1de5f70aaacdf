"""Frameworks, the versions in which we knew them, and their requirements."""

import datetime
from functools import cached_property
from typing import Any, ClassVar, Final, Self

from django.db import models

from accounts.models import Organisation, User
from core.base import BaseModel
from core.canonical import canonical_digest
from frameworks.imports.shapes import Relationship

DUTY: Final = (
    *("ref", "title", "gist", "roles", "evidence_kinds", "applies_from", "applies_until", "formal_application"),
    *("voluntary", "review_every", "retention", "details"),
)
"""The fields of a requirement that say what is due, from whom and when. Its place in the list and its sources do not."""
REMARKS: Final = frozenset({"note", "source_quality", "date_confidence", "imported"})
"""Details that help the reader and change nothing in the duty; ``imported`` is where the row stood in its file."""


class Framework(BaseModel):
    """A law, code or standard. ``identity`` names the one an import brought, in every edition; empty for those that come with the program."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=80)
    jurisdiction = models.CharField(max_length=60, blank=True)
    identity = models.CharField(max_length=255, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["identity"], condition=~models.Q(identity=""), name="one_framework_per_identity")]

    def __str__(self) -> str:
        return self.name

    @property
    def short_name(self) -> str:
        """The name without number and additions, as people say it: ``EU AI Act``."""
        return self.name.partition(",")[0].partition(" (")[0]


class FrameworkVersion(BaseModel):
    """A framework as we knew it from ``known_from`` on, identified by the digest of its catalogue file; ``edition`` names the wording.

    An imported version has a ``format``; it replaces the one it was compared with, which no other can replace again.
    """

    framework = models.ForeignKey(Framework, on_delete=models.PROTECT, related_name="versions")
    known_from = models.DateField()
    digest = models.CharField(max_length=64)
    edition = models.CharField(max_length=200, blank=True)
    format = models.CharField(max_length=20, blank=True)
    file_name = models.CharField(max_length=100, blank=True)
    published = models.DateField(null=True)
    publisher = models.CharField(max_length=200, blank=True)
    licence = models.TextField(blank=True)
    source = models.CharField(max_length=500, blank=True)
    replaces = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="replaced_by")

    class Meta:
        constraints: ClassVar = [
            # The same file may be imported again after another, to go back to it.
            models.UniqueConstraint(fields=["framework", "digest"], condition=models.Q(format=""), name="one_version_per_digest")
        ]
        ordering: ClassVar = ["-known_from", "-created_at"]

    def __str__(self) -> str:
        return f"{self.framework} as known from {self.known_from}"


class RequirementQuerySet(models.QuerySet["Requirement"]):
    """Questions about sets of requirements."""

    def known_at(self, day: datetime.date) -> Self:
        """Rows of each framework's newest version known on ``day``."""
        newest = FrameworkVersion.objects.filter(framework=models.OuterRef("version__framework"), known_from__lte=day).order_by("-known_from", "-created_at")
        return self.filter(version_id=models.Subquery(newest.values("id")[:1]))

    def shipped(self) -> Self:
        """Rows of the catalogues that come with the program: only to these do instruments speak by reference."""
        return self.filter(version__format="")

    def as_of(self, day: datetime.date) -> Self:
        """Rows whose duty bites on ``day``: dated rows begun and not ended; undated (voluntary) rows always."""
        begun = models.Q(applies_from__isnull=True) | models.Q(applies_from__lte=day)
        ended = models.Q(applies_until__isnull=False, applies_until__lt=day)
        return self.filter(begun).exclude(ended)


class Requirement(BaseModel):
    """One duty in our own words, with its dates, the roles it binds and the kinds of evidence that speak to it."""

    version = models.ForeignKey(FrameworkVersion, on_delete=models.CASCADE, related_name="requirements")
    ref = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    gist = models.TextField()
    roles = models.JSONField(default=list)
    evidence_kinds = models.JSONField(default=list)
    applies_from = models.DateField(null=True)
    applies_until = models.DateField(null=True)
    formal_application = models.DateField(null=True)
    voluntary = models.BooleanField(default=False)
    review_every = models.CharField(max_length=20, blank=True)
    retention = models.CharField(max_length=60, blank=True)
    sourced = models.BooleanField(default=True)
    sources = models.JSONField(default=list)
    details = models.JSONField(default=dict)
    position = models.PositiveIntegerField()

    objects = RequirementQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["version", "ref"], name="one_ref_per_version")]
        ordering: ClassVar = ["version__framework__slug", "position"]

    def __str__(self) -> str:
        return f"{self.ref} {self.title}"

    @property
    def imported(self) -> dict[str, Any]:
        """Where the row stood in the file it came from; empty for rows that come with the program."""
        return dict(self.details.get("imported", {}))

    @cached_property
    def digest(self) -> str:
        """Hex SHA-256 of what the row demands. Rows of two catalogues with the same digest are the same duty."""
        facts = {name: getattr(self, name) for name in DUTY}
        facts["details"] = {key: value for key, value in self.details.items() if key not in REMARKS}
        return canonical_digest({name: value.isoformat() if isinstance(value, datetime.date) else value for name, value in facts.items()})


class ImportDraft(BaseModel):
    """A file that somebody uploaded and has not applied yet; only that person sees it. ``columns`` say how its sheet is read."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    uploaded_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64)
    raw = models.BinaryField()
    columns = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def subject(self) -> str:
        """How the log names it."""
        return f"frameworks.import:{self.digest[:16]}"


class CrosswalkQuerySet(models.QuerySet["Crosswalk"]):
    """Questions about sets of crosswalks."""

    def current(self) -> Self:
        """Those that no later edition replaced."""
        return self.filter(replaced_by__isnull=True)


class Crosswalk(BaseModel):
    """What an imported file says about how the requirements of two frameworks correspond."""

    identity = models.CharField(max_length=255, db_index=True)
    name = models.CharField(max_length=200)
    source_framework = models.ForeignKey(Framework, on_delete=models.PROTECT, related_name="crosswalks_from")
    target_framework = models.ForeignKey(Framework, on_delete=models.PROTECT, related_name="crosswalks_to")
    digest = models.CharField(max_length=64)
    publisher = models.CharField(max_length=200, blank=True)
    licence = models.TextField(blank=True)
    source = models.CharField(max_length=500, blank=True)
    replaces = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="replaced_by")

    objects = CrosswalkQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name", "-created_at"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["identity"], condition=models.Q(replaces__isnull=True), name="one_first_crosswalk")]

    def __str__(self) -> str:
        return self.name


class CrosswalkRow(BaseModel):
    """Two requirements side by side, by their references; ``strength`` is on the scale of the file, where it states one."""

    crosswalk = models.ForeignKey(Crosswalk, on_delete=models.CASCADE, related_name="rows")
    source_ref = models.CharField(max_length=60, db_index=True)
    target_ref = models.CharField(max_length=60, db_index=True)
    relationship = models.CharField(max_length=12, choices=[(row.value, row.value) for row in Relationship])
    rationale = models.TextField(blank=True)
    strength = models.PositiveSmallIntegerField(null=True)

    class Meta:
        ordering: ClassVar = ["source_ref", "target_ref"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["crosswalk", "source_ref", "target_ref", "relationship"], name="one_row_per_pair")]

    def __str__(self) -> str:
        return f"{self.source_ref} {self.relationship} {self.target_ref}"
