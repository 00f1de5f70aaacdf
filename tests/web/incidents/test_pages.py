"""Incidents in the browser: list, open, clock wall, facts, judging anew, submissions."""

from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from core import clock
from decisions.models import Incident, IncidentFact, Submission
from decisions.services import LARGEST
from tests import factories
from web.incidents.wall import length

pytestmark = pytest.mark.django_db
LIST, NEW = "/incidents/", "/incidents/new/"
FIELDS = {"title": "Wrong letters", "description": "Two lists were mixed.", "severity": "high", "zone": "Europe/Brussels"}
GDPR = "gdpr-33-initial"


def text(client: Client, address: str, **query: str) -> str:
    return unescape(client.get(address, query).content.decode())


def page(row: Incident) -> str:
    return reverse("web:incident-detail", args=[row.id])


def submit(row: Incident, key: str = GDPR) -> str:
    return reverse("web:incident-submit", args=[row.id, key])


def card(body: str, key: str) -> str:
    return body.partition(f'id="{key}"')[2].partition("</li>")[0]


def minutes_ago(minutes: int) -> str:
    return f"{clock.now() - timedelta(minutes=minutes):%Y-%m-%dT%H:%M}"


@pytest.fixture
def incident(admin: User) -> Incident:
    return factories.incident(admin)


def test_whole_way_in_the_browser(admin: User, admin_client: Client) -> None:
    assert "No incident is recorded" in text(admin_client, LIST)
    system = factories.system(admin)
    wish = {**FIELDS, "systems": [str(system.id)], "kinds": ["personal_data_breach"], "roles": ["controller"], "holidays": "2027-12-27\r\n\r\n2027-12-28"}
    opened = admin_client.post(NEW, wish, follow=True)
    row = Incident.objects.get()
    assert opened.redirect_chain[-1][0] == page(row)
    assert (row.holidays, row.roles) == (["2027-12-27", "2027-12-28"], ["high_risk_deployer", "controller"])
    waiting = unescape(opened.content.decode())
    assert "No time is entered yet" in waiting
    assert "state-not_started" in card(waiting, GDPR)
    assert "/submit/" not in card(waiting, GDPR)

    fact = f"{page(row)}facts/new/"
    assert admin_client.post(fact, {"name": "aware", "at": minutes_ago(90), "source": "Ticket 12"}).status_code == 302
    running = text(admin_client, page(row))
    shown = card(running, GDPR)
    words = ("state-running", "GDPR", "Art. 33", "Initial report", "Supervisory authority", "2 days 22 h left", "Brussels time", "UTC")
    assert all(word in shown for word in words)
    assert "72 hours from" in shown
    assert 'value="2"' in shown
    assert "Ticket 12" in running

    assert admin_client.post(submit(row), {"submitted_at": minutes_ago(5), "reference": "DPA-7"}).status_code == 302
    done = text(admin_client, page(row))
    assert "state-submitted" in card(done, GDPR)
    assert "“DPA-7”" in card(done, GDPR)
    assert "Sent: GDPR, Art. 33: initial report" in done
    assert "Submission recorded" in done
    assert "A report is recorded" not in done
    again = admin_client.post(submit(row), {"submitted_at": minutes_ago(4), "reference": "DPA-8"})
    assert (again.status_code, Submission.objects.count()) == (409, 1)


def test_overdue_clock_says_so_and_a_late_report_asks_why(admin: User, admin_client: Client, incident: Incident) -> None:
    factories.incident_fact(admin, incident, hours=80)
    shown = card(text(admin_client, page(incident)), GDPR)
    assert "state-overdue" in shown
    assert "overdue by 8 h 00 min" in shown
    late = admin_client.post(submit(incident), {"submitted_at": minutes_ago(5), "reference": "DPA-7", "late_reason": ""})
    assert late.status_code == 422
    body = unescape(late.content.decode())
    assert "The report was sent after its due time; say why" in body
    assert "DPA-7" in body, "nothing typed is lost"
    admin_client.post(submit(incident), {"submitted_at": minutes_ago(5), "reference": "DPA-7", "late_reason": "Nobody was on call."})
    assert "Late: Nobody was on call." in card(text(admin_client, page(incident)), GDPR)
    assert "1 open" not in text(admin_client, LIST)
    assert "nothing to send" in text(admin_client, LIST)


def test_proof_is_kept_and_a_file_too_large_is_refused(admin: User, admin_client: Client, incident: Incident) -> None:
    factories.incident_fact(admin, incident)
    fields = {"submitted_at": minutes_ago(5), "reference": "DPA-7"}
    large = admin_client.post(submit(incident), {**fields, "proof": SimpleUploadedFile("a.pdf", b"x" * (LARGEST + 1))})
    assert large.status_code == 422
    assert "larger than 10 MiB" in large.content.decode()
    first = admin_client.post(submit(incident), {"proof": SimpleUploadedFile("a.pdf", b"x" * (LARGEST + 1)), "late_reason": "Nobody was on call.", **fields})
    form = first.context["form"]
    assert list(form.errors) == ["proof"], "fields behind the file are kept as well as those before it"
    assert {name: form[name].value() for name in ("reference", "late_reason")} == {"reference": "DPA-7", "late_reason": "Nobody was on call."}
    assert first.content.decode().count("Nobody was on call.") == 1
    strange = admin_client.post(submit(incident), {**fields, "proof": SimpleUploadedFile("a.exe", b"x")})
    assert "Use a file that ends in .pdf" in strange.content.decode()
    assert not Submission.objects.exists()
    assert admin_client.post(submit(incident), {**fields, "proof": SimpleUploadedFile("a.pdf", b"receipt")}).status_code == 302
    proof = Submission.objects.get().proof
    assert proof is not None
    assert reverse("web:artifact-detail", args=[proof.id]) in text(admin_client, page(incident))


def test_upload_is_refused_without_the_token_against_forgery(admin: User, incident: Incident) -> None:
    factories.incident_fact(admin, incident)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(admin)
    assert browser.post(submit(incident), {"submitted_at": minutes_ago(5), "reference": "DPA-7"}).status_code == 403
    assert not Submission.objects.exists()


def test_correction_keeps_the_earlier_entry_in_sight(admin: User, admin_client: Client, incident: Incident) -> None:
    fact = factories.incident_fact(admin, incident, hours=5)
    address = reverse("web:incident-fact-correct", args=[fact.id])
    assert f"{fact.at:%Y-%m-%dT%H:%M}" in text(admin_client, address)
    assert admin_client.post(address, {"at": minutes_ago(60), "source": "Mail", "reason": ""}).status_code == 422
    admin_client.post(address, {"at": minutes_ago(60), "source": "Mail", "reason": "The ticket was older."})
    body = text(admin_client, page(incident))
    assert "Earlier entries: 1" in body
    assert "Ticket 12, entered" in body
    newest = IncidentFact.objects.get(replaces=fact)
    admin_client.post(reverse("web:incident-fact-correct", args=[newest.id]), {"at": "", "source": "Mail", "reason": "Another incident."})
    gone = text(admin_client, page(incident))
    assert "withdrawn" in gone
    assert "Earlier entries: 2" in gone
    assert "state-not_started" in card(gone, GDPR)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "aware", "at": "2900-01-01T00:00", "source": "x"}, "This lies in the future"),
        ({"name": "aware", "at": "soon", "source": "x"}, "Write day and time"),
        ({"name": "aware", "at": "", "source": "x"}, "This field is required"),
        ({"name": "awake", "at": "2026-01-01T00:00", "source": "x"}, "awake is not one of the available choices"),
    ],
)
def test_bad_times_stay_on_the_form(admin_client: Client, incident: Incident, fields: dict[str, str], words: str) -> None:
    answer = admin_client.post(f"{page(incident)}facts/new/", fields)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not IncidentFact.objects.exists()


def test_judging_anew_starts_other_clocks_and_explains_those_that_do_not_apply(admin: User, admin_client: Client, incident: Incident) -> None:
    factories.incident_fact(admin, incident)
    address = f"{page(incident)}reclassify/"
    assert 'value="personal_data_breach"' in text(admin_client, address)
    change = {"severity": "critical", "zone": "Europe/Helsinki", "kinds": ["significant_incident"], "roles": ["controller", "nis2_entity"], "holidays": ""}
    assert admin_client.post(address, {**change, "reason": ""}).status_code == 422
    assert admin_client.post(address, {**change, "reason": "It stopped a hospital."}).status_code == 302
    body = text(admin_client, page(incident))
    assert "Helsinki time" in card(body, "nis2-23-early")
    assert card(body, GDPR) == ""
    assert "the incident is not marked “Personal data breach with a risk to people”" in body
    assert "belong to roles that are not marked here" in body
    assert "It stopped a hospital." in body


def test_incident_without_kind_or_role_says_what_to_do(admin: User, admin_client: Client) -> None:
    body = text(admin_client, page(factories.incident(admin, kinds=[], roles=[])))
    assert "Say what kind of incident it is and what your organisation is here." in body


def test_what_people_type_is_text(admin: User, admin_client: Client) -> None:
    row = factories.incident(admin, title="<b>x</b>", description="<script>alert(1)</script>")
    for address in (LIST, page(row)):
        body = admin_client.get(address).content.decode()
        assert "<b>x</b>" not in body
        assert "<script>alert" not in body
        assert "style=" not in body.partition("<main")[2].partition("</main>")[0]


def test_readers_see_and_cannot_act_and_strangers_see_nothing(admin: User, stranger: Client, as_role: Callable[[str], Client], incident: Incident) -> None:
    factories.incident_fact(admin, incident)
    reader = as_role(Role.AUDITOR)
    body = text(reader, page(incident))
    assert "state-running" in card(body, GDPR)
    assert all(part not in body for part in ("/submit/", "/correct/", "/reclassify/", "/facts/new/"))
    assert "/submit/" not in text(as_role(Role.ASSESSOR), page(incident))
    assert stranger.get(page(incident)).status_code == 404
    assert incident.title not in text(stranger, LIST)
    assert "Incidents</a>" in text(reader, "/")


def test_unknown_clock_is_not_found(admin_client: Client, incident: Incident) -> None:
    assert admin_client.get(submit(incident, "nothing")).status_code == 404
    closed = text(admin_client, submit(incident))
    assert "Not started: the time “Became aware” is unknown." in closed
    assert 'name="reference"' not in closed


def test_two_hundred_incidents_cost_ten_queries(admin: User, admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    home = factories.home(admin)
    fields = {"organisation": home, "description": "x", "severity": "low", "kinds": ["personal_data_breach"], "roles": ["controller"], "opened_by": admin}
    rows = Incident.objects.bulk_create(Incident(number=place, title=f"Incident {place}", **fields) for place in range(1, 201))
    aware = clock.now() - timedelta(hours=70)
    IncidentFact.objects.bulk_create(IncidentFact(incident=row, name="aware", at=aware, source="x", entered_by=admin) for row in rows)
    with django_assert_max_num_queries(10):
        body = text(admin_client, LIST)
    assert "Due soon" in body
    assert "left, GDPR, initial report" in body
    assert "Incident 150<" not in text(admin_client, LIST, title="Incident 20")
    exported = admin_client.get(LIST, {"export": "csv"}).content.decode("utf-8-sig").splitlines()
    assert exported[0] == "Number,Title,Severity,Next report,Opened"
    assert exported[1].startswith('I-000200,Incident 200,Low,"Due soon: 1 h')


@pytest.mark.parametrize(("minutes", "words"), [(0, "0 min"), (59, "59 min"), (80, "1 h 20 min"), (1500, "1 day 1 h"), (4500, "3 days 3 h")])
def test_lengths_of_time_read_like_speech(minutes: int, words: str) -> None:
    assert length(timedelta(minutes=minutes)) == words
