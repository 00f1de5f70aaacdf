"""The offline sheet in the browser: download, preview, apply; nothing is stored before, and nothing of another request ever."""

import html
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import load_workbook

from questionnaires.models import QuestionnaireRequest
from questionnaires.sheets import ANSWER, KEY, MAIN
from tests import factories
from tests.web.portal.conftest import Guest

pytestmark = pytest.mark.django_db


def filled(guest: Guest, **answers: Any) -> SimpleUploadedFile:
    """The sheet as ``guest`` downloads it now, with ``answers`` entered."""
    book = load_workbook(io.BytesIO(guest.get("sheet").content))
    for row in book[MAIN].iter_rows(min_row=2):
        if row[KEY].value in answers:
            row[ANSWER].value = answers[row[KEY].value]
    target = io.BytesIO()
    book.save(target)
    return SimpleUploadedFile("filled.xlsx", target.getvalue())


def upload(guest: Guest, file: SimpleUploadedFile) -> Any:
    return guest.post("upload", {"file": file})


def signed(page: Any) -> str:
    found = re.search(r'name="rows" value="([^"]+)"', page.content.decode())
    assert found is not None
    return html.unescape(found[1])


def values(asked: QuestionnaireRequest) -> dict[str, object]:
    return dict(asked.answers.values_list("question", "value"))


def test_preview_stores_nothing_and_applying_takes_what_was_shown(guest: Guest, asked: QuestionnaireRequest) -> None:
    guest.answers("papers", {"a-who": "We did."})
    page = upload(guest, filled(guest, level="Weights", hours="many", tested="=TODAY()"))
    assert page.status_code == 200
    assert values(asked) == {"who": "We did."}
    for words in ("1 to take over", "2 that cannot be taken", "Enter a number of hours", "holds a formula"):
        assert words in page.content.decode()
    assert guest.post("apply", {"rows": signed(page)}).status_code == 302
    assert values(asked) == {"who": "We did.", "level": "weights"}


def test_answer_given_in_the_browser_meanwhile_stays(guest: Guest, asked: QuestionnaireRequest) -> None:
    sheet, again = filled(guest, who="From the sheet."), filled(guest, who="From the sheet.")
    page = upload(guest, sheet)
    guest.answers("papers", {"a-who": "From the browser."})
    refused = guest.post("apply", {"rows": signed(page)})
    assert refused.status_code == 409
    assert "answered in the browser meanwhile" in upload(guest, again).content.decode()
    assert values(asked)["who"] == "From the browser."


def test_sheet_or_preview_of_another_is_refused(guest: Guest, admin: Any, invite: Callable[..., Guest]) -> None:
    other = invite(factories.questionnaire_request(admin, version=guest.request.version))
    answer = upload(guest, filled(other, level="Weights"))
    assert answer.status_code == 422
    assert "another questionnaire" in answer.content.decode()
    theirs = signed(upload(other, filled(other, level="Weights")))
    for rows in (theirs, theirs[:-2] + "xx", ""):
        assert guest.post("apply", {"rows": rows}).status_code == 422
    assert not guest.request.answers.exists()


def test_sheet_of_a_part_holds_that_part_only(invite: Callable[..., Guest]) -> None:
    part = invite(sections=["access"])
    book = load_workbook(io.BytesIO(part.get("sheet").content))
    assert [row[KEY].value for row in book[MAIN].iter_rows(min_row=2)] == ["level", "raise", "hours"]
