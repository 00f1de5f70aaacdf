"""What the machine itself must offer: disk, the Pango libraries, a browser and PDF tools for the tests (standard library only)."""

import ctypes
import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from cli.failures import SetupFailed

Say = Callable[[str], None]

# The names under which the PDF renderer looks for each library, and the Debian package that has it.
RENDERING_LIBRARIES = {
    "libpango-1.0-0": ("libpango-1.0.so.0", "libpango-1.0.dylib"),
    "libpangoft2-1.0-0": ("libpangoft2-1.0.so.0", "libpangoft2-1.0.dylib"),
    "libharfbuzz-subset0": ("libharfbuzz-subset.so.0", "libharfbuzz-subset.0.dylib"),
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
GIGABYTE = 1_000_000_000


def require_space(folder: Path, needed: int, purpose: str) -> None:
    """Raise SetupFailed, naming what is missing, unless `needed` bytes are free where `folder` is or will be."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise SetupFailed(
            f"{purpose} needs about {needed / GIGABYTE:.1f} GB of disk below {existing}, and {free / GIGABYTE:.1f} GB are free: "
            f"free {(needed - free) / GIGABYTE:.1f} GB more, or move the project to a larger disk"
        )


def loadable(names: Sequence[str]) -> bool:
    """Whether the dynamic linker finds a library under one of `names`."""
    for name in names:
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return False


def missing_rendering_packages() -> list[str]:
    """Debian packages of the rendering libraries that cannot be loaded."""
    return [package for package, names in RENDERING_LIBRARIES.items() if not loadable(names)]


def require_pango(say: Say) -> None:
    """Make sure reports can be rendered; installs the libraries where we may, else raises SetupFailed with the command to type."""
    missing = missing_rendering_packages()
    if missing and may_install():
        say(f"installing {' '.join(missing)} with apt-get, needed to render reports")
        apt_install(missing)
        missing = missing_rendering_packages()
    if missing:
        raise SetupFailed(f"the libraries that render reports are not there ({', '.join(missing)}): {pango_hint(missing)}")


def pango_hint(packages: Sequence[str]) -> str:
    """How to get the rendering libraries on this system."""
    if platform.system() == "Darwin":
        return "brew install pango"
    return f"apt-get install {' '.join(packages)} (Debian, Ubuntu), or your system's packages of Pango and HarfBuzz"


def offer_test_tools(say: Say) -> None:
    """Install a browser and PDF tools where we may; without them the tests that need them are skipped and say why."""
    wanted = [] if any(map(shutil.which, BROWSERS)) else ["chromium"]
    wanted += [package for package, tool in (("poppler-utils", "pdfsig"), ("qpdf", "qpdf")) if not shutil.which(tool)]
    if not wanted:
        return
    if may_install():
        say(f"installing {' '.join(wanted)} with apt-get, for tests only")
        if apt_install(wanted):
            return
    say(f"not there: {', '.join(wanted)}; the tests that need them are skipped")


def may_install() -> bool:
    """Whether system packages may be installed without asking: root on a Debian-like system, and not forbidden by ASSAY_NO_APT."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None and not os.environ.get("ASSAY_NO_APT")


def apt_install(packages: Sequence[str]) -> bool:
    """Install `packages`; refreshes the package lists once when the first try fails. Returns success."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]

    def succeeds(command: list[str]) -> bool:
        return subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0

    return succeeds(install) or (succeeds(["apt-get", "update", "-q"]) and succeeds(install))
