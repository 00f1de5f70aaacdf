"""The shell script itself, with made-up Pythons on PATH."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.commands import COMMANDS
from cli.paths import ROOT

TOOLS = ("sh", "dirname", "readlink", "cat", "env")


@pytest.fixture
def path_dir(tmp_path):
    """A folder that, as the whole PATH, offers the few tools of the script and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        (folder / tool).symlink_to(shutil.which(tool))
    return folder


def fake_python(folder: Path, name: str, version: str, then: str = "echo started $0 $*") -> None:
    (folder / name).write_text(f'#!/bin/sh\ncase "$1" in -c) echo {version} ;; *) {then} ;; esac\n')
    (folder / name).chmod(0o755)


def launch(*arguments: str, path: Path, cwd: Path = ROOT, script: Path = ROOT / "assay", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([script, *arguments], env={"PATH": str(path), **environment}, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",), ("help",)])
def test_usage_needs_no_python(path_dir, arguments):
    done = launch(*arguments, path=path_dir)
    assert done.returncode == 0
    assert done.stdout == (ROOT / "cli" / "usage.txt").read_text()


def test_too_old_python_is_named_with_the_way_out(path_dir):
    fake_python(path_dir, "python3", "3.9.2")
    fake_python(path_dir, "python", "2.7.18")
    done = launch("demo", path=path_dir)
    assert done.returncode == 2
    assert done.stdout == ""
    assert f"found 3.9.2 ({path_dir}/python3) 2.7.18 ({path_dir}/python)" in done.stderr
    assert "apt-get install python3 python3-venv" in done.stderr
    assert "ASSAY_PYTHON=/path/to/python3.12 ./assay demo" in done.stderr


def test_no_python_at_all_is_said(path_dir):
    done = launch("serve", path=path_dir)
    assert done.returncode == 2
    assert "found none" in done.stderr


def test_newer_python_under_another_name_is_found(path_dir):
    fake_python(path_dir, "python3", "3.10.13")
    fake_python(path_dir, "python3.12", "3.12.1")
    done = launch("demo", "--json", path=path_dir)
    assert done.stdout == f"started {path_dir}/python3.12 -P -m cli.bootstrap demo --json\n"


def test_stub_that_does_not_start_is_passed_over(path_dir):
    (path_dir / "python3").write_text("#!/bin/sh\nexit 127\n")
    (path_dir / "python3").chmod(0o755)
    fake_python(path_dir, "python3.11", "3.11.9")
    assert "python3.11 -P -m cli.bootstrap" in launch("demo", path=path_dir).stdout


def test_python_four_would_do(path_dir):
    fake_python(path_dir, "python3", "4.0.0")
    assert launch("demo", path=path_dir).returncode == 0


def test_named_python_is_used_and_no_other(path_dir, tmp_path):
    fake_python(path_dir, "python3", "3.12.1")
    fake_python(tmp_path, "mine", "3.8.0")
    done = launch("demo", path=path_dir, ASSAY_PYTHON=str(tmp_path / "mine"))
    assert done.returncode == 2
    assert f"found 3.8.0 ({tmp_path}/mine)." in done.stderr


def test_called_through_a_link_from_another_folder(path_dir, tmp_path):
    fake_python(path_dir, "python3", "3.12.1", then='echo "$ASSAY_CALLER_DIR|$PYTHONPATH"')
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "first link").symlink_to(ROOT / "assay")
    (tmp_path / "elsewhere" / "link").symlink_to("../first link")
    done = launch("verify", "x.pdf", path=path_dir, cwd=tmp_path / "elsewhere", script=tmp_path / "elsewhere" / "link")
    assert done.stdout == f"{tmp_path}/elsewhere|{ROOT}\n"


def test_arguments_with_blanks_arrive_whole(path_dir):
    fake_python(path_dir, "python3", "3.12.1", then='shift 3; printf "%s\\n" "$@"')
    assert launch("verify", "my report.pdf", "*", path=path_dir).stdout.splitlines() == ["verify", "my report.pdf", "*"]


def test_unknown_command_ends_with_status_two(path_dir):
    (path_dir / "python3").symlink_to(Path(sys.executable).resolve())
    done = launch("dmeo", path=path_dir)
    assert done.returncode == 2
    assert f"unknown command 'dmeo'; known are: {', '.join(COMMANDS)}" in done.stderr


def test_script_is_executable_posix_shell():
    assert os.access(ROOT / "assay", os.X_OK)
    dash = shutil.which("dash") or shutil.which("sh")
    assert subprocess.run([dash, "-n", ROOT / "assay"], check=False).returncode == 0
