"""Fixtures for every test: keys and storage of their own, an administrator, the service account."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from django.core.management import call_command
from django.db import connection, connections

from accounts.models import User
from evidence.keys import KeyRing
from frameworks import services
from frameworks.importers import Catalogue
from tests import factories
from tests.database import template


@pytest.fixture(scope="session")
def migrated_database(django_db_blocker: Any) -> Path | None:
    """A SQLite file with all migrations applied, to be copied; None where the suite runs on PostgreSQL."""
    if not connections.databases["default"]["ENGINE"].endswith("sqlite3"):
        return None
    with django_db_blocker.unblock():
        return template(migrate)


def migrate(path: Path) -> None:
    """Write a database with all migrations applied."""
    connection.close()
    before, connection.settings_dict["NAME"] = connection.settings_dict["NAME"], str(path)
    try:
        call_command("migrate", verbosity=0, interactive=False, run_syncdb=True)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest, django_db_use_migrations: bool, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """SQLite in a file, as in earnest: the shared in-memory database has other locks. Nothing in it outlives the test, so no flushing."""
    database = connections.databases["default"]
    if database["ENGINE"].endswith("sqlite3"):
        path = tmp_path_factory.mktemp("database") / "test.sqlite3"
        database["TEST"]["NAME"] = str(path)
        database["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
        if django_db_use_migrations:
            shutil.copyfile(request.getfixturevalue("migrated_database"), path)


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb: bool) -> bool:
    """SQLite's database is a copy that has its tables already; it goes with the session's folder."""
    return django_db_keepdb or connections.databases["default"]["ENGINE"].endswith("sqlite3")


@pytest.fixture(scope="session", autouse=True)
def catalogues_read_once() -> Iterator[None]:
    """Most tests load the shipped catalogues; their files do not change meanwhile, so they are parsed once."""
    kept: dict[Path, Catalogue] = {}
    read = services.catalogue_read

    def once(path: Path) -> Catalogue:
        if path not in (services.SHIPPED, *services.EARLIER):
            return read(path)
        if path not in kept:
            kept[path] = read(path)
        return kept[path]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "catalogue_read", once)
        yield


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
    settings.STATIC_ROOT = settings.ASSAY_VAR / "static"
    settings.STATIC_ROOT.mkdir()
    settings.ASSAY_MODELS_DIR = settings.ASSAY_VAR / "models"
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
