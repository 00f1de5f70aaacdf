"""The container: one form only, whatever the order of the files, and no way to put anything beside them."""

import io
import random
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import IntegrityFailed
from evidence.archive import Folder, Zip, digest, read, zip_write

FILES = {"b/two.txt": b"two", "a.txt": b"one" * 1000, "empty": b"", "é.json": b"{}"}


def packed(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    zip_write(target, {name: len(data) for name, data in files.items()}, lambda name: io.BytesIO(files[name]))
    return target.getvalue()


def opened(data: bytes, place: Path) -> Zip:
    place.write_bytes(data)
    return Zip(place)


def test_same_files_give_the_same_bytes_in_any_order() -> None:
    assert packed(FILES) == packed(dict(reversed(FILES.items())))


def test_files_come_back(tmp_path: Path) -> None:
    source = opened(packed(FILES), tmp_path / "x.zip")
    assert source.sizes() == {name: len(data) for name, data in FILES.items()}
    assert {name: read(source, name) for name in FILES} == FILES


def test_common_tools_can_read_it(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(packed(FILES))
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert archive.testzip() is None
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_every_changed_byte_of_the_container_is_refused_or_changes_content(tmp_path: Path) -> None:
    data, source = packed(FILES), random.Random(7)
    for position in range(len(data)):
        spoilt = bytearray(data)
        spoilt[position] ^= 1 << source.randrange(8)
        try:
            found = opened(bytes(spoilt), tmp_path / "x.zip")
        except IntegrityFailed:
            continue
        assert {name: read(found, name) for name in found.sizes()} != FILES, f"accepted at {position}"


@pytest.mark.parametrize("change", ["comment", "date", "permission", "twice", "folder", "order", "compressed", "encrypted flag"])
def test_zip_of_another_hand_is_refused(tmp_path: Path, change: str) -> None:
    target = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if change == "compressed" else zipfile.ZIP_STORED
    with zipfile.ZipFile(target, "w", method) as archive:
        if change == "comment":
            archive.comment = b"hidden"
        for name in sorted(FILES, reverse=change == "order"):
            info = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0) if change == "date" else (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr, info.compress_type = 3, (0o600 if change == "permission" else 0o644) << 16, method
            archive.writestr(info, FILES[name])
        if change == "folder":
            archive.mkdir("more")
        if change == "twice":
            with pytest.warns(UserWarning, match="Duplicate"):
                archive.writestr("a.txt", b"again")
    data = target.getvalue()
    if change == "encrypted flag":
        data = data.replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01", 1)
    with pytest.raises(IntegrityFailed):
        opened(data, tmp_path / "x.zip")


@given(
    st.dictionaries(
        st.text("abc/", min_size=1, max_size=8).map(lambda name: f"f{name}e").filter(lambda name: "//" not in name), st.binary(max_size=50), max_size=6
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_any_files_survive_the_round_trip(tmp_path: Path, files: dict[str, bytes]) -> None:
    source = opened(packed(files), tmp_path / "x.zip")
    assert {name: read(source, name) for name in source.sizes()} == files


def test_folder_gives_sizes_and_digests(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "file").write_bytes(b"abc")
    source = Folder(tmp_path / "sub")
    assert source.sizes() == {"file": 3}
    assert digest(source, "file") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    with pytest.raises(IntegrityFailed, match="other is missing"):
        read(source, "other")
    with pytest.raises(IntegrityFailed, match="other is missing"):
        digest(source, "other")
