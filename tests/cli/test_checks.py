"""Which checks run for which arguments, and that a failure is never lost."""

import sys

import pytest

from cli import checks
from cli.checks import CHECKS, Check, chosen_checks, environment, main, passes, pytest_command


@pytest.fixture(autouse=True)
def no_flag(monkeypatch):
    monkeypatch.delenv("ASSAY_SKIP_LINT", raising=False)


def test_all_checks_run_for_the_whole_suite():
    assert [check.name for check in chosen_checks([])] == ["lint", "import contracts", "types", "migrations"]


def test_only_quick_checks_run_before_chosen_tests():
    assert [check.name for check in chosen_checks(["tests/cli"])] == ["lint", "import contracts"]


def test_flag_leaves_the_tests_only(monkeypatch):
    monkeypatch.setenv("ASSAY_SKIP_LINT", "1")
    assert chosen_checks([]) == []


def test_two_processes_unless_the_user_says_otherwise():
    assert pytest_command(["-k", "x"])[2:] == ("pytest", "-n", "2", "--dist", "worksteal", "-k", "x")
    assert pytest_command(["-n0"])[2:] == ("pytest", "-n0")
    assert pytest_command(["--pdb"])[2:] == ("pytest", "--pdb")


def test_status_of_the_command_decides(capfd):
    assert passes(Check("good", (sys.executable, "-c", "print('hello')")))
    assert not passes(Check("bad", (sys.executable, "-c", "raise SystemExit(3)")))
    out = capfd.readouterr().out
    assert "hello" in out
    assert "== bad: failed (exit status 3)" in out


def test_compiled_python_is_kept_in_the_cache_where_it_may_not_lie_beside_its_source(monkeypatch, tmp_path):
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    assert passes(Check("import", (sys.executable, "-c", "import cli.failures")))
    assert [path.name.split(".")[0] for path in (tmp_path / "bytecode").rglob("failures.*.pyc")] == ["failures"]
    assert environment({"A": "1"}) == {"A": "1"}
    chosen = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": "/elsewhere"}
    assert environment(chosen) == {"PYTHONPYCACHEPREFIX": "/elsewhere"}


def test_later_checks_run_after_a_failure_and_the_run_fails(monkeypatch, capsys):
    ran = []
    monkeypatch.setattr(checks, "passes", lambda check: ran.append(check.name) or check.name != "types")
    assert main([]) == 1
    assert ran == [check.name for check in CHECKS] + ["tests"]
    assert "failed: types" in capsys.readouterr().out


def test_run_passes_when_everything_passes(monkeypatch, capsys):
    monkeypatch.setattr(checks, "passes", lambda check: True)
    assert main(["-k", "x"]) == 0
    assert "all passed: lint, import contracts, tests" in capsys.readouterr().out
