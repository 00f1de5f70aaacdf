"""The work of `assay plan` and `assay case`, in this process and in the name of the first administrator."""

from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from accounts.models import User
from assessments.models import Plan, ReceivedPlan
from assessments.plan_packages import LARGEST
from assessments.services.handovers import plan_hand_over, plan_receive
from assessments.services.received_cases import case_receive
from cli.setup import first_administrator
from core.errors import Conflict, InvalidInput
from inventory.models import ModelVersion, Vendor

R = TypeVar("R")


def plan_export(plan: str, path: Path) -> str:
    """Write the package of a sealed plan to the new file ``path``."""
    actor = first_administrator()
    if path.exists():
        raise Conflict(f"{path} exists already; choose a new name")
    rows = Plan.objects.visible_to(actor).exclude(sealed_digest="")
    row = _one([row for row in rows if plan and (str(row.pk) == plan or row.sealed_digest.startswith(plan))], "ID", "a sealed plan")
    data = plan_hand_over(actor=actor, plan=row)
    try:
        path.write_bytes(data)
    except OSError as error:
        raise InvalidInput("FILE", f"{path} cannot be written ({error.strerror})") from error
    return f"{path}: “{row.title}”, sealed as sha256:{row.sealed_digest}. Tell the vendor the fingerprint of your key file by another way."


def plan_import(path: Path, version: str, fingerprint: str = "") -> str:
    """Take the package at ``path`` in for a version here; says whose keys sealed it."""
    actor = first_administrator()
    plan = plan_receive(actor=actor, data=_bytes(path, LARGEST), version=_version(actor, version), fingerprint=fingerprint)
    source = ReceivedPlan.objects.get(plan=plan)
    told = "compared" if source.compared else "NOT compared: ask the sender for it by another way"
    return (
        f"“{plan.title}” is taken in, sealed as sha256:{plan.sealed_digest}\n"
        f"  from {source.origin}, key file sha256:{source.fingerprint} ({told})\n"
        f"  run it from the page of the plan (id {plan.pk}), then export the case of the run and send it back"
    )


def case_import(path: Path, vendor: str) -> dict[str, Any]:
    """Take the case at ``path`` in; the outcome with every check."""
    actor = first_administrator()
    row = _one(list(Vendor.objects.visible_to(actor).filter(name=vendor)), "--vendor", "a vendor of the register")
    try:
        with path.open("rb") as stream:
            found = case_receive(actor=actor, vendor=row, stream=stream)
    except OSError as error:
        raise InvalidInput("FILE", f"{path} cannot be read ({error.strerror}); give the path of the ZIP") from error
    outcome = found.case.outcome if found.case else "refused"
    return {"outcome": outcome, "sha256": found.sha256, "repeated": found.repeated, "checks": found.report.as_rows()}


def _version(actor: User, text: str) -> ModelVersion:
    rows = ModelVersion.objects.visible_to(actor).select_related("model__vendor")
    if _is_key(text):
        return _one(list(rows.filter(pk=text)), "--version", "a version of the register")
    return _one([row for row in rows if str(row) == text], "--version", "a version of the register, by its id or as “model · label”")


def _is_key(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _one(rows: list[R], field: str, what: str) -> R:
    if len(rows) != 1:
        raise InvalidInput(field, f"name {what}; {len(rows) or 'none'} fit what you gave")
    return rows[0]


def _bytes(path: Path, most: int) -> bytes:
    """At most one byte more than is allowed: a larger file is refused without being read."""
    try:
        with path.open("rb") as stream:
            return stream.read(most + 1)
    except OSError as error:
        raise InvalidInput("FILE", f"{path} cannot be read ({error.strerror})") from error
