"""One POST to one pinned address: no redirect, no proxy, a limit on time and on what is read back."""

import http.client
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass

from core.pinned import Limits, Place, exchange
from webhooks.addresses import Target, Unreachable, resolved

LIMITS = Limits(connect=5.0, total=15.0, most=4096)
AGENT = "Assay-Webhooks/1"


@dataclass(frozen=True)
class Answer:
    """What came back: ``status`` None when nothing did, then ``error`` says why; ``wait`` are the seconds that the receiver asked for."""

    status: int | None
    milliseconds: int
    error: str = ""
    excerpt: str = ""
    wait: int = 0

    @property
    def arrived(self) -> bool:
        """Whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300


def send(url: str, body: bytes, headers: Mapping[str, str], limits: Limits = LIMITS) -> Answer:
    """POST ``body`` as JSON; whatever goes wrong is in the answer, nothing is raised."""
    begun = time.monotonic()
    try:
        return _exchanged(resolved(url), body, headers, begun, limits)
    except Unreachable as error:
        return Answer(None, _since(begun), str(error))
    except ssl.SSLError as error:
        why = getattr(error, "verify_message", "") or getattr(error, "reason", "") or "TLS error"
        return Answer(None, _since(begun), f"The secure connection failed: {why}."[:300])
    except TimeoutError:
        return Answer(None, _since(begun), f"No answer within {limits.total:.0f} seconds.")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Answer(None, _since(begun), f"The connection failed: {type(error).__name__}.")


def _exchanged(target: Target, body: bytes, headers: Mapping[str, str], begun: float, limits: Limits) -> Answer:
    sent = {"Content-Type": "application/json", "User-Agent": AGENT, "Connection": "close", **headers}
    heard = exchange(Place(target.https, target.host, target.port, target.address), target.path, body, sent, limits)
    excerpt = heard.body.decode("utf-8", "replace")
    return Answer(heard.status, _since(begun), _told(heard.status), _printable(excerpt), _wait(heard.headers.get("retry-after")))


def _told(status: int) -> str:
    if 300 <= status < 400:
        return "The receiver answered with a redirect. Redirects are not followed; enter the final address."
    return "" if 200 <= status < 300 else f"The receiver answered {status}."


def _printable(text: str) -> str:
    """The beginning of the answer, fit for a page and a database."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:1000]


def _wait(text: str | None) -> int:
    """Seconds of a Retry-After header; 0 where it is absent or a date."""
    return min(int(text), 86_400) if text and text.isascii() and text.isdecimal() and len(text) < 9 else 0


def _since(begun: float) -> int:
    return round(1000 * (time.monotonic() - begun))
