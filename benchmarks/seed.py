"""Many rows quickly: bulk inserts for the register, and real signed entries for a part of the log. Imported after django.setup()."""

import itertools
import secrets
from datetime import timedelta

from django.core.management import call_command
from django.db import connection, transaction

from accounts.models import ApiToken, Membership, Organisation, Role, User
from accounts.permissions import SCOPES
from accounts.tokens import hash_of
from core import clock
from evidence import ledger
from evidence.keys import KeyRing
from inventory.models import Access, AIModel, AISystem, ModelVersion, OurRole, RiskClass, Source, Vendor

LOG_ENTRIES, BATCH = 1000, 250
numbers = itertools.count(1)


def installation(settings: object) -> tuple[Organisation, str]:
    """An empty installation with one organisation, and the secret of its administrator's token."""
    call_command("migrate", interactive=False, verbosity=0)
    KeyRing.create(settings.ASSAY_KEYS_DIR, settings.ASSAY_KEY_PASSPHRASE, settings.ASSAY_LOG_ORIGIN)  # type: ignore[attr-defined]
    organisation = Organisation.objects.create(name="Measured")
    person = User.objects.create(username="measurer", password="!")
    Membership.objects.create(user=person, organisation=organisation, role=Role.ADMINISTRATOR)
    secret = f"assay_{secrets.token_urlsafe(32)}"
    ends = clock.now() + timedelta(days=1)
    ApiToken.objects.create(user=person, name="bench", prefix=secret[:12], secret_hash=hash_of(secret), scopes=list(SCOPES), expires_at=ends, created_by=person)
    return organisation, secret


def vendors(organisation: Organisation, upto: int) -> None:
    """Vendors until there are ``upto``."""
    missing = upto - Vendor.objects.count()
    made = (Vendor(organisation=organisation, name=f"Vendor {next(numbers):06}", country="NL", access=Access.WEIGHTS) for _ in range(missing))
    Vendor.objects.bulk_create(made, batch_size=1000)
    analyse()


def register(organisation: Organisation, rows: int) -> None:
    """``rows`` each of systems, models and versions; one model per vendor, one version per model."""
    owners = list(Vendor.objects.all()[:rows])
    models = AIModel.objects.bulk_create((AIModel(vendor=vendor, name=f"Model {place:06}") for place, vendor in enumerate(owners)), batch_size=1000)
    ModelVersion.objects.bulk_create((version_of(model) for model in models), batch_size=1000)
    AISystem.objects.bulk_create((system_of(organisation, place) for place in range(rows)), batch_size=1000)
    analyse()


def version_of(model: AIModel) -> ModelVersion:
    """A version with digests of full length."""
    digests = {"weights_digest": secrets.token_hex(32), "tokenizer_digest": secrets.token_hex(32)}
    facts = {"source": Source.SAFETENSORS, "locator": "models/example", "quantisation": "none, float32", "architecture": "LlamaForCausalLM"}
    return ModelVersion(model=model, label="1", access=Access.WEIGHTS, parameters=135_000_000, **digests, **facts)


def system_of(organisation: Organisation, place: int) -> AISystem:
    """A system of the kind that most law is about."""
    facts = {"our_role": OurRole.DEPLOYER, "risk_class": RiskClass.HIGH_ANNEX_III, "jurisdiction": "EU"}
    return AISystem(organisation=organisation, name=f"System {place:06}", purpose="Sorts letters by topic.", **facts)


def log(organisation: Organisation) -> None:
    """Signed entries, so that an append works on a tree of some height."""
    person = User.objects.get(username="measurer")
    for begin in range(0, LOG_ENTRIES, BATCH):
        drafts = [ledger.Draft("bench.filled", f"bench.row:{place}", {"place": place}, None, organisation.pk) for place in range(begin, begin + BATCH)]
        with transaction.atomic():
            ledger.append_many(actor=person, drafts=drafts)
    analyse()


def analyse() -> None:
    """Bring the planner's statistics up to date, as a database in use does by itself."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
