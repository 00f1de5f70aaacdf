"""Drafts: what the record gives, what people typed over it, what is missing; and the forms behind them."""

import pytest

from accounts.models import Role, User
from core.errors import InvalidInput, NotAllowed, NotFound
from decisions.drafts import RECORD, TYPED, UNKNOWN, Answer, answers_of, offered
from decisions.models import DraftVersion, Incident
from decisions.regimes import shipped as regimes
from decisions.report_forms import draftable, read, shipped
from decisions.services import draft_named, draft_save
from evidence.models import LedgerEntry
from tests import factories

FORM = """
- key: x
  title: X
  regimes: [gdpr-33]
  stages: [initial]
  note: ""
  source: https://example.org
  fields:
    - {key: a, label: A, article: Art. 1%s}
"""


def answers(row: Incident, key: str, **typed: str) -> dict[str, Answer]:
    return {found.field.key: found for found in answers_of(row, draft_named(key), typed)}


def test_seven_laws_have_a_form_and_every_field_its_passage() -> None:
    assert [form.key for form in shipped()] == ["eu-ai-act", "gpai-code", "us-california", "us-new-york", "gdpr", "dora", "nis2"]
    assert all(field.article and field.label for form in shipped() for field in form.fields)
    assert all(form.source.startswith("https://") for form in shipped())
    stages = {f"{row.key}-{stage.name}" for row in regimes() for stage in row.stages if row.key in {key for form in shipped() for key in form.regimes}}
    assert stages <= set(draftable()), "every clock of these laws can be drafted for"


def test_the_first_report_of_the_code_covers_seven_items_and_the_final_one_nine() -> None:
    form = draft_named("code-9-3-c-initial").form
    items = {stage: {field.article[-2] for field in form.of(stage) if field.article.startswith("Measure 9.2")} for stage in form.stages}
    assert items == {"initial": set("1234567"), "intermediate": set("123456789"), "final": set("123456789")}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (", from: moon", "nothing that the record has"),
        (", in: [never]", "a stage that there is not"),
        ("}\n    - {key: a, label: A, article: B", "stands twice"),
    ],
)
def test_a_form_with_a_mistake_is_refused_whole(more: str, words: str) -> None:
    assert read(FORM % "")[0].key == "x"
    with pytest.raises(ValueError, match=f"form x: .*{words}"):
        read(FORM % more)
    with pytest.raises(ValueError, match="unknown name"):
        read((FORM % "").replace("gdpr-33", "gdpr-99"))


@pytest.mark.django_db
def test_typed_goes_before_record_and_what_nobody_knows_is_missing(admin: User) -> None:
    row = factories.incident(admin, systems=[factories.system(admin)])
    factories.incident_fact(admin, row)
    factories.corrective_action(admin, row, text="Separate lists")
    found = answers(row, "gdpr-33-initial", nature="Two lists", people="  ")
    assert (found["nature"].text, found["nature"].origin, found["nature"].record) == ("Two lists", TYPED, row.description)
    assert (found["measures"].origin, "Separate lists (due" in found["measures"].text) == (RECORD, True)
    assert "Brussels time" in found["aware"].text
    assert (found["people"].origin, found["people"].missing) == (UNKNOWN, True)
    assert (found["delay"].origin, found["delay"].missing) == (UNKNOWN, False)


@pytest.mark.django_db
def test_reports_are_offered_by_kind_and_role(admin: User) -> None:
    assert [row.key for row in offered(factories.incident(admin))] == ["gdpr-33-initial", "gdpr-33-final"]
    assert offered(factories.incident(admin, roles=["nis2_entity"])) == []


@pytest.mark.django_db
def test_each_save_is_a_version_and_the_log_keeps_only_its_digest(admin: User) -> None:
    row = factories.incident(admin)
    first = draft_save(actor=admin, incident=row, key="gdpr-33-initial", answers={"people": " Jo and 40 others ", "records": ""})
    assert (first.number, first.answers) == (1, {"people": "Jo and 40 others"})
    assert draft_save(actor=admin, incident=row, key="gdpr-33-initial", answers={"people": "Jo and 40 others"}) == first
    assert draft_save(actor=admin, incident=row, key="gdpr-33-initial", answers={}).number == 2
    said = LedgerEntry.objects.filter(action="decisions.draft.saved")
    assert said.count() == 2
    assert "Jo" not in str([entry.payload for entry in said])


@pytest.mark.django_db
def test_what_the_form_lacks_or_is_too_long_is_refused(admin: User) -> None:
    row = factories.incident(admin)
    for wrong in ({"nothing": "x"}, {"people": "x" * 10_001}):
        with pytest.raises(InvalidInput):
            draft_save(actor=admin, incident=row, key="gdpr-33-initial", answers=wrong)
    with pytest.raises(NotFound):
        draft_save(actor=admin, incident=row, key="gdpr-33-early", answers={})
    with pytest.raises(NotAllowed):
        draft_save(actor=factories.user(Role.AUDITOR, of=factories.home(admin)), incident=row, key="gdpr-33-initial", answers={})
    assert not DraftVersion.objects.exists()
