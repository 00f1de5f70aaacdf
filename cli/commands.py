"""The commands of ./assay: which module runs each, from which folder, and what the machine must have for it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """One word after ./assay.

    in_caller_dir: run in the folder the user stands in, for commands that take file names.
    renders: needs the Pango libraries. tests: wants a browser and PDF tools.
    """

    module: str
    in_caller_dir: bool = False
    renders: bool = False
    tests: bool = False


COMMANDS = {
    "calibrate": Command("cli.calibrate"),
    "demo": Command("cli.demo", in_caller_dir=True, renders=True),
    "serve": Command("cli.serve", renders=True),
    "test": Command("cli.checks", renders=True, tests=True),
    "frameworks": Command("cli.frameworks", in_caller_dir=True),
    "plan": Command("cli.plan", in_caller_dir=True),
    "case": Command("cli.case", in_caller_dir=True),
    "organisms": Command("cli.organisms", in_caller_dir=True),
    "readings": Command("cli.readings", in_caller_dir=True, renders=True),
    "probes": Command("cli.probes", in_caller_dir=True),
    "replay": Command("cli.replay", in_caller_dir=True),
    "verify": Command("evidence.verify", in_caller_dir=True),
}
