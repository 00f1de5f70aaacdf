"""Packages of the Python registry that carry weights: downloaded without dependencies, pinned by hash, never installed or imported."""

import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from functools import cache as cached
from pathlib import Path

import yaml

from assessments.contracts import Refused
from core.hashing import sha256_file
from gpu_tasks.runtime.cache import exclusive, logger, publish, require_space

REGISTRY = Path(__file__).with_name("packages.yaml")
TIMEOUT = 1800


@dataclass(frozen=True)
class Package:
    """One pinned package: ``member`` is the GGUF inside ``wheel``; sizes in bytes."""

    locator: str
    name: str
    wheel: str
    wheel_sha256: str
    wheel_size: int
    member: str
    member_sha256: str
    member_size: int
    licence: str


@cached
def registry(path: Path = REGISTRY) -> dict[str, Package]:
    """All pinned packages by locator."""
    rows = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {locator: Package(locator=locator, **row) for locator, row in rows.items()}


def package(locator: str, path: Path = REGISTRY) -> Package:
    """The pinned package ``locator``."""
    known = registry(path)
    if locator not in known:
        raise Refused(f"package {locator} is not pinned here: use one of {', '.join(sorted(known))}, or give a GGUF file or safetensors folder")
    return known[locator]


def gguf_file(pinned: Package, cache: Path) -> Path:
    """The package's GGUF in the cache, with its pinned hash; taken from the wheel, which is downloaded when it is not there."""
    final = cache / "packages" / pinned.member_sha256[:16] / Path(pinned.member).name
    if final.is_file() and sha256_file(final) == pinned.member_sha256:
        return final
    with exclusive(final) as draft:
        if final.is_file():
            logger.warning("%s in the cache is damaged: taking it out of %s again", final.name, pinned.wheel)
        wheel = verified_wheel(pinned, cache)
        require_space(final.parent, pinned.member_size)
        with zipfile.ZipFile(wheel) as archive, archive.open(pinned.member) as member, draft.open("wb") as target:
            shutil.copyfileobj(member, target, 2**20)
        require_hash(draft, pinned.member_sha256, f"{pinned.member} in {pinned.wheel}", "the pins in packages.yaml contradict each other: correct them")
        publish(draft, final)
    return final


def verified_wheel(pinned: Package, cache: Path) -> Path:
    """The wheel in ``cache/downloads`` with its pinned hash, downloaded when absent."""
    final = cache / "downloads" / pinned.wheel
    if not final.is_file():
        with exclusive(final) as draft:
            if not final.is_file():
                require_space(final.parent, pinned.wheel_size)
                draft.mkdir()
                download(pinned, draft, final)
                require_hash(draft / pinned.wheel, pinned.wheel_sha256, pinned.wheel, "the registry served another file than the pinned one: do not use it")
                publish(draft / pinned.wheel, final)
    require_hash(final, pinned.wheel_sha256, str(final), "delete the file and start again, or put the original wheel there")
    return final


def download(pinned: Package, folder: Path, final: Path) -> None:
    """Fetch the wheel with pip, without dependencies and without building anything; ``Refused`` says how to place it by hand."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check"]
    command += ["--quiet", "--retries", "2", "--timeout", "20", "--dest", str(folder), pinned.locator]
    by_hand = f"Download {pinned.wheel} elsewhere and place it at {final}, then start again."
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired as error:
        raise Refused(f"{pinned.locator} was not downloaded within {TIMEOUT // 60} minutes: check the network. {by_hand}") from error
    if done.returncode or not (folder / pinned.wheel).is_file():
        reason = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "no wheel arrived")
        raise Refused(f"{pinned.locator} could not be downloaded ({reason.strip()}). {by_hand}")


def require_hash(path: Path, expected: str, name: str, fix: str) -> None:
    """Refuse a file whose SHA-256 is not ``expected``."""
    found = sha256_file(path)
    if found != expected:
        raise Refused(f"{name}: expected SHA-256 {expected}, found {found}. {fix[0].upper()}{fix[1:]}.")
