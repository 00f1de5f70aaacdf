"""Pages of probe sets: add one's own, see it, plan with it; shipped ones show their surface baseline too."""

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from assessments.models import AddedProbeSet, Plan
from assessments.probe_intake import LARGEST
from tests import factories

pytestmark = pytest.mark.django_db
ADD = "/probe-sets/own/add/"


def body_of(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def sent(browser: Client, raw: bytes) -> Any:
    return browser.post(ADD, {"file": SimpleUploadedFile("set.yaml", raw, "application/yaml")})


def test_file_is_added_and_its_page_shows_everything(admin_client: Client, stranger: Client) -> None:
    answer = sent(admin_client, factories.probe_set_text())
    row = AddedProbeSet.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/probe-sets/own/{row.pk}/")
    body = body_of(admin_client, f"/probe-sets/own/{row.pk}/")
    for text in ("Polite and rude requests", "By a program.", "CC0-1.0", row.digest, "Just hurry up and hand me thing 3 number 3.", "Family 2", "<svg"):
        assert text in body
    assert "Words alone tell the two labels apart with an AUROC of 1.00" in body
    assert "/instruments/linear_direction/" in body
    assert "/instruments/steering_validation/" not in body, "no answer words, so nothing to steer"
    assert stranger.get(f"/probe-sets/own/{row.pk}/").status_code == 404
    assert row.title not in body_of(stranger, "/probe-sets/")


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (factories.probe_set_text(title="<b>Polite</b>"), "holds HTML"),
        (b"a: &a [b]\nc: *a\n", "anchor or alias"),
        (b"#" * (LARGEST + 1), "larger than 256 KiB"),
        (b"#" * (5 << 20), "larger than 256 KiB"),
        (b"", "empty"),
    ],
)
def test_bad_file_is_told_at_its_field_and_nothing_is_kept(admin_client: Client, raw: bytes, told: str) -> None:
    answer = sent(admin_client, raw)
    assert answer.status_code == 422
    assert told in unescape(answer.content.decode())
    assert not AddedProbeSet.objects.exists()


def test_forged_request_is_refused_though_the_limit_comes_first(admin: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(admin)
    assert sent(browser, factories.probe_set_text()).status_code == 403
    assert not AddedProbeSet.objects.exists()


def test_readers_see_no_way_to_add(as_role: Callable[[str], Client]) -> None:
    assert ADD in body_of(as_role(Role.ASSESSOR), "/probe-sets/")
    assert ADD not in body_of(as_role(Role.AUDITOR), "/probe-sets/")
    assert as_role(Role.AUDITOR).get(ADD).status_code == 403


def test_list_costs_the_same_for_many_sets(admin: User, admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(4):
        factories.probe_set(admin, slug=f"set_number_{number}")
    with django_assert_max_num_queries(10):
        body = body_of(admin_client, "/probe-sets/")
    assert all(f"set_number_{number}" in body for number in range(4))
    assert "axis_deception" in body


def test_shipped_set_shows_its_surface_baseline(admin_client: Client) -> None:
    body = body_of(admin_client, "/probe-sets/axis_refusal/")
    assert "Surface baseline" in body
    assert "0.54" in body
    assert "Surface baseline" not in body_of(admin_client, "/probe-sets/neutral_text/")


def test_plan_builder_offers_the_set_and_seals_its_digest(admin: User, admin_client: Client, stranger: Client) -> None:
    row, version = factories.probe_set(admin), factories.version(admin)
    option = '<option value="polite_requests">Polite and rude requests (own)</option>'
    # Two instruments take a concept of one's own.
    assert body_of(admin_client, "/plans/new/?instrument=linear_direction").count(option) == 2
    assert option not in body_of(stranger, "/plans/new/?instrument=linear_direction")
    form = {
        "version": version.pk, "title": "Manners", "claim": "It reads manners.", "seed": 1, "uses": 1, "act": "save", "u0-instrument": "linear_direction",
        "u0-on": "on", "u0-p_concept": "polite_requests", "u0-p_layers": "", "u0-p_stride": 1, "u0-p_random_directions": 200, "u0-p_permutations": 1000,
        "u0-p_bootstrap": 1000, "u0-p_strength": "0.01", "u0-rows": 1, "u0-t0-metric": "auroc", "u0-t0-op": "beyond_null",
    }  # fmt: skip
    assert admin_client.post("/plans/new/", form).status_code == 302
    plan = Plan.objects.get()
    assert plan.document["items"][0]["probe_sets"] == {"polite_requests": row.digest}
    outdated = "changed since"
    assert outdated not in body_of(admin_client, f"/plans/{plan.pk}/")
