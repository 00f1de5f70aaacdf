"""Real evidence for tests: stored blobs, sealed plans, results, cases on disk."""

import itertools
import random
from pathlib import Path
from typing import Any

from accounts.models import Membership, Organisation, Role, User
from core.canonical import canonical_json
from evidence import statements
from evidence.case import case_write
from evidence.models import Attestation
from evidence.services import StoredFile, evidence_record
from evidence.storage import blob_put_bytes

count = itertools.count(1)
SUBJECT = "inventory.modelversion:7c1f"


def person(role: Role, **fields: Any) -> User:
    user = User.objects.create(username=f"evidence-{next(count)}", **fields)
    organisation, _ = Organisation.objects.get_or_create(name="Evidence tests")
    Membership.objects.create(user=user, organisation=organisation, role=role)
    return user


def recorder() -> User:
    """A service account that may record and export evidence."""
    return person(Role.WORKER, is_service=True)


def stored(data: bytes, name: str = "", **fields: Any) -> StoredFile:
    number = next(count)
    defaults = {"name": name or f"items-{number}.json", "media_type": "application/json", "kind": "items", "title": f"Items {number}"}
    return StoredFile(blob=blob_put_bytes(data), **{**defaults, **fields})


def record(
    actor: User, files: list[StoredFile], predicate_type: str = "urn:assay:predicate:test:v1", predicate: dict[str, Any] | None = None, **fields: Any
) -> Attestation:
    defaults = {"action": "tests.recorded", "subject": SUBJECT, "payload": {"n": next(count)}, "organisation_id": actor.roles_held[0][0]}
    return evidence_record(actor=actor, predicate_type=predicate_type, predicate=predicate or {}, blobs=files, **{**defaults, **fields})


def plan_and_results(actor: User, results: int = 2, size: int = 200, seed: int = 0) -> list[Attestation]:
    """A sealed plan and results under it, with random artifacts."""
    source = random.Random(seed)
    plan = stored(canonical_json({"threshold": 0.5, "n": next(count)}), "plan.json", kind="plan", title="Plan")
    found = [record(actor, [plan], statements.PLAN_SEAL, {"digest": plan.blob.sha256})]
    for _ in range(results):
        predicate = statements.step_result(result="PASSED", plan_digest=plan.blob.sha256, configuration=[], finding={"reading": "observed"})
        files = [stored(source.randbytes(size)) for _ in range(2)]
        found.append(record(actor, files, statements.STEP_RESULT, predicate))
    return found


def case_folder(actor: User, path: Path, attestations: list[Attestation] | None = None, **fields: Any) -> Path:
    case_write(actor=actor, path=path, title="Example case", attestations=attestations or plan_and_results(actor), **fields)
    return path
