"""`assay plan export ID FILE` and `assay plan import FILE`: sealed plans on their way to a vendor and in at the vendor's side."""

import argparse
import sys
from pathlib import Path

from django.utils.module_loading import import_string

from cli.calibrate import prepare
from cli.failures import SetupFailed
from cli.paths import caller_dir, var_dir
from cli.progress import progress_on
from core.errors import AssayError


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 done; 1 refused, and nothing changed; 2 could not start."""
    options = _parser().parse_args(arguments)
    file = caller_dir() / Path(options.file)
    try:
        with progress_on(sys.stderr) as progress:
            prepare(var_dir(), progress)
        if options.verb == "export":
            text: str = import_string("cli.vendor_steps.plan_export")(options.plan, file)
        else:
            text = import_string("cli.vendor_steps.plan_import")(file, options.version, options.fingerprint)
    except AssayError as error:
        print(f"assay plan: {error}", file=sys.stderr)
        return 2 if isinstance(error, SetupFailed) else 1
    print(text)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="assay plan", description="Sealed plans as files: handed to a vendor, and taken in by one.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    out = verbs.add_parser("export", help="write a sealed plan for the vendor of its version")
    out.add_argument("plan", metavar="ID", help="the plan's id, as in the address of its page, or the beginning of its digest")
    out.add_argument("file", metavar="FILE", help="the file to write; it must not exist")
    into = verbs.add_parser("import", help="check a plan package and take it in, sealed under the sender's digest")
    into.add_argument("file", metavar="FILE", help="the file that the customer sent")
    into.add_argument("--version", required=True, metavar="ID", help="the version to run it on: its id, or “model · label”")
    into.add_argument("--fingerprint", default="", metavar="HEX", help="the fingerprint of the customer's key file, as told by another way")
    return parser


if __name__ == "__main__":
    sys.exit(main())
