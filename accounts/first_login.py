"""The file with the first administrator's password: written at set-up, gone once they chose their own."""

from pathlib import Path

from django.conf import settings

NAME = "first-login"


def credentials_file() -> Path:
    """Where the first administrator's password is written."""
    return Path(settings.ASSAY_VAR) / NAME


def forget() -> None:
    """Remove the file; the password in it opens nothing any more."""
    credentials_file().unlink(missing_ok=True)
