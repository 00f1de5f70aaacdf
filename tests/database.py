"""The migrated SQLite database that tests begin with: built once for one state of the migrations, then only copied."""

import hashlib
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import django
from django.apps import apps
from filelock import FileLock

KEPT = 7 * 24 * 3600
"""Seconds that a database nobody copies any more is kept."""


def template(build: Callable[[Path], None], folder: Path | None = None) -> Path:
    """A migrated database in a file of this account's temporary folder; ``build`` makes it when there is none yet. Not to be written to."""
    folder = folder or Path(tempfile.gettempdir()) / f"assay-tests-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to somebody else, so nothing is read from it; remove it or set TMPDIR to a folder of your own")
    found = folder / f"{digest()}.sqlite3"
    # Several processes begin at once; one builds, the others wait for it.
    with FileLock(folder / "lock"):
        if not found.exists():
            draft = found.with_suffix(".draft")
            draft.unlink(missing_ok=True)
            build(draft)
            draft.rename(found)
        found.touch()
        for old in folder.glob("*.sqlite3"):
            if old.stat().st_mtime < time.time() - KEPT:
                old.unlink()
    return found


def digest() -> str:
    """What a migrated database follows from: the migrations, the models' names and permissions, and who writes the file."""
    found = hashlib.sha256()
    for part in parts():
        found.update(hashlib.sha256(part).digest())
    return found.hexdigest()


def parts() -> Iterator[bytes]:
    yield f"{django.VERSION} {sqlite3.sqlite_version}".encode()
    for app in apps.get_app_configs():
        yield app.label.encode()
        for path in sorted(Path(app.path, "migrations").glob("*.py")):
            yield path.name.encode()
            yield path.read_bytes()
    for model in apps.get_models():
        meta = model._meta
        yield repr((meta.label, meta.managed, meta.db_table, meta.verbose_name_raw, meta.default_permissions, meta.permissions)).encode()
