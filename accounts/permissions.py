"""The one policy table: which role may do which verb, and the check every service makes first."""

import uuid
from typing import Protocol

from accounts.models import Role, User
from core.errors import NotAllowed

READ = frozenset(
    {"inventory.read", "assessments.read", "evidence.read", "reports.read", "frameworks.read"}
    | {"incidents.read", "decisions.read", "questionnaires.read", "clearance.read"}
)
REGISTER = frozenset({"inventory.write", "inventory.transition"})
ASSESS = frozenset({"evidence.record", "plan.write", "plan.seal", "run.start", "run.cancel", "run.retry", "report.build", "evidence.export"})
CALIBRATE = frozenset({"case.receive", "instrument.calibrate", "blind.answer", "probe_set.add"})
ADMINISTER = frozenset({"vendor_key.pin", "blind.seal", "accounts.read", "accounts.manage", "frameworks.load"})
INCIDENTS = frozenset({"incident.write", "incident.submit"})
GAPS = frozenset({"gap.assign", "exemption.propose"})
GATES = frozenset({"policy.write", "decision.request", "decision.waive", "decision.approve", "decision.task", "drill.record"})
QUESTIONNAIRES = frozenset({"template.write", "questionnaire.send", "questionnaire.review"})
OWN = frozenset({"account.self"})
TOKENS = frozenset({"token.issue"})
WEBHOOKS = frozenset({"webhooks.read", "webhooks.manage"})

POLICY: dict[str, frozenset[str]] = {
    Role.ADMINISTRATOR: OWN
    | TOKENS
    | READ
    | REGISTER
    | ASSESS
    | CALIBRATE
    | ADMINISTER
    | INCIDENTS
    | GAPS
    | GATES
    | QUESTIONNAIRES
    | WEBHOOKS
    | {"evidence.review", "exemption.decide"},
    Role.GOVERNANCE: OWN
    | TOKENS
    | READ
    | REGISTER
    | INCIDENTS
    | GAPS
    | GATES
    | QUESTIONNAIRES
    | {"evidence.record", "evidence.review", "exemption.decide", "report.build", "evidence.export", "run.cancel", "frameworks.load", "webhooks.read"}
    | {"case.receive", "vendor_key.pin"},
    Role.ASSESSOR: OWN | TOKENS | READ | REGISTER | ASSESS | CALIBRATE | GAPS | {"incident.write", "decision.request", "decision.task", "drill.record"},
    Role.APPROVER: OWN | READ | {"evidence.review", "evidence.record", "exemption.decide", "decision.approve", "decision.task"},
    Role.AUDITOR: OWN | READ | {"evidence.export", "accounts.read", "webhooks.read"},
    Role.VENDOR: OWN | {"questionnaire.answer"},
    Role.API_CLIENT: READ | REGISTER | ASSESS | WEBHOOKS,
    Role.WORKER: frozenset(
        {"run.execute", "reminder.send", "webhook.deliver", "evidence.record", "report.build", "evidence.export"}
        | {"assessments.read", "inventory.read", "decisions.read", "incidents.read"}
        | {"questionnaires.read", "questionnaire.answer"}
    ),
}
PERSONAL = frozenset({Role.ADMINISTRATOR, Role.GOVERNANCE, Role.ASSESSOR, Role.APPROVER, Role.AUDITOR, Role.VENDOR})
"""Roles for people; the other two are for programs."""

SCOPES: dict[str, frozenset[str]] = {
    "inventory:read": frozenset({"inventory.read"}),
    "inventory:write": frozenset({"inventory.read"}) | REGISTER,
    "assessments:read": frozenset({"assessments.read", "inventory.read"}),
    "assessments:run": frozenset({"assessments.read", "inventory.read", "evidence.record", "plan.write", "plan.seal", "run.start", "run.cancel", "run.retry"}),
    "evidence:read": frozenset({"evidence.read"}),
    "evidence:export": frozenset({"evidence.read", "evidence.export"}),
    "frameworks:read": frozenset({"frameworks.read"}),
    "frameworks:load": frozenset({"frameworks.read", "frameworks.load"}),
    "incidents:read": frozenset({"incidents.read"}),
    "incidents:write": frozenset({"incidents.read", "incident.write"}),
    "incidents:submit": frozenset({"incidents.read", "incident.submit"}),
    "decisions:read": frozenset({"decisions.read"}),
    "decisions:request": frozenset({"decisions.read", "decision.request"}),
    "decisions:waive": frozenset({"decisions.read", "decision.waive"}),
    "questionnaires:read": frozenset({"questionnaires.read"}),
    "clearance:read": frozenset({"clearance.read"}),
    "webhooks:read": frozenset({"webhooks.read"}),
    "webhooks:manage": frozenset(WEBHOOKS),
    "questionnaires:write": frozenset({"questionnaires.read", "template.write"}),
    "questionnaires:send": frozenset({"questionnaires.read", "inventory.read", "questionnaire.send"}),
    "cases:receive": frozenset({"assessments.read", "inventory.read", "case.receive"}),
    "reports:read": frozenset({"reports.read"}),
    "reports:build": frozenset({"reports.read", "report.build"}),
}
"""What an API token may be limited to; a person's act, such as accepting evidence, judging an answer or approving a decision, is in none of them."""


VERBS: dict[str, str] = {
    "account.self": "look after one's own account",
    "token.issue": "issue API tokens for oneself",
    "inventory.read": "see vendors, systems, models and versions",
    "inventory.write": "register and change vendors, systems, models and versions",
    "inventory.transition": "move a version on, such as to approved or retired",
    "assessments.read": "see plans, runs and findings",
    "plan.write": "write and discard plans",
    "plan.seal": "seal plans, after which no threshold can move",
    "run.start": "start runs of sealed plans",
    "run.cancel": "cancel runs",
    "run.retry": "repeat failed steps",
    "instrument.calibrate": "calibrate instruments on models with planted properties",
    "blind.seal": "seal and reveal the truth of blind exercises",
    "blind.answer": "answer blind exercises that somebody else sealed",
    "probe_set.add": "add probe sets of one's own",
    "run.execute": "carry out the steps of runs",
    "evidence.read": "see files, proofs and the log",
    "evidence.record": "store files as evidence",
    "evidence.review": "accept or decline evidence for a requirement",
    "evidence.export": "export cases that others can verify",
    "case.receive": "take in cases that vendors send",
    "vendor_key.pin": "pin and withdraw vendors' public keys",
    "frameworks.read": "see requirements and coverage",
    "frameworks.load": "load catalogues and import frameworks and crosswalks from files",
    "reports.read": "see reports",
    "report.build": "have reports drawn and signed",
    "incidents.read": "see incidents and their reporting clocks",
    "incident.write": "open incidents, enter and correct their facts",
    "incident.submit": "record reports that were sent to authorities",
    "gap.assign": "say who closes a gap in coverage, and by when",
    "exemption.propose": "propose that a duty does not apply to a system",
    "exemption.decide": "approve or decline such proposals of others",
    "decisions.read": "see gate policies, decisions and approvals",
    "policy.write": "write the gate policies that decisions are made under",
    "decision.request": "ask for decisions and write their conditions",
    "decision.waive": "waive a failed condition until a day",
    "decision.approve": "approve or reject decisions of others",
    "decision.task": "mark conditions of decisions as done",
    "drill.record": "record rollback drills",
    "questionnaires.read": "see questionnaires, requests, answers and scores",
    "template.write": "write and publish questionnaires",
    "questionnaire.send": "ask vendors, invite and remind respondents, and answer customers",
    "questionnaire.review": "judge answers, open them again, release files and close reviews",
    "questionnaire.answer": "answer the questionnaires one was invited to",
    "clearance.read": "see whether vendors are cleared, and why",
    "webhooks.read": "see webhooks and what was delivered",
    "webhooks.manage": "set up, change and end webhooks of events one may see",
    "webhook.deliver": "deliver webhooks",
    "reminder.send": "send reminders of deadlines by mail",
    "accounts.read": "see users, roles and public keys",
    "accounts.manage": "invite and deactivate users, give roles, run service accounts",
}
"""What each verb permits, in the words of the role cards."""


def roles_with(verb: str) -> frozenset[str]:
    """The roles that include ``verb``."""
    return frozenset(role for role, verbs in POLICY.items() if verb in verbs)


class Owned(Protocol):
    """An object that belongs to an organisation, directly or through its owner."""

    @property
    def organisation_id(self) -> uuid.UUID | None:
        """Key of the owning organisation; None for what belongs to the installation, in which nobody has a role."""


def allowed(actor: User, verb: str, target: Owned | None = None) -> bool:
    """Whether one of the actor's roles includes ``verb``, in the organisation that owns ``target`` when given."""
    if not actor.may_ever(verb):
        return False
    return any(verb in POLICY[role] for owner, role in actor.roles_held if target is None or owner == target.organisation_id)


def require(actor: User, verb: str, target: Owned | None = None) -> None:
    """Raise ``NotAllowed`` unless ``allowed``."""
    if not allowed(actor, verb, target):
        raise NotAllowed(f"Your roles do not include “{verb}”. Ask an administrator for a role that does.")
