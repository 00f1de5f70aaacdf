"""Captured prompts: what a file must be, and what becomes of it."""

import json
from typing import Any

import pytest

from accounts.models import Role, User
from assessments.models import AddedProbeSet, Plan
from assessments.services.plans import plan_discard
from core.errors import InvalidInput, NotAllowed
from decisions.captured import LARGEST, probe_set_file
from decisions.models import CapturedPrompts, Incident
from decisions.services import captured_add, captured_plan, incident_open
from decisions.services.incidents import Judgement
from evidence.models import LedgerEntry
from inventory.models import Access, ModelVersion
from tests import factories

GOOD = {"family": "lists", "label": "captured", "text": "Send both lists."}


def line(**fields: Any) -> bytes:
    return json.dumps({**GOOD, **fields}).encode()


@pytest.mark.parametrize(
    ("name", "raw", "words"),
    [
        ("prompts.exe", line(), "ends in .jsonl or .txt"),
        ("prompts.jsonl", b"\n \n", "the file is empty"),
        ("prompts.jsonl", b"x" * (LARGEST + 1), "larger than 200 KiB"),
        ("prompts.jsonl", b"\xff\xfe", "no UTF-8 text"),
        ("prompts.jsonl", line() + b"\n{", "line 2 is no JSON object"),
        ("prompts.jsonl", b"[" * 100_000, "line 1 is no JSON object"),
        ("prompts.jsonl", b'["family"]', "line 1: write an object"),
        ("prompts.jsonl", line(answer="x"), "and nothing else"),
        ("prompts.jsonl", line(text=" "), "line 1: text is missing"),
        ("prompts.jsonl", line(text=7), "line 1: text is missing"),
        ("prompts.jsonl", line(label="bad"), "neither captured nor contrast"),
        ("prompts.jsonl", line(text="\ud800"), "line 1: holds half of a character"),
        ("prompts.txt", b"lists captured no tabs", "line 1: write family, label, text with one tab"),
        ("prompts.txt", b"a\tcaptured\tb\tc", "no tab in the text"),
    ],
)
def test_a_hostile_or_faulty_file_is_refused_with_its_line(name: str, raw: bytes, words: str) -> None:
    with pytest.raises(InvalidInput, match="file: ") as caught:
        probe_set_file(name, raw, reference="I-000001", slug="incident_000001", version="1", origin="x")
    assert words in str(caught.value)


def test_lines_and_tabs_give_the_same_set() -> None:
    told = {"reference": "I-000001", "slug": "incident_000001", "version": "1", "origin": "x"}
    tabs = b"lists\tcaptured\tSend both lists.\r\n"
    assert probe_set_file("a.txt", tabs, **told) == probe_set_file("a.jsonl", line() + b"\r\n", **told)


@pytest.fixture
def versions(admin: User) -> tuple[ModelVersion, ModelVersion]:
    return factories.version(admin), factories.version(admin)


@pytest.fixture
def incident(admin: User, versions: tuple[ModelVersion, ModelVersion]) -> Incident:
    return factories.incident(admin, versions=[versions[0]])


@pytest.mark.django_db
def test_prompts_become_a_probe_set_and_two_drafts_alike_but_for_the_version(
    admin: User, incident: Incident, versions: tuple[ModelVersion, ModelVersion]
) -> None:
    affected, before = versions
    row = factories.captured_prompts(admin, incident)
    found = AddedProbeSet.objects.get()
    assert (row.probe_set, found.slug, found.version, found.items, found.families) == (found, f"incident_{incident.number:06d}", "1", 32, 4)
    with pytest.raises(InvalidInput, match="stands more than once"):
        captured_add(actor=admin, incident=incident, name="a.jsonl", raw=factories.captured_text() + b"\n" + factories.captured_text(1, 1), origin="x")
    first, second = captured_plan(actor=admin, captured=row, version=affected, predecessor=before)
    assert (first.version, second.version, first.sealed_digest, second.sealed_digest) == (affected, before, "", "")
    assert str(before) in first.document["claim"]
    assert first.document["items"] == second.document["items"]
    assert first.document["items"][0]["probe_sets"] == {found.slug: found.digest}
    assert first.document["seed"] == second.document["seed"]
    plan_discard(actor=admin, plan=first)
    assert list(row.plans.all()) == [second]
    actions = [entry.action for entry in LedgerEntry.objects.filter(subject=incident.subject, action__startswith="decisions.captured").order_by("index")]
    assert actions == ["decisions.captured.added", "decisions.captured.planned"]
    again = captured_add(actor=admin, incident=incident, name="a.jsonl", raw=factories.captured_text(5), origin="x")
    assert (again.probe_set.slug, again.probe_set.version) == (found.slug, "2")


@pytest.mark.django_db
def test_refusals_change_nothing(admin: User, incident: Incident, versions: tuple[ModelVersion, ModelVersion]) -> None:
    affected, before = versions
    wish: dict[str, Any] = {"incident": incident, "name": "a.jsonl", "raw": factories.captured_text(), "origin": "x"}
    for role in (Role.AUDITOR, Role.GOVERNANCE):
        with pytest.raises(NotAllowed):
            captured_add(actor=factories.user(role, of=factories.home(admin)), **wish)
    with pytest.raises(InvalidInput, match="origin"):
        captured_add(actor=admin, **{**wish, "origin": " "})
    for raw, words in ((factories.captured_text(1, 4), "24"), (factories.captured_text(8, 2), "families"), (line(text="<script>"), "HTML")):
        with pytest.raises(InvalidInput, match=words):
            captured_add(actor=admin, **{**wish, "raw": raw})
    assert not CapturedPrompts.objects.exists()
    assert not AddedProbeSet.objects.exists()
    row = captured_add(actor=admin, **wish)
    elsewhere = factories.version(factories.user())
    for version, other, field in ((before, affected, "version"), (affected, affected, "predecessor"), (affected, elsewhere, "predecessor")):
        with pytest.raises(InvalidInput, match=f"{field}: "):
            captured_plan(actor=admin, captured=row, version=version, predecessor=other)
    ModelVersion.objects.filter(pk=before.pk).update(access=Access.TEXT)
    before.refresh_from_db()
    with pytest.raises(InvalidInput, match="needs access to activations"):
        captured_plan(actor=admin, captured=row, version=affected, predecessor=before)
    assert not Plan.objects.exists()
    other = incident_open(actor=admin, organisation=incident.organisation, title="x", description="y", judgement=Judgement("low"))
    with pytest.raises(NotAllowed):
        captured_add(actor=factories.user(), **{**wish, "incident": other})


@pytest.mark.django_db
def test_an_upload_cut_off_before_its_link_can_be_made_again(admin: User, incident: Incident) -> None:
    row = factories.captured_prompts(admin, incident)
    CapturedPrompts.objects.all().delete()
    assert factories.captured_prompts(admin, incident).probe_set == row.probe_set
    assert AddedProbeSet.objects.count() == 1
