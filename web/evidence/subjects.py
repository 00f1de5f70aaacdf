"""What the log calls things, as words and as addresses: its subjects are texts, so that a record outlives the row."""

from collections.abc import Mapping
from uuid import UUID

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

KINDS: dict[str, tuple[str, str]] = {
    "inventory.vendor": ("vendor", "web:vendor-detail"),
    "inventory.aisystem": ("system", "web:system-detail"),
    "inventory.aimodel": ("model", "web:model-detail"),
    "inventory.modelversion": ("model version", "web:version-detail"),
    "inventory.deployment": ("deployment", ""),
    "inventory.intake": ("intake", "web:intake-detail"),
    "questionnaires.template": ("questionnaire", "web:template-detail"),
    "questionnaires.campaign": ("campaign", "web:campaign-detail"),
    "questionnaires.questionnairerequest": ("questionnaire asked", ""),
    "questionnaires.answer": ("answer", ""),
    "questionnaires.comment": ("comment", ""),
    "questionnaires.exhibit": ("attached file", ""),
    "assessments.plan": ("plan", "web:plan-detail"),
    "assessments.run": ("run", "web:run-detail"),
    "assessments.step": ("step", ""),
    "assessments.blindexercise": ("blind exercise", "web:blind-detail"),
    "assessments.calibration": ("calibration", "web:calibration-detail"),
    "assessments.organism": ("organism", "web:organism-own"),
    "assessments.pilot": ("pilot", "web:pilot-detail"),
    "assessments.receivedcase": ("received case", "web:received-case"),
    "assessments.vendorkey": ("vendor's key", ""),
    "assessments.probeset": ("probe set", "web:probe-set-own"),
    "decisions.incident": ("incident", "web:incident-detail"),
    "decisions.decision": ("decision", "web:decision-detail"),
    "decisions.gatepolicy": ("gate policy", "web:policy-detail"),
    "decisions.gapassignment": ("gap", ""),
    "decisions.exemption": ("judged not applicable", "web:exemption-detail"),
    "webhooks.subscription": ("webhook", "web:webhook-detail"),
    "reports.report": ("report", "web:report-detail"),
    "reports.boardreport": ("board page", ""),
    "reports.vendorpack": ("due-diligence pack", ""),
    "reports.case": ("case", "web:case-detail"),
    "evidence.case": ("case", ""),
    "accounts.user": ("user", "web:user-detail"),
    "accounts.organisation": ("organisation", ""),
    "frameworks.catalogue": ("catalogue", ""),
    "frameworks.framework": ("framework", ""),
    "frameworks.import": ("imported file", ""),
}


def subject_words(text: str) -> str:
    """``model version 1a2b3c4d``: the kind in words and the first digits of its key."""
    kind, _, key = text.partition(":")
    return f"{KINDS.get(kind, (kind, ''))[0]} {key[:8]}"


def subject_url(text: str) -> str:
    """The page of a subject; empty when it has none."""
    kind, _, key = text.partition(":")
    name = KINDS.get(kind, ("", ""))[1]
    try:
        return reverse(name, args=[UUID(key)]) if name else ""
    except ValueError:
        return ""


def subject_link(text: str, findings: Mapping[str, UUID] | None = None) -> SafeString:
    """The subject in words, linked where it has a page; a step has that of its finding, when ``findings`` knows it."""
    finding = (findings or {}).get(text)
    address = reverse("web:finding-detail", args=[finding]) if finding else subject_url(text)
    if not address:
        return format_html('<span title="{}">{}</span>', text, subject_words(text))
    return format_html('<a href="{}" title="{}">{}</a>', address, text, subject_words(text))


def action_words(action: str) -> str:
    """``assessments.run.started`` as ``run started``."""
    words = " ".join(action.split(".")[1:] or [action]).replace("_", " ")
    return words.replace("modelversion", "model version").replace("aisystem", "system")
