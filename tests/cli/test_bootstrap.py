"""From the machine's Python to the environment's: what is prepared for which command, and where it then runs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli import bootstrap
from cli.commands import COMMANDS, Command
from cli.failures import SetupFailed
from cli.paths import ROOT, caller_dir, var_dir


class HandedOver(BaseException):
    """Raised in place of replacing the test process."""


@pytest.fixture
def handed_over(monkeypatch, tmp_path):
    """Everything up to the hand-over really runs; the set-up of libraries is recorded."""
    record = {"prepared": []}
    monkeypatch.setattr(bootstrap, "ensure_environment", lambda root, say: record["prepared"].append("environment"))
    monkeypatch.setattr(bootstrap, "require_pango", lambda say: record["prepared"].append("pango"))
    monkeypatch.setattr(bootstrap, "offer_test_tools", lambda say: record["prepared"].append("test tools"))
    monkeypatch.setenv("ASSAY_CALLER_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def execve(program, command, environment):
        record.update(command=command, environment=environment, cwd=Path.cwd())
        raise HandedOver

    monkeypatch.setattr(os, "execve", execve)
    return record


def hand_over(*arguments):
    with pytest.raises(HandedOver):
        bootstrap.main(list(arguments))


@pytest.mark.parametrize(
    ("command", "prepared"),
    [
        ("verify", ["environment"]),
        ("demo", ["environment", "pango"]),
        ("serve", ["environment", "pango"]),
        ("test", ["environment", "pango", "test tools"]),
    ],
)
def test_each_command_prepares_what_it_needs_and_no_more(handed_over, command, prepared):
    hand_over(command)
    assert handed_over["prepared"] == prepared


def test_verify_runs_in_the_callers_folder_so_that_names_mean_what_they_say(handed_over, tmp_path):
    hand_over("verify", "report.pdf", "--json")
    assert handed_over["cwd"] == tmp_path
    assert handed_over["command"] == [str(ROOT / ".venv/bin/python"), "-P", "-m", "evidence.verify", "report.pdf", "--json"]
    assert handed_over["environment"]["PYTHONPATH"] == str(ROOT)


def test_tests_run_in_the_project_folder(handed_over):
    hand_over("test", "-k", "x")
    assert handed_over["cwd"] == ROOT


def test_state_folders_reach_the_command_as_absolute_paths(handed_over, tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAY_VAR", "state")
    monkeypatch.setenv("ASSAY_CACHE", "models")
    hand_over("demo")
    assert handed_over["environment"]["ASSAY_VAR"] == str(tmp_path / "state")
    assert handed_over["environment"]["ASSAY_CACHE"] == str(tmp_path / "models")


def test_failed_set_up_is_one_message_and_status_two(handed_over, monkeypatch, capsys):
    def fail(root, say):
        raise SetupFailed("the disk is full: free 2 GB")

    monkeypatch.setattr(bootstrap, "ensure_environment", fail)
    assert bootstrap.main(["demo"]) == 2
    assert capsys.readouterr() == ("", "assay: the disk is full: free 2 GB\n")


def test_interrupted_set_up_says_that_it_goes_on_next_time(handed_over, monkeypatch, capsys):
    def interrupt(root, say):
        raise KeyboardInterrupt

    monkeypatch.setattr(bootstrap, "ensure_environment", interrupt)
    assert bootstrap.main(["demo"]) == 130
    assert "next start" in capsys.readouterr().err


def test_help_of_a_command_installs_nothing(handed_over, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap, "environment_is_current", lambda root: False)
    assert bootstrap.main(["demo", "--help"]) == 0
    assert capsys.readouterr().out == (ROOT / "cli" / "usage.txt").read_text()
    assert handed_over["prepared"] == []


def test_help_of_a_command_is_its_own_once_set_up(handed_over, monkeypatch):
    monkeypatch.setattr(bootstrap, "environment_is_current", lambda root: True)
    hand_over("demo", "--help")
    assert handed_over["command"][-1] == "--help"


@pytest.mark.parametrize("arguments", [[], ["no-such-command"]])
def test_unknown_command_is_refused(arguments, capsys):
    assert bootstrap.main(arguments) == 2
    assert f"known are: {', '.join(COMMANDS)}" in capsys.readouterr().err


def test_every_command_names_a_module_of_the_project():
    for command in COMMANDS.values():
        assert isinstance(command, Command)
        assert (ROOT / (command.module.replace(".", "/") + ".py")).exists() or (ROOT / command.module.replace(".", "/") / "__main__.py").exists()


def test_bootstrap_imports_nothing_but_the_standard_library_and_itself():
    program = "import sys; sys.path.insert(0, sys.argv[1]); import cli.bootstrap, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program, str(ROOT)], capture_output=True, text=True, check=True)
    foreign = {name.partition(".")[0] for name in json.loads(done.stdout)} - set(sys.stdlib_module_names) - {"__main__"}
    assert foreign == {"cli", "core"}


def test_defaults_lie_in_the_project_and_the_home_folder(monkeypatch, tmp_path):
    for name in ("ASSAY_VAR", "ASSAY_CACHE", "XDG_CACHE_HOME", "ASSAY_CALLER_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert var_dir() == ROOT / "var"
    assert bootstrap.cache_dir() == tmp_path / ".cache" / "assay"
    assert caller_dir() == tmp_path
