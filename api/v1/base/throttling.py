"""So many calls a minute per token. Each process counts by itself and settles with the shared cache every second or tenth call."""

import threading
import time
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache

WINDOW = 60
SETTLE_CALLS, SETTLE_SECONDS = 10, 1.0


@dataclass
class Count:
    """Calls of one caller in one window: ``others`` as the cache last said, ``own`` not yet told to it."""

    window: int
    others: int = 0
    own: int = 0
    settled: float = 0.0


@dataclass(frozen=True)
class Rate:
    """Where a caller stands after this call."""

    limit: int
    remaining: int
    reset: int
    exceeded: bool

    def headers(self) -> dict[str, str]:
        """The two fields of the IETF draft “RateLimit header fields for HTTP”."""
        return {"RateLimit-Policy": f'"minute";q={self.limit};w={WINDOW}', "RateLimit": f'"minute";r={self.remaining};t={self.reset}'}


_counts: dict[str, Count] = {}
_lock = threading.Lock()


def rate_take(caller: str, most: int | None = None) -> Rate:
    """Count one call of ``caller``, who has ``most`` a minute, by default what the installation gives every token.

    Between processes the count may lag by the calls of one second; it never runs ahead.
    """
    moment, limit = time.time(), settings.ASSAY_API_CALLS_PER_MINUTE if most is None else most
    window = int(moment // WINDOW)
    with _lock:
        count = _counts.get(caller)
        if count is None or count.window != window:
            _forget_past(window)
            count = _counts[caller] = Count(window)
        count.own += 1
        if count.own >= SETTLE_CALLS or moment - count.settled >= SETTLE_SECONDS:
            _settle(caller, count, moment)
        used = count.others + count.own
    return Rate(limit, max(limit - used, 0), WINDOW - int(moment % WINDOW), used > limit)


def _settle(caller: str, count: Count, moment: float) -> None:
    key = f"api-calls:{count.window}:{caller}"
    cache.add(key, 0, timeout=2 * WINDOW)
    try:
        count.others = cache.incr(key, count.own)
    except ValueError:  # thrown out of the cache between the two lines
        count.others += count.own
    count.own, count.settled = 0, moment


def _forget_past(window: int) -> None:
    for caller in [name for name, count in _counts.items() if count.window != window]:
        del _counts[caller]
