"""Pages of organisms: those that come with the program, those registered here, registering from a folder, withdrawing."""

import json
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from assessments.models import AddedOrganism, CalibrationTrial
from assessments.organisms.registry import RECORD
from evidence.models import LedgerEntry
from tests import factories

pytestmark = pytest.mark.django_db
ADD = "/organisms/own/add/"


def body_of(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_list_shows_every_shipped_family_and_says_how_to_add_ones_own(admin_client: Client) -> None:
    body = body_of(admin_client, "/organisms/")
    for text in (
        "refuser-planted-025-s1",
        "Refuses harmful requests",
        "smol-gamer-planted-100-s1",
        "shown, not counted",
        "None yet.",
        ADD,
        "Steering validation",
    ):
        assert text in body
    assert "/organisms/" in body_of(admin_client, "/instruments/")


def test_page_of_a_shipped_organism_says_what_is_planted_expected_and_limited(admin_client: Client) -> None:
    body = body_of(admin_client, "/organisms/refuser-planted-100-s1/")
    for text in ("chance of 95%", "at least", "466af8a4", "Shown in records and not counted", "# refuser-planted-100-s1", "Sparse features", "Refusal harmful"):
        assert text in body, text
    assert "no claim at all" in body_of(admin_client, "/organisms/induction-twin-000-s1/")
    assert "blind exercises" in body_of(admin_client, "/organisms/trigger-twin-000-s1/")
    assert admin_client.get("/organisms/no-such-thing/").status_code == 404


def test_folder_is_registered_from_the_list_and_its_page_shows_everything(admin_client: Client, stranger: Client) -> None:
    folder = factories.organism_folder("third")
    name = f"third/{folder.name}"
    assert f'<option value="{name}">' in body_of(admin_client, ADD)
    answer = admin_client.post(ADD, {"folder": name})
    row = AddedOrganism.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/organisms/own/{row.pk}/")
    body = body_of(admin_client, f"/organisms/own/{row.pk}/")
    for text in (
        "is registered",
        row.planted,
        row.weights_digest,
        "Known circuits",
        "half: 24",
        "did not measure them",
        name,
        "Licence",
        "Withdraw",
    ):
        assert text in body, text
    assert row.slug in body_of(admin_client, "/organisms/")
    theirs = body_of(stranger, f"/organisms/own/{row.pk}/")
    assert row.planted in theirs, "records of the whole installation rest on it"
    for text in (name, "Withdraw", str(row.added_by), factories.home(row.added_by).name):
        assert text not in theirs, "whose it is stays theirs"


def test_bad_folder_is_told_at_its_field_and_nothing_is_kept(admin_client: Client) -> None:
    folder, before = factories.organism_folder(), LedgerEntry.objects.count()
    (folder / "x.pkl").write_bytes(b"")
    answer = admin_client.post(ADD, {"folder": folder.name})
    assert answer.status_code == 422
    assert "could run code when opened" in unescape(answer.content.decode())
    assert admin_client.post(ADD, {"folder": "../../etc"}).status_code == 422
    assert (AddedOrganism.objects.count(), LedgerEntry.objects.count()) == (0, before)


def test_hostile_words_of_a_record_stay_words(admin: User, admin_client: Client) -> None:
    row = factories.organism(admin, planted="<script>alert(1)</script>", behaviour={"<b>loss": 1.0})
    body = admin_client.get(f"/organisms/own/{row.pk}/").content.decode() + admin_client.get("/organisms/").content.decode()
    assert "<script>alert" not in body
    assert "<b>loss" not in body.replace("<B>", "<b>")


def test_readers_see_no_way_to_add_or_withdraw(admin: User, as_role: Callable[[str], Client]) -> None:
    row, auditor = factories.organism(admin), as_role(Role.AUDITOR)
    assert ADD in body_of(as_role(Role.ASSESSOR), "/organisms/")
    assert ADD not in body_of(auditor, "/organisms/")
    assert "withdraw/" not in body_of(auditor, f"/organisms/own/{row.pk}/")
    assert auditor.get(ADD).status_code == 403
    assert auditor.post(f"/organisms/own/{row.pk}/withdraw/", {"reason": "No."}).status_code == 403


def test_withdrawing_asks_for_a_reason_and_shows_it(admin: User, admin_client: Client, stranger: Client) -> None:
    row = factories.organism(admin)
    path = f"/organisms/own/{row.pk}/withdraw/"
    assert stranger.post(path, {"reason": "It is in our way."}).status_code == 404
    assert admin_client.post(path, {"reason": ""}).status_code == 422
    assert admin_client.post(path, {"reason": "Measured wrongly."}).status_code == 302
    body = body_of(admin_client, f"/organisms/own/{row.pk}/")
    assert "Measured wrongly." in body
    assert path not in body


def test_calibration_asks_with_the_names_of_those_registered_here(admin: User, admin_client: Client) -> None:
    factories.organism(admin)
    factories.organism(admin, seed=2, tuning=True)
    told = "Registered here and tried too: copycat-planted-100-s1, copycat-planted-100-s2 (not counted)."
    assert told in body_of(admin_client, "/instruments/known_circuits/calibrate/")
    assert "Registered here" not in body_of(admin_client, "/instruments/linear_direction/calibrate/")


def test_page_shows_what_instruments_read_on_it(admin: User, admin_client: Client) -> None:
    row, calibration = factories.organism(admin), factories.qualification(admin).calibration
    assert "Nothing yet. A calibration" in body_of(admin_client, f"/organisms/own/{row.pk}/")
    given = CalibrationTrial.objects.filter(calibration=calibration, role="planted")[0]
    given.pk, given.position, given.organism, given.own, given.reading, given.right = None, 999, row.slug, True, "null", False
    given.save(force_insert=True)
    body = body_of(admin_client, f"/organisms/own/{row.pk}/")
    assert f"/calibrations/{calibration.pk}/" in body
    assert "Nothing yet. A calibration" not in body


def test_list_costs_the_same_for_many(admin: User, admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for seed in range(1, 5):
        factories.organism(admin, seed=seed)
    body_of(admin_client, "/organisms/")
    with django_assert_max_num_queries(10):
        body = body_of(admin_client, "/organisms/")
    assert all(f"copycat-planted-100-s{seed}" in body for seed in range(1, 5))


def test_pages_need_no_folder(admin: User, admin_client: Client) -> None:
    row = factories.organism(admin)
    folder = factories.settings.ASSAY_MODELS_DIR / row.locator
    record = json.loads((folder / RECORD).read_text())
    (folder / RECORD).unlink()
    body = body_of(admin_client, f"/organisms/own/{row.pk}/")
    assert record["planted"] in body
    assert "Licence: Apache-2.0" in body, "the datasheet comes from the evidence store"
