"""Writes to organisations, people and service accounts, by what they are about."""

from accounts.record import Record
from accounts.services.organisations import organisation_found
from accounts.services.people import (
    details_change,
    factors_remove,
    roles_change,
    temporary_password_end,
    user_change,
    user_create,
    user_deactivate,
    user_invite,
    user_reactivate,
)
from accounts.services.programs import service_account_create, service_account_ensure

__all__ = [
    "Record",
    "details_change",
    "factors_remove",
    "organisation_found",
    "roles_change",
    "service_account_create",
    "service_account_ensure",
    "temporary_password_end",
    "user_change",
    "user_create",
    "user_deactivate",
    "user_invite",
    "user_reactivate",
]
