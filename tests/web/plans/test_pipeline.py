"""From chosen axes and limits to a draft with every step, through plain forms; wrong entries name their field."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from assessments.models import Plan
from assessments.pipeline import axes_of
from assessments.registry import METHODS
from assessments.services.pipeline import axis_choices
from inventory.models import ModelVersion
from tests import factories
from tests.pipelines import LIMITS
from tests.web.plans.test_builder import entries, sent
from web.plans.builder import MOST_USES

pytestmark = pytest.mark.django_db
ADDRESS = "/plans/pipeline/"


@pytest.fixture
def version(admin: User) -> ModelVersion:
    return factories.version(admin)


def asked(browser: Client, chosen: ModelVersion, **changes: Any) -> Any:
    return browser.post(ADDRESS, {"version": str(chosen.pk), "axes": ["axis_deception", "sentiment"], **LIMITS, **changes})


def test_page_offers_every_axis_with_the_instruments_own_limits(admin_client: Client, version: ModelVersion) -> None:
    body = admin_client.get(f"{ADDRESS}?version={version.pk}").content.decode()
    assert all(f'value="{slug}"' in body for slug in axis_choices())
    assert f'<option value="{version.pk}" selected' in body
    assert 'name="auroc" value="0.75"' in body


def test_chosen_axes_and_limits_become_one_draft(admin_client: Client, version: ModelVersion) -> None:
    answer = asked(admin_client, version, axes=list(axis_choices()), auroc="0.8", cost_ce="0.05")
    assert answer.status_code == 302
    data = entries(admin_client.get(answer.url).content.decode())
    assert data["title"] == f"Release pipeline of {version.model.name}"
    assert "at least 0.8" in data["claim"]
    assert int(data["uses"]) + len(METHODS) < MOST_USES, "the form would drop uses without a word"
    saved = sent(admin_client, data, "save")
    plan = Plan.objects.get()
    assert saved.url == reverse("web:plan-detail", args=[plan.id])
    assert plan.document["items"][0]["instrument"] == "known_circuits"
    assert len(axes_of(plan.document["items"])) == len(axis_choices())
    values = {(row["metric"], row["value"]) for item in plan.document["items"] for row in item["thresholds"]}
    assert {("auroc", 0.8), ("cost_ce", 0.05), ("steering_effect", 0.5)} <= values


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"axes": []}, "Choose at least one axis."),
        ({"axes": ["axis_luck"]}, "There is no axis “axis_luck”"),
        ({"auroc": "1.2"}, "less than or equal to 1"),
        ({"cost_ce": "free"}, "Enter a number"),
        ({"cost_ce": "nan"}, "Enter a number"),
        ({"version": ""}, "This field is required"),
    ],
)
def test_wrong_entry_is_said_at_its_field_and_nothing_is_lost(admin_client: Client, version: ModelVersion, changes: dict[str, Any], said: str) -> None:
    answer = asked(admin_client, version, wrong_way_share="0.2", **changes)
    body = answer.content.decode()
    assert answer.status_code == 422
    assert said in body
    assert 'value="0.2"' in body
    assert not Plan.objects.exists()


@pytest.mark.parametrize(("query", "field"), [("axes=&auroc=0.8", "axes"), ("axes=axis_luck", "axes"), ("axes=sentiment&auroc=2", "auroc")])
def test_address_that_was_tampered_with_is_refused_with_the_field(admin_client: Client, query: str, field: str) -> None:
    limits = "&".join(f"{name}={value}" for name, value in LIMITS.items() if f"{name}=" not in query)
    answer = admin_client.get(f"/plans/new/?preset=pipeline&{query}&{limits}")
    assert answer.status_code == 422
    assert field in answer.content.decode()


def test_builder_leads_to_the_page(admin_client: Client, version: ModelVersion) -> None:
    assert f"{ADDRESS}?version={version.pk}" in admin_client.get(f"/plans/new/?version={version.pk}").content.decode()
