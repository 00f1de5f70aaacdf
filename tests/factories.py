"""Rows for tests, made through the services so that every one has its log entry."""

import itertools
from typing import Any

from accounts.models import Membership, Organisation, Role, User
from evidence import ledger
from frameworks.services import catalogue_load
from inventory.models import Access, AIModel, AISystem, ModelVersion, OurRole, RiskClass, Source, Vendor
from inventory.services import VersionFacts, model_register, system_register, vendor_register, version_register

count = itertools.count(1)
PASSWORD = "a-long-test-passphrase-41"


def organisation(name: str = "") -> Organisation:
    return Organisation.objects.create(name=name or f"Organisation {next(count)}")


def user(role: str | None = Role.ADMINISTRATOR, of: Organisation | None = None, **fields: Any) -> User:
    person = User(username=f"person{next(count)}", **fields)
    person.set_password(PASSWORD)
    person.save()
    if role is not None:
        Membership.objects.create(user=person, organisation=of or organisation(), role=role)
    return person


def home(actor: User) -> Organisation:
    return Organisation.objects.get(memberships__user=actor)


def vendor(actor: User, **fields: Any) -> Vendor:
    return vendor_register(actor=actor, **{"organisation": home(actor), "name": f"Vendor {next(count)}", "country": "NL", "access": Access.WEIGHTS, **fields})


def system(actor: User, **fields: Any) -> AISystem:
    defaults = {
        "organisation": home(actor),
        "name": f"System {next(count)}",
        "purpose": "Sorts letters by topic.",
        "our_role": OurRole.DEPLOYER,
        "risk_class": RiskClass.HIGH_ANNEX_III,
        "jurisdiction": "EU",
    }
    return system_register(actor=actor, **{**defaults, **fields})


def model(actor: User, **fields: Any) -> AIModel:
    return model_register(actor=actor, **{"vendor": fields.pop("vendor", None) or vendor(actor), "name": f"Model {next(count)}", **fields})


def facts(**fields: Any) -> VersionFacts:
    defaults = {
        "source": Source.SAFETENSORS,
        "locator": "/models/example",
        "weights_manifest": [{"name": "model.safetensors", "sha256": "ab" * 32, "size": 12}],
        "weights_digest": "cd" * 32,
        "tokenizer_digest": "ef" * 32,
        "template_digest": "",
        "quantisation": "none, float32",
        "architecture": "LlamaForCausalLM",
        "parameters": 1000,
    }
    return VersionFacts(**{**defaults, **fields})


def version(actor: User, *, version_facts: VersionFacts | None = None, **fields: Any) -> ModelVersion:
    defaults = {"model": fields.pop("model", None) or model(actor), "label": f"v{next(count)}", "access": Access.WEIGHTS}
    return version_register(actor=actor, facts=version_facts or facts(), **{**defaults, **fields})


def worker(of: Organisation) -> User:
    account, _ = User.objects.get_or_create(username="assay-worker", defaults={"is_service": True, "password": "!"})
    Membership.objects.get_or_create(user=account, organisation=of, role=Role.WORKER)
    return account


def catalogue(actor: User) -> int:
    return catalogue_load(actor=actor, record=ledger.append)
