"""Questionnaires in bulk with their answers, and what else joined the API. Imported after django.setup()."""

import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.db import models

from accounts.models import Organisation, User
from assessments.models import AddedProbeSet, BlindExercise, Pilot, Plan, ReceivedCase, Run, VendorKey
from assessments.pilot_models import PilotState
from benchmarks.seed import analyse
from core import clock
from decisions.models import ActionStep, CorrectiveAction, DraftVersion, Incident
from evidence.models import Artifact, Attestation, LedgerEntry
from inventory.models import AIModel, ModelVersion, Vendor
from questionnaires.models import (
    Answer,
    Campaign,
    Comment,
    Invitation,
    QuestionnaireRequest,
    RequestState,
    Score,
    ScoreReason,
    Template,
    TemplateVersion,
    Verdict,
)
from questionnaires.shipped import shipped
from reports.models import CaseExport, VendorPack

BATCH = 1000
LONGEST = 12
"""Answers to each questionnaire."""
SCORE = {"claimed": 60.0, "confirmed": 40.0, "sections": {}, "caps": [], "flags": [], "clauses": [], "asked": LONGEST, "answered": LONGEST}


def fill(organisation: Organisation, rows: int) -> None:
    """``rows`` of each kind; of blind exercises and received cases as many as there are log entries for them."""
    person = User.objects.get(username="measurer")
    _questionnaires(organisation, person, rows)
    _follow_up(organisation, person, rows)
    _assessments(organisation, person, rows)
    _packs(person, rows)
    analyse()


def _many(rows: int, make: Callable[[int], models.Model]) -> list[Any]:
    """``rows`` of what ``make`` makes of a number."""
    made = [make(place) for place in range(rows)]
    return type(made[0])._default_manager.bulk_create(made, batch_size=BATCH)


def _questionnaires(organisation: Organisation, person: User, rows: int) -> None:
    """Reviewed ones with answers and a score, one for each vendor; as many of customers, invitations and campaigns."""
    now = clock.now()
    document = max(shipped().values(), key=lambda found: len(found.by_id))
    template = Template.objects.create(organisation=organisation, name="Measured", created_by=person)
    facts = {"document": document.stored(), "digest": document.digest(), "published_at": now, "published_by": person}
    version = TemplateVersion.objects.create(template=template, number=1, created_by=person, **facts)
    shared = {"organisation": organisation, "version": version, "owner": person, "created_by": person, "due_on": now.date() + timedelta(days=9)}
    over = {"sent_at": now, "submitted_at": now, "reviewed_at": now, "reviewed_by": person, "valid_until": now.date() + timedelta(days=300)}
    vendors = list(Vendor.objects.order_by("pk")[:rows])
    sent = _many(len(vendors), lambda n: QuestionnaireRequest(vendor=vendors[n], state=RequestState.REVIEWED, **shared, **over))
    keys = list(document.by_id)[:LONGEST]
    Answer.objects.bulk_create(_answers(sent, keys), batch_size=BATCH)
    _many(len(sent), lambda n: Score(request=sent[n], reason=ScoreReason.REVIEWED, claimed=60.0, confirmed=40.0, sheet=SCORE))
    ends = now + timedelta(days=30)
    _many(len(sent), lambda n: Invitation(request=sent[n], name=f"Respondent {n}", token_hash=secrets.token_hex(32), expires_at=ends, created_by=person))
    _many(len(sent), lambda n: Comment(request=sent[n], text="Which of your models is this about?", by=person))
    _many(rows, lambda n: QuestionnaireRequest(direction="inbound", customer=f"Customer {n}", state=RequestState.OPENED, **shared))
    asked = {"organisation": organisation, "version": version, "due_on": now.date(), "created_by": person}
    _many(rows, lambda n: Campaign(name=f"Campaign {n}", **asked))


def _answers(sent: list[QuestionnaireRequest], keys: list[str]) -> Iterator[Answer]:
    now = clock.now()
    for request in sent:
        for key in keys:
            yield Answer(request=request, question=key, value="yes", changed_at=now, verdict=Verdict.ACCEPTED, verdict_reason="Read.", verdict_at=now)


def _follow_up(organisation: Organisation, person: User, rows: int) -> None:
    """Corrective actions with what was done, and versions of a draft, of one incident."""
    words = {"title": "Measured", "description": "Measured.", "severity": "low", "opened_by": person}
    incident = Incident.objects.create(organisation=organisation, number=1, **words)
    wish = {"incident": incident, "owner": person, "created_by": person, "due_on": clock.now().date()}
    actions = _many(rows, lambda n: CorrectiveAction(text=f"Action {n}", done_at=clock.now(), **wish))
    _many(rows, lambda n: ActionStep(action=actions[n], kind=ActionStep.Kind.DONE, note="Done.", by=person))
    _many(rows, lambda n: DraftVersion(incident=incident, clock="gdpr-33-initial", number=n + 1, answers={"people": "40"}, saved_by=person))


def _assessments(organisation: Organisation, person: User, rows: int) -> None:
    """Ended pilots with plans of their own, cases of one run, probe sets; blind exercises and received cases on the log entries there are."""
    version = ModelVersion.objects.order_by("pk")[0]
    terms = {"pilot": {"days": 14, "hour": 3, "baseline": 4, "row": 2, "least": 0.1}}
    plans = _many(rows, lambda n: Plan(version=version, title=f"Plan {n}", document=terms, author=person))
    ended = {"version": version, "days_planned": 14, "hour": 3, "state": PilotState.ENDED, "started_at": clock.now(), "ended_at": clock.now()}
    _many(rows, lambda n: Pilot(plan=plans[n], opened_by=person, **ended))
    run = Run.objects.create(plan=plans[0], number=1, requested_by=person)
    _many(rows, lambda n: CaseExport(run=run, title=f"Case {n}", created_by=person))
    statement = Attestation.objects.order_by("pk")[0]
    words = {"name": "set.yaml", "media_type": "application/yaml", "kind": "probe_set", "title": "Set", "subject": "assessments.probeset:0"}
    file = Artifact.objects.create(attestation=statement, sha256=secrets.token_hex(32), size=1, **words)
    held = {"organisation": organisation, "version": "1", "title": "Set", "items": 64, "families": 8, "baseline": {}, "artifact": file, "added_by": person}
    _many(rows, lambda n: AddedProbeSet(slug=f"set_{n}", digest=secrets.token_hex(32), **held))
    _logged(person, plans[0], rows)


def _logged(person: User, plan: Plan, rows: int) -> None:
    """What stands on log entries of its own: half of those there are for blind exercises, the others for received cases."""
    entries = list(LedgerEntry.objects.order_by("index")[: 2 * rows + 1])
    half = (len(entries) - 1) // 2
    targets = list(ModelVersion.objects.order_by("pk")[:half])
    words = {"instrument": "known_circuits", "question": "Does it copy?", "sealed_by": person}
    _many(len(targets), lambda n: BlindExercise(version=targets[n], commitment=secrets.token_hex(32), sealed_entry=entries[n], **words))
    vendor = AIModel.objects.select_related("vendor").order_by("pk")[0].vendor
    pinned = {"fingerprint": secrets.token_hex(32), "trusted_root": "{}", "origin": "a.example/log", "compared": "paper", "pinned_by": person}
    key = VendorKey.objects.create(vendor=vendor, entry=entries[-1], **pinned)
    common = {"vendor": vendor, "plan": plan, "key": key, "size": 1, "outcome": "accepted", "log_size": 1, "log_root": "", "received_by": person}
    fresh = [(secrets.token_hex(32), secrets.token_hex(32), entry) for entry in entries[half : 2 * half]]
    _many(len(fresh), lambda n: ReceivedCase(sha256=fresh[n][0], results_digest=fresh[n][1], entry=fresh[n][2], **common))


def _packs(person: User, rows: int) -> None:
    """One for each vendor, asked for and not drawn yet."""
    vendors = list(Vendor.objects.order_by("pk")[:rows])
    _many(len(vendors), lambda n: VendorPack(vendor=vendors[n], number=n + 1, content={"vendor": {}}, content_digest=secrets.token_hex(32), asked_by=person))
