"""The builder without scripts: every button is a plain form, nothing typed is lost, and what is saved is what was ticked."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from assessments.models import Plan
from assessments.registry import METHODS
from assessments.services.standard import CLAIM, SEED, standard_plan
from core.canonical import canonical_digest
from evidence.models import LedgerEntry
from inventory.models import Access, ModelVersion
from tests import factories

pytestmark = pytest.mark.django_db
NEW = "/plans/new/"
FIELD = re.compile(r"<(input|select|textarea)\b([^>]*)>(?:(.*?)</\1>)?", re.DOTALL)
ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')


@pytest.fixture
def version(admin: User) -> ModelVersion:
    return factories.version(admin)


def entries(body: str) -> dict[str, str]:
    """What a browser would send of the builder's form."""
    form = body[body.index('<form id="builder"') : body.index("</form>", body.index('<form id="builder"'))]
    found: dict[str, str] = {}
    for tag, text, inner in FIELD.findall(form):
        given = dict(ATTRIBUTE.findall(text))
        if given.get("type") == "checkbox" and not re.search(r"\bchecked\b", text):
            continue
        value = given.get("value", "on" if given.get("type") == "checkbox" else "")
        if tag == "select":
            chosen = re.search(r'<option value="([^"]*)" selected', inner) or re.search(r'<option value="([^"]*)"', inner)
            value = chosen[1] if chosen else ""
        found[given["name"]] = unescape(inner.strip() if tag == "textarea" else value)
    return found


def opened(browser: Client, query: str = "") -> dict[str, str]:
    answer = browser.get(f"{NEW}?{query}")
    assert answer.status_code == 200
    return entries(answer.content.decode())


def sent(browser: Client, data: dict[str, str], act: str, path: str = NEW) -> Any:
    return browser.post(path, {**data, "act": act})


def prefix_of(data: dict[str, str], slug: str, number: int = 0) -> str:
    return [key.removesuffix("-instrument") for key, value in data.items() if key.endswith("-instrument") and value == slug][number]


def test_standard_assessment_is_one_click_and_saves_the_same_plan(admin: User, admin_client: Client, version: ModelVersion) -> None:
    data = opened(admin_client, f"preset=standard&version={version.id}")
    answer = sent(admin_client, data, "save")
    plan = Plan.objects.get()
    assert answer.url == reverse("web:plan-detail", args=[plan.id])
    assert not plan.sealed_digest
    assert canonical_digest(plan.document) == standard_plan(actor=admin, version=version).digest
    assert (plan.document["claim"], plan.document["seed"]) == (CLAIM, SEED)


def test_question_for_the_costs_never_saves_whatever_button_it_names(admin_client: Client, version: ModelVersion) -> None:
    """A change and a press on Save come together; the question that follows the change names the button that was pressed."""
    data = opened(admin_client, f"preset=standard&version={version.id}")
    answer = admin_client.post(reverse("web:plan-create"), {**data, "act": "save"}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert 'id="cost"' in answer.content.decode()
    assert not Plan.objects.exists()


def test_looking_and_trying_changes_nothing(admin_client: Client, version: ModelVersion) -> None:
    before = LedgerEntry.objects.count()
    data = opened(admin_client, f"preset=standard&version={version.id}")
    for act in ("refresh", "add:steering_validation", "row:0", "drop:0:0", "remove:0", "nonsense", "row:99", "add:unknown"):
        assert sent(admin_client, data, act).status_code == 200
    assert not Plan.objects.exists()
    assert LedgerEntry.objects.count() == before


def test_page_offers_every_instrument_with_its_limits_and_probe_sets(admin_client: Client) -> None:
    body = unescape(admin_client.get(NEW).content.decode())
    for method in METHODS:
        assert all(text in body for text in (method.card.question, method.card.shows, method.card.does_not_show, method.card.falsifier))
        assert all(f"/probe-sets/{slug}/" in body for slug in method.card.probe_sets)
    assert "Tick at least one instrument" in body


def test_second_use_takes_the_choice_that_is_left(admin_client: Client, version: ModelVersion) -> None:
    data = opened(admin_client, f"instrument=steering_validation&version={version.id}")
    grown = entries(sent(admin_client, data, "add:steering_validation").content.decode())
    assert int(grown["uses"]) == int(data["uses"]) + 1
    assert grown[f"{prefix_of(grown, 'steering_validation', 1)}-p_behaviour"] == "refusal"
    sent(admin_client, {**grown, "title": "Two ways", "claim": "Both move."}, "save")
    assert [item["key"] for item in Plan.objects.get().document["items"]] == ["steering_validation.sentiment", "steering_validation.refusal"]


def test_use_can_be_taken_away_again(admin_client: Client, version: ModelVersion) -> None:
    data = opened(admin_client, f"preset=standard&version={version.id}")
    place = prefix_of(data, "steering_validation").removeprefix("u")
    sent(admin_client, entries(sent(admin_client, data, f"remove:{place}").content.decode()), "save")
    assert [item["key"] for item in Plan.objects.get().document["items"]][2:] == ["steering_validation.refusal"]


def test_thresholds_can_be_changed_added_and_dropped(admin_client: Client, version: ModelVersion) -> None:
    data = opened(admin_client, f"instrument=linear_direction&version={version.id}")
    use = prefix_of(data, "linear_direction")
    data = entries(sent(admin_client, data, f"drop:{use[1:]}:3").content.decode())
    data = entries(sent(admin_client, data, f"row:{use[1:]}").content.decode())
    data |= {f"{use}-t1-value": "0.9", f"{use}-t3-metric": "auroc_lr", f"{use}-t3-op": "<", f"{use}-t3-value": "1", "title": "T", "claim": "C"}
    sent(admin_client, data, "save")
    assert Plan.objects.get().document["items"][0]["thresholds"] == [
        {"metric": "auroc", "op": "beyond_null", "value": None},
        {"metric": "auroc", "op": ">=", "value": 0.9},
        {"metric": "gain_over_baseline", "op": ">", "value": 0.0},
        {"metric": "auroc_lr", "op": "<", "value": 1.0},
    ]


def test_parameters_arrive_with_their_types(admin_client: Client, version: ModelVersion) -> None:
    data = opened(admin_client, f"instrument=steering_validation&version={version.id}")
    use = prefix_of(data, "steering_validation")
    typed = {"p_layer": "12", "p_coefficients": "0.1, 0.2;0.3", "p_behaviour": "refusal", "name": "deep"}
    sent(admin_client, data | {f"{use}-{name}": value for name, value in typed.items()} | {"title": "T", "claim": "C"}, "save")
    item = Plan.objects.get().document["items"][0]
    assert item["key"] == "steering_validation.deep"
    assert (item["params"]["layer"], item["params"]["coefficients"], item["params"]["behaviour"]) == (12, [0.1, 0.2, 0.3], "refusal")
    assert item["params"]["readout_items"] is None


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("p_random_directions", "5", "greater than or equal to 39"),
        ("p_random_directions", "many", "whole number"),
        ("p_random_directions", "", "required"),
        ("p_coefficients", "0.1, x", "“x” is no number"),
        ("p_coefficients", "0.1, 9", "9 is outside 0.001 to 2"),
        ("p_coefficients", "nan", "nan is outside"),
        ("p_behaviour", "sleep", "valid choice"),
        ("name", "../up", "Small letters"),
        ("t0-metric", "Not a name", "The name of a measurement"),
        ("t1-value", "", "Give a limit"),
        ("t0-op", "about", "valid choice"),
    ],
)
def test_faulty_entry_is_said_at_its_field_and_nothing_is_lost(admin_client: Client, version: ModelVersion, field: str, value: str, says: str) -> None:
    data = opened(admin_client, f"instrument=steering_validation&version={version.id}")
    use = prefix_of(data, "steering_validation")
    data |= {f"{use}-{field}": value, "title": "My title", "claim": "My claim"}
    answer = sent(admin_client, data, "save")
    body = unescape(answer.content.decode())
    assert answer.status_code == 422
    assert says in body
    kept = entries(answer.content.decode())
    assert (kept["title"], kept["claim"]) == ("My title", "My claim")
    assert field.endswith(("op", "behaviour")) or kept[f"{use}-{field}"] == value
    assert not Plan.objects.exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [({"title": ""}, "required"), ({"claim": " "}, "required"), ({"seed": "-1"}, "greater than or equal to 0"), ({"version": ""}, "required")],
)
def test_plan_needs_title_claim_seed_and_version(admin_client: Client, version: ModelVersion, change: dict[str, str], says: str) -> None:
    answer = sent(admin_client, opened(admin_client, f"preset=standard&version={version.id}") | change, "save")
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not Plan.objects.exists()


def test_plan_without_instruments_or_thresholds_is_refused(admin_client: Client, version: ModelVersion) -> None:
    data = opened(admin_client, f"version={version.id}") | {"title": "T", "claim": "C"}
    assert "Tick at least one instrument." in sent(admin_client, data, "save").content.decode()
    use = prefix_of(data, "known_circuits")
    emptied = {key: "" if re.fullmatch(rf"{use}-t\d+-(metric|value)", key) else value for key, value in data.items()} | {f"{use}-on": "on"}
    answer = sent(admin_client, emptied, "save")
    assert answer.status_code == 422
    assert "Keep at least one threshold" in answer.content.decode()
    assert not Plan.objects.exists()


def test_two_uses_of_one_name_are_refused_in_words(admin_client: Client, version: ModelVersion) -> None:
    data = opened(admin_client, f"preset=standard&version={version.id}")
    data[f"{prefix_of(data, 'steering_validation', 1)}-p_behaviour"] = "sentiment"
    answer = sent(admin_client, data, "save")
    assert answer.status_code == 422
    assert "two steps carry the same key" in answer.content.decode()


def test_version_with_too_little_access_says_which_instruments_are_out(admin: User, admin_client: Client) -> None:
    closed = factories.version(admin, access=Access.TEXT)
    data = opened(admin_client, f"preset=standard&version={closed.id}")
    body = sent(admin_client, data, "refresh").content.decode()
    assert "needs access to weights; this version grants text only" in body
    assert "needs access to activations; this version grants text only" in body
    assert sent(admin_client, data, "save").status_code == 422
    assert not Plan.objects.exists()


def test_side_panel_sums_up_what_is_ticked(admin_client: Client, version: ModelVersion) -> None:
    data = opened(admin_client, f"preset=standard&version={version.id}")
    assert "4 steps" in sent(admin_client, data, "refresh").content.decode()
    del data[f"{prefix_of(data, 'known_circuits')}-on"]
    assert "3 steps" in sent(admin_client, data, "refresh").content.decode()


def test_only_own_versions_can_be_chosen(admin_client: Client, version: ModelVersion) -> None:
    theirs = factories.version(factories.user())
    assert str(theirs.id) not in admin_client.get(NEW).content.decode()
    assert admin_client.get(f"{NEW}?version={theirs.id}").status_code == 404
    data = opened(admin_client, f"preset=standard&version={version.id}") | {"version": str(theirs.id)}
    assert sent(admin_client, data, "save").status_code == 422
    assert admin_client.get(f"{NEW}?version=nonsense").status_code == 422


@pytest.mark.parametrize(("role", "status"), [(Role.ASSESSOR, 200), (Role.GOVERNANCE, 403), (Role.AUDITOR, 403), (Role.APPROVER, 403)])
def test_only_those_who_write_plans_open_the_builder(as_role: Callable[[str], Client], role: str, status: int) -> None:
    assert as_role(role).get(NEW).status_code == status


class TestChange:
    """Changing and copying what is there."""

    @pytest.fixture
    def draft(self, admin: User, version: ModelVersion) -> Plan:
        return standard_plan(actor=admin, version=version)

    def edit(self, plan: Plan) -> str:
        return reverse("web:plan-edit", args=[plan.id])

    def test_draft_opens_as_it_is_and_saves_in_place(self, admin_client: Client, draft: Plan) -> None:
        data = entries(admin_client.get(self.edit(draft)).content.decode())
        assert "version" not in data
        sent(admin_client, data, "save", self.edit(draft))
        assert Plan.objects.get().digest == draft.digest
        sent(admin_client, data | {"title": "Changed"}, "save", self.edit(draft))
        assert Plan.objects.get().title == "Changed"
        assert LedgerEntry.objects.filter(action="assessments.plan.revised").count() == 1

    def test_sealed_plan_leads_to_a_new_one_that_is_the_same(self, admin: User, admin_client: Client, draft: Plan) -> None:
        admin_client.post(reverse("web:plan-seal", args=[draft.id]), {"confirm": "on"})
        answer = admin_client.get(self.edit(draft))
        assert answer.url == f"{NEW}?from={draft.id}"
        sent(admin_client, opened(admin_client, f"from={draft.id}"), "save")
        assert [plan.digest for plan in Plan.objects.all()] == [draft.digest] * 2

    def test_discarding_asks_first(self, admin_client: Client, draft: Plan) -> None:
        path = reverse("web:plan-discard", args=[draft.id])
        assert "cannot be brought back" in admin_client.get(path).content.decode()
        assert Plan.objects.exists()
        assert admin_client.post(path).url == reverse("web:plan-list")
        assert not Plan.objects.exists()


def test_unticked_use_is_taken_before_another_one_is_made(admin_client: Client, version: ModelVersion) -> None:
    data = opened(admin_client, f"version={version.id}")
    grown = entries(sent(admin_client, data, "add:known_circuits").content.decode())
    assert grown["uses"] == data["uses"]
    assert grown[f"{prefix_of(grown, 'known_circuits')}-on"] == "on"
