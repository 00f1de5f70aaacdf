"""The virtual environment in .venv: created, filled, repaired and recognised as current (standard library only).

Two files inside it tell its state. `assay-stamp` holds the checksum of the requirements that were installed to
the end. `assay-installing` exists while packages are being written: found at a start, it means that an earlier
set-up was killed, and the environment is emptied, because half-unpacked packages look like whole ones.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from cli.failures import SetupFailed
from cli.packages import describe_failure, find_uv, install_requirements, run
from cli.system import GIGABYTE, require_space

Say = Callable[[str], None]

STAMP = "assay-stamp"
MARKER = "assay-installing"
SPACE_FRESH = 4 * GIGABYTE
SPACE_UPDATE = 2 * GIGABYTE


def environment_python(root: Path) -> Path:
    """The environment's interpreter."""
    return root / ".venv" / "bin" / "python"


def requirements_checksum(root: Path) -> str:
    """Lower-case SHA-256 of requirements.txt."""
    return hashlib.sha256((root / "requirements.txt").read_bytes()).hexdigest()


def environment_is_current(root: Path) -> bool:
    """Whether .venv holds exactly the locked requirements and its interpreter can run."""
    stamp = root / ".venv" / STAMP
    usable = os.access(environment_python(root), os.X_OK) and not (root / ".venv" / MARKER).exists()
    return usable and stamp.is_file() and stamp.read_text(encoding="ascii").strip() == requirements_checksum(root)


def ensure_environment(root: Path, say: Say) -> None:
    """Bring .venv to the state requirements.txt asks for. Raises SetupFailed; a second caller waits for the first."""
    if environment_is_current(root):
        return
    with only_one_setup(root, say):
        if environment_is_current(root):
            return
        fresh = needs_rebuild(root)
        require_space(root, SPACE_FRESH if fresh else SPACE_UPDATE, "setting up the libraries")
        if fresh:
            build_environment(root, say)
        fill_environment(root, say)


@contextmanager
def only_one_setup(root: Path, say: Say) -> Iterator[None]:
    """Hold a lock on requirements.txt itself, the one file that is there before anything is set up.

    The installers inherit it: when the set-up is killed, an installer goes on writing, and the next set-up must wait for its end.
    """
    with (root / "requirements.txt").open("rb+") as file:
        os.set_inheritable(file.fileno(), True)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up of this folder is running; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def needs_rebuild(root: Path) -> bool:
    """Whether .venv is missing, was left half-filled, or its interpreter does not run any more."""
    python = environment_python(root)
    if (root / ".venv" / MARKER).exists() or not os.access(python, os.X_OK):
        return True
    return subprocess.run([python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"], capture_output=True, check=False).returncode != 0


def build_environment(root: Path, say: Say) -> None:
    """Create .venv from nothing; whatever was in it goes."""
    folder = root / ".venv"
    command = venv_command(folder)
    empty_environment(folder, say)
    say("creating the virtual environment .venv")
    made = run(command)
    if made.returncode:
        raise SetupFailed(f"could not create {folder}: {describe_failure(made)}")


def venv_command(folder: Path) -> list[str]:
    """How to create a virtual environment here: this Python's venv module, else uv. Raises SetupFailed when there is neither."""
    if find_spec("ensurepip") and find_spec("venv"):
        return [sys.executable, "-m", "venv", str(folder)]
    if uv := shutil.which("uv"):
        return [uv, "venv", "--quiet", "--seed", "--allow-existing", "--python", sys.executable, str(folder)]
    raise SetupFailed(f"{sys.executable} has no venv module, and uv is not installed: apt-get install python3-venv (or install uv)")


def empty_environment(folder: Path, say: Say) -> None:
    """Remove everything in `folder` but the marker, which is written first so that a kill in between is noticed."""
    folder.mkdir(exist_ok=True)
    marker = folder / MARKER
    if any(folder.iterdir()):
        say("the virtual environment is incomplete or broken; building it again")
    marker.touch()
    for entry in folder.iterdir():
        if entry == marker:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def fill_environment(root: Path, say: Say) -> None:
    """Install the locked requirements and stamp the environment with their checksum."""
    folder, checksum = root / ".venv", requirements_checksum(root)
    (folder / STAMP).unlink(missing_ok=True)
    (folder / MARKER).touch()
    python = environment_python(root)
    install_requirements(python, root / "requirements.txt", find_uv(python, say), say)
    (folder / STAMP).write_text(checksum + "\n", encoding="ascii")
    (folder / MARKER).unlink()
