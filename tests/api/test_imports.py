"""Imports over the API: looked at first, then applied exactly as seen; the services and checks are those of the pages."""

import base64
from typing import Any

import pytest

from accounts.models import Membership, Role, User
from accounts.permissions import SCOPES
from accounts.services import service_account_create
from evidence import ledger
from evidence.models import Artifact, LedgerEntry
from frameworks.models import Framework, ImportDraft, Requirement
from tests import factories
from tests.api.caller import Api, token_of
from tests.frameworks.imports import files

pytestmark = pytest.mark.django_db
IMPORTS = "framework-imports"


def body(raw: bytes, **more: Any) -> dict[str, Any]:
    return {"name": "library.yaml", "content": base64.b64encode(raw).decode(), **more}


GARDEN = files.as_yaml(files.ciso())


def test_preview_changes_nothing_and_apply_does_what_it_said(api: Api, admin: User) -> None:
    made = api.post(IMPORTS, body(GARDEN), idempotency_key="one")
    assert made.status_code == 201, made.content
    found = made.json()
    assert api.post(IMPORTS, body(GARDEN), idempotency_key="one").json() == found
    assert ImportDraft.objects.count() == 1
    preview = found["preview"]
    assert preview["sentences"] == ["2 rows would be added as a new framework."]
    assert (preview["counts"], preview["applicable"], preview["framework"]) == ({"added": 2, "changed": 0, "removed": 0}, True, None)
    assert [(row["ref"], row["kind"]) for row in preview["changes"]] == [("U.1", "added"), ("U.2", "added")]
    assert not Framework.objects.filter(slug="imported-garden").exists()
    assert api.get(made["Location"]).json() == found
    done = api.post(f"{IMPORTS}/{found['id']}/apply", {"seen": preview["seen"]}, idempotency_key="two")
    assert done.json() == {"framework": "imported-garden", "digest": found["digest"]}
    assert api.post(f"{IMPORTS}/{found['id']}/apply", {"seen": preview["seen"]}, idempotency_key="two").json() == done.json()
    assert [row.ref for row in Requirement.objects.filter(version__framework__slug="imported-garden")] == ["U.1", "U.2"]
    assert Artifact.objects.get(kind="framework_file").sha256 == found["digest"]
    assert LedgerEntry.objects.filter(action="frameworks.import.applied", actor=f"accounts.user:{admin.pk}").count() == 1
    assert api.get(f"{IMPORTS}/{found['id']}").status_code == 404
    assert [row["ref"] for row in api.get("requirements?framework=imported-garden").json()["items"]] == ["U.1", "U.2"]


def test_new_edition_names_what_differs_and_an_old_consent_is_a_conflict(api: Api, admin: User) -> None:
    factories.imported(admin, GARDEN)
    newer = files.as_yaml(files.ciso(nodes=[*files.NODES[:2], {"ref_id": "U.3", "description": "Sharpen them."}], version=4))
    found = api.post(IMPORTS, body(newer)).json()
    preview = found["preview"]
    assert (preview["framework"], preview["counts"]) == ("imported-garden", {"added": 1, "changed": 0, "removed": 1})
    factories.imported(admin, files.as_yaml(files.ciso(nodes=[*files.NODES[:2]], version=5)))
    late = api.post(f"{IMPORTS}/{found['id']}/apply", {"seen": preview["seen"]})
    assert (late.status_code, "look at the preview again" in late.json()["detail"]) == (409, True)
    assert not Requirement.objects.filter(ref="U.3").exists()
    again = api.get(f"{IMPORTS}/{found['id']}").json()["preview"]
    assert api.post(f"{IMPORTS}/{found['id']}/apply", {"seen": again["seen"]}).status_code == 200
    same = api.post(IMPORTS, body(newer)).json()
    assert (same["preview"]["applicable"], same["preview"]["changes"]) == (False, [])
    assert api.post(f"{IMPORTS}/{same['id']}/apply", {"seen": same["preview"]["seen"]}).status_code == 409


def test_sheet_comes_with_its_columns(api: Api) -> None:
    raw = files.as_csv()
    bare = api.post(IMPORTS, body(raw, name="questions.csv")).json()
    assert bare["preview"] is None
    columns = {"sheet": "CSV", "heading": 1, "ref": 0, "text": 1, "name": "Questions"}
    before = ImportDraft.objects.count()
    wrong = api.post(IMPORTS, body(raw, columns={**columns, "sheet": "None"}))
    assert wrong.status_code == 422
    assert ImportDraft.objects.count() == before, "a file whose columns cannot be read is not kept"
    found = api.post(IMPORTS, body(raw, columns=columns)).json()
    assert (found["preview"]["name"], found["preview"]["applicable"]) == ("Questions", True)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"content": "!!"}, "content"),
        ({"content": base64.b64encode(b"a0: &a [x]\nb: *a\n").decode()}, "file"),
        ({"content": base64.b64encode(b"%PDF-1.7").decode()}, "file"),
        ({"name": ""}, "name"),
        ({"columns": {"sheet": "CSV"}}, "columns.heading"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_bad_file_is_told_and_not_kept(api: Api, change: dict[str, Any], field: str) -> None:
    answer = api.post(IMPORTS, {**body(GARDEN), **change})
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.content
    assert not ImportDraft.objects.exists()


def test_discarded_file_is_gone_and_nothing_came_of_it(api: Api) -> None:
    found = api.post(IMPORTS, body(GARDEN)).json()
    assert [row["id"] for row in api.get(IMPORTS).json()["items"]] == [found["id"]]
    assert api.post(f"{IMPORTS}/{found['id']}/discard").json() == {"id": found["id"]}
    assert api.get(IMPORTS).json()["items"] == []
    assert not Framework.objects.filter(slug="imported-garden").exists()


def test_uploaded_file_is_its_uploaders_alone(api: Api, admin: User) -> None:
    found = api.post(IMPORTS, body(GARDEN)).json()
    colleague = Api(token_of(factories.user(Role.GOVERNANCE, of=factories.home(admin)), *SCOPES))
    for answer in (
        colleague.get(f"{IMPORTS}/{found['id']}"),
        colleague.post(f"{IMPORTS}/{found['id']}/apply", {"seen": found["preview"]["seen"]}),
        colleague.post(f"{IMPORTS}/{found['id']}/discard"),
    ):
        assert answer.status_code == 404
    assert ImportDraft.objects.filter(pk=found["id"]).exists()


def test_only_a_persons_token_with_the_scope_imports(admin: User) -> None:
    home = factories.home(admin)
    program = service_account_create(actor=admin, record=ledger.append, organisation=home, username="gateway")
    owners = [(admin, ["frameworks:read"]), (program, list(SCOPES)), (factories.user(Role.ASSESSOR, of=home), list(SCOPES))]
    assert [Api(token_of(owner, *scopes)).post(IMPORTS, body(GARDEN)).status_code for owner, scopes in owners] == [403, 403, 403]
    assert Api(token_of(factories.user(Role.GOVERNANCE, of=home), "frameworks:load")).post(IMPORTS, body(GARDEN)).status_code == 201


def test_register_is_named_where_there_are_several(admin: User, api: Api) -> None:
    other = factories.organisation("Zebra Bank")
    Membership.objects.create(user=admin, organisation=other, role=Role.ADMINISTRATOR)
    assert api.post(IMPORTS, body(GARDEN)).json()["field"] == "organisation"
    assert api.post(IMPORTS, body(GARDEN, organisation=str(other.pk))).json()["organisation"] == str(other.pk)


def test_nul_in_a_parameter_is_refused_by_name(api: Api) -> None:
    """PostgreSQL takes no NUL in a text, so none may come as far as a query."""
    made = api.post(IMPORTS, body(GARDEN), idempotency_key="one")
    for address in (f"{made['Location']}?into=a%00b", "/api/v1/vendors?name=%00"):
        answer = api.get(address)
        assert (answer.status_code, answer.json()["field"]) == (422, address.partition("?")[2].partition("=")[0])
