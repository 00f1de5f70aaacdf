"""Brings database, keys, catalogue and first administrator to where the services need them; every step may be repeated.

Imported after django.setup(). Only the holder of the installation's lock may call `prepare`.
"""

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.db.migrations.executor import MigrationExecutor

from accounts import first_login
from accounts.models import Organisation, Role, User
from accounts.services import organisation_found, service_account_ensure
from cli.failures import SetupFailed
from cli.secret_files import write_once
from evidence import ledger
from evidence.keys import CHECKPOINTS, REPORT, STATEMENTS, TRUSTED_ROOT, KeyRing
from frameworks.services import shipped_load
from gpu_tasks.worker import SERVICE_ACCOUNT
from questionnaires.services.shipped import shipped_install

Say = Callable[[str], None]

ADMINISTRATOR = "administrator"


def prepare(say: Say, *, web: bool) -> None:
    """Everything a first start needs, and nothing that is done already. web: also collect the static files."""
    try:
        migrate(say)
    except OperationalError as error:
        raise SetupFailed(f"the database cannot be reached ({str(error).strip()}); check DATABASE_URL") from error
    create_keys(Path(settings.ASSAY_KEYS_DIR), say)
    create_administrator(say)
    administrator = first_administrator()
    create_service_account(administrator)
    load_catalogue(administrator, say)
    install_questionnaires(say)
    if web:
        collect_static(say)


def migrate(say: Say) -> None:
    """Apply the migrations the database does not have yet."""
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        say(f"applying {len(waiting)} database migrations")
        call_command("migrate", interactive=False, verbosity=0)


def create_keys(folder: Path, say: Say) -> None:
    """Make the installation's keys, all of them or none; a creation that was killed is taken up where it stood.

    Raises SetupFailed when private keys are there without their public half: they may have signed evidence, so they are left alone.
    """
    names, incoming = (STATEMENTS, CHECKPOINTS, REPORT, TRUSTED_ROOT), folder / "incoming"
    if not (folder / TRUSTED_ROOT).exists():
        # The public half is written last, so its presence says that the others are whole.
        if not (incoming / TRUSTED_ROOT).exists():
            if any((folder / name).exists() for name in names):
                raise SetupFailed(f"{folder} holds keys but not {TRUSTED_ROOT}: restore it from a backup, or move the folder away to start over with new keys")
            say(f"creating the keys of this installation in {folder}")
            shutil.rmtree(incoming, ignore_errors=True)
            KeyRing.create(incoming, settings.ASSAY_KEY_PASSPHRASE, settings.ASSAY_LOG_ORIGIN)
        for name in names:
            if (incoming / name).exists():
                (incoming / name).replace(folder / name)
    shutil.rmtree(incoming, ignore_errors=True)


def create_administrator(say: Say) -> None:
    """Found the organisation with its first administrator, on an installation without people; the password goes into a private file."""
    if User.objects.filter(is_service=False).exists():
        return
    file = first_login.credentials_file()
    write_once(file, f"username: {ADMINISTRATOR}\npassword: {secrets.token_urlsafe(15)}")
    password = file.read_text(encoding="utf-8").splitlines()[1].removeprefix("password: ")
    name = os.environ.get("ASSAY_ORGANISATION", "First organisation")
    organisation_found(actor=None, record=ledger.append, name=name, username=ADMINISTRATOR, password=password, temporary=True)
    say(f"created the first administrator; the credentials are in {file}")


def first_administrator() -> User:
    """The administrator in whose name set-up writes. Raises SetupFailed when none is active."""
    administrator = User.objects.filter(is_active=True, memberships__role=Role.ADMINISTRATOR).order_by("created_at").first()
    if administrator is None:
        raise SetupFailed("no active administrator is left, in whose name the set-up could go on; make one active again")
    return administrator


def create_service_account(administrator: User) -> None:
    """The account the workers write under; it cannot log in."""
    organisation = Organisation.objects.filter(memberships__user=administrator, memberships__role=Role.ADMINISTRATOR).order_by("created_at")[0]
    service_account_ensure(actor=administrator, record=ledger.append, organisation=organisation, name=SERVICE_ACCOUNT)


def load_catalogue(administrator: User, say: Say) -> None:
    """Load the shipped laws and standards where a newer catalogue came with the program."""
    rows = shipped_load(actor=administrator, record=ledger.append)
    if rows:
        say(f"loaded {rows} requirements")


def install_questionnaires(say: Say) -> None:
    """Publish the shipped questionnaires, or their new editions, in every organisation that has an active administrator."""
    written = 0
    for home in Organisation.objects.order_by("created_at"):
        person = User.objects.filter(is_active=True, memberships__role=Role.ADMINISTRATOR, memberships__organisation=home).order_by("created_at").first()
        written += shipped_install(actor=person, organisation=home) if person else 0
    if written:
        say(f"published {written} questionnaires that come with the program")


def collect_static(say: Say) -> None:
    """Copy and compress the static files when they changed since the last time."""
    stamp, root = static_stamp(), Path(settings.STATIC_ROOT)
    note = root / ".assay-stamp"
    if note.is_file() and note.read_text(encoding="ascii") == stamp:
        return
    say("collecting static files")
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    note.write_text(stamp, encoding="ascii")


def static_stamp() -> str:
    """Digest over path, size and time of every static file."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            status = os.stat(storage.path(name))
            digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
