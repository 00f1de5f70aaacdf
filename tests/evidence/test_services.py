"""Recording and reviewing: who may, what is written, and that a decision stands."""

import datetime
import json
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Role, User
from core.errors import Conflict, InvalidInput, InvalidState, NotAllowed
from evidence import dsse, statements
from evidence.models import Artifact, Attestation, EvidenceLink, LedgerEntry
from evidence.services import evidence_record, link_propose, link_review
from frameworks.models import Framework, FrameworkVersion, Requirement
from tests.evidence import builders


def requirement(ref: str = "X-1", **fields: Any) -> Requirement:
    framework, _ = Framework.objects.get_or_create(slug="x", defaults={"name": "X", "kind": "law"})
    version, _ = FrameworkVersion.objects.get_or_create(framework=framework, digest="d" * 64, defaults={"known_from": datetime.date(2026, 1, 1)})
    defaults = {"title": "Test", "gist": "Test it.", "evidence_kinds": ["eval_report"], "position": Requirement.objects.count()}
    return Requirement.objects.create(version=version, ref=ref, **{**defaults, **fields})


@pytest.fixture
def artifact(recorder: User) -> Artifact:
    return builders.record(recorder, [builders.stored(b"evidence")]).artifacts.get()


@pytest.fixture
def link(recorder: User, artifact: Artifact) -> EvidenceLink:
    return propose(recorder, artifact)


def propose(actor: User, artifact: Artifact, **fields: Any) -> EvidenceLink:
    defaults = {"evidence_kind": "eval_report", "rationale": "It measures the thing.", "tier": "observed"}
    return link_propose(actor=actor, artifact=artifact, **{**defaults, "requirement": fields.pop("requirement", None) or requirement(), **fields})


def test_record_registers_artifacts_under_one_statement(recorder: User) -> None:
    since = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    files = [builders.stored(b"one", "one.json"), builders.stored(b"two", "two.json", kind="summary", observed_from=since)]
    attestation = builders.record(recorder, files, "urn:test", {"found": 1}, subject="tests.thing:1")
    rows = list(attestation.artifacts.order_by("name"))
    assert [(row.name, row.size, row.kind, row.observed_from) for row in rows] == [("one.json", 3, "items", None), ("two.json", 3, "summary", since)]
    assert {row.subject for row in rows} == {"tests.thing:1"}
    statement = json.loads(dsse.decode_base64(attestation.parsed_envelope["payload"]))
    assert statement["subject"] == [statements.descriptor(file.name, file.blob.sha256) for file in files]
    assert attestation.entry.subject == "tests.thing:1"


def test_only_a_recorder_may_record(db: None) -> None:
    auditor = builders.person(Role.AUDITOR)
    with pytest.raises(NotAllowed):
        builders.record(auditor, [builders.stored(b"x")])
    assert (Artifact.objects.count(), Attestation.objects.count(), LedgerEntry.objects.count()) == (0, 0, 0)


def test_record_without_files_or_with_one_name_twice_is_refused(recorder: User) -> None:
    for files in ([], [builders.stored(b"1", "same"), builders.stored(b"2", "same")]):
        with pytest.raises(InvalidInput, match="different name"):
            builders.record(recorder, files)
    assert LedgerEntry.objects.count() == 0


def test_record_that_fails_in_the_database_leaves_no_entry(recorder: User) -> None:
    with pytest.raises((IntegrityError, InvalidInput, ValueError)), transaction.atomic():
        evidence_record(
            actor=recorder,
            action="a.b",
            subject="s",
            predicate_type="urn:x",
            predicate={},
            blobs=[builders.stored(b"x", title=None)],
            payload={},
        )
    assert (Artifact.objects.count(), LedgerEntry.objects.count()) == (0, 0)


def test_proposed_link_waits_for_a_person(link: EvidenceLink) -> None:
    assert link.status == "proposed"
    entry = LedgerEntry.objects.latest("index")
    assert (entry.action, entry.payload["requirement"], entry.payload["artifact"]) == ("evidence.link.proposed", "X-1", link.artifact.sha256)


def test_same_link_is_proposed_once(recorder: User, link: EvidenceLink) -> None:
    with pytest.raises(Conflict, match="already linked"):
        propose(recorder, link.artifact, requirement=link.requirement)
    assert propose(recorder, link.artifact, requirement=link.requirement, evidence_kind="tech_doc").pk


def test_link_needs_a_reason(recorder: User, artifact: Artifact) -> None:
    with pytest.raises(InvalidInput, match="rationale"):
        propose(recorder, artifact, rationale="  ")


@pytest.mark.parametrize(("accept", "status"), [(True, "accepted"), (False, "declined")])
def test_review_is_signed_and_names_the_reviewer(link: EvidenceLink, accept: bool, status: str) -> None:
    reviewer = builders.person(Role.APPROVER)
    until = datetime.date(2099, 1, 1)
    link_review(actor=reviewer, link=link, accept=accept, rationale="I read it.", valid_until=until)
    link.refresh_from_db()
    assert (link.status, link.reviewer, link.review_rationale, link.valid_until) == (status, reviewer, "I read it.", until)
    entry = LedgerEntry.objects.latest("index")
    statement = json.loads(dsse.decode_base64(entry.attestation.parsed_envelope["payload"]))
    assert statement["predicateType"] == statements.LINK_REVIEW
    assert statement["subject"] == [statements.descriptor(link.artifact.name, link.artifact.sha256)]
    assert statement["predicate"]["decision"] == status
    assert statement["predicate"]["valid_until"] == "2099-01-01"
    assert statement["predicate"]["record"]["actor"] == f"accounts.user:{reviewer.pk}"


def test_decision_is_made_once(link: EvidenceLink) -> None:
    reviewer = builders.person(Role.GOVERNANCE)
    link_review(actor=reviewer, link=link, accept=False, rationale="It does not.")
    with pytest.raises(InvalidState, match="already declined"):
        link_review(actor=reviewer, link=link, accept=True, rationale="It does after all.")
    link.refresh_from_db()
    assert link.status == "declined"


def test_software_cannot_review(link: EvidenceLink) -> None:
    service = builders.person(Role.GOVERNANCE, is_service=True)
    with pytest.raises(NotAllowed, match="a person"):
        link_review(actor=service, link=link, accept=True, rationale="Looks right.")
    with pytest.raises(NotAllowed):
        link_review(actor=builders.person(Role.ASSESSOR), link=link, accept=True, rationale="My own work.")
    link.refresh_from_db()
    assert link.status == "proposed"


def test_review_needs_a_reason_and_a_day_to_come(link: EvidenceLink) -> None:
    reviewer = builders.person(Role.APPROVER)
    with pytest.raises(InvalidInput, match="rationale"):
        link_review(actor=reviewer, link=link, accept=True, rationale="")
    with pytest.raises(InvalidInput, match="future"):
        link_review(actor=reviewer, link=link, accept=True, rationale="Fine.", valid_until=datetime.date(2020, 1, 1))


def test_database_refuses_a_decision_without_a_person(link: EvidenceLink) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        EvidenceLink.objects.filter(pk=link.pk).update(status="accepted")
