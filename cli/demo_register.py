"""Fills the register the demonstration works on; what is there already is left alone."""

from pathlib import Path
from typing import Any

import yaml

from accounts.models import Organisation, User
from gpu_tasks.inspection import version_inspect
from inventory.models import AIModel, AISystem, Deployment, ModelVersion, Vendor
from inventory.services import deployment_register, model_register, system_register, vendor_register, version_register

REGISTER = Path(__file__).with_name("demo_register.yaml")


def register_fill(*, actor: User, organisation: Organisation) -> ModelVersion:
    """Vendors, systems, models, the subject's version and its deployment; returns the version to assess."""
    data = yaml.safe_load(REGISTER.read_text(encoding="utf-8"))
    for row in data["vendors"]:
        if not Vendor.objects.filter(organisation=organisation, name=row["name"]).exists():
            vendor_register(actor=actor, organisation=organisation, **row)
    for row in data["systems"]:
        if not AISystem.objects.filter(organisation=organisation, name=row["name"]).exists():
            system_register(actor=actor, organisation=organisation, **row)
    for row in data["models"]:
        vendor = Vendor.objects.get(organisation=organisation, name=row["vendor"])
        if not AIModel.objects.filter(vendor=vendor, name=row["name"]).exists():
            model_register(actor=actor, vendor=vendor, name=row["name"])
    version = _subject(actor, organisation, data["subject"])
    _deployment(actor, organisation, version, data["deployment"])
    return version


def _subject(actor: User, organisation: Organisation, row: dict[str, Any]) -> ModelVersion:
    model = AIModel.objects.get(vendor__organisation=organisation, name=row["model"])
    found = ModelVersion.objects.filter(model=model, label=row["label"]).first()
    if found is not None:
        return found
    facts = version_inspect(source=row["source"], locator=row["locator"])
    return version_register(actor=actor, model=model, label=row["label"], access=row["access"], facts=facts)


def _deployment(actor: User, organisation: Organisation, version: ModelVersion, row: dict[str, Any]) -> None:
    system = AISystem.objects.get(organisation=organisation, name=row["system"])
    if not Deployment.objects.filter(system=system, version=version, environment=row["environment"], active=True).exists():
        deployment_register(actor=actor, system=system, version=version, environment=row["environment"])
