"""First step of every command, run by the machine's own Python: set up the environment, then hand over to it.

Standard library only, like everything it imports. Exit status 2: the command could not start.
"""

import os
import sys
from pathlib import Path
from typing import NoReturn

from cli.commands import COMMANDS, Command
from cli.environment import ensure_environment, environment_is_current, environment_python
from cli.failures import SetupFailed
from cli.paths import ROOT, cache_dir, caller_dir, var_dir
from cli.system import offer_test_tools, require_pango


def say(text: str) -> None:
    """One line of set-up progress, on standard error: standard output belongs to the command's result."""
    print(f"assay: {text}", file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int:
    """Set up and replace this process by the command; returns only when that is not possible."""
    command = COMMANDS.get(arguments[0]) if arguments else None
    if command is None:
        say(f"unknown command {' '.join(arguments[:1])!r}; known are: {', '.join(COMMANDS)}. ./assay --help says more.")
        return 2
    if asks_for_help(arguments) and not environment_is_current(ROOT):
        print((ROOT / "cli" / "usage.txt").read_text(encoding="utf-8"), end="")
        return 0
    try:
        prepare(command)
    except SetupFailed as error:
        say(str(error))
        return 2
    except KeyboardInterrupt:
        say("set-up interrupted; the next start takes it up again")
        return 130
    hand_over(command, arguments[1:])


def asks_for_help(arguments: list[str]) -> bool:
    """Whether the user wants the usage text, for which nothing should be installed first."""
    return not {"-h", "--help"}.isdisjoint(arguments[1:])


def prepare(command: Command) -> None:
    """Everything the machine must have before `command` can run. Raises SetupFailed."""
    ensure_environment(ROOT, say)
    if command.renders:
        require_pango(say)
    if command.tests:
        offer_test_tools(say)


def child_environment(inherited: dict[str, str], python: Path) -> dict[str, str]:
    """Environment of the command: absolute state folders, our packages first on PATH, our code importable from anywhere."""
    return inherited | {
        "ASSAY_CALLER_DIR": str(caller_dir()),
        "ASSAY_VAR": str(var_dir()),
        "ASSAY_CACHE": str(cache_dir()),
        "PATH": f"{python.parent}{os.pathsep}{inherited.get('PATH', os.defpath)}",
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }


def hand_over(command: Command, arguments: list[str]) -> NoReturn:
    """Replace this process by the environment's Python running the command's module."""
    python = environment_python(ROOT)
    os.chdir(caller_dir() if command.in_caller_dir else ROOT)
    os.execve(python, [str(python), "-P", "-m", command.module, *arguments], child_environment(dict(os.environ), python))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
