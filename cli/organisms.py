"""`assay organisms check|add FOLDER`: check a model with planted properties that somebody else made, and register it for calibrations."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from django.utils.module_loading import import_string

from cli.calibrate import prepare
from cli.failures import SetupFailed
from cli.paths import caller_dir, var_dir
from cli.progress import progress_on
from core.errors import AssayError


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 fine, or registered; 1 refused, and nothing changed; 2 could not start."""
    options = _parser().parse_args(arguments)
    folder = caller_dir() / Path(options.folder)
    try:
        with progress_on(sys.stderr) as progress:
            prepare(var_dir(), progress)
        row: dict[str, Any] = import_string(f"cli.organisms_steps.{options.verb}")(folder, *([options.register] if options.verb == "add" else []))
    except AssayError as error:
        print(f"assay organisms: {error}", file=sys.stderr)
        return 2 if isinstance(error, SetupFailed) else 1
    print(json.dumps(row, allow_nan=False) if options.json else row["text"])
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="assay organisms", description="Models with planted properties of one's own, on which instruments are calibrated.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, said in (("check", "check a folder whole; nothing is kept"), ("add", "check a folder and register it")):
        command = verbs.add_parser(verb, help=said)
        command.add_argument("folder", metavar="FOLDER", help="weights, configuration, tokenizer and organism.json; docs/organisms.md describes its fields")
        command.add_argument("--json", action="store_true", help="print one JSON object")
        if verb == "add":
            command.add_argument("--register", default="", metavar="NAME", help="name of the organisation (needed only where there are several)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
