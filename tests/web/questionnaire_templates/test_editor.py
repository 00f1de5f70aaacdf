"""The editor and the life of a questionnaire in the browser: begin, change, import, publish, discard, withdraw."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from questionnaires.document import Document
from questionnaires.exchange.files import as_csv, as_yaml
from questionnaires.models import Template
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def template(admin: User) -> Template:
    return factories.questionnaire(admin)


def address(name: str, *args: Any) -> str:
    return reverse(f"web:template-{name}", args=args)


def seen(template: Template) -> str:
    return template.versions.order_by("-number")[0].digest


def now_of(template: Template) -> Document:
    return template.versions.order_by("-number")[0].parsed()


def filled(browser: Client, path: str) -> dict[str, Any]:
    """What the form holds when it is opened, as a browser would send it back."""
    form = browser.get(path).context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in values.items() if value not in (None, False, "")}


def test_beginning_empty_and_from_a_shipped_one(admin_client: Client) -> None:
    admin_client.post(address("create"), {"name": "Ours"})
    made = Template.objects.get(name="Ours")
    assert (len(now_of(made).by_id), now_of(made).title) == (1, "Ours")
    admin_client.post(address("create"), {"name": "Copy", "start": "due_diligence_core"})
    copy = Template.objects.get(name="Copy")
    assert (len(now_of(copy).by_id), now_of(copy).title) == (68, "Copy")
    assert copy.versions.get().published_at is None
    again = admin_client.post(address("create"), {"name": "Copy"})
    assert again.status_code == 422


def test_opening_a_form_and_saving_it_changes_nothing(admin_client: Client, template: Template) -> None:
    before = now_of(template)
    parts = [("question", key) for key in before.by_id] + [("section", "more"), ("category", "extra"), ("cap", "c"), ("flag", "f"), ("clause", "t")]
    for kind, key in parts:
        path = address("part-edit", template.pk, kind, key)
        answer = admin_client.post(path, filled(admin_client, path))
        assert answer.status_code == 302, (kind, key, answer.context["form"].errors)
    admin_client.post(address("head", template.pk), filled(admin_client, address("head", template.pk)))
    assert now_of(template).stored() == before.stored()


def test_change_makes_a_draft_and_leaves_what_is_published(admin_client: Client, template: Template) -> None:
    path = address("part-edit", template.pk, "question", "raised")
    answer = admin_client.post(path, {**filled(admin_client, path), "weight": "2", "awards": "3: raised = yes\n1: raised = no", "text": "Can it be raised?"})
    assert answer.status_code == 302
    draft, published = template.versions.order_by("-number")
    assert (draft.number, draft.published_at, published.parsed().by_id["raised"].weight) == (2, None, 1)
    row = draft.parsed().by_id["raised"]
    assert (row.weight, row.text, [award.points for award in row.awards]) == (2, "Can it be raised?", [3, 1])
    html = admin_client.get(address("edit", template.pk)).content.decode()
    assert "question raised: weight 1 → 2" in html


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("show_if", "nobody = yes", "which is no question"),
        ("show_if", "raised ~ yes", "a test is missing"),
        ("show_if", "raised = perhaps", "no choice of"),
        ("least", "many", "number"),
        ("most", "5", "best award or level"),
        ("options", "a | A", "for nothing else"),
    ],
)
def test_error_stands_at_its_field_and_nothing_is_stored(admin_client: Client, template: Template, field: str, value: str, told: str) -> None:
    path = address("part-edit", template.pk, "question", "hours")
    more = {"awards": "3: hours <= 1"} if field == "most" else {}
    answer = admin_client.post(path, {**filled(admin_client, path), field: value, **more})
    assert answer.status_code == 422
    errors = answer.context["form"].errors
    assert told in str(errors), errors
    assert set(errors) <= {field, "__all__"}
    assert value in answer.content.decode(), "what was typed is still there"
    assert template.versions.count() == 1


def test_adding_parts_of_each_kind(admin_client: Client, template: Template) -> None:
    wishes: list[tuple[str, dict[str, str]]] = [
        ("category", {"id": "new", "text": "New", "on": "on"}),
        ("section", {"id": "last", "text": "Last", "in": "new", "weight": "2"}),
        (
            "question",
            {"id": "who", "in": "general", "text": "Who?", "type": "single", "options": "us | We | 1\nthem | They | 0", "most": "1", "after": "raised"},
        ),
        ("cap", {"id": "cc", "in": "general", "when": "who points <= 0", "at_most": "30", "because": "It is so."}),
        ("flag", {"id": "ff", "text": "Them", "when": "who = them", "because": "Not us."}),
        ("clause", {"id": "tt", "text": "Us", "when": "who = them", "help": "We do it."}),
    ]
    for kind, wish in wishes:
        answer = admin_client.post(address("part-add", template.pk, kind), {**wish, "seen": seen(template)})
        assert answer.status_code == 302, (kind, answer.context["form"].errors)
    found = now_of(template)
    assert [row.id for row in found.sections[0].questions] == ["raised", "who", "hours"]
    assert [row.id for row in found.sections] == ["general", "more", "last"]
    assert (found.caps[-1].at_most, found.flags[-1].id, found.clauses[-1].text) == (30, "ff", "We do it.")
    assert found.by_id["who"].options[0].points == 1


def test_key_that_is_taken_is_refused(admin_client: Client, template: Template) -> None:
    answer = admin_client.post(
        address("part-add", template.pk, "flag"), {"id": "f", "text": "x", "when": "raised = no", "because": "y", "seen": seen(template)}
    )
    assert answer.status_code == 422
    assert "used twice" in str(answer.context["form"].errors)


def test_nobody_overwrites_a_colleague_unaware(admin_client: Client, template: Template) -> None:
    path = address("part-edit", template.pk, "question", "judged")
    opened = filled(admin_client, path)
    other = address("part-edit", template.pk, "question", "hours")
    admin_client.post(other, {**filled(admin_client, other), "text": "How many hours?"})
    answer = admin_client.post(path, {**opened, "text": "Mine"})
    assert answer.status_code == 422
    assert "changed in the meantime" in str(answer.context["form"].errors)
    assert now_of(template).by_id["judged"].text == "How is it watched?"
    assert now_of(template).by_id["hours"].text == "How many hours?"


def test_moving_and_removing(admin_client: Client, template: Template) -> None:
    def move(key: str, way: str) -> str:
        answer = admin_client.post(address("part-move", template.pk, "question", key), {"way": way, "seen": seen(template)}, follow=True)
        return answer.content.decode()

    move("methods", "up")
    assert [row.id for row in now_of(template).sections[1].questions] == ["methods", "judged"]
    move("methods", "up")
    assert [row.id for row in now_of(template).sections[1].questions] == ["methods", "judged"]
    assert "must come before it" in move("hours", "up")
    stale = admin_client.post(address("part-move", template.pk, "question", "methods"), {"way": "down", "seen": "x"}, follow=True)
    assert "changed in the meantime" in stale.content.decode()
    kept = admin_client.post(address("part-remove", template.pk, "question", "raised"), follow=True)
    assert "which is no question" in kept.content.decode() or "must come before" in kept.content.decode()
    assert "Remove exposure f?" in admin_client.get(address("part-remove", template.pk, "flag", "f")).content.decode()
    admin_client.post(address("part-remove", template.pk, "flag", "f"))
    assert now_of(template).flags == ()
    assert admin_client.post(address("part-remove", template.pk, "flag", "f")).status_code == 404


def test_publishing_shows_what_changes_and_asks_once_more(admin_client: Client, admin: User) -> None:
    template = factories.questionnaire(admin, draft=True)
    html = admin_client.get(address("publish", template.pk)).content.decode()
    assert "question extra: added" in html
    stale = admin_client.post(address("publish", template.pk), {"seen": "0" * 64})
    assert stale.status_code == 422
    admin_client.post(address("publish", template.pk), {"seen": seen(template), "note": "One more."})
    row = template.versions.get(number=2)
    assert (row.published_by, row.note) == (admin, "One more.")
    assert admin_client.get(address("publish", template.pk)).status_code == 409


def test_discarding_goes_back_to_what_is_published(admin_client: Client, admin: User) -> None:
    template, fresh = factories.questionnaire(admin, draft=True), factories.questionnaire(admin, publish=False)
    assert "since version 1" in admin_client.get(address("discard", template.pk)).content.decode()
    assert admin_client.post(address("discard", template.pk))["Location"] == address("detail", template.pk)
    assert template.versions.get().number == 1
    assert admin_client.post(address("discard", fresh.pk))["Location"] == address("list")
    assert not Template.objects.filter(pk=fresh.pk).exists()


def test_withdrawn_can_be_read_and_not_edited(admin_client: Client, template: Template) -> None:
    admin_client.post(address("withdraw", template.pk))
    assert "Withdrawn" in admin_client.get(address("detail", template.pk)).content.decode()
    assert admin_client.get(address("edit", template.pk)).status_code == 409


def upload(browser: Client, path: str, raw: bytes, name: str = "q.yaml") -> Any:
    return browser.post(path, {"file": SimpleUploadedFile(name, raw)})


def test_import_as_a_questionnaire_of_its_own(admin_client: Client, admin: User) -> None:
    document = factories.questionnaire_document(title="From a file")
    answer = upload(admin_client, address("import"), as_csv(document))
    assert answer.status_code == 200
    assert not Template.objects.exists()
    form = answer.context["form"]
    admin_client.post(address("import"), {name: form[name].value() or "" for name in form.fields})
    assert now_of(Template.objects.get(name="From a file")).digest() == document.digest()


def test_import_into_shows_what_would_change(admin_client: Client, template: Template) -> None:
    path, document = address("import-into", template.pk), factories.questionnaire_document(title="New title")
    answer = upload(admin_client, path, as_yaml(document))
    assert "questionnaire: title A questionnaire → New title" in answer.content.decode()
    assert template.versions.count() == 1
    form = answer.context["form"]
    sent = {name: form[name].value() for name in form.fields}
    assert admin_client.post(path, {**sent, "seen": "0" * 64}).status_code == 422
    assert admin_client.post(path, {**sent, "document": json.dumps({"format": "x"})}).status_code == 422
    assert admin_client.post(path, {**sent, "document": "[" * 5000}).status_code == 422
    assert template.versions.count() == 1
    assert admin_client.post(path, sent).status_code == 302
    assert now_of(template).title == "New title"


@pytest.mark.parametrize("raw", [b"", b"\x00\x01", b"a: &a [1]\nb: *a\n", b"kind,id,text\nquestionnaire,,=cmd()\n", b"PK\x03\x04nothing"])
def test_file_that_is_refused_says_why_at_the_field(admin_client: Client, template: Template, raw: bytes) -> None:
    answer = upload(admin_client, address("import-into", template.pk), raw)
    assert answer.status_code == 422
    assert answer.context["form"].errors["file"]
    assert template.versions.count() == 1
