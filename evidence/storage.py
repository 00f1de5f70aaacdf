"""Content-addressed store of immutable bytes at ``sha256/<hex>``: whole or not at all, hashed on the way in and on every read."""

import base64
import errno
import hashlib
import io
import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.storage import storages
from storages.backends.s3 import S3Storage

from core.errors import IntegrityFailed, NotFound, StorageFailed

CHUNK = 1 << 20
SINGLE_PUT_LIMIT = 5 << 30


@dataclass(frozen=True)
class Blob:
    """Bytes in the store: hex SHA-256 and size."""

    sha256: str
    size: int


class BlobStore(Protocol):
    """What a backend offers; ``StorageFailed`` when bytes could not be written or read, ``IntegrityFailed`` when they changed."""

    def put(self, stream: BinaryIO) -> Blob:
        """Store what ``stream`` holds from its position on; bytes already there are kept as they are."""

    def open(self, sha256: str) -> BinaryIO:
        """The blob at its start, after its hash was checked; ``NotFound`` when there is none."""

    def check(self) -> None:
        """Raise ``StorageFailed`` when the store would not take bytes now."""


def blobs() -> BlobStore:
    """The store chosen by ``STORAGES["artifacts"]``."""
    return cast(BlobStore, storages["artifacts"])


def blob_put_bytes(data: bytes) -> Blob:
    """Store ``data`` in the configured store."""
    return blobs().put(io.BytesIO(data))


def blob_put_file(path: Path) -> Blob:
    """Store the file at ``path`` in the configured store."""
    with path.open("rb") as stream:
        return blobs().put(stream)


def blob_read(sha256: str) -> bytes:
    """All bytes of a blob, checked."""
    with blobs().open(sha256) as stream:
        return stream.read()


def copy_hashed(source: BinaryIO, write: Callable[[bytes], object]) -> Blob:
    """Pass ``source`` to ``write`` in chunks; the hash and size of what went through."""
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(CHUNK):
        digest.update(chunk)
        write(chunk)
        size += len(chunk)
    return Blob(digest.hexdigest(), size)


def key_of(sha256: str) -> str:
    """Name of a blob in the store; ``NotFound`` unless ``sha256`` is 64 lower-case hex digits."""
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise NotFound(f"{sha256[:80]!r} is not the hex SHA-256 of an artifact")
    return f"sha256/{sha256}"


class FileBlobs:
    """Blobs as read-only files below ``root``."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)

    def put(self, stream: BinaryIO) -> Blob:
        """See ``BlobStore``; durable on return (file and folder flushed to disk)."""
        temporary: Path | None = None
        try:
            folder = self.root / "sha256"
            folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=".part-", dir=folder)
            temporary = Path(name)
            with open(handle, "wb", buffering=0) as target:
                blob = copy_hashed(stream, lambda chunk: _write_all(target, chunk))
                os.fchmod(target.fileno(), 0o444)
                os.fsync(target.fileno())
            self._keep(temporary, blob)
            return blob
        except OSError as error:
            raise StorageFailed(_complaint(error, self.root)) from error
        finally:
            if temporary is not None:
                temporary.unlink(missing_ok=True)

    def check(self) -> None:
        """See ``BlobStore``: writes a file that vanishes at once."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(prefix=".check-", dir=self.root) as file:
                file.write(b"check")
        except OSError as error:
            raise StorageFailed(_complaint(error, self.root)) from error

    def open(self, sha256: str) -> BinaryIO:
        """See ``BlobStore``."""
        path = self.root / key_of(sha256)
        try:
            stream = path.open("rb")
        except FileNotFoundError as error:
            raise NotFound(f"artifact {sha256} is missing from the store at {self.root}") from error
        except OSError as error:
            raise StorageFailed(_complaint(error, path)) from error
        return _checked(stream, sha256)

    def _keep(self, temporary: Path, blob: Blob) -> None:
        final = self.root / key_of(blob.sha256)
        if final.exists():
            self.open(blob.sha256).close()
        else:
            temporary.replace(final)
        folder = os.open(final.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class S3Blobs:
    """Blobs as objects of an S3-compatible bucket; the service checks the SHA-256 of each upload."""

    def __init__(self, **options: Any) -> None:
        self._storage = S3Storage(**options)

    def put(self, stream: BinaryIO) -> Blob:
        """See ``BlobStore``; spooled to a local temporary file first, since the key is the hash."""
        try:
            with tempfile.TemporaryFile() as spool:
                blob = copy_hashed(stream, spool.write)
                if blob.size > SINGLE_PUT_LIMIT:
                    raise StorageFailed(f"{blob.size} bytes are too many for one S3 upload (limit 5 GiB); keep weights outside and register their manifest")
                spool.seek(0)
                self._upload(blob, cast(BinaryIO, spool))
            return blob
        except (OSError, ClientError, BotoCoreError) as error:
            raise StorageFailed(f"the artifact could not be stored in bucket {self._storage.bucket_name}: {error}") from error

    def check(self) -> None:
        """See ``BlobStore``: asks for the bucket, which needs name, address and credentials to be right; it writes nothing."""
        try:
            self._storage.bucket.meta.client.head_bucket(Bucket=self._storage.bucket_name)
        except (ClientError, BotoCoreError) as error:
            raise StorageFailed(f"bucket {self._storage.bucket_name} does not answer: {error}") from error

    def open(self, sha256: str) -> BinaryIO:
        """See ``BlobStore``; downloaded whole to a temporary file, checked, then handed out."""
        spool = tempfile.TemporaryFile()  # noqa: SIM115  # handed to the caller
        try:
            self._storage.bucket.Object(self._key(sha256)).download_fileobj(spool)
            spool.seek(0)
            return _checked(cast(BinaryIO, spool), sha256)
        except ClientError as error:
            spool.close()
            if error.response["Error"]["Code"] in {"404", "NoSuchKey"}:
                raise NotFound(f"artifact {sha256} is missing from bucket {self._storage.bucket_name}") from error
            raise StorageFailed(f"artifact {sha256} could not be read from bucket {self._storage.bucket_name}: {error}") from error
        except (OSError, BotoCoreError) as error:
            spool.close()
            raise StorageFailed(f"artifact {sha256} could not be read from bucket {self._storage.bucket_name}: {error}") from error

    def _key(self, sha256: str) -> str:
        return "/".join(part for part in (self._storage.location.strip("/"), key_of(sha256)) if part)

    def _upload(self, blob: Blob, spool: BinaryIO) -> None:
        checksum = base64.b64encode(bytes.fromhex(blob.sha256)).decode()
        try:
            self._storage.bucket.Object(self._key(blob.sha256)).put(Body=spool, ChecksumSHA256=checksum, IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise
            self.open(blob.sha256).close()


def _write_all(target: io.RawIOBase, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[target.write(rest) or 0 :]


def _checked(stream: BinaryIO, sha256: str) -> BinaryIO:
    try:
        found = hashlib.file_digest(cast(Any, stream), "sha256").hexdigest()
        stream.seek(0)
    except OSError as error:
        stream.close()
        raise StorageFailed(f"artifact {sha256} could not be read: {error.strerror}") from error
    if found != sha256:
        stream.close()
        raise IntegrityFailed(f"artifact {sha256} was changed in the store: its bytes now hash to {found}")
    return stream


def _complaint(error: OSError, place: Path) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return f"no room left at {place} for the artifact; free disk space and try again. Nothing was stored."
    return f"the artifact store at {place} failed: {error.strerror or error}. Nothing was stored."
