"""The catalogue: every instrument with its limits, every probe set with its texts, and honest words about calibration."""

from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from assessments.models import Finding
from assessments.probes import probe_set, shipped
from assessments.registry import METHODS, source_digest
from tests import factories
from web.instruments.queries import shipped_set

pytestmark = pytest.mark.django_db
SLUGS = [method.card.slug for method in METHODS]


def body_of(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_list_tells_question_access_limits_and_missing_calibration_of_each(admin_client: Client) -> None:
    body = body_of(admin_client, "/instruments/")
    for method in METHODS:
        assert all(text in body for text in (method.card.title, method.card.question, method.card.does_not_show))
    assert body.count("no record yet") == len(METHODS)
    assert "No instrument has a calibration record yet" in body


@pytest.mark.parametrize("method", METHODS, ids=SLUGS)
def test_instrument_says_what_it_can_and_cannot_show(method: object) -> None:
    card = method.card  # type: ignore[attr-defined]
    assert card.shows
    assert card.does_not_show


def test_use_counts_findings_of_the_own_register_alone(admin_client: Client, stranger: Client, finding: Finding) -> None:
    assert "1 finding" in body_of(admin_client, "/instruments/")
    assert "verdict-observed" in body_of(admin_client, "/instruments/")
    assert "1 finding" not in body_of(stranger, "/instruments/")


@pytest.mark.parametrize("method", METHODS, ids=SLUGS)
def test_page_holds_everything_the_card_declares(admin_client: Client, method: object) -> None:
    card = method.card  # type: ignore[attr-defined]
    body = body_of(admin_client, f"/instruments/{card.slug}/")
    assert all(text in body for text in (card.question, card.estimand, card.falsifier, card.paper, card.shows, card.does_not_show, card.tolerance))
    assert f"sha256:{source_digest(card.slug)}" in body
    assert all(control.replace("_", " ") in body for control in card.controls)
    assert all(f"sha256:{probe_set(slug).digest}" in body for slug in card.probe_sets)
    assert all(claim.rationale in body and claim.requirement in body for claim in card.requirements)
    assert all(threshold.metric.replace("_", " ") in body for threshold in card.thresholds)


def test_parameters_show_kind_default_and_bounds(admin_client: Client) -> None:
    body = body_of(admin_client, "/instruments/steering_validation/")
    assert "sentiment, refusal" in body
    assert "list of numbers" in body
    assert "0.025, 0.05, 0.1, 0.2" in body
    assert "20 to 2\u202f000" in body


def test_latest_findings_are_of_the_own_register(admin_client: Client, stranger: Client, finding: Finding) -> None:
    assert finding.headline in body_of(admin_client, "/instruments/known_circuits/")
    assert finding.headline not in body_of(stranger, "/instruments/known_circuits/")
    assert finding.headline not in body_of(admin_client, "/instruments/linear_direction/")


def test_loaded_requirement_is_named_with_its_title(admin: User, admin_client: Client) -> None:
    assert claims(admin_client).count("/requirements/") == 0
    factories.catalogue(admin)
    assert claims(admin_client).count("/requirements/") == 3


def claims(browser: Client) -> str:
    """The part of the page that names requirements."""
    return body_of(browser, "/instruments/known_circuits/").split("May count towards")[1].split("</section>")[0]


@pytest.mark.parametrize("slug", shipped())
def test_probe_set_shows_every_item_its_digest_and_its_limits(admin_client: Client, slug: str) -> None:
    shown = probe_set(slug)
    body = body_of(admin_client, f"/probe-sets/{slug}/")
    assert f"sha256:{shown.digest}" in body
    assert all(text in body for text in shown.datasheet.values())
    assert all(item.text in body for item in (*shown.items, *shown.targets))


def test_probe_set_names_the_instruments_that_use_it(admin_client: Client) -> None:
    part = body_of(admin_client, "/probe-sets/harmful_harmless/").split("Used by")[1]
    assert "/instruments/linear_direction/" in part
    assert "/instruments/known_circuits/" not in part


def test_changed_file_is_read_again(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    text = (__import__("assessments.probes").probes.FOLDER / "neutral_text.yaml").read_text()
    monkeypatch.setattr("assessments.probes.FOLDER", tmp_path)
    file = tmp_path / "neutral_text.yaml"  # type: ignore[operator]
    file.write_text(text)
    before = shipped_set("neutral_text").digest
    file.write_text(text.replace("Neutral factual paragraphs", "Neutral factual paragraphs, longer"))
    assert shipped_set("neutral_text").digest != before


@pytest.mark.parametrize("path", ["/instruments/unknown/", "/probe-sets/unknown/", "/probe-sets/conftest/"])
def test_unknown_name_is_not_found(admin_client: Client, path: str) -> None:
    assert admin_client.get(path).status_code == 404


@pytest.mark.parametrize(("role", "status"), [(Role.AUDITOR, 200), (Role.VENDOR, 403)])
def test_readers_may_look_and_vendors_may_not(as_role: Callable[[str], Client], role: str, status: int) -> None:
    browser = as_role(role)
    assert [browser.get(path).status_code for path in ("/instruments/", "/instruments/known_circuits/", "/probe-sets/ioi/")] == [status] * 3


def test_pages_cost_few_queries_however_many_findings(admin: User, admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    factories.catalogue(admin)
    for _ in range(3):
        factories.finished_run(admin, tuple("abcd"))
    for path in ("/instruments/", "/instruments/known_circuits/", "/probe-sets/ioi/"):
        admin_client.get(path)
        with django_assert_max_num_queries(10):
            admin_client.get(path)
