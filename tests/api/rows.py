"""A real row behind every path parameter."""

from collections.abc import Callable
from typing import Any

from accounts.models import User
from assessments.models import Finding, Run
from decisions.services import draft_save
from evidence.models import EvidenceLink
from frameworks.models import Requirement
from gpu_tasks.intakes import packages
from inventory.services import deployment_register, intake_request
from questionnaires.models import Comment, QuestionnaireRequest
from questionnaires.services.requests import staff_comment_add
from reports.cases import case_request
from reports.services import report_enqueue
from reports.vendor_packs import vendor_pack_request
from tests import factories
from tests.frameworks.imports import files
from tests.questionnaires import review_rows


def later_rows(admin: User, run: Run) -> dict[str, Any]:
    """Of what joined the API last."""
    version, incident = run.plan.version, factories.incident(admin)
    campaign = factories.questionnaire_campaign(admin)
    return {
        "questionnaire-invitations": campaign["invitation_id"],
        "questionnaire-campaigns": campaign["campaign_id"],
        "questionnaire-comments": _comment(admin, campaign["questionnaire_id"]).id,
        "inbound-questionnaires": review_rows.inbound_values(admin)["inbound_id"],
        "cases": case_request(actor=admin, run=run).id,
        "received-cases": factories.received_case(admin, version, factories.vendor_key(admin, version.model.vendor)).id,
        "vendor-packs": vendor_pack_request(actor=admin, vendor=version.model.vendor).id,
        "pilots": factories.pilot(admin).id,
        "blind-exercises": factories.blind_exercise(admin)[0].id,
        "probe-sets": factories.probe_set(admin).id,
        "incident-actions": factories.corrective_action(admin, incident).id,
        "incident-drafts": draft_save(actor=admin, incident=incident, key="gdpr-33-initial", answers={"people": "About 40"}).id,
    }


def _comment(admin: User, key: Any) -> Comment:
    request = QuestionnaireRequest.objects.get(pk=key)
    return staff_comment_add(actor=admin, request=request, text="Which model is this about?")


def rows_behind(admin: User, run: Run) -> Callable[[str], dict[str, Any]]:
    """Path parameters by path, such as ``/api/v1/vendors/{id}``: ids of rows in the administrator's register."""
    version = run.plan.version
    finding = Finding.objects.get(step__run=run)
    system = factories.system(admin)
    intake = intake_request(actor=admin, model=version.model, label="next", access="weights", source="package", locator=next(iter(packages())))
    report = report_enqueue(actor=admin, run=run, prepared_for="The committee", as_of=run.finished_entry.at.date())  # type: ignore[union-attr]
    delivery = factories.webhook_delivery(admin)
    ids = {
        "webhooks": delivery.subscription_id,
        "webhook-deliveries": delivery.pk,
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
        "questionnaires": (asked := review_rows.request(admin)).id,
        "questionnaire-files": review_rows.exhibit(admin, review_rows.answer_of(asked, "report")).id,
        **later_rows(admin, run),
        "gate-policies": (policy := factories.gate_policy(admin)).id,
        "questionnaire-templates": (template := factories.questionnaire(admin, draft=True)).id,
        "questionnaire-template-versions": template.versions.all()[0].id,
        "framework-imports": factories.framework_file(admin, files.as_yaml(files.ciso())).id,
        "decisions": factories.decision(admin, policy, version=version).id,
    }

    def parameters(path: str) -> dict[str, Any]:
        if "{id}" in path:
            return {"id": str(ids[path.split("/")[3]])}
        return {"index": run.plan.sealed_entry_id} if "{index}" in path else {"slug": "known_circuits"} if "{slug}" in path else {}

    return parameters
