"""The store: whole or not at all, on a full disk, in a bucket, and against bytes that change behind our back."""

import errno
import hashlib
import io
import os
import resource
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.core.files.storage import storages
from moto.server import ThreadedMotoServer

from core.errors import IntegrityFailed, NotFound, StorageFailed
from evidence import storage
from evidence.storage import Blob, FileBlobs, S3Blobs

ROOT = Path(__file__).resolve().parents[2]
DATA = bytes(range(256)) * 5000
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def files(tmp_path: Path) -> FileBlobs:
    return FileBlobs(tmp_path / "store")


def left_in(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file())


def test_bytes_come_back_from_where_their_hash_says(files: FileBlobs) -> None:
    assert files.put(io.BytesIO(DATA)) == Blob(DIGEST, len(DATA))
    assert (files.root / "sha256" / DIGEST).read_bytes() == DATA
    with files.open(DIGEST) as stream:
        assert stream.read() == DATA


def test_empty_blob_is_a_blob(files: FileBlobs) -> None:
    blob = files.put(io.BytesIO(b""))
    assert blob == Blob(hashlib.sha256(b"").hexdigest(), 0)
    assert files.open(blob.sha256).read() == b""


def test_stored_file_cannot_be_written_to(files: FileBlobs) -> None:
    files.put(io.BytesIO(DATA))
    assert stat.S_IMODE((files.root / "sha256" / DIGEST).stat().st_mode) == 0o444


def test_same_bytes_are_kept_once_and_not_rewritten(files: FileBlobs) -> None:
    files.put(io.BytesIO(DATA))
    before = (files.root / "sha256" / DIGEST).stat()
    files.put(io.BytesIO(DATA))
    after = (files.root / "sha256" / DIGEST).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert left_in(files.root) == [DIGEST]


def spoil(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


@pytest.mark.parametrize("data", [DATA[:-1], DATA + b"x", b"", b"\x01" + DATA[1:]])
def test_changed_bytes_are_noticed_on_read_and_on_the_next_store(files: FileBlobs, data: bytes) -> None:
    files.put(io.BytesIO(DATA))
    spoil(files.root / "sha256" / DIGEST, data)
    with pytest.raises(IntegrityFailed, match=DIGEST):
        files.open(DIGEST)
    with pytest.raises(IntegrityFailed, match=DIGEST):
        files.put(io.BytesIO(DATA))
    assert left_in(files.root) == [DIGEST]


def test_missing_blob_is_not_found(files: FileBlobs) -> None:
    with pytest.raises(NotFound, match="missing from the store"):
        files.open(DIGEST)


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", DIGEST.upper(), DIGEST + "\n", DIGEST[:-1], f"/{DIGEST}"])
def test_only_a_hash_names_a_blob(files: FileBlobs, name: str) -> None:
    with pytest.raises(NotFound, match="not the hex SHA-256"):
        files.open(name)


class BrokenStream(io.RawIOBase):
    """Gives some bytes, then fails as a network file does."""

    def __init__(self) -> None:
        self.reads = 0

    def read(self, size: int = -1) -> bytes:
        self.reads += 1
        if self.reads > 2:
            raise OSError(errno.EIO, "Input/output error")
        return b"x" * 1000


def test_failing_source_leaves_nothing(files: FileBlobs) -> None:
    with pytest.raises(StorageFailed, match="Nothing was stored"):
        files.put(BrokenStream())  # type: ignore[arg-type]
    assert left_in(files.root) == []


def test_store_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageFailed, match="file"):
        FileBlobs(tmp_path / "file" / "store").put(io.BytesIO(DATA))


LIMITED = """
import io, os, resource, sys
sys.dont_write_bytecode = True
sys.path.insert(0, {root!r})
from core.errors import StorageFailed
from evidence.storage import FileBlobs
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    FileBlobs({store!r}).put(io.BytesIO(b"x" * 3_000_000))
except StorageFailed as error:
    print(error)
"""


def test_file_size_limit_leaves_nothing(tmp_path: Path) -> None:
    code = LIMITED.format(root=str(ROOT), store=str(tmp_path / "store"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "no room left" in done.stdout
    assert left_in(tmp_path) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one MiB, where this user may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True).returncode:
        pytest.skip("mounting a small file system is not permitted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_full_disk_leaves_nothing_and_recovers(small_disk: Path) -> None:
    store = FileBlobs(small_disk)
    kept = store.put(io.BytesIO(b"small"))
    with pytest.raises(StorageFailed, match="free disk space"):
        store.put(io.BytesIO(os.urandom(3 << 20)))
    assert left_in(small_disk) == [kept.sha256]
    assert store.put(io.BytesIO(b"fits again")).size == 10


def test_two_writers_of_the_same_bytes_both_succeed(files: FileBlobs) -> None:
    found: list[Blob] = []
    threads = [threading.Thread(target=lambda: found.append(files.put(io.BytesIO(DATA)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [Blob(DIGEST, len(DATA))] * 8
    assert left_in(files.root) == [DIGEST]


def test_configured_store_serves_the_short_forms(installation: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(DATA)
    assert storage.blob_put_file(tmp_path / "file") == storage.blob_put_bytes(DATA)
    assert storage.blob_read(DIGEST) == DATA


def test_memory_does_not_grow_with_the_blob(files: FileBlobs, tmp_path: Path) -> None:
    with (tmp_path / "big").open("wb") as stream:
        stream.truncate(100 << 20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with (tmp_path / "big").open("rb") as stream:
        blob = files.put(stream)
    files.open(blob.sha256).close()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40 << 10


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, request: pytest.FixtureRequest) -> tuple[S3Blobs, Any]:
    options = {"endpoint_url": endpoint, "region_name": "us-east-1"}
    secrets = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    name = f"bucket-{abs(hash(request.node.name))}"
    service = boto3.resource("s3", **options, **secrets)
    service.create_bucket(Bucket=name)
    store = S3Blobs(bucket_name=name, access_key="test", secret_key="test", location="evidence", **options)
    return store, service.Bucket(name)


def test_bucket_keeps_bytes_under_their_hash(bucket: tuple[S3Blobs, Any]) -> None:
    store, content = bucket
    assert store.put(io.BytesIO(DATA)) == Blob(DIGEST, len(DATA))
    assert [row.key for row in content.objects.all()] == [f"evidence/sha256/{DIGEST}"]
    with store.open(DIGEST) as stream:
        assert stream.read() == DATA


def test_bucket_object_is_not_written_twice(bucket: tuple[S3Blobs, Any]) -> None:
    store, content = bucket
    store.put(io.BytesIO(DATA))
    before = content.Object(f"evidence/sha256/{DIGEST}").last_modified
    assert store.put(io.BytesIO(DATA)).sha256 == DIGEST
    assert content.Object(f"evidence/sha256/{DIGEST}").last_modified == before


def test_object_changed_in_the_bucket_is_noticed(bucket: tuple[S3Blobs, Any]) -> None:
    store, content = bucket
    store.put(io.BytesIO(DATA))
    content.Object(f"evidence/sha256/{DIGEST}").put(Body=DATA[:-1])
    with pytest.raises(IntegrityFailed, match=DIGEST):
        store.open(DIGEST)
    with pytest.raises(IntegrityFailed, match=DIGEST):
        store.put(io.BytesIO(DATA))


def test_object_missing_from_the_bucket_is_not_found(bucket: tuple[S3Blobs, Any]) -> None:
    with pytest.raises(NotFound, match="missing from bucket"):
        bucket[0].open(DIGEST)


def test_bucket_that_does_not_exist_fails_clearly(endpoint: str) -> None:
    store = S3Blobs(bucket_name="nowhere", access_key="test", secret_key="test", endpoint_url=endpoint, region_name="us-east-1")
    with pytest.raises(StorageFailed, match="nowhere"):
        store.put(io.BytesIO(DATA))
    with pytest.raises(NotFound, match="nowhere"):
        store.open(DIGEST)


def test_settings_choose_the_bucket(settings: Any, endpoint: str, bucket: tuple[S3Blobs, Any]) -> None:
    options = {"bucket_name": bucket[1].name, "endpoint_url": endpoint, "access_key": "test", "secret_key": "test", "region_name": "us-east-1"}
    settings.STORAGES = {**settings.STORAGES, "artifacts": {"BACKEND": "evidence.storage.S3Blobs", "OPTIONS": options}}
    storages.__dict__.pop("backends", None)
    storages._storages.clear()
    assert storage.blob_read(storage.blob_put_bytes(b"through the settings").sha256) == b"through the settings"
