"""Fixtures for every test: keys and storage of their own, an administrator, the service account."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from django.db import connections

from accounts.models import User
from evidence.keys import KeyRing
from tests import factories


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory, django_db_modify_db_settings_parallel_suffix: None) -> None:
    """SQLite in a file, as in earnest: the shared in-memory database has other locks. Nothing in it outlives the test, so no flushing."""
    database = connections.databases["default"]
    if database["ENGINE"].endswith("sqlite3"):
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
        database["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"


@pytest.fixture(scope="session")
def key_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One set of keys for the whole session: making them costs more than using them."""
    folder = tmp_path_factory.mktemp("keys") / "keys"
    KeyRing.create(folder, "test passphrase", "assay.localhost/test")
    return folder


@pytest.fixture(autouse=True)
def installation(settings: Any, tmp_path: Path, key_folder: Path) -> Path:
    """State of its own for each test: nothing is read from or written to the developer's ``var``."""
    settings.ASSAY_VAR = tmp_path / "var"
    settings.ASSAY_VAR.mkdir()
    settings.ASSAY_KEYS_DIR = key_folder
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.ASSAY_KEY_PASSPHRASE = "test passphrase"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": str(tmp_path)}}
    settings.EMAIL_FILE_PATH = str(settings.ASSAY_VAR / "mail")
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        "artifacts": {"BACKEND": "evidence.storage.FileBlobs", "OPTIONS": {"root": settings.ASSAY_VAR / "artifacts"}},
    }
    storages.__dict__.pop("backends", None)
    storages._storages.clear()
    return settings.ASSAY_VAR


@pytest.fixture
def admin(db: None) -> User:
    """An administrator of a fresh organisation, with the workers' service account beside."""
    person = factories.user()
    factories.worker(factories.home(person))
    return person
