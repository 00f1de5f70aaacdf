"""Pages of blind exercises: the truth is shown once, the stages say what is missing, and the score stands on the instrument's page."""

import json
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from assessments.models import BlindExercise, Finding
from assessments.services.blind import blind_answer, blind_reveal, blind_withdraw
from assessments.services.runs import run_create
from tests import factories

pytestmark = pytest.mark.django_db


def body_of(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def signed_in(person: User) -> Client:
    browser = Client()
    browser.force_login(person)
    return browser


def found_by(person: User, row: BlindExercise) -> Finding:
    run = run_create(actor=person, plan=factories.plan(person, ("one",), version=row.version))
    return factories.finish(factories.worker(factories.home(person)), run.steps.get())


def test_whole_exercise_in_the_browser(admin: User, admin_client: Client) -> None:
    version, assessor = factories.version(admin), factories.user(Role.ASSESSOR, of=factories.home(admin))
    browser = signed_in(assessor)
    wish = {
        "version": version.pk,
        "instrument": "known_circuits",
        "question": "Does it copy?",
        "planted": "observed",
        "description": "Copying <b>was</b> trained.",
    }
    shown = admin_client.post("/blind/seal/", wish)
    assert "no-store" in shown.headers["Cache-Control"]
    body = shown.content.decode()
    truth = unescape(body[body.index('<code id="truth">') + len('<code id="truth">') : body.index("</code></pre>")])
    assert json.loads(truth)["description"] == "Copying <b>was</b> trained."
    row = BlindExercise.objects.get()
    page = f"/blind/{row.pk}/"
    assert "was trained" not in body_of(admin_client, page)
    assert "You sealed the truth, so you cannot answer" in body_of(admin_client, page)
    assert "a finding of Known circuits on" in body_of(browser, page)

    finding = found_by(assessor, row)
    assert "1 finding could answer" in body_of(browser, page)
    assert finding.headline in body_of(browser, f"{page}answer/")
    assert browser.post(f"{page}answer/", {"finding": finding.pk}).status_code == 302
    assert "the truth, from whoever sealed it" in body_of(browser, page)
    assert browser.get(f"{page}reveal/").status_code == 403

    wrong = admin_client.post(f"{page}reveal/", {"truth": truth.replace("observed", "nothing")})
    assert wrong.status_code == 422
    assert "not the truth that was sealed" in wrong.content.decode()
    assert admin_client.post(f"{page}reveal/", {"truth": f"\n{truth}\r\n"}).status_code == 302
    assert all(text in body_of(browser, page) for text in ("Hit", "Copying <b>was</b> trained."))
    assert "Copying &lt;b&gt;was" in browser.get(page).content.decode(), "what somebody typed is text, not markup"
    tally = body_of(browser, "/instruments/known_circuits/")
    assert "1 revealed, 0 open" in tally
    assert "100\u00a0% of 1" in tally


def test_sealer_is_refused_as_answerer_by_the_server(admin: User, admin_client: Client) -> None:
    row, _ = factories.blind_exercise(admin)
    finding = found_by(factories.user(Role.ASSESSOR, of=factories.home(admin)), row)
    assert admin_client.post(f"/blind/{row.pk}/answer/", {"finding": finding.pk}).status_code == 403
    row.refresh_from_db()
    assert row.state == "sealed"


def test_incomplete_seal_keeps_what_was_typed_and_seals_nothing(admin: User, admin_client: Client) -> None:
    answer = admin_client.post("/blind/seal/", {"version": factories.version(admin).pk, "instrument": "known_circuits", "question": "Does it copy?"})
    assert answer.status_code == 422
    assert "Does it copy?" in answer.content.decode()
    assert "Say whether something is planted" in answer.content.decode()
    assert not BlindExercise.objects.exists()


def test_withdrawal_stays_in_the_record_of_the_instrument(admin: User, admin_client: Client) -> None:
    row, _ = factories.blind_exercise(admin)
    assessor = factories.user(Role.ASSESSOR, of=factories.home(admin))
    blind_answer(actor=assessor, exercise=row, finding=found_by(assessor, row))
    assert admin_client.post(f"/blind/{row.pk}/withdraw/", {"reason": ""}).status_code == 422
    assert admin_client.post(f"/blind/{row.pk}/withdraw/", {"reason": "The text was lost."}).status_code == 302
    assert "The text was lost." in body_of(admin_client, f"/blind/{row.pk}/")
    assert "1 withdrawn after one" in body_of(admin_client, "/instruments/known_circuits/")


def test_strangers_see_nothing_and_readers_cannot_act(admin: User, stranger: Client, as_role: Callable[[str], Client]) -> None:
    row, _ = factories.blind_exercise(admin)
    assert stranger.get(f"/blind/{row.pk}/").status_code == 404
    assert row.question not in body_of(stranger, "/blind/")
    assert "Blind exercises" in body_of(stranger, "/instruments/")
    reader = as_role(Role.AUDITOR)
    assert row.question in body_of(reader, "/blind/")
    assert "/withdraw/" not in body_of(reader, f"/blind/{row.pk}/")
    assert reader.get("/blind/seal/").status_code == 403


def test_list_costs_the_same_for_many_and_goes_out_as_csv(admin: User, admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    assessor = factories.user(Role.ASSESSOR, of=factories.home(admin))
    row, text = factories.blind_exercise(admin, planted="nothing")
    blind_answer(actor=assessor, exercise=row, finding=found_by(assessor, row))
    blind_reveal(actor=admin, exercise=row, truth=text)
    for number in range(3):
        other, _ = factories.blind_exercise(admin, question=f"Question {number}?")
        blind_withdraw(actor=admin, exercise=other, reason="Lost.")
    with django_assert_max_num_queries(10):
        body = body_of(admin_client, "/blind/")
    assert all(text in body for text in ("Question 0?", "Question 2?", "false alarm", "Withdrawn"))
    assert "Question 1?" not in body_of(admin_client, "/blind/?state=revealed")
    assert "false_alarm" in admin_client.get("/blind/?export=csv").content.decode() or "false alarm" in admin_client.get("/blind/?export=csv").content.decode()
