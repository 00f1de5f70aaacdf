"""What a due-diligence pack on a vendor says: facts, headline, exposure, answers with verdicts and digests, incidents, promises, and its limits."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db.models import Q

from core import clock
from decisions.models import Incident, VendorPromise
from inventory.countries import country_name
from inventory.models import Deployment, Vendor
from inventory.rows import plain
from questionnaires.answer_words import said
from questionnaires.models import Answer, QuestionnaireRequest, Score
from questionnaires.sitting import sitting_of
from questionnaires.staleness import unreadable
from questionnaires.standing import Worth, files_of, newest_reviewed, requests_of, worths_of
from reports.vendor_exposure import exposure_of
from reports.vendor_figures import claimed_figure, history_figure

FACTS = ("name", "country", "access", "tier", "review_cycle_months", "contract_reference", "contract_ends_on")
"""What is told of the vendor; owner, contact and notes may name people and stay out."""
LIMITS = (
    "An accepted answer is a reviewer's judgement of the vendor's word, not a measurement of the model.",
    "Exposure is a sum to sort by, with weights of our own; it knows only the systems in the register.",
    "What went stale after this pack was made is not in it.",
    "Comments between the vendor and its reviewers are not in it.",
)


def pack_read(vendor: Vendor, today: date) -> dict[str, Any]:
    """The pack as the record stands on ``today``; the same record gives the same document. Every file behind an answer is hashed again."""
    requests = list(requests_of([vendor.pk]))
    current = [row for row in map(newest_reviewed, _by_template(requests)) if row is not None]
    worths = worths_of(current, today)
    places = list(Deployment.objects.filter(active=True, version__model__vendor=vendor).values_list("system__risk_class", flat=True))
    exposure = exposure_of(vendor, places)
    return {
        "as_of": today.isoformat(),
        "organisation": vendor.organisation.name,
        "vendor": {name: plain(getattr(vendor, name)) for name in FACTS},
        "words": {"country": country_name(vendor.country), "access": vendor.get_access_display(), "tier": vendor.get_tier_display()},
        "exposure": {"total": exposure.total, "parts": [{"name": row.name, "points": row.points, "most": row.most, "why": row.why} for row in exposure.parts]},
        "questionnaires": [_questionnaire(row, worths[row.pk]) for row in current],
        "waiting": [f"{row.version}, {row.get_state_display().lower()}" for row in requests if row.pk not in worths],
        "scores": claimed_figure([(str(row.version), worths[row.pk].claimed, worths[row.pk].confirmed) for row in current]),
        "history": history_figure(_scores(requests)),
        "incidents": incidents_of(vendor),
        "promises": promises_of(vendor, clock.now()),
        "limits": list(LIMITS),
    }


def incidents_of(vendor: Vendor) -> list[dict[str, Any]]:
    """Incidents that name the vendor or one of its versions, newest first; titles stay out, as they may name people."""
    rows = Incident.objects.filter(Q(vendors=vendor) | Q(versions__model__vendor=vendor)).distinct().order_by("-number")
    return [{"reference": row.reference, "severity": row.severity, "opened_on": row.created_at.date().isoformat()} for row in rows]


def promises_of(vendor: Vendor, now: datetime) -> list[dict[str, Any]]:
    """Within how many hours the vendor promised to tell us after incidents, and whether it did."""
    rows = VendorPromise.objects.filter(vendor=vendor).select_related("incident").order_by("-incident__number")
    return [{"incident": row.incident.reference, "hours": row.hours, "counted_from": row.counted_from, "kept": row.verdict(row.incident, now)} for row in rows]


def _questionnaire(row: QuestionnaireRequest, worth: Worth) -> dict[str, Any]:
    sitting = sitting_of(row)
    sheet, document = sitting.sheet(), sitting.document
    answers = {found.question: found for found in Answer.objects.filter(request=row)}
    files = files_of([found.pk for found in answers.values()])
    asked = [(section, question, answers.get(question.id)) for section, question in sitting.asked()]
    return {
        "request": str(row.pk),
        "name": str(row.version),
        "digest": row.version.digest,
        "submission": row.submission.sha256 if row.submission else "",
        "submitted_at": clock.iso(row.submitted_at) if row.submitted_at else "",
        "valid_until": plain(row.valid_until),
        "claimed": worth.claimed,
        "confirmed": worth.confirmed,
        "stale": list(worth.stale.whole),
        "headline": document.headline[0] if document.headline else "",
        "caps": [{"at_most": cap.at_most, "because": cap.because} for cap in document.caps if cap.id in sheet.caps],
        "flags": [{"title": flag.title, "because": flag.because} for flag in document.flags if flag.id in worth.flags],
        "clauses": [{"title": found.title, "text": found.text} for found in sheet.clauses],
        "answers": [_answer(section.title, question, found, files.get(found.pk, []) if found else [], worth) for section, question, found in asked],
    }


def _answer(section: str, question: Any, row: Answer | None, files: Sequence[Any], worth: Worth) -> dict[str, Any]:
    accepted = row is not None and row.verdict == "accepted"
    return {
        "section": section,
        "question": question.text,
        "key": question.id,
        "answer": said(question, row.value) if row else "",
        "verdict": row.verdict if row else "",
        "reason": row.verdict_reason if row else "",
        "points": row.points if row else None,
        "reused": bool(row and row.reused_from_id),
        "stale": [*(worth.stale.of(question.id) if accepted else ()), *unreadable(files)],
        "files": [{"name": file.name, "sha256": file.artifact.sha256, "origin": file.origin, "state": file.state} for file in files],
    }


def _by_template(requests: Sequence[QuestionnaireRequest]) -> list[list[QuestionnaireRequest]]:
    found: dict[Any, list[QuestionnaireRequest]] = {}
    for row in sorted(requests, key=lambda row: row.version.template.name):
        found.setdefault(row.version.template_id, []).append(row)
    return list(found.values())


def _scores(requests: Sequence[QuestionnaireRequest]) -> list[tuple[datetime, float | None, float | None]]:
    rows = Score.objects.filter(request__in=[row.pk for row in requests]).order_by("created_at")
    return list(rows.values_list("created_at", "claimed", "confirmed"))
