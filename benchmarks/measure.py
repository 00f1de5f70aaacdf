"""CPU time, bytes and queries per call. CPU time is what the web processes used, less what they use when nobody asks."""

import http.client
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.place import Server

ROUNDS = 3
IDLE_SECONDS = 3.0


@dataclass(frozen=True)
class Call:
    """What is asked: a path of the API, and for a creation its body made from a number."""

    name: str
    path: str
    body: Callable[[int], dict[str, Any]] | None = None
    target_ms: float | None = None
    target_queries: int | None = None


@dataclass(frozen=True)
class Measured:
    """One line of the table: median and range over the rounds."""

    call: Call
    cpu_ms: float
    low_ms: float
    high_ms: float
    queries: int
    size: int

    @property
    def met(self) -> bool | None:
        """Whether every target of the call was met; None without targets."""
        if self.call.target_ms is None:
            return None
        return self.cpu_ms <= self.call.target_ms and (self.call.target_queries is None or self.queries <= self.call.target_queries)


class Caller:
    """One program with a token and a connection that stays open."""

    def __init__(self, server: Server, secret: str) -> None:
        self.server, self.secret = server, secret
        self.sent = 0
        self.connect()

    def connect(self) -> None:
        """A fresh connection: gunicorn closes one that was silent for a while."""
        self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=120)

    def ask(self, call: Call) -> int:
        """Make the call once; the number of bytes of its answer. Raises RuntimeError for anything but a success."""
        self.sent += 1
        headers = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/json"}
        body = json.dumps(call.body(self.sent)) if call.body else None
        self.connection.request("POST" if call.body else "GET", call.path, body, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status not in (200, 201):
            raise RuntimeError(f"{call.path}: {answer.status} {content[:300]!r}")
        return len(content)


def idle(server: Server) -> float:
    """CPU seconds that the web processes use per second when nobody asks."""
    begun, before = time.monotonic(), server.cpu_seconds()
    time.sleep(IDLE_SECONDS)
    return (server.cpu_seconds() - before) / (time.monotonic() - begun)


def measure(caller: Caller, call: Call, requests: int, resting: float, queries: int) -> Measured:
    """``requests`` calls per round after a warm-up, one after the other."""
    caller.connect()
    sizes = [caller.ask(call) for _ in range(20)]
    rounds = [one_round(caller, call, requests, resting) for _ in range(ROUNDS)]
    return Measured(call, statistics.median(rounds), min(rounds), max(rounds), queries, sizes[-1])


def one_round(caller: Caller, call: Call, requests: int, resting: float) -> float:
    """CPU-ms per call."""
    begun, before = time.monotonic(), caller.server.cpu_seconds()
    for _ in range(requests):
        caller.ask(call)
    used = caller.server.cpu_seconds() - before - resting * (time.monotonic() - begun)
    return 1000 * used / requests


def table(rows: list[Measured]) -> str:
    """The results as Markdown."""
    lines = ["| call | CPU-ms (range) | target | queries | target | bytes | met |", "|---|---:|---:|---:|---:|---:|---|"]
    for row in rows:
        target, limit = row.call.target_ms, row.call.target_queries
        word = {True: "yes", False: "**no**", None: "–"}[row.met]
        cells = (
            row.call.name, f"{row.cpu_ms:.1f} ({row.low_ms:.1f}–{row.high_ms:.1f})", f"≤ {target:g}" if target else "–", str(row.queries),
            f"≤ {limit}" if limit else "–", f"{row.size:,}".replace(",", "\u202f"), word,
        )  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
