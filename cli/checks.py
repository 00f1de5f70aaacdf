"""`assay test`: lint, types, import contracts, migrations, and the test suite."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from cli.paths import ROOT, cache_dir


@dataclass(frozen=True)
class Check:
    """One command of the check run. quick: also run when the user asks for some tests only."""

    name: str
    command: tuple[str, ...]
    quick: bool = False


PYTHON = (sys.executable, "-m")
CHECKS = (
    Check("lint", (*PYTHON, "ruff", "check", "."), quick=True),
    Check("import contracts", ("lint-imports",), quick=True),
    Check("types", (*PYTHON, "mypy")),
    Check("migrations", (sys.executable, "manage.py", "makemigrations", "--check", "--dry-run")),
)


def main(arguments: list[str] | None = None) -> int:
    """Run every check, also after a failure; exit status 0 when all passed, else 1.

    With pytest arguments only the quick checks run before the tests. ASSAY_SKIP_LINT=1 leaves all but the tests out.
    """
    given = sys.argv[1:] if arguments is None else arguments
    checks = [*chosen_checks(given), Check("tests", pytest_command(given))]
    failed = [check.name for check in checks if not passes(check)]
    print(f"\nfailed: {', '.join(failed)}" if failed else f"\nall passed: {', '.join(check.name for check in checks)}", flush=True)
    return 1 if failed else 0


def chosen_checks(arguments: Sequence[str]) -> list[Check]:
    """The checks that go before the tests."""
    if os.environ.get("ASSAY_SKIP_LINT"):
        return []
    return [check for check in CHECKS if check.quick or not arguments]


def pytest_command(arguments: Sequence[str]) -> tuple[str, ...]:
    """pytest on two processes, the idle one taking from the busy one, unless the user says how many or debugs."""
    own = any(argument.startswith(("-n", "--numprocesses", "--pdb", "--dist")) for argument in arguments)
    return (*PYTHON, "pytest", *(() if own else ("-n", "2", "--dist", "worksteal")), *arguments)


def passes(check: Check) -> bool:
    """Run one check with its output shown, and say how it went."""
    print(f"\n== {check.name}", flush=True)
    begun = time.monotonic()
    status = subprocess.run(check.command, cwd=ROOT, env=environment(dict(os.environ)), check=False).returncode
    print(f"== {check.name}: {'passed' if status == 0 else f'failed (exit status {status})'}, {time.monotonic() - begun:.0f} s", flush=True)
    return status == 0


def environment(inherited: dict[str, str]) -> dict[str, str]:
    """What the checks run in: where compiled Python may not lie beside its source, it lies in our cache folder.

    Otherwise each of the processes that the suite starts would compile all of Django and torch anew, which takes longer than most tests.
    """
    if not inherited.get("PYTHONDONTWRITEBYTECODE"):
        return inherited
    kept = {name: value for name, value in inherited.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {"PYTHONPYCACHEPREFIX": str(cache_dir() / "bytecode"), **kept}


if __name__ == "__main__":
    sys.exit(main())
