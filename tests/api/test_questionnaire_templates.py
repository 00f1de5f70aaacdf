"""Questionnaires over the API: read whole, begin, write a draft; publishing is left to people."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from questionnaires.document import document_read
from questionnaires.models import Template
from tests import factories
from tests.api.caller import Api

pytestmark = pytest.mark.django_db
ROOT = "questionnaire-templates"
VERSIONS = "questionnaire-template-versions"


@pytest.fixture
def template(admin: User) -> Template:
    return factories.questionnaire(admin, draft=True)


def test_questionnaire_names_its_version_and_draft(api: Api, stranger: Api, template: Template) -> None:
    first, draft = template.versions.order_by("number")
    found = api.get(f"{ROOT}/{template.pk}").json()
    assert (found["version"], found["draft"], found["seen"]) == (str(first.pk), str(draft.pk), draft.digest)
    assert [row["id"] for row in api.get(f"{ROOT}?name={template.name}").json()["items"]] == [str(template.pk)]
    assert stranger.get(ROOT).json()["items"] == []
    assert stranger.get(f"{ROOT}/{template.pk}").status_code == 404
    assert stranger.get(f"{VERSIONS}/{first.pk}").status_code == 404


def test_version_holds_the_whole_document(api: Api, template: Template) -> None:
    first = template.versions.get(number=1)
    found = api.get(f"{VERSIONS}/{first.pk}").json()
    assert document_read(found["document"]).digest() == found["digest"] == first.digest
    rows = api.get(f"{VERSIONS}?template={template.pk}").json()["items"]
    assert [row["number"] for row in rows] == [2, 1]
    assert all("document" not in row for row in rows)


def test_document_becomes_a_draft_and_is_not_published(api: Api, template: Template) -> None:
    document = factories.questionnaire_document(title="From a program").stored()
    seen = api.get(f"{ROOT}/{template.pk}").json()["seen"]
    answer = api.post(f"{ROOT}/{template.pk}/draft", {"document": document, "seen": seen})
    assert answer.status_code == 200
    draft = template.versions.get(number=2)
    assert (draft.document["title"], draft.published_at, answer.json()["seen"]) == ("From a program", None, draft.digest)
    late = api.post(f"{ROOT}/{template.pk}/draft", {"document": factories.questionnaire_document().stored(), "seen": seen})
    assert late.status_code == 409


def test_beginning_one(api: Api, admin: User) -> None:
    answer = api.post(ROOT, {"name": "By a program", "document": factories.questionnaire_document().stored()})
    assert answer.status_code == 201, answer.json()
    made = Template.objects.get(name="By a program")
    assert (made.created_by, made.versions.get().published_at) == (admin, None)


@pytest.mark.parametrize(
    "change",
    [{"sections": []}, {"format": "x"}, {"title": "\u202e"}, {"flags": [{"id": "x", "when": "nobody = yes", "title": "T", "because": "B"}]}, {"sections": 7}],
)
def test_document_that_is_wrong_is_refused_with_its_place(api: Api, change: dict[str, Any]) -> None:
    answer = api.post(ROOT, {"name": "Wrong", "document": {**factories.questionnaire_document().stored(), **change}})
    assert answer.status_code in (400, 422)
    assert answer["Content-Type"] == "application/problem+json"
    assert not Template.objects.filter(name="Wrong").exists()


def test_reading_scope_writes_nothing(scoped: Callable[..., Api], template: Template) -> None:
    reader = scoped("questionnaires:read")
    assert reader.get(ROOT).status_code == 200
    assert reader.post(f"{ROOT}/{template.pk}/draft", {"document": {}, "seen": ""}).status_code == 403
    assert scoped("inventory:read").get(ROOT).status_code == 403
    assert scoped("questionnaires:write").get(ROOT).status_code == 200
