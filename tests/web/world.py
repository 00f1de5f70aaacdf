"""One row of every kind in one organisation, behind the arguments of every address of the browser face."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import ApiToken, Organisation, Role, SavedFilter, User
from assessments.models import Finding
from assessments.probes import shipped
from core import clock
from decisions.services import exemption_propose, gap_assign
from evidence.models import Artifact, EvidenceLink, LedgerEntry
from frameworks.models import ImportDraft, Requirement
from inventory.models import Intake, ModelVersion, Source
from inventory.services import deployment_register
from reports.board_reports import board_report_request
from reports.cases import case_request
from reports.services import report_request
from reports.vendor_packs import vendor_pack_request
from tests import factories
from tests.frameworks.imports.files import as_yaml, ciso
from tests.questionnaires.review_rows import inbound_values, review_values
from webhooks.services import subscription_disable


@dataclass(frozen=True)
class Address:
    """One URL pattern: the namespaces in front of its name, its route from the root, and its arguments."""

    spaces: tuple[str, ...]
    route: str
    name: str
    arguments: tuple[str, ...]


def addresses() -> list[Address]:
    """Every URL pattern of this installation."""
    return list(_walk(get_resolver(), "", (), ()))


def _walk(resolver: URLResolver, prefix: str, spaces: tuple[str, ...], arguments: tuple[str, ...]) -> Iterator[Address]:
    for row in resolver.url_patterns:
        route, held = prefix + str(row.pattern), (*arguments, *row.pattern.regex.groupindex)
        if isinstance(row, URLPattern):
            yield Address(spaces, route, row.name or "", held)
        else:
            yield from _walk(row, route, (*spaces, row.namespace) if row.namespace else spaces, held)


@dataclass(frozen=True)
class World:
    """A filled organisation; ``values`` by argument name, or by address and argument where an address wants its own."""

    home: Organisation
    values: dict[str, Any]

    def path(self, address: Address, actor: User) -> str:
        """The address with its arguments; one's own rows for what nobody else may see."""
        own = {"token_id": _token(actor), "filter_id": _filter(actor), "mfa.pk": _key(actor), "draft_id": _draft(actor, self.home)}
        kwargs = {key: self._value(address.name, key, own) for key in address.arguments}
        return reverse(":".join((*address.spaces, address.name)), kwargs=kwargs)

    def _value(self, name: str, key: str, own: dict[str, Any]) -> Any:
        if key == "pk":
            return own["mfa.pk"]()
        if key in own:
            return own[key]()
        return self.values.get(f"{name}.{key}", self.values.get(key))


def _token(actor: User) -> Any:
    fields = {"name": "A program", "prefix": "assay_x", "scopes": [], "expires_at": clock.now(), "created_by": actor}
    return lambda: ApiToken.objects.get_or_create(user=actor, secret_hash=actor.pk.hex, defaults=fields)[0].pk


def _filter(actor: User) -> Any:
    return lambda: SavedFilter.objects.get_or_create(user=actor, listing="runs", name="Mine", query="q=a")[0].pk


def _key(actor: User) -> Any:
    data = {"name": "Key 1", "credential": {}}
    return lambda: Authenticator.objects.get_or_create(user=actor, type=Authenticator.Type.WEBAUTHN, defaults={"data": data})[0].pk


def _draft(actor: User, home: Organisation) -> Any:
    # Nearly every address is another one, and writing the file takes longer than most answers.
    fields = {"organisation": home, "name": "library.yaml", "raw": lambda: as_yaml(ciso())}
    return lambda: ImportDraft.objects.get_or_create(uploaded_by=actor, digest=actor.pk.hex * 2, defaults=fields)[0].pk


def build(admin: User) -> World:
    """Rows of every kind in the organisation of ``admin``."""
    factories.catalogue(admin)
    run = factories.finished_run(admin)
    version, finding = run.plan.version, Finding.objects.get(step__run=run)
    artifact = Artifact.objects.filter(attestation=finding.step.attestation)[0]
    draft = factories.plan(admin, version=version, seal=False)
    system = factories.system(admin)
    deployment = deployment_register(actor=admin, system=system, version=version, environment="production")
    link = EvidenceLink.objects.filter(artifact__attestation=finding.step.attestation).first() or _link(artifact)
    home, record = factories.home(admin), factories.qualification(admin)
    incident = factories.incident(admin)
    fact = factories.incident_fact(admin, incident)
    duties = Requirement.objects.known_at(clock.now().date()).filter(version__framework__slug="eu-ai-act")
    gap = gap_assign(actor=admin, system=system, requirement=duties[0], owner=admin, due_on=clock.now().date())
    decision, waiver, task = factories.waived_decision(admin, version)
    webhook, paused = factories.webhook(admin), subscription_disable(actor=admin, subscription=factories.webhook(admin))
    program = factories.service_account(admin)
    template = factories.questionnaire(admin, draft=True)
    invited = factories.questionnaire_campaign(admin)
    follow = factories.incident_follow_up(admin, incident, artifact)
    return World(
        home,
        {
            "vendor_id": version.model.vendor_id,
            "model_id": version.model_id,
            "version_id": version.id,
            "system_id": system.id,
            "deployment_id": deployment.id,
            "intake_id": _intake(admin, version).id,
            "plan_id": run.plan_id,
            "plan-edit.plan_id": draft.id,
            "plan-seal.plan_id": draft.id,
            "plan-discard.plan_id": draft.id,
            "run_id": run.id,
            "finding_id": finding.id,
            "artifact_id": artifact.id,
            "link_id": link.id,
            "report_id": report_request(actor=admin, run=run, prepared_for="The board", as_of=run.created_at.date()).id,
            "board_id": board_report_request(actor=admin, organisation=home).id,
            "pack_id": vendor_pack_request(actor=admin, vendor=version.model.vendor).id,
            "organisation_id": home.id,
            "case_id": case_request(actor=admin, run=run).id,
            "framework": "eu-ai-act",
            "requirement_id": Requirement.objects.all()[0].id,
            **factories.vendor_run(admin, version),
            "index": LedgerEntry.objects.get(attestation=finding.step.attestation).index,
            "user_id": factories.user(Role.AUDITOR, of=home).id,
            "slug": "linear_direction",
            "calibration_id": record.calibration_id,
            "qualification_id": record.id,
            "probe-set-detail.slug": next(iter(shipped())),
            "set_id": factories.probe_set(admin).id,
            "organism-detail.slug": "refuser-planted-100-s1",
            "organism_id": factories.organism(admin).id,
            "exercise_id": factories.blind_exercise(admin, version=version)[0].id,
            "pilot_id": factories.pilot(admin).id,
            "incident_id": incident.id,
            "decision_id": decision.id,
            "policy_id": decision.policy.policy_id,
            "waiver_id": waiver.id,
            "task_id": task.id,
            "condition": "c2",
            "kind": "finding",
            "fact_id": fact.id,
            "gap_id": gap.id,
            "exemption_id": exemption_propose(actor=admin, system=system, requirement=duties[1], reason="It is a toy.").id,
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
            **review_values(admin),
            **inbound_values(admin),
            "clock": "gdpr-33-initial",
            "webhook_id": webhook.id,
            "webhook-enable.webhook_id": paused.id,
            "delivery_id": factories.webhook_delivery(admin, webhook).id,
            "account_id": program.id,
            "secret_id": factories.client_secret(admin, program)[0].id,
            "client-secret-rotate.secret_id": factories.client_secret(admin, program)[0].id,
            "name": finding.figures[0]["name"],
            "form": "svg",
        },
    )


def nowhere(home: Organisation) -> World:
    """Arguments that fit every address and have no rows behind them, for those who are stopped before any row is looked for."""
    keys = {key for address in addresses() for key in address.arguments}
    names = dict.fromkeys(("slug", "framework", "clock", "condition", "kind", "name", "provider_id", "key", "part"), "none")
    texts = {**names, "form": "svg", "ending": "yaml", "index": 1, "uidb36": "1"}
    return World(home, {key: texts.get(key, home.pk) for key in keys})


def _link(artifact: Artifact) -> EvidenceLink:
    requirement = Requirement.objects.all()[0]
    return EvidenceLink.objects.create(artifact=artifact, requirement=requirement, evidence_kind="test", rationale="It is asked for.", tier="observed")


def _intake(admin: User, version: ModelVersion) -> Intake:
    fields = {"access": version.access, "source": Source.GGUF, "locator": "m.gguf"}
    return Intake.objects.create(model=version.model, label="next", requested_by=admin, **fields)
