"""The two secrets settings read before anything else: the signing key of sessions and the passphrase of the evidence keys."""

import os
import secrets
from pathlib import Path

from cli.paths import private_dir


def create_secret_files(var: Path) -> None:
    """Make what is missing below `var`, readable by its owner only; nothing that exists or was configured is touched.

    A passphrase is not made up for keys that exist already: it could not open them.
    """
    private_dir(var)
    if not configured("SECRET_KEY"):
        write_once(var / "secret_key", secrets.token_urlsafe(48))
    keys = Path(os.environ.get("ASSAY_KEYS_DIR") or var / "keys")
    private_dir(keys)
    if not configured("ASSAY_KEY_PASSPHRASE") and not any(keys.glob("*.pem")):
        write_once(keys / "passphrase", secrets.token_urlsafe(32))


def configured(name: str) -> bool:
    """Whether the user gives the secret, directly or as a file (NAME_FILE)."""
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


def write_once(path: Path, text: str) -> bool:
    """Write `text` durably with mode 0600 unless `path` exists; it appears whole or not at all. Returns whether it was written."""
    if path.exists():
        return False
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True
