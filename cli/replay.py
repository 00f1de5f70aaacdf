"""`assay replay STATEMENT`: run an attested step again, on this machine, and hold the outcome against the record."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from django.utils.module_loading import import_string

from cli.broker import choose_broker
from cli.installation import start_django
from cli.paths import caller_dir, var_dir
from cli.progress import progress_on
from core.errors import AssayError

if TYPE_CHECKING:
    from assessments.replay import Comparison

STATUS = {"identical": 0, "within": 0, "differs": 1}


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 the result came out again, 1 it did not, 2 it could not be run."""
    parser = argparse.ArgumentParser(prog="assay replay", description="Run an attested step again and compare with the record.")
    parser.add_argument("statement", metavar="STATEMENT", help="CASE/statements/statement-N.sigstore.json, or the number of an entry of this log")
    parser.add_argument("--trusted-root", type=Path, help="trusted_root.json obtained from the publisher another way")
    parser.add_argument("--json", action="store_true", help="print the whole comparison as one JSON object")
    options = parser.parse_args(arguments)
    start_django(var_dir(), choose_broker(var_dir()).url)
    try:
        with progress_on(sys.stderr) as progress:
            trusted_root = options.trusted_root and caller_dir() / options.trusted_root
            comparison: Comparison = import_string("cli.replay_steps.replay")(options.statement, caller_dir(), trusted_root, progress.tell)
    except AssayError as error:
        print(f"assay replay: {error}", file=sys.stderr)
        return 2
    print(json.dumps(comparison.document(), allow_nan=False) if options.json else as_text(comparison))
    return STATUS[comparison.outcome.value]


def as_text(comparison: "Comparison") -> str:
    """The comparison for a terminal: the outcome, what differs, and in which environment."""
    words = {
        "identical": "identical: every number, figure and file came out again to the last bit",
        "within": f"within tolerance ({comparison.tolerance.name}): {comparison.tolerance.reason}",
        "differs": f"differs (held to {comparison.tolerance.name}: {comparison.tolerance.reason})",
    }
    lines = [words[comparison.outcome.value]]
    if comparison.reading[0] != comparison.reading[1]:
        lines.append(f"  reading: {comparison.reading[0]} on record, {comparison.reading[1]} now")
    for row in comparison.rows:
        if not row.holds:
            lines.append(f"  {row.label}: {row.recorded:g} on record, {'missing' if row.again is None else f'{row.again:g}'} now, allowed ± {row.allowed:g}")
    lines += [f"  file with other bytes: {name}" for name in comparison.files]
    lines += [f"  environment, {change.name}: {change.recorded} on record, {change.again} now" for change in comparison.changes]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
