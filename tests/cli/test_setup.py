"""Set-up of database, keys, people, catalogue and static files: complete the first time, nothing the second."""

from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import OperationalError

from accounts.models import Membership, Organisation, Role, User
from cli import setup
from cli.failures import SetupFailed
from evidence.keys import CHECKPOINTS, REPORT, STATEMENTS, TRUSTED_ROOT, KeyRing
from evidence.models import LedgerEntry
from frameworks.models import Requirement
from gpu_tasks.worker import service_actor

KEY_FILES = {STATEMENTS, CHECKPOINTS, REPORT, TRUSTED_ROOT}


@pytest.fixture
def static(settings, tmp_path):
    """A small set of static files of its own."""
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "page.css").write_text("body { color: black }")
    settings.STATICFILES_DIRS = [tmp_path / "static"]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = tmp_path / "collected"
    return tmp_path


@pytest.fixture
def new_keys(settings, tmp_path):
    settings.ASSAY_KEYS_DIR = tmp_path / "keys"
    return tmp_path / "keys"


def password_in(folder: Path) -> str:
    return (folder / "first-login").read_text().split("password: ")[1].strip()


@pytest.mark.django_db
def test_first_set_up_makes_everything(static, settings, said, monkeypatch):
    monkeypatch.setenv("ASSAY_ORGANISATION", "A bank")
    setup.prepare(said.append, web=True)
    administrator = User.objects.get(username="administrator")
    assert administrator.check_password(password_in(settings.ASSAY_VAR))
    assert (settings.ASSAY_VAR / "first-login").stat().st_mode & 0o777 == 0o600
    assert Organisation.objects.get().name == "A bank"
    assert set(Membership.objects.values_list("user__username", "role")) == {("administrator", Role.ADMINISTRATOR), ("assay-worker", Role.WORKER)}
    assert service_actor().is_service
    assert Requirement.objects.count() > 200
    assert (static / "collected" / "page.css").exists()


@pytest.mark.django_db
def test_second_set_up_changes_nothing(static, settings, said):
    setup.prepare(said.append, web=True)
    entries, password = LedgerEntry.objects.count(), password_in(settings.ASSAY_VAR)
    again = []
    setup.prepare(again.append, web=True)
    assert again == []
    assert LedgerEntry.objects.count() == entries
    assert password_in(settings.ASSAY_VAR) == password
    assert User.objects.count() == 2


@pytest.mark.django_db
def test_administrator_that_was_deleted_with_the_file_stays_deleted(settings, said):
    """Once people exist, no new administrator and no new password appear."""
    setup.create_administrator(said.append)
    (settings.ASSAY_VAR / "first-login").unlink()
    setup.create_administrator(said.append)
    assert not (settings.ASSAY_VAR / "first-login").exists()
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_password_written_by_a_killed_set_up_is_the_one_that_counts(settings, said):
    (settings.ASSAY_VAR / "first-login").write_text("username: administrator\npassword: written-before-the-kill-17\n")
    setup.create_administrator(said.append)
    assert User.objects.get().check_password("written-before-the-kill-17")


@pytest.mark.django_db
def test_installation_without_an_active_administrator_is_named(said):
    setup.create_administrator(said.append)
    User.objects.update(is_active=False)
    with pytest.raises(SetupFailed, match="no active administrator"):
        setup.first_administrator()


@pytest.mark.django_db
def test_demo_does_not_collect_static_files(static, said):
    setup.prepare(said.append, web=False)
    assert not (static / "collected").exists()


@pytest.mark.django_db(transaction=True)
def test_missing_migrations_are_applied_and_only_those(said):
    call_command("migrate", "sessions", "zero", verbosity=0)
    setup.migrate(said.append)
    assert said == ["applying 1 database migrations"]
    setup.migrate(said.append)
    assert len(said) == 1


def test_unreachable_database_is_one_message(monkeypatch, said):
    def fail(say):
        raise OperationalError("connection to server at port 5432 failed\n")

    monkeypatch.setattr(setup, "migrate", fail)
    with pytest.raises(SetupFailed, match=r"database cannot be reached \(connection to server at port 5432 failed\); check DATABASE_URL"):
        setup.prepare(said.append, web=False)


def test_keys_are_made_whole_and_once(new_keys, settings, said):
    setup.create_keys(new_keys, said.append)
    assert {path.name for path in new_keys.iterdir()} == KEY_FILES
    first = KeyRing.load(new_keys, settings.ASSAY_KEY_PASSPHRASE).trusted_root_bytes
    setup.create_keys(new_keys, said.append)
    assert KeyRing.load(new_keys, settings.ASSAY_KEY_PASSPHRASE).trusted_root_bytes == first
    assert len(said) == 1


@pytest.mark.parametrize("moved", range(5))
def test_key_creation_killed_at_any_point_is_finished(new_keys, settings, said, moved):
    """Killed after `moved` of the four files had reached their place."""
    incoming = new_keys / "incoming"
    KeyRing.create(incoming, settings.ASSAY_KEY_PASSPHRASE, settings.ASSAY_LOG_ORIGIN)
    made = {path.name: path.read_bytes() for path in incoming.iterdir()}
    for name in (STATEMENTS, CHECKPOINTS, REPORT, TRUSTED_ROOT)[:moved]:
        (incoming / name).replace(new_keys / name)
    setup.create_keys(new_keys, said.append)
    assert {path.name: path.read_bytes() for path in new_keys.iterdir()} == made


def test_key_creation_killed_in_the_middle_starts_over(new_keys, settings, said):
    (new_keys / "incoming").mkdir(parents=True)
    (new_keys / "incoming" / STATEMENTS).write_bytes(b"half a key")
    setup.create_keys(new_keys, said.append)
    KeyRing.load(new_keys, settings.ASSAY_KEY_PASSPHRASE)


def test_private_keys_without_their_public_half_are_never_replaced(new_keys, said):
    new_keys.mkdir()
    (new_keys / STATEMENTS).write_bytes(b"may have signed evidence")
    with pytest.raises(SetupFailed, match=r"holds keys but not trusted_root\.json: restore it"):
        setup.create_keys(new_keys, said.append)
    assert (new_keys / STATEMENTS).read_bytes() == b"may have signed evidence"


def test_static_files_are_collected_again_after_a_change_only(static, said):
    setup.collect_static(said.append)
    setup.collect_static(said.append)
    assert len(said) == 1
    (static / "static" / "page.css").write_text("body { color: white; margin: 0 }")
    setup.collect_static(said.append)
    assert len(said) == 2
    assert "white" in (static / "collected" / "page.css").read_text()


def test_removed_static_file_disappears(static, said):
    setup.collect_static(said.append)
    (static / "static" / "page.css").rename(static / "static" / "other.css")
    setup.collect_static(said.append)
    assert not (static / "collected" / "page.css").exists()
    assert (static / "collected" / "other.css").exists()
