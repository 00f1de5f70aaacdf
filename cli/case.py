"""`assay case import FILE --vendor NAME`: check a case that a vendor sent, say what every check found, and take it in."""

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
    """Exit status: 0 taken in, or here already; 1 refused; 2 could not start."""
    options = _parser().parse_args(arguments)
    try:
        with progress_on(sys.stderr) as progress:
            prepare(var_dir(), progress)
        found: dict[str, Any] = import_string("cli.vendor_steps.case_import")(caller_dir() / Path(options.file), options.vendor)
    except AssayError as error:
        print(f"assay case: {error}", file=sys.stderr)
        return 2 if isinstance(error, SetupFailed) else 1
    print(json.dumps(found, allow_nan=False, ensure_ascii=False, indent=2) if options.json else as_text(found))
    return 1 if found["outcome"] == "refused" else 0


def as_text(found: dict[str, Any]) -> str:
    """The checks for a terminal, the outcome last."""
    lines = [f"{row['state']:8} {row['title']}\n         {row['found']}" for row in found["checks"]]
    return "\n".join([*lines, f"{found['outcome']}: sha256:{found['sha256']}" + (" (taken in before)" if found["repeated"] else "")])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="assay case", description="Cases that vendors send.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    into = verbs.add_parser("import", help="check a case and take it in")
    into.add_argument("file", metavar="FILE", help="the ZIP that the vendor exported")
    into.add_argument("--vendor", required=True, metavar="NAME", help="the vendor, as the register names it")
    into.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


if __name__ == "__main__":
    sys.exit(main())
