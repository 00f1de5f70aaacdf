"""One HTTP POST to one address that was checked: no second look at the name, no redirect, no proxy, and a limit on the time of the whole."""

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Where it goes: what is connected to is ``address`` and nothing else; TLS speaks to ``host`` and checks its certificate."""

    https: bool
    host: str
    port: int
    address: str


@dataclass(frozen=True)
class Limits:
    """Seconds to connect, seconds for everything, and the most bytes of the body that are read."""

    connect: float
    total: float
    most: int


@dataclass(frozen=True)
class Heard:
    """What came back: status, headers in small letters, and the beginning of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Connection(http.client.HTTPConnection):
    """A connection to the pinned address, which another thread may cut."""

    def __init__(self, place: Place, limits: Limits) -> None:
        super().__init__(place.host, place.port, timeout=limits.total)
        self._place, self._limits = place, limits
        self._held: socket.socket | None = None
        # The header that names the host leaves out a port that goes without saying.
        self.default_port = http.client.HTTPS_PORT if place.https else http.client.HTTP_PORT

    def connect(self) -> None:
        """Connect to the address that was checked, whatever the name means by now."""
        place, limits = self._place, self._limits
        self.sock = self._held = socket.create_connection((place.address, place.port), min(limits.connect, limits.total))
        if place.https:
            # The handshake comes after the socket is known here, so that one that drags on can be cut too.
            secured = ssl.create_default_context().wrap_socket(self.sock, server_hostname=place.host, do_handshake_on_connect=False)
            self.sock = self._held = secured
            secured.do_handshake()
        self.sock.settimeout(limits.total)

    def cut(self) -> None:
        """End it now; whatever waits on it wakes up. ``sock`` will not do: it is let go of as soon as the headers are there."""
        if self._held is not None:
            try:
                socket.socket.shutdown(self._held, socket.SHUT_RDWR)
            except OSError:
                return  # it ended by itself meanwhile


def exchange(place: Place, path: str, body: bytes, headers: Mapping[str, str], limits: Limits) -> Heard:
    """POST ``body``; ``TimeoutError`` once the whole took too long, else what ``http.client`` raises."""
    connection, over = _Connection(place, limits), threading.Event()

    def end() -> None:
        over.set()
        connection.cut()

    # Whoever sends a byte now and then would keep us for ever: a time limit on each read is none on the whole.
    deadline = threading.Timer(limits.total, end)
    deadline.daemon = True
    deadline.start()
    try:
        return _exchanged(connection, path, body, headers, limits.most, over)
    except (OSError, http.client.HTTPException, ValueError) as error:
        if over.is_set():
            raise TimeoutError(f"no whole answer within {limits.total:g} seconds") from error
        raise
    finally:
        deadline.cancel()
        connection.close()


def _exchanged(connection: _Connection, path: str, body: bytes, headers: Mapping[str, str], most: int, over: threading.Event) -> Heard:
    connection.connect()
    connection.request("POST", path, body, dict(headers))
    response = connection.getresponse()
    heard = Heard(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read(most))
    if over.is_set():
        # To a reader, a body without a length that was cut looks as if it had ended.
        raise TimeoutError
    return heard
