"""Filters of the lists of users and tokens."""

from typing import Any

import django_filters as filters
from django.db.models import Q, QuerySet

from accounts.models import ApiToken, Role, User
from core import clock

STATES = (("open", "May come in"), ("closed", "Deactivated"))
TOKEN_STATES = (("usable", "Usable"), ("ended", "Expired or revoked"))


class UserFilter(filters.FilterSet):
    """By name, role and whether the account opens."""

    q = filters.CharFilter(method="matching", label="Name")
    role = filters.ChoiceFilter(method="holding", choices=Role.choices, label="Role", empty_label="All")
    state = filters.ChoiceFilter(method="opening", choices=STATES, label="Account", empty_label="All")

    class Meta:
        model = User
        fields: tuple[str, ...] = ()

    def matching(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Rows whose user name, name or address holds the text."""
        return rows.filter(Q(username__icontains=value) | Q(first_name__icontains=value) | Q(last_name__icontains=value) | Q(email__icontains=value))

    def holding(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Rows with the role."""
        return rows.filter(memberships__role=value).distinct()

    def opening(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Rows that are active, or not."""
        return rows.filter(is_active=value == "open")


class TokenFilter(filters.FilterSet):
    """By name and whether it still opens."""

    q = filters.CharFilter(method="matching", label="Name")
    state = filters.ChoiceFilter(method="usable", choices=TOKEN_STATES, label="State", empty_label="All")

    class Meta:
        model = ApiToken
        fields: tuple[str, ...] = ()

    def matching(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Rows whose name, beginning or owner holds the text."""
        return rows.filter(Q(name__icontains=value) | Q(prefix__startswith=value) | Q(user__username__icontains=value))

    def usable(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Rows that are neither revoked nor expired, or the others."""
        good = Q(revoked_at=None, expires_at__gt=clock.now())
        return rows.filter(good if value == "usable" else ~good)
