"""Set-up without starting anything, for installations whose services somebody else runs: `python -m cli.prepare`."""

import os
import sys

from cli.broker import given_url
from cli.failures import SetupFailed
from cli.installation import lock_path, prepare_installation, start_django
from cli.lock import InstallationLock
from cli.paths import var_dir
from core.errors import AssayError


def main() -> int:
    """Exit status: 0 prepared, 2 not possible."""
    var = var_dir()
    try:
        with InstallationLock(lock_path(var)) as lock:
            if not lock.acquire("prepare", ""):
                raise SetupFailed("this installation is in use; stop it first")
            start_django(var, given_url())
            prepare_installation(lambda text: print(text, flush=True), web=True)
    except (AssayError, OSError) as error:
        print(f"assay: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main())
