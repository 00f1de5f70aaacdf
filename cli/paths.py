"""Where the project, its state, its caches and its short-lived files are (standard library only)."""

import hashlib
import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# sockaddr_un holds 108 bytes on Linux and 104 on macOS, the closing zero included.
LONGEST_SOCKET_PATH = 100


def caller_dir() -> Path:
    """The folder ./assay was called from; relative FILE arguments mean files below it."""
    return Path(os.environ.get("ASSAY_CALLER_DIR") or Path.cwd())


def var_dir() -> Path:
    """State of this installation; ASSAY_VAR moves it."""
    return (caller_dir() / (os.environ.get("ASSAY_VAR") or ROOT / "var")).absolute()


def cache_dir() -> Path:
    """Downloads and unpacked weights, shared by all installations of one user; ASSAY_CACHE moves it."""
    standard = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "assay"
    return (caller_dir() / (os.environ.get("ASSAY_CACHE") or standard)).absolute()


def private_dir(path: Path) -> Path:
    """`path`, created where missing, readable by its owner only.

    Raises PermissionError when it belongs to somebody else: a socket or key in it could be replaced.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.stat().st_uid != os.geteuid():
        raise PermissionError(f"{path} belongs to another user: remove it, or set ASSAY_VAR to a folder of your own")
    path.chmod(0o700)
    return path


def socket_path(var: Path) -> Path:
    """Path of the broker's socket: below `var`, or below the temporary folder when `var` is too long for a socket name."""
    near = var / "run" / "broker.sock"
    if len(os.fsencode(near)) <= LONGEST_SOCKET_PATH:
        return near
    digest = hashlib.sha256(os.fsencode(var)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"assay-{os.geteuid()}-{digest}" / "broker.sock"
