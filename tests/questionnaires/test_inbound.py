"""A customer asks us: the file is taken in whole or not at all, answers keep their history, four eyes approve, and only then it goes out."""

import io
from datetime import date, timedelta
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from accounts.models import Role, User
from core import clock
from core.errors import Conflict, InvalidInput, InvalidState, NotAllowed
from core.hashing import sha256_bytes
from evidence.models import Artifact, EvidenceLink, LedgerEntry
from evidence.services import link_review
from frameworks.imports.sheets import csv_grid
from frameworks.models import Requirement
from questionnaires.inbound import answers_digest, cited_of, known_answers, known_files, lines_of
from questionnaires.inbound_file import LARGEST, questions_read
from questionnaires.models import Answer, AnswerRevision, Exhibit, QuestionnaireRequest, RequestState, Template, TemplateVersion
from questionnaires.services.exhibits import evidence_cite
from questionnaires.services.inbound import Received, inbound_answer, inbound_approve, inbound_export, inbound_receive, inbound_reopen
from questionnaires.services.reviews import answer_judge, answer_reopen, review_close
from questionnaires.suggestions import best_of
from tests import factories
from tests.questionnaires import review_rows as rows

pytestmark = pytest.mark.django_db
CSV = b"No.;Question;Comment\n1;Do you encrypt backups?;\n2;=cmd|' /C calc'!A0;x\n;;\n3;Who reads the logs?;\n"


def received(actor: User, **fields: Any) -> QuestionnaireRequest:
    given = {"customer": "Example Bank", "due_on": clock.now().date() + timedelta(days=9), "file": CSV, **fields}
    return inbound_receive(actor=actor, organisation=factories.home(actor), given=Received(**given))


def answered(actor: User) -> QuestionnaireRequest:
    row = received(actor)
    for key, text in (("q001", "Yes, with AES-256."), ("q002", "=1+1"), ("q003", "Two people.")):
        inbound_answer(actor=actor, request=row, question=key, raw=text)
    return row


@pytest.fixture
def colleague(admin: User) -> User:
    return factories.user(Role.GOVERNANCE, of=factories.home(admin))


def approved(admin: User, colleague: User) -> QuestionnaireRequest:
    row = answered(admin)
    return inbound_approve(actor=colleague, request=row, seen=answers_digest(row))


def workbook(*table: tuple[str, ...]) -> bytes:
    book, stream = Workbook(), io.BytesIO()
    for line in table:
        book.active.append(line)
    book.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("raw", "column", "found"),
    [
        (CSV, "", ["Do you encrypt backups?", "=cmd|' /C calc'!A0", "Who reads the logs?"]),
        (b"Title of the sheet\nRef,Requirement\nA,One?\n", "", ["One?"]),
        (b"Frage,Text\nEine?,two\n", "frage", ["Eine?"]),
        (b"Frage,Text\nEine?,two\n", "", ["two"]),
        (b"question\n'=SUM(A1)\n", "", ["=SUM(A1)"]),
        (workbook(("Id", "Question"), ("1", "From a workbook?"), ("2", "")), "", ["From a workbook?"]),
    ],
)
def test_questions_are_found_by_their_heading(raw: bytes, column: str, found: list[str]) -> None:
    assert questions_read(raw, column) == found


@pytest.mark.parametrize(
    ("raw", "column", "field", "told"),
    [
        (b"  \n", "", "file", "empty"),
        (b"a,b\n1,2\n", "", "column", "“a”, “b”"),
        (CSV, "Frage", "column", "“Question”"),
        (b"question\n\n", "", "file", "no question"),
        (b"question\n" + b"Why?\n" * 501, "", "file", "at most 500"),
        (b"question\n" + b"x" * 1001 + b"\n", "", "file", "at most 1000"),
        (b"question\nIs it \xe2\x80\xaesafe?\n", "", "file", "invisible"),
        (b"x" * (LARGEST + 1), "", "file", "MiB"),
        (b"PK\x03\x04 no archive", "", "file", ""),
        (b"%PDF-1.7", "", "file", "PDF"),
    ],
)
def test_a_file_that_is_not_taken_says_why_and_changes_nothing(admin: User, raw: bytes, column: str, field: str, told: str) -> None:
    count = LedgerEntry.objects.count()
    with pytest.raises(InvalidInput, match=told) as error:
        received(admin, file=raw, column=column)
    assert error.value.field == field
    assert (QuestionnaireRequest.objects.count(), Template.objects.count(), LedgerEntry.objects.count()) == (0, 0, count)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"customer": " "}, "customer"),
        ({"customer": "x" * 121}, "customer"),
        ({"file": b""}, "file"),
        ({"due_on": date(2020, 1, 1)}, "due_on"),
    ],
)
def test_what_is_missing_is_named(admin: User, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as error:
        received(admin, **fields)
    assert error.value.field == field


def test_the_file_is_kept_under_its_hash_and_the_log_names_no_customer(admin: User) -> None:
    row = received(admin)
    assert (row.direction, row.state, row.vendor, row.customer, row.owner) == ("inbound", RequestState.OPENED, None, "Example Bank", admin)
    entry = LedgerEntry.objects.get(action="questionnaires.inbound.received")
    assert entry.payload["file"] == sha256_bytes(CSV)
    assert Artifact.objects.get(attestation=entry.attestation).sha256 == sha256_bytes(CSV)
    assert "Example Bank" not in str(LedgerEntry.objects.values_list("leaf", "payload"))
    template = Template.objects.get()
    assert template.withdrawn_at is not None
    assert not TemplateVersion.objects.filter(published_at__isnull=True).exists()
    with pytest.raises(Conflict):
        received(admin)


def test_a_published_questionnaire_can_be_the_one_that_is_asked(admin: User) -> None:
    document = {**rows.DOCUMENT, "sections": rows.DOCUMENT["sections"][:1], "caps": [], "clauses": []}
    version = rows.template_version(admin, document={name: value for name, value in document.items() if value})
    row = received(admin, file=b"", version=version)
    inbound_answer(actor=admin, request=row, question="headline", raw="partly")
    with pytest.raises(InvalidInput, match="choose one of"):
        inbound_answer(actor=admin, request=row, question="headline", raw="perhaps")
    assert lines_of(row)[0].text == "Partly"
    with pytest.raises(InvalidInput, match="cannot be answered here"):
        received(admin, file=b"", version=rows.template_version(admin))
    with pytest.raises(InvalidInput, match="this register"):
        received(admin, file=b"", version=rows.template_version(factories.user()))


def test_an_answer_keeps_its_author_its_files_and_its_earlier_form(admin: User, colleague: User) -> None:
    row, file, other = received(admin), rows.artifact(admin), rows.artifact(admin, name="other.pdf")
    first = inbound_answer(actor=admin, request=row, question="q001", raw="Yes.", citations=[f" SHA256:{file.sha256} ", file.sha256])
    assert (first.revision, first.changed_by, cited_of(row)) == (1, admin, {"q001": [file.sha256]})
    with pytest.raises(Conflict):
        inbound_answer(actor=colleague, request=row, question="q001", raw="No.", seen=0)
    second = inbound_answer(actor=colleague, request=row, question="q001", raw="No.", citations=[other.sha256], seen=1)
    assert (second.pk, second.revision, second.changed_by, cited_of(row)) == (first.pk, 2, colleague, {"q001": [other.sha256]})
    kept = AnswerRevision.objects.get(answer=second)
    assert (kept.number, kept.value, kept.changed_by) == (1, "Yes.", admin)
    assert Exhibit.objects.get(artifact=file).removed_at is not None
    count = LedgerEntry.objects.count()
    inbound_answer(actor=admin, request=row, question="q001", raw="No.", citations=[other.sha256], seen=2)
    assert LedgerEntry.objects.count() == count
    assert "No." not in str(LedgerEntry.objects.filter(action="questionnaires.inbound.answered").values_list("payload"))


def test_only_files_of_this_register_can_be_cited(admin: User) -> None:
    row, foreign = received(admin), rows.artifact(factories.user())
    for digest in (foreign.sha256, "nonsense"):
        with pytest.raises(InvalidInput) as error:
            inbound_answer(actor=admin, request=row, question="q001", raw="Yes.", citations=[digest])
        assert error.value.field == "citations"
    with pytest.raises(InvalidInput, match="no such question"):
        inbound_answer(actor=admin, request=row, question="q999", raw="Yes.")
    assert not Answer.objects.exists()


def test_whoever_wrote_an_answer_or_an_earlier_form_cannot_approve(admin: User, colleague: User) -> None:
    row = answered(admin)
    third = factories.user(Role.GOVERNANCE, of=factories.home(admin))
    inbound_answer(actor=colleague, request=row, question="q001", raw="Changed.", seen=1)
    for person in (admin, colleague):
        with pytest.raises(NotAllowed, match="Somebody else"):
            inbound_approve(actor=person, request=row, seen=answers_digest(row))
    found = inbound_approve(actor=third, request=row, seen=answers_digest(row))
    assert (found.state, found.reviewed_by) == (RequestState.REVIEWED, third)
    assert set(Answer.objects.filter(request=row).values_list("verdict", "verdict_by")) == {("accepted", third.pk)}


def test_approval_needs_every_answer_and_the_answers_that_were_seen(admin: User, colleague: User) -> None:
    row = received(admin)
    inbound_answer(actor=admin, request=row, question="q001", raw="Yes.")
    with pytest.raises(InvalidInput, match="q002, q003"):
        inbound_approve(actor=colleague, request=row, seen=answers_digest(row))
    inbound_answer(actor=admin, request=row, question="q002", raw="", citations=[rows.artifact(admin).sha256])
    inbound_answer(actor=admin, request=row, question="q003", raw={"declined": "It is secret."})
    seen = answers_digest(row)
    inbound_answer(actor=admin, request=row, question="q001", raw="No.", seen=1)
    with pytest.raises(Conflict):
        inbound_approve(actor=colleague, request=row, seen=seen)
    row.refresh_from_db()
    assert row.state == RequestState.OPENED
    inbound_approve(actor=colleague, request=row, seen=answers_digest(row))


def test_nothing_goes_out_before_approval_and_nothing_changes_after(admin: User, colleague: User) -> None:
    row = answered(admin)
    with pytest.raises(InvalidState, match="not approved yet"):
        inbound_export(actor=admin, request=row, form="csv")
    inbound_approve(actor=colleague, request=row, seen=answers_digest(row))
    with pytest.raises(InvalidState, match="take the approval back"):
        inbound_answer(actor=admin, request=row, question="q001", raw="Other.", seen=1)
    with pytest.raises(InvalidInput):
        inbound_reopen(actor=admin, request=row, reason=" ")
    inbound_reopen(actor=admin, request=row, reason="A typing error.")
    assert set(Answer.objects.values_list("verdict", flat=True)) == {""}
    inbound_answer(actor=admin, request=row, question="q001", raw="Other.", seen=1)
    with pytest.raises(InvalidState):
        inbound_export(actor=admin, request=row, form="csv")


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_export_holds_answers_and_digests_and_runs_nothing(admin: User, colleague: User, form: str) -> None:
    row, file = answered(admin), rows.artifact(admin, name="=evil.pdf")
    inbound_answer(actor=admin, request=row, question="q001", raw="Yes.", citations=[file.sha256], seen=1)
    inbound_approve(actor=colleague, request=row, seen=answers_digest(row))
    data = inbound_export(actor=admin, request=row, form=form)
    if form == "csv":
        table = [list(line) for line in csv_grid(data.decode("utf-8-sig"))["CSV"]]
    else:
        sheet = load_workbook(io.BytesIO(data)).active
        assert {cell.data_type for line in sheet.iter_rows() for cell in line if cell.value is not None} == {"s"}
        table = [["" if cell is None else str(cell) for cell in line] for line in sheet.iter_rows(values_only=True)]
    assert table[0] == ["No.", "Question", "Answer", "Files", "SHA-256 of files"]
    assert table[1] == ["1", "Do you encrypt backups?", "Yes.", "'=evil.pdf", file.sha256]
    assert table[2][:3] == ["2", "'=cmd|' /C calc'!A0", "'=1+1"]
    entry = LedgerEntry.objects.get(action="questionnaires.inbound.exported")
    assert (entry.payload["sha256"], entry.payload["answers"]) == (sha256_bytes(data), answers_digest(row))
    with pytest.raises(InvalidInput):
        inbound_export(actor=admin, request=row, form="pdf")


def test_what_could_be_said_comes_from_accepted_answers_of_this_register_with_whose_word_it_is(admin: User, colleague: User) -> None:
    vendor_said = rows.reviewed(admin, {"method": "Two probes."})
    rows.request(admin, {"method": "Not accepted."})
    rows.reviewed(factories.user(), {"method": "Of strangers."})
    ours = approved(admin, colleague)
    row = received(admin, file=b"question\nHow do you encrypt backups?\n")
    known = known_answers(admin, row)
    assert {item.shown for item in known} == {"Two probes.", "Yes, with AES-256.", "=1+1", "Two people."}
    best = best_of("How do you encrypt backups?", known)[0]
    assert (best.known.shown, best.known.source) == ("Yes, with AES-256.", f"We said this to {ours.customer}, {clock.now().date().isoformat()}")
    theirs = next(item for item in known if item.shown == "Two probes.")
    assert theirs.source.startswith(f"{vendor_said.vendor} said this to us")
    assert known_answers(factories.user(), row) == []


def test_files_are_offered_only_when_a_person_accepted_them(admin: User) -> None:
    factories.catalogue(admin)
    row, file = received(admin), rows.artifact(admin)
    fields = {"evidence_kind": "test", "rationale": "It is asked for.", "tier": "observed"}
    link = EvidenceLink.objects.create(artifact=file, requirement=Requirement.objects.all()[0], **fields)
    assert known_files(admin, row) == []
    link_review(actor=admin, link=link, accept=True, rationale="It fits.")
    assert [item.key for item in known_files(admin, row)] == [link.artifact.sha256]
    assert known_files(factories.user(), row) == []


def test_roles_and_other_registers(admin: User, colleague: User) -> None:
    row = answered(admin)
    auditor = factories.user(Role.AUDITOR, of=factories.home(admin))
    for person in (auditor, factories.user()):
        with pytest.raises(NotAllowed):
            inbound_receive(actor=person, organisation=factories.home(admin), given=Received("Bank", clock.now().date(), CSV))
        with pytest.raises(NotAllowed):
            inbound_answer(actor=person, request=row, question="q001", raw="Yes.", seen=1)
        with pytest.raises(NotAllowed):
            inbound_approve(actor=person, request=row, seen=answers_digest(row))
    with pytest.raises(InvalidState, match="we sent"):
        inbound_answer(actor=admin, request=rows.request(admin, state=RequestState.OPENED), question="headline", raw="yes")


def test_our_answers_cannot_be_approved_by_the_way_of_reviews(admin: User, colleague: User) -> None:
    row = approved(admin, colleague)
    answer = Answer.objects.filter(request=row)[0]
    with pytest.raises(InvalidState, match="our own answers"):
        answer_reopen(actor=colleague, request=row, question="q001", reason="By another way.")
    with pytest.raises(InvalidState, match="our own answers"):
        answer_judge(actor=colleague, answer=answer, verdict="rejected", revision=1, reason="By another way.")
    with pytest.raises(InvalidState, match="our own answers"):
        review_close(actor=colleague, request=row)
    with pytest.raises(InvalidState, match="our own answers"):
        evidence_cite(actor=colleague, answer=answer, sha256=rows.artifact(admin).sha256)
