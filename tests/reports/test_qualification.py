"""The calibration record beside a finding in a report: figures, both log entries, evidence attached, and the case that stays its owner's."""

from typing import Any

import pytest

from accounts.models import User
from assessments.contracts import Reading
from assessments.models import Run
from assessments.services.runs import run_create
from core import clock
from evidence.keys import installed
from evidence.models import LedgerEntry
from reports import qualification as words
from reports.cases import case_make, case_request
from reports.presentation import step_view
from reports.queries import attestations_of, content_read, records_of
from reports.snapshot import attachments_read
from reports.vocabulary import lede
from tests import factories

pytestmark = pytest.mark.django_db


def run_with(admin: User, results: Any = None, keys: tuple[str, ...] = ("one", "two")) -> Run:
    """A finished run whose instrument was calibrated before anything was registered."""
    factories.catalogue(admin)
    factories.qualification(admin, results=results)
    robot = factories.worker(factories.home(admin))
    run = run_create(actor=admin, plan=factories.plan(admin, keys))
    for step in run.steps.all():
        factories.finish(robot, step, factories.output_here(reading=Reading.CAUSAL))
    run.refresh_from_db()
    return run


def test_step_holds_the_record_with_figures_intervals_and_log_entry(admin: User) -> None:
    run = run_with(admin)
    content = content_read(run, clock.now().date())
    step = content["steps"][0]
    record = step["qualification"]
    assert (step["verdict"], step["cap_reasons"]) == ("causal", [])
    assert record["entry"] < content["plan"]["entry"] < step["entry"]
    assert record["sensitivity"]["low"] < record["sensitivity"]["value"] == 1.0
    shown = step_view(step, step)
    assert [row["label"] for row in shown["record_rows"]][:2] == ["Found when planted", "Claimed when absent"]
    assert "test models (refuser)" in shown["record_line"]
    assert "not from this model" in record["not_covered"]


def test_summary_says_whether_records_carry_the_verdicts(admin: User) -> None:
    def said(run: Run) -> str:
        return " ".join(lede(content_read(run, clock.now().date())))

    assert "not qualified" not in said(run_with(admin))
    weak = said(run_with(admin, factories.trials(found=0)))
    assert "calibration record that does not carry a claim" in weak
    assert "No instrument has a calibration record" not in weak


def test_record_and_its_statement_are_attached_once(admin: User) -> None:
    run = run_with(admin)
    (record,) = records_of(run)
    rows, files = attachments_read(run, installed())
    (attached,) = [row for row in rows if row["sha256"] == record.result_artifact.sha256]
    assert attached["name"] in files
    assert record.attestation in attestations_of(run)


def test_a_case_stays_with_its_organisation_though_the_oldest_statement_is_the_installations(admin: User) -> None:
    run = run_with(admin)
    oldest = min(attestations_of(run), key=lambda row: row.entry.index)
    assert oldest.organisation_id is None
    case = case_make(actor=admin, case=case_request(actor=admin, run=run))
    assert case.entry is not None
    assert LedgerEntry.objects.get(pk=case.entry_id).attestation.organisation_id == run.organisation_id


def test_words_for_what_was_never_measured() -> None:
    empty = {"sensitivity": None, "false_positives": None, "causal_false_positives": None, "limit": None}
    rows = words.record_rows(empty)
    assert [row["value"] for row in rows] == ["not measured", "not measured", "not measured", "none"]


@pytest.mark.parametrize(("value", "text"), [(0.0, "0"), (0.001, "1"), (0.5, "50"), (0.999, "99"), (1.0, "100")])
def test_no_share_is_rounded_to_never_or_always(value: float, text: str) -> None:
    assert words.percent(value) == f"{text}\u00a0%"
