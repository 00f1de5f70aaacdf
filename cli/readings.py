"""`assay readings`: what instruments read on the organisms on the default model, each as a sealed plan with a signed report."""

import argparse
import json
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

from cli.demo import interrupt, on_workers, run_steps
from cli.failures import SetupFailed
from cli.paths import caller_dir, var_dir
from cli.progress import progress_on
from core.errors import AssayError


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 every reading is what it should be, 1 one is not or failed, 2 could not start, 130 interrupted."""
    options = _parser().parse_args(arguments)
    # As in the model workers: the calibrations made in this process would otherwise differ in their last digits.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    work = partial(run_steps, "cli.readings_steps.run_readings", caller_dir() / options.out, options.families)
    try:
        with progress_on(sys.stderr) as progress:
            rows: list[dict[str, Any]] = on_workers("readings", var_dir(), progress, work)
    except AssayError as error:
        print(f"assay readings: {error}", file=sys.stderr)
        return 2 if isinstance(error, SetupFailed) else 1
    except KeyboardInterrupt:
        print("assay readings: interrupted", file=sys.stderr)
        return 130
    print(json.dumps(rows, allow_nan=False, default=str) if options.json else "\n".join(row["text"] for row in rows))
    return 0 if all(row["right"] for row in rows) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="assay readings",
        description="Read behaviours planted in the default model, and the model without them, as sealed plans with default parameters.",
    )
    parser.add_argument("families", nargs="*", metavar="FAMILY", help="organisms, or “unchanged” for the model without them (default: all)")
    parser.add_argument("--out", type=Path, default=var_dir() / "readings", help="folder for reports and cases (default: readings in the state folder)")
    parser.add_argument("--json", action="store_true", help="print one JSON list as the last line")
    return parser


if __name__ == "__main__":
    sys.exit(main())
