"""What the log calls things has words and, where there is one, a page."""

from uuid import uuid4

import pytest
from django.apps import apps
from django.urls import get_resolver

from web.evidence.subjects import KINDS, subject_link, subject_url, subject_words

OF_ITS_OWN = [
    "inventory.modelversion",
    "assessments.blindexercise",
    "assessments.addedorganism",
    "assessments.pilot",
    "assessments.addedprobeset",
    "assessments.vendorkey",
    "assessments.receivedcase",
    "assessments.plan",
    "assessments.run",
    "assessments.step",
    "assessments.calibration",
    "decisions.gatepolicy",
    "decisions.decision",
    "decisions.incident",
    "webhooks.subscription",
    "reports.report",
    "reports.caseexport",
    "reports.boardreport",
    "reports.vendorpack",
]


@pytest.mark.parametrize("label", OF_ITS_OWN)
def test_what_names_itself_in_the_log_has_words_here(label: str) -> None:
    row = apps.get_model(label)(pk=uuid4())
    kind, _, key = row.subject.partition(":")
    assert subject_words(row.subject) == f"{KINDS[kind][0]} {key[:8]}"


@pytest.mark.parametrize("kind", [kind for kind, (_, address) in KINDS.items() if address])
def test_page_named_for_a_kind_exists(kind: str) -> None:
    assert KINDS[kind][1].removeprefix("web:") in get_resolver().namespace_dict["web"][1].reverse_dict
    assert subject_url(f"{kind}:{uuid4()}").startswith("/")


def test_kind_without_words_is_shown_as_the_log_has_it() -> None:
    assert subject_words("tests.thing:0123456789") == "tests.thing 01234567"
    assert "<a " not in subject_link("tests.thing:0123456789")
    assert subject_url("inventory.vendor:not-a-key") == ""
