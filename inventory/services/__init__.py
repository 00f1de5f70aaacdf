"""Writes to the register: permission, state, change, log entry, in one transaction each."""

from inventory.services.declared import version_declare
from inventory.services.deployments import deployment_end, deployment_register
from inventory.services.intakes import intake_claim, intake_fail, intake_finish, intake_reap, intake_renew, intake_report, intake_request, intake_retry
from inventory.services.models import VersionFacts, model_register, model_update, version_enter, version_register, version_transition
from inventory.services.systems import system_register, system_update
from inventory.services.vendors import vendor_register, vendor_update, vendors_import

__all__ = [
    "VersionFacts",
    "deployment_end",
    "deployment_register",
    "intake_claim",
    "intake_fail",
    "intake_finish",
    "intake_reap",
    "intake_renew",
    "intake_report",
    "intake_request",
    "intake_retry",
    "model_register",
    "model_update",
    "system_register",
    "system_update",
    "vendor_register",
    "vendor_update",
    "vendors_import",
    "version_declare",
    "version_enter",
    "version_register",
    "version_transition",
]
