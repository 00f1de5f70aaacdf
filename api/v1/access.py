"""Which verb a call asks for, by address name and method; what is not listed here is refused."""

from collections.abc import Mapping

ANYONE = "anyone signed in"
"""In place of a verb: any valid token or session will do."""

READ, WRITE = "inventory.read", "inventory.write"
ASSESSMENTS, EVIDENCE, FRAMEWORKS, REPORTS = "assessments.read", "evidence.read", "frameworks.read", "reports.read"

Methods = Mapping[str, str]

ACCESS: Mapping[str, Methods] = {
    "me": {"GET": ANYONE},
    "schema": {"GET": ANYONE},
    # vendors
    "vendors": {"GET": READ, "POST": WRITE},
    "vendor": {"GET": READ, "PATCH": WRITE},
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
    "plan": {"GET": ASSESSMENTS},
    "plan-seal": {"POST": "plan.seal"},
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
    # requirements
    "requirements": {"GET": FRAMEWORKS},
    "requirement": {"GET": FRAMEWORKS},
    "coverage": {"GET": EVIDENCE},
    # incidents
    "incidents": {"GET": "incidents.read", "POST": "incident.write"},
    "incident": {"GET": "incidents.read"},
    "incident-clocks": {"GET": "incidents.read"},
    "incident-facts": {"POST": "incident.write"},
    "incident-fact-correct": {"POST": "incident.write"},
    "incident-submissions": {"POST": "incident.submit"},
    # gate policies and decisions; to approve is in no scope, so only signed-in people can
    "gate-policies": {"GET": "decisions.read"},
    "gate-policy": {"GET": "decisions.read"},
    "decisions": {"GET": "decisions.read", "POST": "decision.request"},
    "decision": {"GET": "decisions.read"},
    "decision-approve": {"POST": "decision.approve"},
    "decision-reject": {"POST": "decision.approve"},
    "decision-waivers": {"POST": "decision.waive"},
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
    # reports
    "reports": {"GET": REPORTS, "POST": "report.build"},
    "report": {"GET": REPORTS},
    "report-pdf": {"GET": REPORTS},
    "report-proof": {"GET": REPORTS},
}


def verb_for(name: str, method: str) -> str | None:
    """The verb that ``method`` on the address ``name`` asks for; None where the table has no such line."""
    return ACCESS.get(name, {}).get("GET" if method == "HEAD" else method)
