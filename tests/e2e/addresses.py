"""Every page a person can open, with real rows behind each argument."""

from dataclasses import dataclass
from typing import Any

from django.urls import get_resolver, reverse

from accounts.models import User
from accounts.tokens import token_issue
from assessments.models import Finding, Run
from core import clock
from decisions.services import exemption_propose, gap_assign
from evidence import ledger
from evidence.models import Artifact, EvidenceLink
from frameworks.models import Requirement
from inventory.models import Intake, Source
from inventory.services import deployment_register
from reports.board_reports import board_report_request
from reports.cases import case_make, case_request
from reports.models import Report
from reports.services import report_request
from reports.vendor_packs import vendor_pack_request
from tests import factories
from tests.frameworks.imports.files import as_csv, as_yaml, ciso
from tests.questionnaires.review_rows import inbound_values, review_values
from web.access import ACCESS
from webhooks.services import subscription_disable

FILES = frozenset(
    {
        "artifact-download",
        "artifact-bytes",
        "artifact-proof",
        "finding-figure",
        "entry-bundle",
        "case-download",
        "report-download",
        "report-bundle",
        "board-pdf",
        "board-bundle",
        "vendor-pack-pdf",
        "vendor-pack-bundle",
        "incident-report-pdf",
        "incident-report-json",
        "incident-report-bundle",
        "key-download",
        "qualification-download",
        "home-running",
        "exhibit-download",
        "coverage-oscal",
        "template-export",
    }
)
"""Addresses that answer with a file or a part of a page, not with a page."""

ELSEWHERE = frozenset({"run-begin", "filter-save", "filter-delete"})
"""Addresses that lead to another page."""


@dataclass(frozen=True)
class Register:
    """A filled register: values for the arguments of addresses, by the argument's name."""

    values: dict[str, Any]

    def path(self, name: str) -> str:
        """The address ``name`` with its arguments."""
        wanted = get_resolver().namespace_dict["web"][1].reverse_dict.getlist(name)[0][0][0][1]
        return reverse(f"web:{name}", kwargs={key: self._value(name, key) for key in wanted})

    def _value(self, name: str, key: str) -> Any:
        return self.values.get(f"{name}.{key}", self.values.get(key))


def page_names() -> list[str]:
    """Names of all pages, in a settled order."""
    return sorted(name for name, methods in ACCESS.items() if "GET" in methods and name not in FILES | ELSEWHERE)


def filled(person: User, run: Run) -> Register:
    """Rows of every kind in the register of ``person``, around a finished run."""
    version = run.plan.version
    system = factories.system(person)
    deployment = deployment_register(actor=person, system=system, version=version, environment="production")
    token, _ = token_issue(actor=person, record=ledger.append, name="Procurement", scopes=["inventory:read"], days=30)
    report = Report.objects.filter(run=run).first() or report_request(actor=person, run=run, prepared_for="The board", as_of=run.created_at.date())
    intake = Intake.objects.create(model=version.model, label="next", access=version.access, source=Source.GGUF, locator="model.gguf", requested_by=person)
    finding = Finding.objects.filter(step__run=run, step__key="steering_validation.sentiment").first() or Finding.objects.filter(step__run=run)[0]
    record = factories.qualification(person, "linear_direction")
    colleague = factories.user("auditor", of=factories.home(person))
    incident = factories.incident(person)
    fact = factories.incident_fact(person, incident)
    duties = Requirement.objects.known_at(clock.now().date()).filter(version__framework__slug="eu-ai-act")
    gap = gap_assign(actor=person, system=system, requirement=duties[0], owner=person, due_on=clock.now().date())
    decision, waiver, task = factories.waived_decision(person, version)
    webhook, paused = factories.webhook(person), subscription_disable(actor=person, subscription=factories.webhook(person))
    program = factories.service_account(person)
    template = factories.questionnaire(person, draft=True)
    invited = factories.questionnaire_campaign(person)
    follow = factories.incident_follow_up(person, incident, Artifact.objects.filter(attestation=finding.step.attestation)[0])
    link = EvidenceLink.objects.filter(artifact__attestation=finding.step.attestation).first()
    return Register(
        {
            "version_id": version.id,
            "vendor_id": version.model.vendor_id,
            "model_id": version.model_id,
            "system_id": system.id,
            "deployment_id": deployment.id,
            "intake_id": intake.id,
            "plan_id": run.plan_id,
            "plan-seal.plan_id": factories.plan(person, version=version, seal=False).id,
            "plan-edit.plan_id": factories.plan(person, version=version, seal=False).id,
            "plan-discard.plan_id": factories.plan(person, version=version, seal=False).id,
            "run_id": run.id,
            "finding_id": finding.id,
            "artifact_id": Artifact.objects.filter(attestation=finding.step.attestation)[0].id,
            "link_id": link.id if link else None,
            "report_id": report.id,
            "board_id": board_report_request(actor=person, organisation=factories.home(person)).id,
            "pack_id": vendor_pack_request(actor=person, vendor=version.model.vendor).id,
            "organisation_id": factories.home(person).id,
            "case_id": case_make(actor=person, case=case_request(actor=person, run=run)).id,
            "framework": "eu-ai-act",
            "draft_id": factories.framework_file(person, as_yaml(ciso())).id,
            "import-columns.draft_id": factories.framework_file(person, as_csv()).id,
            "requirement_id": Requirement.objects.filter(ref="AIA-15-4")[0].id,
            **factories.vendor_run(person, version),
            "index": 3,
            "user_id": colleague.id,
            "token_id": token.id,
            "slug": "linear_direction",
            "calibration_id": record.calibration_id,
            "qualification_id": record.id,
            "probe-set-detail.slug": "harmful_harmless",
            "set_id": factories.probe_set(person).id,
            "organism-detail.slug": "refuser-planted-100-s1",
            "organism_id": factories.organism(person).id,
            "exercise_id": factories.blind_exercise(person, version=version)[0].id,
            "pilot_id": factories.pilot(person).id,
            "incident_id": incident.id,
            "decision_id": decision.id,
            "decision-release.decision_id": factories.approved_decision(person).id,
            "policy_id": decision.policy.policy_id,
            "waiver_id": waiver.id,
            "task_id": task.id,
            "condition": "c2",
            "kind": "finding",
            "fact_id": fact.id,
            "gap_id": gap.id,
            "exemption_id": exemption_propose(actor=person, system=system, requirement=duties[1], reason="It is a toy.").id,
            "template_id": template.id,
            "template_version_id": template.versions.all()[0].id,
            "ending": "yaml",
            "part": "f",
            "template-part-add.kind": "flag",
            "template-part-edit.kind": "flag",
            "template-part-remove.kind": "flag",
            "template-part-move.kind": "flag",
            **follow,
            **invited,
            **review_values(person),
            **inbound_values(person),
            "clock": "gdpr-33-initial",
            "webhook_id": webhook.id,
            "webhook-enable.webhook_id": paused.id,
            "delivery_id": factories.webhook_delivery(person, webhook).id,
            "account_id": program.id,
            "secret_id": factories.client_secret(person, program)[0].id,
            "client-secret-rotate.secret_id": factories.client_secret(person, program)[0].id,
            "name": finding.figures[0]["name"],
            "form": "svg",
        }
    )
