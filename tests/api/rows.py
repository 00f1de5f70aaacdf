"""A real row behind every path parameter."""

from collections.abc import Callable
from typing import Any

from accounts.models import User
from assessments.models import Finding, Run
from evidence.models import EvidenceLink
from frameworks.models import Requirement
from gpu_tasks.intakes import packages
from inventory.services import deployment_register, intake_request
from reports.services import report_enqueue
from tests import factories


def rows_behind(admin: User, run: Run) -> Callable[[str], dict[str, Any]]:
    """Path parameters by path, such as ``/api/v1/vendors/{id}``: ids of rows in the administrator's register."""
    version = run.plan.version
    finding = Finding.objects.get(step__run=run)
    system = factories.system(admin)
    intake = intake_request(actor=admin, model=version.model, label="next", access="weights", source="package", locator=next(iter(packages())))
    report = report_enqueue(actor=admin, run=run, prepared_for="The committee", as_of=run.finished_entry.at.date())  # type: ignore[union-attr]
    ids = {
        "vendors": version.model.vendor_id,
        "systems": system.id,
        "deployments": deployment_register(actor=admin, system=system, version=version, environment="production").id,
        "models": version.model_id,
        "versions": version.id,
        "intakes": intake.id,
        "plans": run.plan_id,
        "runs": run.id,
        "findings": finding.id,
        "requirements": Requirement.objects.earliest("ref").id,
        "artifacts": finding.result_artifact_id,
        "evidence-links": EvidenceLink.objects.earliest("created_at").id,
        "reports": report.id,
        "incidents": factories.incident(admin).id,
        "gate-policies": (policy := factories.gate_policy(admin)).id,
        "decisions": factories.decision(admin, policy, version=version).id,
    }

    def parameters(path: str) -> dict[str, Any]:
        if "{id}" in path:
            return {"id": str(ids[path.split("/")[3]])}
        return {"index": run.plan.sealed_entry_id} if "{index}" in path else {"slug": "known_circuits"} if "{slug}" in path else {}

    return parameters
