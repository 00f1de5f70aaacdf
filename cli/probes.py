"""`assay probes add FILE`: check a probe set of one's own and keep it where plans and workers find it."""

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
    """Exit status: 0 added; 1 refused, and nothing changed; 2 could not start."""
    options = _parser().parse_args(arguments)
    try:
        with progress_on(sys.stderr) as progress:
            prepare(var_dir(), progress)
        row: dict[str, Any] = import_string("cli.probes_steps.add")(caller_dir() / Path(options.file), options.register)
    except AssayError as error:
        print(f"assay probes: {error}", file=sys.stderr)
        return 2 if isinstance(error, SetupFailed) else 1
    print(json.dumps(row, allow_nan=False) if options.json else "\n".join([row["text"], *(f"warning: {line}" for line in row["warnings"])]))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="assay probes", description="Probe sets of one's own: texts that instruments show to a model.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    add = verbs.add_parser("add", help="check a YAML file and add it")
    add.add_argument("file", metavar="FILE", help="the YAML file; docs/guide/probe-sets.md describes its fields")
    add.add_argument("--register", default="", metavar="NAME", help="name of the organisation (needed only where there are several)")
    add.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


if __name__ == "__main__":
    sys.exit(main())
