"""Which verb a call asks for, by address name and method; what is not listed here is refused."""

from collections.abc import Mapping

ANYONE = "anyone signed in"
"""In place of a verb: any valid token or session will do."""

READ, WRITE = "inventory.read", "inventory.write"
ASSESSMENTS, EVIDENCE, FRAMEWORKS, REPORTS = "assessments.read", "evidence.read", "frameworks.read", "reports.read"

LOAD = "frameworks.load"
ASKED, ASK, JUDGE = "questionnaires.read", "questionnaire.send", "questionnaire.review"

ALSO: Mapping[str, frozenset[str]] = {
    "gaps": frozenset({EVIDENCE, READ}),
    "POST pilots": frozenset({"plan.write", "run.start"}),
    "POST cases": frozenset({ASSESSMENTS}),
    "POST incident-draft-report": frozenset({"incidents.read"}),
    "POST vendor-packs": frozenset({READ, "incidents.read", ASKED}),
}
"""Calls that rest on more than one verb, by name of the address or by method and name: without all of them the answer would be wrong rather than short."""

Methods = Mapping[str, str]

ACCESS: Mapping[str, Methods] = {
    "me": {"GET": ANYONE},
    "schema": {"GET": ANYONE},
    # vendors
    "vendors": {"GET": READ, "POST": WRITE},
    "vendor": {"GET": READ, "PATCH": WRITE},
    "vendor-clearance": {"GET": "clearance.read"},
    "vendor-import": {"POST": WRITE},
    # systems and deployments
    "systems": {"GET": READ, "POST": WRITE},
    "system": {"GET": READ, "PATCH": WRITE},
    "deployments": {"GET": READ, "POST": WRITE},
    "deployment": {"GET": READ},
    "deployment-end": {"POST": WRITE},
    # models, versions, intakes
    "models": {"GET": READ, "POST": WRITE},
    "model": {"GET": READ, "PATCH": WRITE},
    "versions": {"GET": READ},
    "version": {"GET": READ},
    "version-lifecycle": {"POST": "inventory.transition"},
    "intakes": {"GET": READ, "POST": WRITE},
    "intake": {"GET": READ},
    "intake-retry": {"POST": WRITE},
    # plans
    "plans": {"GET": ASSESSMENTS, "POST": "plan.write"},
    "plan": {"GET": ASSESSMENTS, "PATCH": "plan.write"},
    "plan-seal": {"POST": "plan.seal"},
    "plan-discard": {"POST": "plan.write"},
    # pilots
    "pilots": {"GET": ASSESSMENTS, "POST": "plan.seal"},
    "pilot": {"GET": ASSESSMENTS},
    "pilot-end": {"POST": "run.cancel"},
    # runs
    "runs": {"GET": ASSESSMENTS, "POST": "run.start"},
    "run": {"GET": ASSESSMENTS},
    "run-cancel": {"POST": "run.cancel"},
    "run-retry": {"POST": "run.retry"},
    # findings
    "findings": {"GET": ASSESSMENTS},
    "finding": {"GET": ASSESSMENTS},
    # instruments
    "instruments": {"GET": ASSESSMENTS},
    "instrument": {"GET": ASSESSMENTS},
    "blind-exercises": {"GET": ASSESSMENTS},
    "blind-exercise": {"GET": ASSESSMENTS},
    "probe-sets": {"GET": ASSESSMENTS},
    "probe-set": {"GET": ASSESSMENTS},
    # requirements
    "requirements": {"GET": FRAMEWORKS},
    "requirement": {"GET": FRAMEWORKS},
    "gaps": {"GET": FRAMEWORKS},
    "coverage": {"GET": EVIDENCE},
    # imports of frameworks and crosswalks; an uploaded file is its uploader's alone
    "framework-imports": {"GET": LOAD, "POST": LOAD},
    "framework-import": {"GET": LOAD},
    "framework-import-apply": {"POST": LOAD},
    "framework-import-discard": {"POST": LOAD},
    # incidents
    "incidents": {"GET": "incidents.read", "POST": "incident.write"},
    "incident": {"GET": "incidents.read"},
    "incident-clocks": {"GET": "incidents.read"},
    "incident-facts": {"POST": "incident.write"},
    "incident-fact-correct": {"POST": "incident.write"},
    "incident-submissions": {"POST": "incident.submit"},
    "incident-actions": {"GET": "incidents.read", "POST": "incident.write"},
    "incident-action": {"GET": "incidents.read"},
    "incident-action-change": {"POST": "incident.write"},
    "incident-action-done": {"POST": "incident.write"},
    "incident-action-reopen": {"POST": "incident.write"},
    "incident-drafts": {"GET": "incidents.read", "POST": "incident.write"},
    "incident-draft": {"GET": "incidents.read"},
    "incident-draft-report": {"POST": "report.build"},
    "incident-draft-pdf": {"GET": "incidents.read"},
    "incident-draft-data": {"GET": "incidents.read"},
    "incident-draft-proof": {"GET": "incidents.read"},
    # questionnaires; to judge is in no scope, so only signed-in people can
    "questionnaires": {"GET": ASKED, "POST": ASK},
    "questionnaire": {"GET": ASKED},
    "questionnaire-send": {"POST": ASK},
    "questionnaire-due": {"POST": ASK},
    "questionnaire-remind": {"POST": ASK},
    "questionnaire-withdraw": {"POST": ASK},
    "questionnaire-judge": {"POST": JUDGE},
    "questionnaire-reopen": {"POST": JUDGE},
    "questionnaire-cite": {"POST": JUDGE},
    "questionnaire-close": {"POST": JUDGE},
    "questionnaire-file-content": {"GET": ASKED},
    "questionnaire-file-release": {"POST": JUDGE},
    "questionnaire-file-refuse": {"POST": JUDGE},
    "questionnaire-scores": {"GET": ASKED},
    "questionnaire-invitations": {"GET": ASKED, "POST": ASK},
    "questionnaire-invitation": {"GET": ASKED},
    "questionnaire-invitation-renew": {"POST": ASK},
    "questionnaire-invitation-revoke": {"POST": ASK},
    "questionnaire-comments": {"GET": ASKED, "POST": ASK},
    "questionnaire-comment": {"GET": ASKED},
    "questionnaire-campaigns": {"GET": ASKED, "POST": ASK},
    "questionnaire-campaign": {"GET": ASKED},
    "questionnaire-campaign-send": {"POST": ASK},
    "inbound-questionnaires": {"GET": ASKED, "POST": ASK},
    "inbound-questionnaire": {"GET": ASKED},
    "inbound-questionnaire-answer": {"POST": ASK},
    "inbound-questionnaire-approve": {"POST": JUDGE},
    "inbound-questionnaire-reopen": {"POST": ASK},
    # gate policies and decisions; to approve is in no scope, so only signed-in people can
    "gate-policies": {"GET": "decisions.read"},
    "gate-policy": {"GET": "decisions.read"},
    "decisions": {"GET": "decisions.read", "POST": "decision.request"},
    "decision": {"GET": "decisions.read"},
    "decision-approve": {"POST": "decision.approve"},
    "decision-reject": {"POST": "decision.approve"},
    "decision-waivers": {"POST": "decision.waive"},
    # webhooks
    "webhooks": {"GET": "webhooks.read", "POST": "webhooks.manage"},
    "webhook": {"GET": "webhooks.read", "PATCH": "webhooks.manage"},
    "webhook-rotate": {"POST": "webhooks.manage"},
    "webhook-disable": {"POST": "webhooks.manage"},
    "webhook-enable": {"POST": "webhooks.manage"},
    "webhook-end": {"POST": "webhooks.manage"},
    "webhook-test": {"POST": "webhooks.manage"},
    "webhook-replay": {"POST": "webhooks.manage"},
    "webhook-deliveries": {"GET": "webhooks.read"},
    "webhook-delivery": {"GET": "webhooks.read"},
    "webhook-delivery-replay": {"POST": "webhooks.manage"},
    # questionnaires as they are written; to publish is left to people
    "questionnaire-templates": {"GET": "questionnaires.read", "POST": "template.write"},
    "questionnaire-template": {"GET": "questionnaires.read"},
    "questionnaire-template-draft": {"POST": "template.write"},
    "questionnaire-template-versions": {"GET": "questionnaires.read"},
    "questionnaire-template-version": {"GET": "questionnaires.read"},
    # evidence
    "artifacts": {"GET": EVIDENCE},
    "artifact": {"GET": EVIDENCE},
    "artifact-content": {"GET": EVIDENCE},
    "artifact-proof": {"GET": EVIDENCE},
    "evidence-links": {"GET": EVIDENCE},
    "evidence-link": {"GET": EVIDENCE},
    "log-entries": {"GET": EVIDENCE},
    "log-entry": {"GET": EVIDENCE},
    "log-entry-proof": {"GET": EVIDENCE},
    "log-checkpoint": {"GET": EVIDENCE},
    "log-keys": {"GET": EVIDENCE},
    # cases: exported ones, and those that vendors send
    "cases": {"GET": EVIDENCE, "POST": "evidence.export"},
    "case": {"GET": EVIDENCE},
    "case-content": {"GET": EVIDENCE},
    "received-cases": {"GET": ASSESSMENTS},
    "received-case": {"GET": ASSESSMENTS},
    "received-case-import": {"POST": "case.receive"},
    # reports
    "reports": {"GET": REPORTS, "POST": "report.build"},
    "report": {"GET": REPORTS},
    "report-pdf": {"GET": REPORTS},
    "report-proof": {"GET": REPORTS},
    # due-diligence packs
    "vendor-packs": {"GET": REPORTS, "POST": "report.build"},
    "vendor-pack": {"GET": REPORTS},
    "vendor-pack-pdf": {"GET": REPORTS},
    "vendor-pack-proof": {"GET": REPORTS},
}


def verb_for(name: str, method: str) -> str | None:
    """The verb that ``method`` on the address ``name`` asks for; None where the table has no such line."""
    return ACCESS.get(name, {}).get("GET" if method == "HEAD" else method)


def also_for(name: str, method: str) -> frozenset[str]:
    """What ``method`` on the address ``name`` asks for beside its verb."""
    return ALSO.get(name, frozenset()) | ALSO.get(f"{method} {name}", frozenset())
