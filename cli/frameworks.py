"""`assay frameworks import FILE`: show what a library, catalog or sheet would change, and apply it when told to."""

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

COLUMNS = ("sheet", "heading", "ref", "text", "title", "section", "name", "edition", "publisher", "licence", "source")


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 shown or applied; 1 refused, and nothing changed; 2 could not start."""
    options = _parser().parse_args(arguments)
    columns = {name: getattr(options, name) for name in COLUMNS if getattr(options, name) is not None}
    try:
        with progress_on(sys.stderr) as progress:
            prepare(var_dir(), progress)
        steps = import_string("cli.frameworks_steps.bring")
        told: dict[str, Any] = steps(caller_dir() / Path(options.file), options.register, columns, options.into, options.apply)
    except AssayError as error:
        print(f"assay frameworks: {error}", file=sys.stderr)
        return 2 if isinstance(error, SetupFailed) else 1
    print(json.dumps(told, allow_nan=False) if options.json else told["text"])
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="assay frameworks", description="Frameworks and crosswalks from files of others.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    bring = verbs.add_parser("import", help="show what a file would change; --apply does it")
    bring.add_argument("file", metavar="FILE", help="CISO Assistant library, OSCAL catalog, ATLAS.yaml, CSV or XLSX; docs/guide/imports.md describes them")
    bring.add_argument("--apply", action="store_true", help="import it; without this nothing changes")
    bring.add_argument("--into", default="", metavar="SLUG", help="imported framework of which the file is an edition, where its own name does not say so")
    bring.add_argument("--register", default="", metavar="NAME", help="name of the organisation (needed only where there are several)")
    bring.add_argument("--json", action="store_true", help="print one JSON object")
    sheet = bring.add_argument_group("for sheets")
    for name in COLUMNS:
        sheet.add_argument(f"--{name}", help=HELP.get(name, f"{name} of the framework"))
    return parser


HELP = {
    "sheet": "name of the sheet (default: the first)",
    "heading": "row with the headings (default: the likeliest)",
    "ref": "heading of the column with the references",
    "text": "heading of the column with the texts",
    "title": "heading of the column with the titles",
    "section": "heading of the column with the sections",
}

if __name__ == "__main__":
    sys.exit(main())
