"""Search: finds by name, number and digest, shows nothing that the person may not see, and costs the same however much there is."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from assessments.models import Finding, Run
from evidence.models import Artifact, LedgerEntry
from tests import factories
from web.search.question import understood

pytestmark = pytest.mark.django_db


def hits(browser: Client, question: str, **headers: str) -> list[str]:
    """Addresses of the answers, in order."""
    answer = browser.get(reverse("web:search"), {"q": question}, headers=headers)
    assert answer.status_code == 200
    return re.findall(r'<a class="hit" href="([^"]+)"', answer.content.decode())


@pytest.mark.parametrize(
    ("typed", "number", "only", "digest"),
    [
        ("run 12", 12, "run", ""),
        ("R-000003", 3, "report", ""),
        ("I-000003", 3, "incident", ""),
        ("Entry 40", 40, "entry", ""),
        ("#7", 7, "", ""),
        ("R1", None, "", ""),
        ("sha256:9F2C41D7", None, "", "9f2c41d7"),
        ("123456", 123456, "", "123456"),
        ("9f2c4", None, "", ""),
        ("  a \0 b ", None, "", ""),
    ],
)
def test_numbers_and_digests_are_understood(typed: str, number: int | None, only: str, digest: str) -> None:
    question = understood(typed)
    assert (question.number, question.only, question.digest) == (number, only, digest)


def test_every_kind_is_found_by_its_words(admin: User, admin_client: Client, finding: Finding) -> None:
    version = finding.step.run.plan.version
    system = factories.system(admin, name="Letter sorting")
    assert hits(admin_client, version.model.vendor.name) == [
        reverse("web:vendor-detail", args=[version.model.vendor_id]),
        reverse("web:model-detail", args=[version.model_id]),
    ]
    assert hits(admin_client, "SORTING letter") == [reverse("web:system-detail", args=[system.id])]
    by_model = hits(admin_client, version.model.name)
    for address in (
        reverse("web:model-detail", args=[version.model_id]),
        reverse("web:version-detail", args=[version.id]),
        reverse("web:run-detail", args=[finding.step.run_id]),
    ):
        assert address in by_model
    assert reverse("web:plan-detail", args=[finding.step.run.plan_id]) in hits(admin_client, finding.step.run.plan.title)
    assert reverse("web:finding-detail", args=[finding.id]) in hits(admin_client, finding.headline)


def test_requirements_instruments_words_and_pages_are_found(admin: User, admin_client: Client, run: Run) -> None:
    assert any(address.startswith("/requirements/") for address in hits(admin_client, "risk management"))
    assert reverse("web:instrument-detail", args=["steering_validation"]) in hits(admin_client, "steering")
    assert f"{reverse('web:glossary')}#term-falsifier" in hits(admin_client, "falsifier")
    assert reverse("web:vendor-list") in hits(admin_client, "vendors")
    assert reverse("web:log-list") in hits(admin_client, "log")


def test_number_leads_to_the_run_first_and_only_there_when_named(admin_client: Client, run: Run) -> None:
    assert hits(admin_client, f"run {run.number}") == [reverse("web:run-detail", args=[run.id])]
    plain = hits(admin_client, str(run.number))
    assert set(plain[:2]) == {reverse("web:run-detail", args=[run.id]), reverse("web:entry-detail", args=[run.number])}


def test_digest_leads_to_file_version_and_plan(admin_client: Client, finding: Finding) -> None:
    artifact = Artifact.objects.filter(attestation=finding.step.attestation).first()
    assert artifact is not None
    assert hits(admin_client, artifact.sha256)[0] == reverse("web:artifact-detail", args=[artifact.id])
    plan = finding.step.run.plan
    assert hits(admin_client, f"sha256:{plan.sealed_digest[:10]}")[0] == reverse("web:plan-detail", args=[plan.id])
    assert hits(admin_client, plan.version.weights_digest)[0] == reverse("web:version-detail", args=[plan.version_id])


def test_exact_answers_stand_under_their_own_title(admin_client: Client, run: Run) -> None:
    body = admin_client.get(reverse("web:search"), {"q": f"run {run.number}"}).content.decode()
    assert re.findall(r'class="hits-title">([^<]+)', body) == ["Exact match"]


def test_log_entry_is_found_by_its_index(admin: User, admin_client: Client, run: Run) -> None:
    index = LedgerEntry.objects.visible_to(admin).latest("index").index
    assert hits(admin_client, f"entry {index}") == [reverse("web:entry-detail", args=[index])]


def test_others_see_nothing_of_the_register(stranger: Client, finding: Finding) -> None:
    plan = finding.step.run.plan
    for question in (plan.version.model.name, plan.version.model.vendor.name, finding.headline, f"run {plan.runs.get().number}", plan.sealed_digest, "entry 3"):
        assert hits(stranger, question) == []


def test_roles_without_reading_find_only_words_and_open_pages(as_role: Callable[[str], Client], finding: Finding) -> None:
    browser = as_role(Role.VENDOR)
    assert hits(browser, finding.headline) == []
    assert hits(browser, "risk management") == []
    assert hits(browser, "steering") == []
    assert hits(browser, "null") == [f"{reverse('web:glossary')}#term-null"]


@pytest.mark.parametrize("question", ["", " ", "a", "%", "'; DROP TABLE", "x" * 5000, "9" * 40, "\\", "é" * 300])
def test_anything_may_be_typed(admin_client: Client, run: Run, question: str) -> None:
    assert hits(admin_client, question) == []


def test_palette_gets_the_answers_alone(admin_client: Client, run: Run) -> None:
    answer = admin_client.get(reverse("web:search"), {"q": "vendor"}, headers={"HX-Request": "true", "HX-Target": "palette-hits"})
    assert "<html" not in answer.content.decode()
    assert "hits-title" in answer.content.decode()
    assert "HX-Target" in answer.headers["Vary"]


def test_long_answers_are_cut_and_say_so_at_constant_cost(admin: User, admin_client: Client, run: Run, django_assert_max_num_queries: Any) -> None:
    for place in range(30):
        factories.vendor(admin, name=f"Northern {place:02d}")
    with django_assert_max_num_queries(5):
        found = hits(admin_client, "northern")
    assert len(found) == 8
    assert "There are more" in admin_client.get(reverse("web:search"), {"q": "northern"}).content.decode()
