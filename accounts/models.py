"""Users, organisations, the roles that bind them, and what people and programs sign in with."""

import uuid
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower

from core.base import BaseModel


class Role(models.TextChoices):
    """Roles a member holds in an organisation; ``worker`` is for service accounts only."""

    ADMINISTRATOR = "administrator", "Administrator"
    GOVERNANCE = "governance", "Governance officer"
    ASSESSOR = "assessor", "Assessor"
    APPROVER = "approver", "Approver"
    AUDITOR = "auditor", "Auditor"
    VENDOR = "vendor", "Vendor respondent"
    API_CLIENT = "api_client", "API client"
    WORKER = "worker", "Service account"


class User(BaseModel, AbstractUser):
    """A person or a service account; the log names users by id only, never by name."""

    is_service = models.BooleanField(default=False)
    must_change_password = models.BooleanField(default=False)

    limited_to: frozenset[str] | None = None
    """Verbs that an API token leaves of those the roles give; None for a person's own session."""

    token_id: uuid.UUID | None = None
    """The API token this request came with; None for a person's own session."""

    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints: ClassVar = [
            # People sign in with either, in any case: each must stand for one person.
            models.UniqueConstraint(Lower("username"), name="one_user_per_username"),
            models.UniqueConstraint(Lower("email"), condition=~models.Q(email=""), name="one_user_per_email"),
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    @cached_property
    def roles_held(self) -> tuple[tuple[uuid.UUID, str], ...]:
        """Organisation and role of each membership, read once for as long as this instance lives."""
        return tuple(self.memberships.values_list("organisation_id", "role"))

    def may_ever(self, verb: str) -> bool:
        """Whether nothing but the roles could forbid ``verb``: the account is active and its token does not leave the verb out."""
        return self.is_active and (self.limited_to is None or verb in self.limited_to)


class Organisation(BaseModel):
    """The body whose register this is."""

    name = models.CharField(max_length=200, unique=True)

    def __str__(self) -> str:
        return self.name


class Membership(BaseModel):
    """One role of one user in one organisation."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "organisation", "role"], name="one_membership_per_role"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} as {self.get_role_display()}"


class ClientSecret(BaseModel):
    """A service account's secret for OAuth 2: only its SHA-256 is kept. It opens nothing itself; short-lived access tokens are issued for it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="client_secrets")
    prefix = models.CharField(max_length=16)
    secret_hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.prefix}…"

    def usable_at(self, moment: datetime) -> bool:
        """Whether access tokens may be issued for it at ``moment``."""
        return self.revoked_at is None and moment < self.expires_at


class ApiToken(BaseModel):
    """A program's key: only the SHA-256 of its secret is kept; ``scopes`` narrow the owner's roles."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12)
    secret_hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    client_secret = models.ForeignKey(ClientSecret, on_delete=models.CASCADE, null=True, related_name="access_tokens")
    """The OAuth 2 secret that this short-lived access token was issued for; none for a token that a person issued."""

    class Meta:
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def usable_at(self, moment: datetime) -> bool:
        """Whether a request at ``moment`` may be made with it."""
        return self.revoked_at is None and moment < self.expires_at


class SavedFilter(BaseModel):
    """A person's named query of one list; a convenience, not evidence, so it is not logged."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_filters")
    listing = models.CharField(max_length=60)
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=1000)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "listing", "name"], name="one_saved_filter_per_name")]

    def __str__(self) -> str:
        return self.name


class IdempotentRequest(BaseModel):
    """The first answer to a POST with an Idempotency-Key, given again to a repetition of the same request."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    request_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    headers: Any = models.JSONField(default=dict)
    body = models.BinaryField(default=bytes)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "key"], name="one_answer_per_idempotency_key")]

    def __str__(self) -> str:
        return self.key
