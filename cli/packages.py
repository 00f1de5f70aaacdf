"""Installing the locked requirements: uv with pip's own settings, the right build of torch, pip as the fallback (standard library only)."""

import ast
import os
import platform
import re
import shutil
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from cli.failures import SetupFailed

Say = Callable[[str], None]
Finished = subprocess.CompletedProcess[str]

UV_REQUIREMENT = "uv==0.13.8"
TORCH_INDEX = "https://download.pytorch.org/whl/"
PROBE_SECONDS = 5.0

# uv does not read pip's settings, so they are handed to it under its own names.
UV_NAMES = {"find-links": "UV_FIND_LINKS", "index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX", "cert": "SSL_CERT_FILE"}


@dataclass(frozen=True)
class TorchSource:
    """Where torch comes from. backend: uv's --torch-backend, or None to take what the indexes offer."""

    backend: str | None
    explanation: str


def find_uv(python: Path, say: Say) -> Path | None:
    """uv from PATH, else installed into the environment; None when it cannot be had."""
    if on_path := shutil.which("uv"):
        return Path(on_path)
    beside = python.parent / "uv"
    if not beside.exists():
        say("installing uv")
        got = run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", UV_REQUIREMENT])
        if got.returncode:
            say(f"uv could not be installed ({describe_failure(got)}); going on with pip, which is slower")
            return None
    return beside


def install_requirements(python: Path, requirements: Path, uv: Path | None, say: Say) -> None:
    """Install every locked package into the environment of `python`. Raises SetupFailed with the installer's last words."""
    settings = pip_settings(python)
    torch = choose_torch(pinned_version(requirements, "torch"), settings, say)
    say(f"installing the locked libraries, a few minutes the first time; torch: {torch.explanation}")
    if uv:
        command = [str(uv), "pip", "install", "--python", str(python), "--compile-bytecode", "-r", str(requirements)]
        command += [f"--torch-backend={torch.backend}"] if torch.backend else []
        done = run(command, uv_environment(settings))
        if done.returncode == 0:
            return
        say(f"uv did not succeed ({describe_failure(done)}); trying pip")
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--quiet", "-r", str(requirements)]
    command += ["--extra-index-url", f"{TORCH_INDEX}cpu"] if torch.backend == "cpu" else []
    done = run(command)
    if done.returncode:
        raise SetupFailed(f"the libraries could not be installed: {describe_failure(done)}. Check the network or pip's settings and start again.")


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Finished:
    """Run an installer, its output collected; on a terminal uv and pip draw their own progress.

    It inherits the set-up's lock, so that the lock is held for as long as anything writes.
    """
    shown = sys.stderr.isatty()
    return subprocess.run(
        command, env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL, stdout=sys.stderr if shown else subprocess.PIPE,
        stderr=None if shown else subprocess.STDOUT, text=True, check=False, close_fds=False,
    )  # fmt: skip


def describe_failure(done: Finished) -> str:
    """The last lines an installer wrote, or its exit status."""
    lines = [line.strip() for line in f"{done.stdout or ''}\n{done.stderr or ''}".splitlines() if line.strip()]
    return " / ".join(lines[-4:]) or f"exit status {done.returncode}"


def pip_settings(python: Path) -> dict[str, str]:
    """pip's effective settings by option name, from its files and the environment; empty where pip is absent."""
    listed = subprocess.run([python, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False)
    return parse_pip_settings(listed.stdout.splitlines())


def parse_pip_settings(lines: Sequence[str]) -> dict[str, str]:
    """Read `pip config list`; of two sources of one option the environment wins, then [install], then [global], as in pip.

    >>> parse_pip_settings(["global.find-links='/a'", ":env:.find-links='/b'"])
    {'find-links': '/b'}
    """
    ranks = {"global": 0, "install": 1, ":env:": 2}
    values: dict[str, tuple[int, str]] = {}
    for line in lines:
        name, _, value = line.partition("=")
        section, _, option = name.strip().rpartition(".")
        if section in ranks and ranks[section] >= values.get(option, (-1, ""))[0]:
            values[option] = (ranks[section], " ".join(str(ast.literal_eval(value)).split()))
    return {option: value for option, (_, value) in values.items()}


def uv_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """pip's settings as uv's environment variables; what the user set for uv itself is left alone.

    uv stops at the first index that has a name, pip compares all of them; with several indexes uv is told to do as pip does.
    """
    given = {UV_NAMES[option]: value for option, value in settings.items() if option in UV_NAMES}
    if "UV_FIND_LINKS" in given:
        given["UV_FIND_LINKS"] = ",".join(given["UV_FIND_LINKS"].split())
    if "UV_INDEX" in given:
        given["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return {name: value for name, value in given.items() if name not in os.environ}


def pinned_version(requirements: Path, package: str) -> str:
    """The version requirements.txt pins `package` to. Raises SetupFailed when it pins none."""
    match = re.search(rf"^{re.escape(package)}==([^\s;]+)", requirements.read_text(encoding="utf-8"), re.MULTILINE)
    if match is None:
        raise SetupFailed(f"{requirements} does not pin {package}: restore the file from the repository")
    return match[1]


def choose_torch(version: str, settings: Mapping[str, str], say: Say) -> TorchSource:
    """A local wheel first; then the CPU build from the maker's index, or the build that fits the driver; else what the index has."""
    if wheel := local_torch_wheel(version, settings.get("find-links", "")):
        return TorchSource(None, f"local wheel {wheel.name}")
    if platform.system() == "Darwin":
        return TorchSource(None, "standard build")
    if index_answers(TORCH_INDEX, PROBE_SECONDS):
        return TorchSource("auto", "build for the installed NVIDIA driver") if shutil.which("nvidia-smi") else TorchSource("cpu", "CPU build")
    say(f"{TORCH_INDEX} does not answer; taking torch from the package index, where the Linux build brings several GB of CUDA libraries")
    return TorchSource(None, "standard build of the package index")


def local_torch_wheel(version: str, find_links: str) -> Path | None:
    """A wheel of torch for this Python and processor in one of the find-links folders (space-separated paths or file: addresses)."""
    tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
    pattern = f"torch-{version}[+-]*{tag}-{tag}-*{platform.machine()}.whl"
    for link in find_links.split():
        parsed = urllib.parse.urlsplit(link)
        folder = Path(urllib.request.url2pathname(parsed.path)) if parsed.scheme == "file" else Path(link)
        wheels = sorted(path for path in folder.glob("torch-*.whl") if fnmatch(path.name, pattern)) if folder.is_dir() else []
        if wheels:
            return wheels[0]
    return None


def index_answers(address: str, seconds: float) -> bool:
    """Whether `address` answers with success within `seconds`, name resolution included (which a socket time-out would not bound)."""
    answered: list[bool] = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=seconds):
                answered.append(True)
        except OSError:
            answered.append(False)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return answered[:1] == [True]
