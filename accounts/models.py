"""Users, organisations and the roles that bind them."""

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models

from core.base import BaseModel


class Role(models.TextChoices):
    """Roles a member holds in an organisation; ``worker`` is for service accounts only."""

    ADMINISTRATOR = "administrator", "Administrator"
    GOVERNANCE = "governance", "Governance officer"
    ASSESSOR = "assessor", "Assessor"
    APPROVER = "approver", "Approver"
    AUDITOR = "auditor", "Auditor"
    WORKER = "worker", "Service account"


class User(BaseModel, AbstractUser):
    """A person or a service account; the log names users by id only, never by name."""

    is_service = models.BooleanField(default=False)

    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.get_full_name() or self.username


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
