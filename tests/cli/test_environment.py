"""The virtual environment's states: fresh, current, outdated, half-filled, broken."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import namedtuple

import pytest

from cli import environment
from cli.environment import MARKER, STAMP, ensure_environment, environment_is_current, environment_python, needs_rebuild, requirements_checksum
from cli.failures import SetupFailed
from cli.paths import ROOT

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def project(tmp_path, monkeypatch, said):
    """A project whose requirements are installed by a recorder; the virtual environment is a real one."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "requirements.txt").write_text("torch==1.0\n")
    installed = []

    def install(python, requirements, uv, say):
        assert (root / ".venv" / MARKER).exists(), "a kill during the installation would go unnoticed"
        installed.append(subprocess.run([python, "-c", "print('runs')"], capture_output=True, text=True, check=True).stdout.strip())

    monkeypatch.setattr(environment, "install_requirements", install)
    # Real environments, but without pip, which is most of the work of making one.
    real = environment.venv_command
    monkeypatch.setattr(environment, "venv_command", lambda folder: [*real(folder), "--without-pip"])
    monkeypatch.setattr(environment, "find_uv", lambda python, say: None)
    return Project(root, installed, said)


class Project:
    """A folder with requirements.txt, and what was done to it."""

    def __init__(self, root, installed, said):
        self.root, self.installed, self.said = root, installed, said
        self.venv = root / ".venv"

    def ensure(self):
        ensure_environment(self.root, self.said.append)


def test_fresh_project_gets_an_environment_that_is_then_current(project):
    assert not environment_is_current(project.root)
    project.ensure()
    assert project.installed == ["runs"]
    assert environment_is_current(project.root)
    assert (project.venv / STAMP).read_text().strip() == requirements_checksum(project.root)
    assert not (project.venv / MARKER).exists()


def test_second_start_does_nothing(project, monkeypatch):
    project.ensure()
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: pytest.fail("a process was started"))
    project.ensure()
    assert project.installed == ["runs"]


def test_changed_requirements_are_installed_into_the_same_environment(project):
    project.ensure()
    (project.venv / "witness").touch()
    (project.root / "requirements.txt").write_text("torch==2.0\n")
    assert not environment_is_current(project.root)
    project.ensure()
    assert project.installed == ["runs", "runs"]
    assert (project.venv / "witness").exists()


def test_killed_installation_is_built_again_from_nothing(project, monkeypatch):
    def killed(python, requirements, uv, say):
        (project.venv / "half-a-package").touch()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(environment, "install_requirements", killed)
        with pytest.raises(KeyboardInterrupt):
            project.ensure()
    assert not environment_is_current(project.root)
    project.ensure()
    assert environment_is_current(project.root)
    assert not (project.venv / "half-a-package").exists()
    assert "the virtual environment is incomplete or broken; building it again" in project.said


def test_killed_update_does_not_pass_for_the_old_state(project, monkeypatch):
    project.ensure()
    old = (project.root / "requirements.txt").read_text()
    (project.root / "requirements.txt").write_text("torch==2.0\n")
    with monkeypatch.context() as patch:
        patch.setattr(environment, "install_requirements", lambda *a: (_ for _ in ()).throw(SetupFailed("no network")))
        with pytest.raises(SetupFailed):
            project.ensure()
    (project.root / "requirements.txt").write_text(old)
    assert not environment_is_current(project.root)


KILLED_WHILE_INSTALLING = """
import sys
from pathlib import Path
from cli.environment import only_one_setup
from cli.packages import run
with only_one_setup(Path(sys.argv[1]), print):
    run([sys.executable, "-c", "import sys, time; open(sys.argv[1], 'w'); time.sleep(300)", sys.argv[2]])
"""


@pytest.mark.kill
def test_installer_that_outlives_a_killed_set_up_still_keeps_others_out(project, until):
    """uv goes on writing when its parent is killed; the next set-up must not empty the folder under it."""
    begun = project.root / "begun"
    command = [sys.executable, "-c", KILLED_WHILE_INSTALLING, str(project.root), str(begun)]
    set_up = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    until(begun.exists)
    set_up.kill()
    set_up.wait()
    with (project.root / "requirements.txt").open("rb+") as file:
        with pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.killpg(set_up.pid, signal.SIGKILL)
        fcntl.flock(file, fcntl.LOCK_EX)


def test_environment_whose_python_is_gone_is_built_again(project):
    project.ensure()
    environment_python(project.root).unlink()
    environment_python(project.root).symlink_to(project.root / "removed-by-an-upgrade")
    assert not environment_is_current(project.root)
    project.ensure()
    assert environment_is_current(project.root)


def test_environment_of_a_too_old_python_is_built_again(project):
    project.ensure()
    python = environment_python(project.root)
    python.unlink()
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    assert needs_rebuild(project.root)


def test_environment_made_by_hand_is_filled_and_kept(project):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", project.venv], check=True)
    (project.venv / "witness").touch()
    project.ensure()
    assert (project.venv / "witness").exists()
    assert environment_is_current(project.root)


def test_too_little_disk_is_said_before_anything_is_written(project, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(9e9, 7.8e9, 1.2e9))
    with pytest.raises(SetupFailed, match=r"about 4\.0 GB .* 1\.2 GB are free: free 2\.8 GB more"):
        project.ensure()
    assert not project.venv.exists()


def test_missing_venv_module_and_uv_is_one_message(project, monkeypatch):
    monkeypatch.setattr(environment, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SetupFailed, match=r"has no venv module, and uv is not installed: apt-get install python3-venv"):
        project.ensure()
    assert not project.venv.exists()


def test_uv_makes_the_environment_where_the_venv_module_is_missing(project, monkeypatch):
    monkeypatch.setattr(environment, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: f"/somewhere/{name}")
    assert environment.venv_command(project.venv)[:2] == ["/somewhere/uv", "venv"]


def test_failed_creation_says_why(project, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(SetupFailed, match=r"could not create .*exit status 1"):
        project.ensure()


def test_second_set_up_waits_for_the_first(project):
    with (project.root / "requirements.txt").open("rb+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        waiting = threading.Thread(target=project.ensure)
        waiting.start()
        while not project.said:
            pass
        assert project.said == ["another set-up of this folder is running; waiting for it"]
        assert not project.venv.exists()
    waiting.join(60)
    assert environment_is_current(project.root)
