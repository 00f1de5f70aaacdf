"""Which verb a page asks for, by address name and method; the middleware enforces it, and a page that is not listed here does not open."""

from collections.abc import Mapping

READ = "inventory.read"
WRITE = "inventory.write"
ASSESSMENTS = "assessments.read"
EVIDENCE = "evidence.read"
DECISIONS = "decisions.read"
SELF = "account.self"
MANAGE = "accounts.manage"

OPEN = frozenset({"login", "logout", "calendar-feed"})
"""Addresses that need no role."""

ACCOUNT_PREFIX = "account/"
ACCOUNT_OPEN = frozenset(
    {
        "account_login",
        "account_logout",
        "account_inactive",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key",
        "account_reset_password_from_key_done",
        "mfa_authenticate",
        "mfa_login_webauthn",
        "openid_connect_login",
        "openid_connect_callback",
        "socialaccount_login_cancelled",
    }
)
"""Addresses below ``ACCOUNT_PREFIX`` on the way in: they need no role and no session."""

Methods = Mapping[str, str]


def form(verb: str) -> Methods:
    """A page with a form: both looking and sending need ``verb``."""
    return {"GET": verb, "POST": verb}


ACCESS: Mapping[str, Methods] = {
    # home, search, help
    "home": {"GET": SELF},
    "home-running": {"GET": SELF},
    "search": {"GET": SELF},
    "glossary": {"GET": SELF},
    "styleguide": {"GET": MANAGE},
    # vendors
    "vendor-list": {"GET": READ},
    "vendor-create": form(WRITE),
    "vendor-detail": {"GET": READ},
    "vendor-edit": form(WRITE),
    # systems and deployments
    "system-list": {"GET": READ},
    "register": {"GET": READ},
    "system-create": form(WRITE),
    "system-detail": {"GET": READ},
    "system-edit": form(WRITE),
    "deployment-create": form(WRITE),
    "deployment-end": form(WRITE),
    # models and versions
    "model-list": {"GET": READ},
    "model-create": form(WRITE),
    "model-detail": {"GET": READ},
    "model-edit": form(WRITE),
    "version-list": {"GET": READ},
    "version-create": form(WRITE),
    "version-detail": {"GET": READ},
    "version-assessments": {"GET": ASSESSMENTS},
    "version-weights": {"GET": READ},
    "version-history": {"GET": EVIDENCE},
    "version-move": form("inventory.transition"),
    "intake-detail": {"GET": READ},
    "intake-retry": {"POST": WRITE},
    # plans
    "plan-list": {"GET": ASSESSMENTS},
    "plan-create": form("plan.write"),
    "plan-pipeline": form("plan.write"),
    "plan-detail": {"GET": ASSESSMENTS},
    "plan-edit": form("plan.write"),
    "plan-seal": form("plan.seal"),
    "plan-discard": form("plan.write"),
    "run-start": {"POST": "run.start"},
    "run-begin": {"GET": "run.start"},
    # runs
    "run-list": {"GET": ASSESSMENTS},
    "run-detail": {"GET": ASSESSMENTS},
    "run-pipeline": {"GET": ASSESSMENTS},
    "run-cancel": form("run.cancel"),
    "run-retry": {"POST": "run.retry"},
    "run-compare": {"GET": ASSESSMENTS},
    # findings
    "finding-list": {"GET": ASSESSMENTS},
    "finding-detail": {"GET": ASSESSMENTS},
    "finding-figure": {"GET": ASSESSMENTS},
    "artifact-download": {"GET": ASSESSMENTS},
    "link-review": {"POST": "evidence.review"},
    # instruments
    "instrument-list": {"GET": ASSESSMENTS},
    "instrument-detail": {"GET": ASSESSMENTS},
    "instrument-calibrate": form("instrument.calibrate"),
    "calibration-detail": {"GET": ASSESSMENTS},
    "qualification-download": {"GET": ASSESSMENTS},
    "probe-set-detail": {"GET": ASSESSMENTS},
    "probe-set-list": {"GET": ASSESSMENTS},
    "probe-set-add": form("probe_set.add"),
    "probe-set-own": {"GET": ASSESSMENTS},
    "blind-list": {"GET": ASSESSMENTS},
    "blind-seal": form("blind.seal"),
    "blind-detail": {"GET": ASSESSMENTS},
    "blind-answer": form("blind.answer"),
    "blind-reveal": form("blind.seal"),
    "blind-withdraw": form("blind.seal"),
    # requirements
    "coverage": {"GET": "frameworks.read"},
    "coverage-overview": {"GET": "frameworks.read"},
    "coverage-trend": {"GET": "frameworks.read"},
    "coverage-oscal": {"GET": "frameworks.read"},
    "coverage-report": {"GET": "reports.read", "POST": "report.build"},
    "gap-list": {"GET": "frameworks.read"},
    "gap-assign": form("gap.assign"),
    "gap-release": form("gap.assign"),
    "exemption-list": {"GET": "frameworks.read"},
    "exemption-propose": form("exemption.propose"),
    "exemption-detail": {"GET": "frameworks.read"},
    "exemption-decide": form("exemption.decide"),
    "exemption-withdraw": form("exemption.propose"),
    "requirement-list": {"GET": "frameworks.read"},
    "requirement-changes": {"GET": "frameworks.read"},
    "requirement-detail": {"GET": "frameworks.read"},
    # frameworks and imports
    "framework-list": {"GET": "frameworks.read"},
    "framework-detail": {"GET": "frameworks.read"},
    "framework-import": form("frameworks.load"),
    "import-preview": {"GET": "frameworks.load"},
    "import-columns": form("frameworks.load"),
    "import-apply": form("frameworks.load"),
    "import-discard": form("frameworks.load"),
    # proposing asks for evidence.record too, in the service: workers have that, and may not look
    "link-carry": form("evidence.read"),
    # incidents
    "incident-list": {"GET": "incidents.read"},
    "incident-create": form("incident.write"),
    "incident-detail": {"GET": "incidents.read"},
    "incident-reclassify": form("incident.write"),
    "incident-fact": form("incident.write"),
    "incident-fact-correct": form("incident.write"),
    "incident-submit": form("incident.submit"),
    # gates
    "decision-list": {"GET": DECISIONS},
    "decision-create": form("decision.request"),
    "decision-detail": {"GET": DECISIONS},
    "decision-approve": form("decision.approve"),
    "decision-reject": form("decision.approve"),
    "decision-withdraw": form("decision.request"),
    "decision-release": form("inventory.transition"),
    "waiver-create": form("decision.waive"),
    "waiver-withdraw": form("decision.waive"),
    "task-create": form("decision.request"),
    "task-done": form("decision.task"),
    "safety-case": {"GET": DECISIONS},
    "safety-case-build": form("report.build"),
    "policy-list": {"GET": DECISIONS},
    "policy-create": form("policy.write"),
    "policy-detail": {"GET": DECISIONS},
    "policy-voters": form("policy.write"),
    "policy-condition-add": form("policy.write"),
    "policy-condition-edit": form("policy.write"),
    "policy-condition-remove": form("policy.write"),
    "version-roll-back": form("inventory.transition"),
    "drill-create": form("drill.record"),
    "submission-correct": form("incident.submit"),
    "draft-detail": {"GET": "incidents.read", "POST": "incident.write"},
    "draft-build": {"POST": "report.build"},
    "incident-report-pdf": {"GET": "incidents.read"},
    "incident-report-json": {"GET": "incidents.read"},
    "incident-report-bundle": {"GET": "incidents.read"},
    "incident-hold": form("incident.write"),
    "hold-end": form("incident.write"),
    "incident-captured": form("probe_set.add"),
    "captured-plans": form("probe_set.add"),
    "incident-promise": form("incident.write"),
    "incident-rollback": form("incident.write"),
    "incident-action": form("incident.write"),
    "action-change": form("incident.write"),
    "action-done": form("incident.write"),
    "action-reopen": form("incident.write"),
    "reminders": form(SELF),
    "calendar-make": form(SELF),
    "calendar-end": form(SELF),
    # evidence
    "artifact-list": {"GET": EVIDENCE},
    "artifact-detail": {"GET": EVIDENCE},
    "artifact-bytes": {"GET": EVIDENCE},
    "artifact-proof": {"GET": EVIDENCE},
    "log-list": {"GET": EVIDENCE},
    "entry-detail": {"GET": EVIDENCE},
    "entry-bundle": {"GET": EVIDENCE},
    "log-checkpoint": {"GET": EVIDENCE},
    "evidence-link-list": {"GET": EVIDENCE},
    "evidence-link-review": form("evidence.review"),
    "case-list": {"GET": EVIDENCE},
    "case-export": form("evidence.export"),
    "case-detail": {"GET": EVIDENCE},
    "case-download": {"GET": EVIDENCE},
    # reports
    "report-list": {"GET": "reports.read"},
    "report-detail": {"GET": "reports.read"},
    "report-new": {"GET": "report.build"},
    "report-build": form("report.build"),
    "report-download": {"GET": "reports.read"},
    "report-bundle": {"GET": "reports.read"},
    "board": {"GET": "reports.read"},
    "board-build": form("report.build"),
    "board-pdf": {"GET": "reports.read"},
    "board-bundle": {"GET": "reports.read"},
    # settings
    "settings": {"GET": SELF},
    "profile": form(SELF),
    "user-list": {"GET": "accounts.read"},
    "user-create": form(MANAGE),
    "user-detail": {"GET": "accounts.read"},
    "user-edit": form(MANAGE),
    "user-deactivate": form(MANAGE),
    "user-reactivate": form(MANAGE),
    "user-factors": form(MANAGE),
    "user-invite": form(MANAGE),
    "service-account-create": form(MANAGE),
    "role-list": {"GET": SELF},
    "token-list": {"GET": "token.issue"},
    "token-create": form("token.issue"),
    "token-revoke": form("token.issue"),
    "key-list": {"GET": SELF},
    "key-download": {"GET": SELF},
    "system-facts": {"GET": "accounts.read"},
    # lists
    "filter-save": {"POST": SELF},
    "filter-delete": form(SELF),
}

ACCOUNT: Mapping[str, Methods] = {
    "account_reauthenticate": form(SELF),
    "account_change_password": form(SELF),
    "account_set_password": form(SELF),
    "usersessions_list": form(SELF),
    "mfa_index": {"GET": SELF},
    "mfa_reauthenticate": form(SELF),
    "mfa_activate_totp": form(SELF),
    "mfa_deactivate_totp": form(SELF),
    "mfa_view_recovery_codes": {"GET": SELF},
    "mfa_generate_recovery_codes": form(SELF),
    "mfa_download_recovery_codes": {"GET": SELF},
    "mfa_list_webauthn": {"GET": SELF},
    "mfa_add_webauthn": form(SELF),
    "mfa_reauthenticate_webauthn": form(SELF),
    "mfa_edit_webauthn": form(SELF),
    "mfa_remove_webauthn": form(SELF),
}
"""Pages below ``ACCOUNT_PREFIX`` about one's own account; allauth's others, such as signing up, stay shut."""


def verb_for(name: str, method: str, table: Mapping[str, Methods] = ACCESS) -> str | None:
    """The verb that ``method`` on the page ``name`` asks for; None where the table has no such line."""
    return table.get(name, {}).get("GET" if method == "HEAD" else method)
