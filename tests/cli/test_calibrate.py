"""`assay calibrate`: what it prints and how it ends; the work itself on the database of this test."""

import json
import signal
from typing import Any

import pytest

from accounts.models import User
from assessments.models import Calibration, Qualification, RunState
from cli import calibrate, calibrate_steps
from cli.failures import SetupFailed
from core.errors import Conflict, InvalidInput
from gpu_tasks import calibration, trials
from tests import factories


@pytest.fixture
def quiet(monkeypatch):
    """No installation is prepared, and signals are put back."""
    monkeypatch.setattr(calibrate, "prepare", lambda var, progress: None)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def ends_with(monkeypatch: pytest.MonkeyPatch, outcome: Any) -> list[Any]:
    asked: list[Any] = []

    def run(*given: Any) -> Any:
        asked.append(given[:3])
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    monkeypatch.setattr(calibrate, "import_string", lambda name: run)
    return asked


def test_figures_are_printed_and_one_line_of_json_holds_them(quiet, monkeypatch, capsys):
    asked = ends_with(monkeypatch, [{"instrument": "x", "outcome": "done", "text": "x: 3 trials"}])
    assert calibrate.main(["x", "--family", "refuser", "--seeds", "3"]) == 0
    assert capsys.readouterr().out == "x: 3 trials\n"
    assert asked == [(["x"], "refuser", 3)]
    assert calibrate.main(["--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["calibrations"][0]["instrument"] == "x"


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        ([{"instrument": "x", "outcome": "failed", "text": "x: failed"}], 1),
        (Conflict("is being calibrated"), 1),
        (SetupFailed("no disk"), 2),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_end_has_its_status(quiet, monkeypatch, capsys, outcome, status):
    ends_with(monkeypatch, outcome)
    assert calibrate.main([]) == status


class Notes:
    """Progress that keeps what it hears."""

    def __init__(self) -> None:
        self.told: list[tuple[float, str]] = []
        self.noted: list[str] = []

    def tell(self, fraction: float, text: str) -> None:
        self.told.append((fraction, text))

    def note(self, text: str) -> None:
        self.noted.append(text)


@pytest.fixture
def organisms(monkeypatch, admin: User) -> User:
    """Every instrument has trials, whose results are settled."""
    monkeypatch.setattr(calibrate_steps, "families_of", lambda slug: {"refuser"} if slug == "known_circuits" else set())
    monkeypatch.setattr(trials, "families_of", lambda slug: {"refuser"} if slug == "known_circuits" else set())
    results = factories.trials()
    monkeypatch.setattr(calibration, "jobs_of", lambda slug, family, seeds: list(range(len(results))))
    monkeypatch.setattr(calibration, "own_check", lambda jobs: None)
    monkeypatch.setattr(calibration, "_results", lambda jobs, watch: kept(watch, results))
    monkeypatch.setattr(calibration, "organism_rows", lambda jobs: [])
    return admin


def kept(watch: calibration.Watch, results):
    for position, result in enumerate(results):
        watch(0.5, "at work")
        calibration.services.trial_add(actor=watch.actor, calibration=watch.calibration, position=position, result=result)
        yield result


@pytest.mark.django_db
def test_all_instruments_with_trials_are_calibrated_and_recorded(organisms: User) -> None:
    notes = Notes()
    (row,) = calibrate_steps.run_calibrations([], "", 2, notes)
    assert (row["instrument"], row["outcome"], row["recorded"], row["shortfalls"]) == ("known_circuits", "done", True, [])
    assert "100\u00a0% (8 of 8; 95 % interval 51\u00a0% to 100\u00a0%)" in row["text"]
    assert "qualified" in row["text"]
    assert notes.told[0][1].startswith("known_circuits: trial 1 of")
    assert Qualification.objects.get().calibration.requested_by == organisms
    json.dumps(row, allow_nan=False)


@pytest.mark.django_db
def test_one_family_makes_no_record(organisms: User) -> None:
    (row,) = calibrate_steps.run_calibrations(["known_circuits"], "refuser", 1, Notes())
    assert (row["recorded"], "no record was made" in row["text"]) == (False, True)
    assert not Qualification.objects.exists()


@pytest.mark.django_db
def test_what_cannot_be_calibrated_is_refused_before_anything_is_run(organisms: User) -> None:
    with pytest.raises(InvalidInput, match="linear_direction"):
        calibrate_steps.run_calibrations(["known_circuits", "linear_direction"], "", 2, Notes())
    with pytest.raises(InvalidInput, match="build them"):
        calibrate_steps.run_calibrations([], "gamer", 2, Notes())
    assert not Calibration.objects.exists()


@pytest.mark.django_db
def test_interrupted_at_the_terminal_is_recorded_as_failed(organisms: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(jobs: Any, watch: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(calibration, "_results", stop)
    with pytest.raises(KeyboardInterrupt):
        calibrate_steps.run_calibrations([], "", 2, Notes())
    row = Calibration.objects.get()
    assert (row.state, "interrupted" in row.error) == (RunState.FAILED, True)


@pytest.mark.django_db
def test_the_page_of_figures_says_what_was_found_claimed_and_missed(organisms: User) -> None:
    rows = calibrate_steps.run_calibrations([], "", 2, Notes())
    page = calibrate_steps.table_of(rows, 2)
    (line,) = [line for line in page.splitlines() if line.startswith("| [known_circuits](#known-circuits)")]
    assert "8 of 8 = 100\u00a0% (51\u00a0% to 100\u00a0%, 4 models)" in line
    assert line.endswith("| yes |")
    assert "--seeds 2 --table docs/instruments.md" in page
    assert "[What it measures](methods/known_circuits.md). Qualifies." in page
    assert "torch 2" in page
    failed = {**rows[0], "shortfalls": ["It found nothing."]}
    assert "**Does not qualify.** It found nothing." in calibrate_steps.table_of([failed, {**failed, "outcome": "failed"}], 2)


def test_the_page_is_written_where_it_was_asked_for(quiet, monkeypatch, tmp_path):
    rows = [{"instrument": "x", "outcome": "done", "text": "x: 3 trials"}]
    monkeypatch.setattr(calibrate, "import_string", lambda name: (lambda *given: "page") if name.endswith("table_of") else (lambda *given: rows))
    assert calibrate.main(["--table", str(tmp_path / "figures.md")]) == 0
    assert (tmp_path / "figures.md").read_text() == "page"
