"""The page of one version: what it says, what it does not say, and moving it through its lifecycle."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from assessments.models import Finding, Run
from assessments.registry import METHODS
from assessments.services.runs import run_create
from evidence.models import EvidenceLink, LedgerEntry
from evidence.services import link_review
from inventory.models import Access, Deployment, ModelVersion
from inventory.services import deployment_register, version_transition
from tests import factories
from web.ai_models.ladder import ladder

pytestmark = pytest.mark.django_db
PARTS = ("version-detail", "version-assessments", "version-weights", "version-history")


def part(client: Client, version: ModelVersion, name: str = "version-detail") -> str:
    answer = client.get(reverse(f"web:{name}", args=[version.id]))
    assert answer.status_code == 200
    return answer.content.decode()


def move(version: ModelVersion) -> str:
    return reverse("web:version-move", args=[version.id])


@pytest.mark.parametrize("name", ["version-detail", "version-assessments"])
def test_reading_stands_beside_its_capped_verdict(admin_client: Client, run: Run, name: str) -> None:
    body = part(admin_client, run.plan.version, name)
    row = body[body.index("<tbody><tr>") : body.index("</tr>", body.index("<tbody><tr>"))]
    assert row.index("verdict-not_qualified") < row.index("verdict-observed") < row.index("It is seen")


def test_capped_findings_are_said_to_be_so(admin_client: Client, run: Run) -> None:
    assert "1 of 1 verdict is" in " ".join(part(admin_client, run.plan.version).split())


def test_verdict_that_was_not_capped_has_no_second_mark(admin_client: Client, run: Run) -> None:
    Finding.objects.update(reading="inconclusive", verdict="inconclusive")
    body = part(admin_client, run.plan.version)
    assert body.count("verdict verdict-inconclusive") == 1
    assert "the same" in body
    assert "only the verdict may be cited" not in body


def test_newest_run_with_findings_is_shown_and_others_counted(admin: User, admin_client: Client, run: Run) -> None:
    waiting = run_create(actor=admin, plan=factories.plan(admin, ("one",), version=run.plan.version))
    body = part(admin_client, run.plan.version)
    assert f">Run {run.number}<" in body
    assert "one of 2 runs" in body
    runs = part(admin_client, run.plan.version, "version-assessments")
    assert runs.index(f">Run {waiting.number}<") < runs.index(f">Run {run.number}<")
    assert "No finding yet." in runs


def test_never_assessed_says_what_an_assessment_is(admin: User, admin_client: Client) -> None:
    version = factories.version(admin)
    factories.plan(admin, version=version, seal=False)
    assert "Never assessed" in part(admin_client, version)
    runs = part(admin_client, version, "version-assessments")
    assert "No run yet" in runs
    assert ">draft<" in runs


@pytest.mark.parametrize(
    ("access", "granted"), [("weights", [True, True, True, True]), ("activations", [False, True, True, True]), ("text", [False, False, False, True])]
)
def test_ladder_reaches_as_far_as_the_access(access: str, granted: list[bool]) -> None:
    rungs = ladder(access)
    assert [rung.access for rung in rungs] == [Access.WEIGHTS, Access.ACTIVATIONS, Access.LOGITS, Access.TEXT]
    assert [rung.granted for rung in rungs] == granted
    assert [rung.access.value for rung in rungs if rung.top] == [access]
    assert all(card.access == rung.access for rung in rungs for card in rung.instruments)


def test_ladder_says_which_instruments_cannot_run(admin: User, admin_client: Client) -> None:
    open_, closed = (factories.version(admin, access=access) for access in ("weights", "text"))
    assert "cannot run" not in part(admin_client, open_)
    body = part(admin_client, closed)
    assert "cannot run" in body
    assert body.count(">can run<") == len([method for method in METHODS if method.card.access == "text"])


def test_lineage_names_parent_and_children(admin: User, admin_client: Client) -> None:
    parent = factories.version(admin, label="base")
    middle = factories.version(admin, model=parent.model, label="tuned", parent=parent)
    child = factories.version(admin, model=parent.model, label="small", parent=middle)
    body = part(admin_client, middle)
    tree = body[body.index('<ul class="lineage">') :]
    assert tree.index(str(parent)) < tree.index(str(middle)) < tree.index(str(child))
    assert "As stated at registration" in body


def test_coverage_counts_accepted_and_proposed_evidence(admin: User, admin_client: Client, run: Run) -> None:
    before = {share.state: share.count for share in admin_client.get(reverse("web:version-detail", args=[run.plan.version_id])).context["coverage"]}
    assert before["covered"] + before["partial"] == 0
    assert before["missing"] > 0
    for link in EvidenceLink.objects.all():
        link_review(actor=admin, link=link, accept=True, rationale="Looked at it.")
    after = {share.state: share.count for share in admin_client.get(reverse("web:version-detail", args=[run.plan.version_id])).context["coverage"]}
    assert sum(after.values()) == sum(before.values())
    assert after["covered"] + after["partial"] == before["proposed"]
    assert after["missing"] == before["missing"]
    assert f"?version={run.plan.version_id}" in part(admin_client, run.plan.version)


def test_files_are_listed_with_their_digests(admin: User, admin_client: Client, run: Run) -> None:
    body = part(admin_client, run.plan.version, "version-weights")
    row = run.plan.version.weights_manifest[0]
    assert row["sha256"] in body
    assert row["name"] in body
    assert "one/result.json" in body


def test_history_tells_moves_with_reason_and_author(admin: User, admin_client: Client) -> None:
    version = factories.version(admin)
    version_transition(actor=admin, version=version, lifecycle="retired", reason="Board of 3 May.")
    deployment_register(actor=admin, system=factories.system(admin), version=version, environment="trial")
    body = part(admin_client, version, "version-history")
    assert all(word in body for word in ("Board of 3 May.", "Put to work", "Registered", admin.username))
    assert "candidate → retired" in body


def test_move_asks_for_state_and_reason_then_moves(admin: User, admin_client: Client) -> None:
    version = factories.version(admin)
    page = admin_client.get(move(version), {"to": "retired"}).content.decode()
    assert 'value="retired"' in page
    assert "checked" in page[page.index('value="retired"') :][:120]
    assert 'value="approved"' not in page, "more use needs a decision"
    for fields in ({"to": "retired", "reason": ""}, {"to": "approved", "reason": "x"}, {"to": "rolled_back", "reason": "x"}, {"reason": "x"}):
        assert admin_client.post(move(version), fields).status_code == 422
    assert LedgerEntry.objects.filter(action="inventory.modelversion.moved").count() == 0
    assert admin_client.post(move(version), {"to": "retired", "reason": "Board of 3 May."}).status_code == 302
    version.refresh_from_db()
    assert version.lifecycle == "retired"


def test_retired_is_final(admin: User, admin_client: Client) -> None:
    version = factories.version(admin)
    version_transition(actor=admin, version=version, lifecycle="retired", reason="Old.")
    answer = admin_client.get(move(version))
    assert answer.status_code == 409
    assert "that is final" in answer.content.decode()
    assert move(version) not in part(admin_client, version)


def test_strangers_and_readers(admin: User, run: Run, stranger: Client, as_role: Callable[[str], Client]) -> None:
    version, auditor = run.plan.version, as_role(Role.AUDITOR)
    for name in PARTS:
        assert stranger.get(reverse(f"web:{name}", args=[version.id])).status_code == 404
        body = part(auditor, version, name)
        assert move(version) not in body
        assert reverse("web:run-begin", args=[version.id]) not in body
    assert [stranger.get(move(version)).status_code, auditor.get(move(version)).status_code] == [404, 403]
    assert auditor.post(move(version), {"to": "approved", "reason": "x"}).status_code == 403


def test_two_hundred_rows_cost_twelve_queries(admin: User, admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    factories.catalogue(admin)
    version = factories.version(admin)
    facts = vars(factories.facts())
    ModelVersion.objects.bulk_create(ModelVersion(model=version.model, label=f"{place}", access="text", parent=version, **facts) for place in range(200))
    systems = [factories.system(admin) for _ in range(5)]
    Deployment.objects.bulk_create(Deployment(system=system, version=version, environment=f"e{place}") for system in systems for place in range(40))
    for _ in range(3):
        plan = factories.plan(admin, ("one", "two"), version=version)
        for step in run_create(actor=admin, plan=plan).steps.all():
            factories.finish(factories.worker(factories.home(admin)), step)
    for name in (*PARTS, "version-move"):
        with django_assert_max_num_queries(12):
            assert admin_client.get(reverse(f"web:{name}", args=[version.id])).status_code == 200
