"""Corrective actions, corrections, drafts, reminders and the calendar in the browser."""

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
from decisions.captured import LARGEST as LARGEST_PROMPTS
from decisions.models import CalendarKey, CorrectiveAction, DraftVersion, Incident, IncidentReport, ReminderChoice, Submission
from decisions.services import LARGEST, submission_record
from evidence.models import Artifact
from reports.incident_reports import incident_report_make
from tests import factories

pytestmark = pytest.mark.django_db
GDPR = "gdpr-33-initial"


def text(client: Client, address: str) -> str:
    return unescape(client.get(address).content.decode())


def page(row: Incident) -> str:
    return reverse("web:incident-detail", args=[row.id])


def draft(row: Incident, name: str = "draft-detail") -> str:
    return reverse(f"web:{name}", args=[row.id, GDPR])


@pytest.fixture
def incident(admin: User) -> Incident:
    row = factories.incident(admin)
    factories.incident_fact(admin, row, hours=5)
    return row


def test_an_action_from_its_beginning_to_its_second_end(admin: User, admin_client: Client, incident: Incident) -> None:
    assert "Write down what keeps this from happening again" in text(admin_client, page(incident))
    new, day = reverse("web:incident-action", args=[incident.id]), clock.now().date() + timedelta(days=3)
    wrong = admin_client.post(new, {"text": "Separate <b>lists</b>", "owner": str(admin.pk), "due_on": "2020-01-01"})
    assert wrong.status_code == 422
    assert "This day has passed" in wrong.content.decode()
    assert "Separate &lt;b&gt;lists" in wrong.content.decode(), "what was typed is kept"
    assert admin_client.post(new, {"text": "Separate <b>lists</b>", "owner": str(admin.pk), "due_on": f"{day}"}).status_code == 302
    row = CorrectiveAction.objects.get()
    done, again = (reverse(f"web:{name}", args=[row.id]) for name in ("action-done", "action-reopen"))
    file = SimpleUploadedFile("check.txt", b"green")
    assert admin_client.post(done, {"note": "They are apart", "proof": file}).status_code == 302
    body = text(admin_client, page(incident))
    assert "They are apart" in body
    assert reverse("web:artifact-detail", args=[Artifact.objects.get(kind="corrective_action_record").id]) in body
    assert "1 open" not in body.partition('id="actions"')[2].partition("</section>")[0]
    assert admin_client.get(done).status_code == 409
    assert admin_client.post(again, {"reason": ""}).status_code == 422
    assert admin_client.post(again, {"reason": "Mixed again"}).status_code == 302
    assert "1 open" in text(admin_client, page(incident))
    change = reverse("web:action-change", args=[row.id])
    assert f'value="{day}"' in text(admin_client, change)
    assert admin_client.post(change, {"owner": str(admin.pk), "due_on": f"{day + timedelta(days=1)}", "reason": "Vendor is late"}).status_code == 302
    assert "Mixed again" in text(admin_client, page(incident)).partition('id="timeline"')[2]
    assert "<b>lists" not in admin_client.get(page(incident)).content.decode()


def test_too_large_a_proof_is_refused_and_not_kept(admin: User, admin_client: Client, incident: Incident) -> None:
    row = factories.corrective_action(admin, incident)
    big = SimpleUploadedFile("big.pdf", b"x" * (LARGEST + 1))
    answer = admin_client.post(reverse("web:action-done", args=[row.id]), {"note": "Done", "proof": big})
    assert answer.status_code == 422
    assert "larger than 10 MiB" in answer.content.decode()
    first = admin_client.post(reverse("web:action-done", args=[row.id]), {"proof": SimpleUploadedFile("big.pdf", b"x" * (LARGEST + 1)), "note": "Half of it"})
    assert (list(first.context["form"].errors), first.context["form"]["note"].value()) == (["proof"], "Half of it")
    assert not Artifact.objects.exists()


def test_a_submission_is_corrected_then_withdrawn_and_all_three_stay_in_sight(admin: User, admin_client: Client, incident: Incident) -> None:
    row = submission_record(actor=admin, incident=incident, clock_key=GDPR, submitted_at=clock.now(), reference="DPA-7")
    address = reverse("web:submission-correct", args=[row.id])
    assert 'value="DPA-7"' in text(admin_client, address)
    at = f"{clock.now() - timedelta(hours=1):%Y-%m-%dT%H:%M}"
    assert admin_client.post(address, {"submitted_at": at, "reference": "DPA-8", "reason": ""}).status_code == 422
    assert admin_client.post(address, {"submitted_at": at, "reference": "DPA-8", "reason": "Wrong number"}).status_code == 302
    assert admin_client.post(address, {"submitted_at": at, "reference": "DPA-9", "reason": "Again"}).status_code == 422
    newest = Submission.objects.get(reference="DPA-8")
    body = text(admin_client, page(incident))
    assert all(words in body for words in ("Earlier records: 1", "“DPA-7”", "Wrong number", "state-submitted"))
    withdraw = {"submitted_at": "", "reference": "DPA-8", "reason": "Never sent"}
    assert admin_client.post(reverse("web:submission-correct", args=[newest.id]), withdraw).status_code == 302
    body = text(admin_client, page(incident))
    assert "Withdrawn, was recorded as sent" in body
    assert f'id="{GDPR}"' in body
    assert "state-running" in body.partition(f'id="{GDPR}"')[2].partition("</li>")[0]


def test_a_draft_is_filled_saved_built_taken_away_and_cited(admin: User, admin_client: Client, incident: Incident) -> None:
    assert draft(incident) in text(admin_client, page(incident))
    blank = text(admin_client, draft(incident))
    assert "From the record, if left empty: The sorter mixed two lists." in blank
    marked = [part.partition("</label>")[0] for part in blank.split("<label")]
    assert ["(optional)" in part for part in marked if "Likely consequences" in part or "Reasons for the delay" in part] == [False, True]
    assert "Likely consequences" in blank.partition('id="missing-title"')[2].partition("</section>")[0]
    assert "No version is saved yet" in blank
    assert admin_client.post(draft(incident, "draft-build")).status_code == 409
    assert admin_client.post(draft(incident), {"people": "x" * 10_001}).status_code == 422
    assert admin_client.post(draft(incident), {"people": "About <i>40</i>"}).status_code == 302
    assert DraftVersion.objects.get().answers == {"people": "About <i>40</i>"}
    assert "About &lt;i&gt;40" in admin_client.get(draft(incident)).content.decode()
    assert admin_client.post(draft(incident, "draft-build")).status_code == 302
    assert "Being made" in text(admin_client, draft(incident))
    report = IncidentReport.objects.get()
    pdf, data, proof = (reverse(f"web:incident-report-{kind}", args=[report.id]) for kind in ("pdf", "json", "bundle"))
    assert [admin_client.get(address).status_code for address in (pdf, data, proof)] == [409, 409, 409]
    incident_report_make(actor=admin, report=report)
    assert pdf in text(admin_client, draft(incident))
    answer = admin_client.get(pdf)
    assert (answer["Content-Type"], "attachment" in answer["Content-Disposition"]) == ("application/pdf", True)
    assert b"".join(answer.streaming_content).startswith(b"%PDF")  # type: ignore[attr-defined]
    assert admin_client.get(data)["Content-Type"] == "application/json"
    assert admin_client.get(proof).status_code == 200
    submit = reverse("web:incident-submit", args=[incident.id, GDPR])
    sent = {"submitted_at": f"{clock.now():%Y-%m-%dT%H:%M}", "reference": "DPA-7", "report": str(report.id)}
    assert admin_client.post(submit, sent).status_code == 302
    assert Submission.objects.get().report == report
    assert report.reference in text(admin_client, page(incident)).partition('id="timeline"')[2]


def test_readers_see_drafts_and_change_nothing(admin: User, incident: Incident, as_role: Callable[[str], Client], stranger: Client) -> None:
    factories.corrective_action(admin, incident)
    reader = as_role(Role.AUDITOR)
    body = text(reader, page(incident))
    assert all(part not in body for part in ("/actions/new/", "/done/", "/change/"))
    shown = text(reader, draft(incident))
    assert incident.description in shown
    assert "<textarea" not in shown.partition("<main")[2]
    assert reader.post(draft(incident), {}).status_code == 403
    assert stranger.get(draft(incident)).status_code == 404


def test_an_incident_with_much_in_it_costs_no_more_queries(
    admin: User, admin_client: Client, incident: Incident, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(3):
        factories.corrective_action(admin, incident)
    file = factories.incident_report(admin, incident).pdf
    assert file is not None
    factories.incident_follow_up(admin, incident, file)
    with django_assert_max_num_queries(32) as few:
        text(admin_client, page(incident))
    for _ in range(4):
        factories.corrective_action(admin, incident)
    with django_assert_max_num_queries(len(few)):
        text(admin_client, page(incident))


def test_reminders_are_chosen_and_the_calendar_is_shown_once(admin: User, admin_client: Client, incident: Incident, client: Client) -> None:
    address = reverse("web:reminders")
    assert text(admin_client, address).count(" checked") == 2
    assert admin_client.post(address, {"actions": "on"}).status_code == 302
    assert (ReminderChoice.objects.get().clocks, text(admin_client, address).count(" checked")) == (False, 1)
    assert admin_client.get(reverse("web:calendar-end")).status_code == 302
    make = reverse("web:calendar-make")
    assert "shown once" in text(admin_client, make)
    made = unescape(admin_client.post(make).content.decode())
    feed = made.partition('data-copy="')[2].partition('"')[0]
    assert feed.startswith("http://testserver/calendar/assay_cal_")
    assert feed not in text(admin_client, address)
    answer = client.get(feed)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert f"SUMMARY:{incident.reference}: GDPR" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert client.get(feed.replace("assay_cal_", "assay_cal_x")).status_code == 404
    assert admin_client.post(reverse("web:calendar-end")).status_code == 302
    assert client.get(feed).status_code == 404
    assert not CalendarKey.objects.exists()


def test_holds_promises_and_rollback_on_the_page(admin: User, admin_client: Client, as_role: Callable[[str], Client]) -> None:
    version, before = factories.version(admin), factories.version(admin)
    row = factories.incident(admin, versions=[version], vendors=[version.model.vendor])
    factories.incident_fact(admin, row, hours=30)
    file = factories.incident_report(admin, row).pdf
    assert file is not None
    hold = reverse("web:incident-hold", args=[row.id])
    assert "There is no such file" in admin_client.post(hold, {"artifact": "0" * 64, "reason": "x"}).content.decode()
    assert admin_client.post(hold, {"artifact": file.sha256[:12], "reason": "The court asked"}).status_code == 302
    release = reverse("web:hold-end", args=[row.holds.get().id])
    assert "The court asked" in text(admin_client, page(row))
    refused = admin_client.post(release, {"reason": "Enough"})
    assert (refused.status_code, "Another person has to release it" in refused.content.decode()) == (403, True)
    assert as_role(Role.GOVERNANCE).post(release, {"reason": "Closed"}).status_code == 302
    promise = {"vendor": str(version.model.vendor_id), "hours": "24", "counted_from": "aware", "source": "§ 7 <x>", "told_at": ""}
    assert admin_client.post(reverse("web:incident-promise", args=[row.id]), promise).status_code == 302
    assert admin_client.post(reverse("web:incident-rollback", args=[row.id]), {"version": str(version.id)}).status_code == 422
    assert admin_client.post(reverse("web:incident-rollback", args=[row.id]), {"version": str(before.id)}).status_code == 302
    body = text(admin_client, page(row))
    assert all(words in body for words in ("Released", "Closed", "has not told you, and its time is up", reverse("web:version-detail", args=[before.id])))
    assert "§ 7 <x>" not in admin_client.get(page(row)).content.decode()


def test_captured_prompts_become_a_set_and_two_plans(admin: User, admin_client: Client, as_role: Callable[[str], Client], stranger: Client) -> None:
    version, before = factories.version(admin), factories.version(admin)
    row = factories.incident(admin, versions=[version])
    add = reverse("web:incident-captured", args=[row.id])
    assert add in text(admin_client, page(row))
    big = admin_client.post(add, {"origin": "From the log", "file": SimpleUploadedFile("a.jsonl", b"x" * (LARGEST_PROMPTS + 1))})
    assert (big.status_code, "larger than 200 KiB" in big.content.decode(), "From the log" in big.content.decode()) == (422, True, True)
    first = admin_client.post(add, {"file": SimpleUploadedFile("a.jsonl", b"x" * (LARGEST_PROMPTS + 1)), "origin": "From the log"})
    assert (list(first.context["form"].errors), "From the log" in first.content.decode()) == (["file"], True)
    wrong = admin_client.post(add, {"file": SimpleUploadedFile("a.jsonl", b"<script>"), "origin": "x"})
    assert (wrong.status_code, "Line 1 is no JSON object" in wrong.content.decode()) == (422, True)
    file = SimpleUploadedFile("a.jsonl", factories.captured_text())
    assert admin_client.post(add, {"file": file, "origin": "x"}).status_code == 302
    plans = reverse("web:captured-plans", args=[row.captured.get().id])
    assert admin_client.post(plans, {"version": str(before.id), "predecessor": str(version.id)}).status_code == 422
    assert admin_client.post(plans, {"version": str(version.id), "predecessor": str(before.id)}).status_code == 302
    body = text(admin_client, page(row)).partition('id="captured"')[2].partition("</section>")[0]
    assert all(f"{row.reference}: captured prompts, {words}</a> · draft" in body for words in ("affected version", "predecessor"))
    assert add not in text(as_role(Role.GOVERNANCE), page(row))
    assert stranger.get(plans).status_code == 404
