"""Frameworks, the versions in which we knew them, and their requirements."""

import datetime
from functools import cached_property
from typing import ClassVar, Final, Self

from django.db import models

from core.base import BaseModel
from core.canonical import canonical_digest

DUTY: Final = (
    *("ref", "title", "gist", "roles", "evidence_kinds", "applies_from", "applies_until", "formal_application"),
    *("voluntary", "review_every", "retention", "details"),
)
"""The fields of a requirement that say what is due, from whom and when. Its place in the list and its sources do not."""
REMARKS: Final = frozenset({"note", "source_quality", "date_confidence"})
"""Details that help the reader and change nothing in the duty."""


class Framework(BaseModel):
    """A law, code or standard."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=80)
    jurisdiction = models.CharField(max_length=60, blank=True)

    def __str__(self) -> str:
        return self.name

    @property
    def short_name(self) -> str:
        """The name without number and additions, as people say it: ``EU AI Act``."""
        return self.name.partition(",")[0].partition(" (")[0]


class FrameworkVersion(BaseModel):
    """A framework as we knew it from ``known_from`` on, identified by the digest of its catalogue file; ``edition`` names the wording."""

    framework = models.ForeignKey(Framework, on_delete=models.PROTECT, related_name="versions")
    known_from = models.DateField()
    digest = models.CharField(max_length=64)
    edition = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["framework", "digest"], name="one_version_per_digest")]
        ordering: ClassVar = ["-known_from", "-created_at"]

    def __str__(self) -> str:
        return f"{self.framework} as known from {self.known_from}"


class RequirementQuerySet(models.QuerySet["Requirement"]):
    """Questions about sets of requirements."""

    def known_at(self, day: datetime.date) -> Self:
        """Rows of each framework's newest version known on ``day``."""
        newest = FrameworkVersion.objects.filter(framework=models.OuterRef("version__framework"), known_from__lte=day).order_by("-known_from", "-created_at")
        return self.filter(version_id=models.Subquery(newest.values("id")[:1]))

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

    @cached_property
    def digest(self) -> str:
        """Hex SHA-256 of what the row demands. Rows of two catalogues with the same digest are the same duty."""
        facts = {name: getattr(self, name) for name in DUTY}
        facts["details"] = {key: value for key, value in self.details.items() if key not in REMARKS}
        return canonical_digest({name: value.isoformat() if isinstance(value, datetime.date) else value for name, value in facts.items()})
