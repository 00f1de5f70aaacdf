"""`assay calibrate`: try the instruments on models with planted properties and attest how far each can be believed."""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from django.utils.module_loading import import_string

from cli.broker import choose_broker
from cli.demo import interrupt
from cli.failures import SetupFailed
from cli.installation import lock_path, prepare_installation, start_django
from cli.lock import InstallationLock
from cli.paths import var_dir
from cli.progress import PlainProgress, TerminalProgress, progress_on
from core.errors import AssayError


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 done, whatever the figures are; 1 a calibration failed; 2 could not start; 130 interrupted."""
    options = _parser().parse_args(arguments)
    begun = time.monotonic()
    # As in the model workers: sums in another order give other last digits.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        with progress_on(sys.stderr) as progress:
            prepare(var_dir(), progress)
            rows: list[dict[str, Any]] = import_string("cli.calibrate_steps.run_calibrations")(options.slugs, options.family, options.seeds, progress)
    except AssayError as error:
        print(f"assay calibrate: {error}", file=sys.stderr)
        return 2 if isinstance(error, SetupFailed) else 1
    except KeyboardInterrupt:
        print("assay calibrate: interrupted; what was not finished is recorded as failed", file=sys.stderr)
        return 130
    if options.table is not None:
        options.table.write_text(import_string("cli.calibrate_steps.table_of")(rows, options.seeds), encoding="utf-8")
    if options.json:
        print(json.dumps({"calibrations": rows, "seconds": round(time.monotonic() - begun, 1)}, allow_nan=False))
    else:
        print("\n".join(str(row["text"]) for row in rows))
    return 1 if any(row["outcome"] != "done" for row in rows) else 0


def prepare(var: Path, progress: TerminalProgress | PlainProgress) -> None:
    """Bring the installation to where writing is possible. A running `serve` has done so; the work needs none of its workers."""
    broker = choose_broker(var)
    with InstallationLock(lock_path(var)) as lock:
        alone = lock.acquire("calibrate", broker.url)
        start_django(var, broker.url)
        if alone:
            prepare_installation(progress.note, web=False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="assay calibrate",
        description="Try instruments on models with planted properties. Until an instrument has a current record, its verdicts stay “not qualified”.",
    )
    parser.add_argument("slugs", nargs="*", metavar="SLUG", help="instruments (default: all that have trials)")
    parser.add_argument("--family", default="", help="only this family of models: figures for a look, but no record")
    parser.add_argument("--seeds", type=int, default=2, help="how often each trial is made, each time with another seed (default: 2)")
    parser.add_argument("--table", type=Path, metavar="FILE", help="also write the figures as a page of Markdown")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    return parser


if __name__ == "__main__":
    sys.exit(main())
