"""Incidents with running clocks, gaps with owners and approved decisions, by the services people use. Imported after django.setup()."""

from datetime import timedelta

from accounts.models import Membership, Organisation, Role, User
from core import clock
from decisions.basis import basis_of
from decisions.conditions import parse
from decisions.gate_models import Decision
from decisions.policies import Draft
from decisions.services import Judgement, approval_give, decision_request, fact_enter, incident_open, policy_create, task_add
from inventory.models import AISystem

COVERAGE = {"kind": "coverage", "framework": "eu-ai-act", "value": 100, "required": False}
CONDITIONS = [{"key": "now", **COVERAGE}, {"key": "later", "day": "2027-12-02", **COVERAGE}]


def incidents(organisation: Organisation, count: int) -> None:
    """Breaches of personal data, aware of since an hour, one for each of the first systems."""
    person, judgement = User.objects.get(username="measurer"), Judgement("high", ["personal_data_breach"], ["controller"])
    for system in AISystem.objects.order_by("name")[:count]:
        row = incident_open(
            actor=person, organisation=organisation, judgement=judgement, title=f"Breach at {system}", description="Measured.", systems=[system]
        )
        fact_enter(actor=person, incident=row, name="aware", at=clock.now() - timedelta(hours=1), source="Measured")


def decisions(organisation: Organisation, count: int) -> None:
    """Decisions to deploy, every second one about a system and the others about the version at work in one; all approved, with one task each."""
    person = User.objects.get(username="measurer")
    approver = User.objects.create(username="approver", password="!")
    Membership.objects.create(user=approver, organisation=organisation, role=Role.APPROVER)
    draft = Draft(parse(CONDITIONS), 1, ("approver",))
    policy = policy_create(actor=person, organisation=organisation, draft=draft, name="Measured", step="deploy")
    for place, system in enumerate(AISystem.objects.order_by("name")[:count]):
        subject = {"system": system} if place % 2 else {"version": system.deployments.get().version}
        row = decision_request(actor=person, policy=policy, purpose="Measured", **subject)
        task_add(actor=person, decision=row, text="Close the gaps", owner=person, due_on=clock.now().date() + timedelta(days=30))
        approval_give(actor=approver, decision=row, digest=basis_of(Decision.objects.get(pk=row.pk)).digest)
