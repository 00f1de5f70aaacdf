"""Answering in the browser, with and without scripts: saving, showing, declining, attaching, commenting, handing in."""

import re
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from core import clock
from questionnaires.models import Answer, Comment, Exhibit, QuestionnaireRequest, RequestState
from questionnaires.services.requests import staff_comment_add
from tests.questionnaires.files import PDF
from tests.web.portal.conftest import Guest

pytestmark = pytest.mark.django_db


def pdf(name: str = "card.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, PDF, "text/html")


def stored(asked: QuestionnaireRequest) -> dict[str, object]:
    return dict(asked.answers.values_list("question", "value"))


def text(answer: object) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))  # type: ignore[attr-defined]


def test_overview_says_who_asks_until_when_how_far_and_what_happens(guest: Guest, asked: QuestionnaireRequest) -> None:
    guest.answers("access", {"a-level": "weights"})
    page = text(guest.get())
    wanted = (str(asked.organisation), str(asked.owner), "Please answer for the model", "1 of 2 answered", "What happens with your answers")
    for words in wanted:
        assert words in page
    asked.refresh_from_db()
    assert asked.state == RequestState.OPENED


@pytest.mark.parametrize(
    ("section", "data", "question", "value"),
    [
        ("access", {"a-level": "weights"}, "level", "weights"),
        ("access", {"a-hours": "12,5"}, "hours", 12.5),
        ("papers", {"a-tested": "2026-03-31"}, "tested", "2026-03-31"),
        ("papers", {"a-who": "  An outside firm.  "}, "who", "An outside firm."),
        ("papers", {"a-methods": ["sae", "probes"]}, "methods", ["probes", "sae"]),
        (
            "incidents",
            {"a-contacts-0-role": "Duty officer", "a-contacts-0-minutes": "15", "a-contacts-1-role": ""},
            "contacts",
            [{"role": "Duty officer", "minutes": 15}],
        ),
        ("incidents", {"a-drilled": "partly"}, "drilled", "partly"),
        ("papers", {"a-who": "", "d-who": "Under contract."}, "who", {"declined": "Under contract."}),
    ],
)
def test_each_type_is_saved_and_shown_again(
    guest: Guest, asked: QuestionnaireRequest, section: str, data: dict[str, object], question: str, value: object
) -> None:
    assert guest.answers(section, data).status_code == 302
    assert stored(asked)[question] == value
    again = guest.get("section", section)
    assert "Saved" in text(again)


def test_one_wrong_entry_loses_no_other_and_stays_as_typed(guest: Guest, asked: QuestionnaireRequest) -> None:
    answer = guest.answers("access", {"a-level": "weights", "a-hours": "soon"})
    assert answer.status_code == 422
    assert stored(asked) == {"level": "weights"}
    assert "Enter a number of hours" in text(answer)
    assert 'value="soon"' in answer.content.decode()


def test_further_question_comes_up_after_saving_without_scripts(guest: Guest) -> None:
    assert "Can it be raised" not in text(guest.get("section", "access"))
    answer = guest.answers("access", {"a-level": "text", "go": "next"})
    assert answer.status_code == 200
    assert "further question" in text(answer)
    assert "Can it be raised" in text(answer)


def test_further_question_comes_up_at_once_with_scripts(guest: Guest) -> None:
    data = {"a-level": "text", "one": "level", "shown": ["level", "hours"]}
    part = guest.answers("access", data, HTTP_HX_REQUEST="true").content.decode()
    assert re.search(r'id="q-raise"[^>]*hx-swap-oob', part)
    assert "Saved at" in part
    assert "<html" not in part
    gone = guest.answers("access", {"a-level": "weights", "one": "level", "shown": ["level", "raise", "hours"]}, HTTP_HX_REQUEST="true").content.decode()
    assert re.search(r'<div id="q-raise"[^>]*hidden', gone)


def test_stale_tab_gets_both_values_and_overwrites_nothing(guest: Guest, asked: QuestionnaireRequest, invite: Callable[..., Guest]) -> None:
    colleague = invite(name="Kim Colleague")
    guest.answers("papers", {"a-who": "We did."})
    answer = colleague.answers("papers", {"a-who": "A firm did.", "seen-who": 0})
    assert answer.status_code == 422
    page = text(answer)
    assert "Robin Respondent answered this" in page
    assert "We did." in page
    assert "A firm did." in page
    assert stored(asked)["who"] == "We did."
    seen = re.search(r'name="seen-who" value="(\d+)"', answer.content.decode())
    assert seen is not None
    assert colleague.answers("papers", {"a-who": "A firm did.", "seen-who": seen[1]}).status_code == 302
    row = Answer.objects.get(question="who")
    assert (row.value, [old.value for old in row.revisions.all()]) == ("A firm did.", ["We did."])


def test_declining_and_answering_after_all(guest: Guest, asked: QuestionnaireRequest) -> None:
    guest.answers("papers", {"a-who": "We did."})
    assert guest.answers("papers", {"a-who": "We did.", "d-who": "A contract forbids it."}).status_code == 302
    assert stored(asked)["who"] == {"declined": "A contract forbids it."}
    both = guest.answers("papers", {"a-who": "Another firm.", "d-who": "Two contracts forbid it."})
    assert both.status_code == 422
    assert "Keep one of them" in text(both)
    assert guest.answers("papers", {"a-who": "Another firm.", "d-who": "A contract forbids it."}).status_code == 302
    assert stored(asked)["who"] == "Another firm."


def test_files_are_attached_downloaded_and_taken_back(guest: Guest) -> None:
    assert guest.answers("papers", {"f-card": [pdf(), pdf("../second<b>.pdf")]}).status_code == 302
    rows = list(Exhibit.objects.all())
    assert [row.name for row in rows] == ["card.pdf", "second b .pdf".replace(" .", ".")]
    answer = guest.get("file", rows[0].pk)
    assert b"".join(answer.streaming_content) == PDF
    headers = {name: answer[name] for name in ("Content-Type", "X-Content-Type-Options", "Content-Security-Policy", "Referrer-Policy", "Cache-Control")}
    assert headers == {
        "Content-Type": "application/octet-stream",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store, private",
    }
    assert answer["Content-Disposition"].startswith("attachment;")
    guest.answers("papers", {"remove": str(rows[0].pk), "a-who": ""})
    assert guest.get("file", rows[0].pk).status_code == 404


def test_file_of_a_wrong_kind_is_refused_beside_its_question(guest: Guest) -> None:
    bad = SimpleUploadedFile("picture.svg", b"<svg onload='x'/>", "image/png")
    answer = guest.answers("papers", {"f-card": bad, "a-who": "We did."})
    assert answer.status_code == 422
    assert "picture.svg: attach PDF, PNG" in text(answer)
    assert not Exhibit.objects.exists()


def test_upload_that_says_it_is_huge_is_not_read(guest: Guest) -> None:
    answer = guest.browser.generic("POST", guest.path("section", "papers"), b"", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH=str(2 << 30))
    assert answer.status_code == 413
    assert "too large" in text(answer)


def test_comments_go_both_ways_and_internal_ones_stay_inside(guest: Guest, admin: User, asked: QuestionnaireRequest) -> None:
    guest.answers("papers", {"a-who": "", "c-who": "Do you mean the last test?"})
    staff_comment_add(actor=admin, request=asked, question="who", text="Yes, the last one.")
    staff_comment_add(actor=admin, request=asked, question="who", text="They always ask.", internal=True)
    page = text(guest.get("section", "papers"))
    assert "Do you mean the last test?" in page
    assert "Yes, the last one." in page
    assert "They always ask" not in page
    guest.post("overview", {"text": "On the whole"})
    assert Comment.objects.filter(question="", invitation__isnull=False).count() == 1


def test_missing_answers_stop_the_submission_with_links(guest: Guest, asked: QuestionnaireRequest) -> None:
    answer = guest.post("submit", {"sure": "yes"})
    assert answer.status_code == 422
    assert guest.path("section", "access") + "#q-level" in answer.content.decode()
    asked.refresh_from_db()
    assert asked.submitted_at is None


def filled(guest: Guest) -> None:
    guest.answers("access", {"a-level": "weights"})
    guest.answers("papers", {"f-card": pdf()})


def test_submission_needs_the_box_and_gives_a_receipt(guest: Guest, asked: QuestionnaireRequest) -> None:
    filled(guest)
    assert guest.post("submit").status_code == 422
    assert guest.post("submit", {"sure": "yes"}).url == guest.path("receipt")
    asked.refresh_from_db()
    assert asked.state == RequestState.SUBMITTED
    assert asked.submission is not None
    page = text(guest.get("receipt"))
    assert asked.submission.sha256 in page
    assert asked.version.digest in page
    assert "Submitted. Thank you." in text(guest.get())
    locked = guest.get("section", "access")
    assert 'type="radio"' not in locked.content.decode()
    assert "Weights" in text(locked)


def test_reopened_answer_is_marked_with_its_reason_and_only_it_changes(guest: Guest, asked: QuestionnaireRequest) -> None:
    filled(guest)
    guest.post("submit", {"sure": "yes"})
    asked.answers.filter(question="level").update(reopened_at=clock.now(), reopened_reason="Which weights do you mean?")
    assert "1 answer reopened" in text(guest.get())
    assert "Which weights do you mean?" in text(guest.get("section", "access"))
    assert guest.answers("access", {"a-level": "text", "a-hours": "3"}).status_code in (200, 302, 422)
    assert stored(asked)["level"] == "text"
    assert "hours" not in stored(asked)
    assert guest.post("submit", {"sure": "yes"}).status_code == 422, "the question that came up is required now"
    guest.answers("access", {"a-raise": "yes"})
    assert guest.post("submit", {"sure": "yes"}).status_code == 302
    assert not asked.answers.filter(reopened_at__isnull=False).exists()
