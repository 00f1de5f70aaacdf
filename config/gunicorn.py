"""gunicorn's settings that are code: one folder for the numbers of all web processes, and its log in the form of ours.

Read as a file, before anything of the application: it must import nothing of it.
"""

import json
import logging
import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger

folder = Path(os.environ.get("ASSAY_VAR") or Path(__file__).resolve().parent.parent / "var") / "run" / "metrics"
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir(parents=True, exist_ok=True)
# Read by prometheus_client when it is imported, in each web process.
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)

# The application writes one line per request, with the page's name: an address may hold the key of a sign-in link.
accesslog = None
# A process reads every page's code before it answers: on a busy machine that takes longer than the usual half minute.
timeout = 120


class Line(logging.Formatter):
    """One JSON object per line, for the process that starts the web processes and knows nothing of the application."""

    def format(self, record: logging.LogRecord) -> str:
        """The record in the form that the application's lines have."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        event = {"event": record.getMessage(), "level": record.levelname.lower(), "logger": record.name, "at": at, "pid": record.process}
        return json.dumps(event | ({"exception": self.formatException(record.exc_info)} if record.exc_info else {}))


class logger_class(Logger):  # type: ignore[misc]  # gunicorn reads its settings by these names
    """gunicorn's log, as JSON unless a person reads it in a terminal."""

    def setup(self, cfg: Any) -> None:
        """Set up as gunicorn does, then change the form."""
        super().setup(cfg)
        form = os.environ.get("ASSAY_LOG_FORMAT", "auto")
        if form == "json" or (form == "auto" and not sys.stderr.isatty()):
            for handler in self.error_log.handlers:
                handler.setFormatter(Line())


def post_worker_init(worker: Any) -> None:
    """The application has set up logging by now: gunicorn's lines take its way."""
    log = worker.log.error_log
    log.handlers.clear()
    log.propagate = True


def child_exit(server: Any, worker: Any) -> None:
    """Numbers of a process that has ended must not be counted as living."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
