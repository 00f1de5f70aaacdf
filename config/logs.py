"""Logs: one JSON object per line (coloured text in a terminal), bound to request, user, run and step, with secrets struck out."""

import logging
import re
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

STRUCK = "[removed]"
SECRET_KEYS = re.compile(r"(?i)password|passphrase|secret|token|authorization|cookie|session|csrf|api_?key|credential")
SECRET_TEXT = re.compile(
    r"""(?ix)
    assay_[a-z0-9_-]{8,}                                            # our own tokens
    | (?<=bearer\s)[^\s,;'"]+ | (?<=basic\s)[^\s,;'"]{8,}           # authorization headers
    | (?<=://)[^\s/@:]*:[^\s/@]+(?=@)                               # user and password in an address
    | (?:password|passphrase|sessionid|csrftoken|secret(?:_key)?|api_?key|token)["']?\s*[=:]\s*["']?[^\s,;&'"]+
    """
)
EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")


def strike_secrets(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Processor: no value under a telling name, and nothing that looks like a secret or an e-mail address, leaves the process."""
    return {key: STRUCK if SECRET_KEYS.search(key) and value else struck(value) for key, value in event.items()}


def struck(value: Any) -> Any:
    """``value`` with secrets and e-mail addresses struck out of its texts, however deep they lie."""
    if isinstance(value, str):
        return EMAIL.sub(STRUCK, SECRET_TEXT.sub(STRUCK, value))
    if isinstance(value, dict):
        return {key: STRUCK if SECRET_KEYS.search(str(key)) and part else struck(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [struck(part) for part in value]
    return value


class WithoutPath(logging.Filter):
    """Django's own records name the address asked for, which may hold a sign-in link's key: the name of the page takes its place."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; it always passes."""
        request = getattr(record, "request", None)
        if request is not None and isinstance(record.args, tuple):
            page = page_name(request)
            paths = {getattr(request, "path", ""), getattr(request, "path_info", "")}
            record.args = tuple(page if str(part) in paths else part for part in record.args)
        return True


def page_name(request: Any) -> str:
    """The name of the page a request reached, never its address."""
    match = getattr(request, "resolver_match", None)
    return (match.view_name or match.route) if match else "unknown"


SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
    strike_secrets,
]
"""What every record goes through; exceptions become text before secrets are struck out, and never show local variables."""


def configure() -> None:
    """Let structlog's own loggers go through the standard library's handlers."""
    first: list[Processor] = [structlog.stdlib.filter_by_level, structlog.stdlib.PositionalArgumentsFormatter()]
    structlog.configure(
        processors=[*first, *SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def dictionary(level: str, form: str) -> dict[str, Any]:
    """Django's LOGGING. ``form``: json, text, or auto (text in a terminal)."""
    text = form == "text" or (form == "auto" and sys.stderr.isatty())
    last: Processor = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback) if text else structlog.processors.JSONRenderer()
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        "foreign_pre_chain": SHARED,
    }
    quiet = {"django.server": "ERROR", "celery.redirected": "INFO"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"without_path": {"()": WithoutPath}},
        "formatters": {"line": formatter},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["without_path"]}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "assay": {"level": "INFO"},
            "django": {"handlers": [], "propagate": True},
            # A page that is not there is not worth a line of its own: the request's line says 404.
            "django.request": {"level": "ERROR"},
            **{name: {"level": least} for name, least in quiet.items()},
        },
    }
