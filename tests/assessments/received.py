"""Two installations in one test database: the vendor's own life happens inside a transaction that is taken back, and only its files remain."""

import dataclasses
import io
import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from accounts.models import Membership, Organisation, Role, User
from assessments.contracts import Threshold
from assessments.models import Plan, Run, VendorKey
from assessments.services.handovers import plan_hand_over, plan_receive
from assessments.services.plans import PlanItem, plan_create, plan_seal
from assessments.services.received_cases import Reception, case_receive
from assessments.services.runs import run_create
from assessments.services.vendor_keys import vendor_key_pin
from core.canonical import canonical_json
from core.hashing import sha256_bytes
from evidence import keys
from evidence.case import case_write, case_zip
from evidence.keys import KeyRing
from evidence.models import Attestation, Checkpoint, LedgerEntry, LogHead, LogNode
from gpu_tasks.inspection import version_inspect
from gpu_tasks.tasks import execute_step
from inventory.models import ModelVersion, Vendor
from reports.cases import statements_of
from tests import factories

SMALL = {"prompts": 48, "sequences": 4, "half": 12, "patch_prompts": 2, "bootstrap": 200}
VERSION = uuid.UUID("11111111-2222-4333-8444-555555555555")
LOG = (LedgerEntry, Checkpoint, LogNode, LogHead)
LIMITS = (Threshold("induction_score", ">=", 0.25),)


@contextmanager
def elsewhere(settings: Any, folder: Path) -> Iterator[None]:
    """Another installation, with keys and a log of its own, until the block ends; then its tables are as if it had never been."""
    before = settings.ASSAY_KEYS_DIR
    with transaction.atomic():
        mark = transaction.savepoint()
        try:
            for table in LOG:
                table.objects.all()._raw_delete(connection.alias)
            settings.ASSAY_KEYS_DIR = folder
            yield
        finally:
            settings.ASSAY_KEYS_DIR = before
            transaction.savepoint_rollback(mark)


def vendor_keys(tmp: Path) -> Path:
    """The keys of a vendor's installation."""
    folder = tmp / "vendor-keys"
    if not folder.exists():
        KeyRing.create(folder, "test passphrase", "assay.vendor.example/log")
    keys._load_once.cache_clear()
    return folder


def our_plan(admin: User, model: Path | None, items: list[PlanItem] | None = None, **fields: Any) -> Plan:
    """A plan of ours, sealed, on a version that is always the same, so that the digest is."""
    facts = version_inspect(source="safetensors", locator=str(model)) if model else factories.facts()
    facts = dataclasses.replace(facts, locator="/where/we/have/it", **fields.pop("facts", {}))
    row = ModelVersion.objects.filter(pk=VERSION).first() or _version(admin, facts)
    wish = {"title": "Small", "claim": "It is seen.", "seed": 3, "items": items or [PlanItem("known_circuits", SMALL, LIMITS)], **fields}
    return plan_seal(actor=admin, plan=plan_create(actor=admin, version=row, **wish))


def _version(admin: User, facts: Any) -> ModelVersion:
    vendor = factories.vendor(admin, name="The vendor")
    row = factories.version(admin, model=factories.model(admin, vendor=vendor, name="Model"), label="1", version_facts=facts)
    ModelVersion.objects.filter(pk=row.pk).update(id=VERSION)
    return ModelVersion.objects.get(pk=VERSION)


def vendor_run(package: bytes, model: Path, *, qualified: bool = False, runs: int = 1) -> Run:
    """What the vendor does with a plan package: register its weights, take the plan in, run it. Call inside ``elsewhere``."""
    person = User.objects.create(username=f"vendor-{uuid.uuid4().hex[:6]}")
    home = Organisation.objects.create(name=f"Vendor {person.username}")
    Membership.objects.create(user=person, organisation=home, role=Role.ADMINISTRATOR)
    factories.worker(home)
    version = factories.version(person, version_facts=version_inspect(source="safetensors", locator=str(model)))
    if qualified:
        factories.qualification(person, "known_circuits", threads=1)
    plan = plan_receive(actor=person, data=package, version=version)
    for _ in range(runs):
        run = run_create(actor=person, plan=plan)
        outcomes = [execute_step(str(step.id)) for step in run.steps.all()]
        assert set(outcomes) == {"done"}, [step.error for step in run.steps.all()]
    return Run.objects.get(pk=run.pk)


def case_of(run: Run, folder: Path, name: str = "case") -> bytes:
    """The vendor's case of a run, as its ZIP."""
    return case_with(run, statements_of(run), folder, name)


def case_with(run: Run, rows: Sequence[Attestation], folder: Path, name: str = "case") -> bytes:
    """A case of chosen statements of a run, as its ZIP."""
    case_write(actor=run.requested_by, path=folder / name, title="Case", attestations=rows)
    case_zip(folder / name, folder / f"{name}.zip")
    return (folder / f"{name}.zip").read_bytes()


def pinned(actor: User, vendor: Vendor, folder: Path) -> VendorKey:
    """The vendor's key file, pinned after comparison."""
    data = (folder / "trusted_root.json").read_bytes()
    return vendor_key_pin(actor=actor, vendor=vendor, trusted_root=data, fingerprint=sha256_bytes(data), compared="telephone")


def received(actor: User, vendor: Vendor, data: bytes) -> Reception:
    """Take ``data`` in."""
    return case_receive(actor=actor, vendor=vendor, stream=io.BytesIO(data))


def states(reception: Reception) -> dict[str, str]:
    """Outcome by check."""
    return {row.slug: str(row.state) for row in reception.report.rows}


def words(reception: Reception, slug: str) -> str:
    """What a check found."""
    return next(row.found for row in reception.report.rows if row.slug == slug)


def handed_over(admin: User, plan: Plan) -> bytes:
    """The package of ``plan``."""
    return plan_hand_over(actor=admin, plan=plan)


def document_of(package: bytes) -> dict[str, Any]:
    """The plan inside a package."""
    return dict(json.loads(package)["plan"])


def version_here(actor: User, model: Path, name: str, label: str) -> ModelVersion:
    """A vendor's own registration of its weights."""
    facts = version_inspect(source="safetensors", locator=str(model))
    return factories.version(actor, model=factories.model(actor, name=name), label=label, version_facts=facts)


def fingerprint_of(package: bytes) -> str:
    """Fingerprint of the key file in a package."""
    return sha256_bytes(canonical_json(json.loads(package)["trusted_root"]))
