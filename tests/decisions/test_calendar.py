"""The calendar of deadlines: the form of RFC 5545, and whose deadlines are in it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from accounts.models import Role, User
from core import clock
from core.errors import NotFound
from decisions.calendar_text import Event, calendar, escaped, folded
from decisions.calendars import calendar_of, calendar_owner
from decisions.models import CalendarKey
from decisions.services import calendar_close, calendar_open
from evidence.models import LedgerEntry
from tests import factories
from tests.questionnaires import review_rows as rows

AT = datetime(2027, 3, 3, 9, 15, tzinfo=UTC)


def unfolded(text: str) -> list[str]:
    return text.replace("\r\n ", "").split("\r\n")


def test_texts_are_escaped_and_other_control_characters_left_out() -> None:
    assert escaped("a;b,c\\d\r\ne\nf\rg\x07h") == "a\\;b\\,c\\\\d\\ne\\nf\\ngh"


@pytest.mark.parametrize("text", ["x" * 75, "x" * 76, "ü" * 80, "€" * 200, "a" + "😀" * 60])
def test_lines_are_folded_at_75_octets_without_cutting_a_character(text: str) -> None:
    lines = folded(text).split("\r\n")
    assert all(len(line.encode()) <= 75 for line in lines)
    assert all(line.startswith(" ") for line in lines[1:])
    assert lines[0] + "".join(line[1:] for line in lines[1:]) == text


def test_an_event_has_a_stable_name_a_stamp_utc_times_and_an_alarm() -> None:
    rows = [Event("one@x", AT, "Due, now", "Line\nline", AT, timedelta(hours=24)), Event("two@x", date(2027, 3, 31), "Day", "", AT)]
    text = calendar("Mine", rows)
    lines = unfolded(text)
    assert (lines[0], lines[-2], lines[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR", "")
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == 2
    for wanted in ("UID:one@x", "DTSTAMP:20270303T091500Z", "DTSTART:20270303T091500Z", "SUMMARY:Due\\, now", "DESCRIPTION:Line\\nline", "TRIGGER:-PT1440M"):
        assert wanted in lines
    assert {"DTSTART;VALUE=DATE:20270331", "DTEND;VALUE=DATE:20270401"} <= set(lines)
    assert lines.count("BEGIN:VALARM") == 1
    assert "\n" not in text.replace("\r\n", "")


@pytest.mark.django_db
def test_the_calendar_holds_what_its_person_may_see_and_their_own_actions(admin: User) -> None:
    incident = factories.incident(admin)
    factories.incident_fact(admin, incident)
    colleague = factories.user(Role.ASSESSOR, of=factories.home(admin))
    action = factories.corrective_action(admin, incident)
    mine = unfolded(calendar_of(admin, clock.now()))
    assert f"SUMMARY:{incident.reference}: GDPR\\, initial report" in mine
    assert f"UID:{action.pk}@deadlines.assay" in mine
    assert "TRIGGER:-PT1440M" in mine
    assert f"UID:{action.pk}@deadlines.assay" not in calendar_of(colleague, clock.now())
    assert "GDPR" in calendar_of(colleague, clock.now())
    for other in (factories.user(), factories.user(Role.VENDOR, of=factories.home(admin))):
        assert "VEVENT" not in calendar_of(other, clock.now())


@pytest.mark.django_db
def test_answers_of_vendors_are_in_the_calendar_of_whose_role_can_act_on_them(admin: User, settings: Any) -> None:
    settings.ASSAY_PUBLIC_ADDRESS = "https://assay.example.org"
    now, today = clock.now(), clock.now().date()
    asked = factories.questionnaire_request(admin, due_on=today + timedelta(days=9))
    again = rows.request(admin, state="opened")
    waiting, held = rows.request(admin), rows.reviewed(admin, valid_until=today + timedelta(days=90))
    rows.evidence_behind(admin, rows.answer_of(held, "headline"), valid_until=today + timedelta(days=40))
    respondent = factories.user(Role.VENDOR, of=factories.home(admin))
    factories.questionnaire_invitation(admin, asked, user=respondent)

    def days(person: User) -> dict[str, str]:
        lines = unfolded(calendar_of(person, now))
        uids = [line.removeprefix("UID:").partition("@")[0] for line in lines if line.startswith("UID:")]
        return dict(zip(uids, [line.rpartition(":")[2] for line in lines if line.startswith("DTSTART")], strict=True))

    def on(ahead: int) -> str:
        return f"{today + timedelta(days=ahead):%Y%m%d}"

    assert days(admin) == {f"{asked.pk}-due": on(9), f"{waiting.pk}-review": on(0), f"{held.pk}-end": on(90), f"{held.pk}-answer": on(40)}
    assert f"{asked.pk}-due" not in str(days(factories.user(Role.AUDITOR, of=factories.home(admin))))
    assert days(respondent) == {f"{asked.pk}-mine": on(9)}
    text = "".join(unfolded(calendar_of(admin, now)))
    assert f"https://assay.example.org/questionnaires/{asked.pk}/" in text
    assert str(again.pk) not in text
    rows.request(admin, {}, vendor=held.vendor, version=held.version, state="sent", submitted_at=None, due_on=today)
    assert not {f"{held.pk}-end", f"{held.pk}-answer"} & set(days(admin))


@pytest.mark.django_db
def test_a_key_opens_until_the_next_one_or_until_it_is_closed(admin: User) -> None:
    first = calendar_open(actor=admin)
    assert calendar_owner(first, clock.now()) == admin
    assert CalendarKey.objects.get().secret_hash != first
    second = calendar_open(actor=admin)
    for secret in (first, "", "assay_cal_none"):
        with pytest.raises(NotFound):
            calendar_owner(secret, clock.now())
    assert calendar_owner(second, clock.now()) == admin
    assert CalendarKey.objects.get().last_used_at is not None
    User.objects.filter(pk=admin.pk).update(is_active=False)
    with pytest.raises(NotFound):
        calendar_owner(second, clock.now())
    User.objects.filter(pk=admin.pk).update(is_active=True)
    calendar_close(actor=admin)
    with pytest.raises(NotFound):
        calendar_owner(second, clock.now())
    with pytest.raises(NotFound, match="no calendar"):
        calendar_close(actor=admin)
    said = list(LedgerEntry.objects.filter(action__startswith="accounts.calendar").values_list("action", "payload"))
    assert said == [("accounts.calendar.opened", {}), ("accounts.calendar.opened", {}), ("accounts.calendar.closed", {})]
