"""`python -m benchmarks.coverage`: what the pages of coverage cost in a large register, as a Markdown table.

Every page is asked for in this process as a signed-in person asks for it; CPU time of the process, so that what else runs matters little. SQLite in a
file, or with ``--server`` a PostgreSQL whose own CPU time is not counted.
"""

import argparse
import contextlib
import logging
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django

from benchmarks import place

TARGET_MS, TARGET_QUERIES = 300.0, 10
PAGES = (
    ("overview, 25 systems, all frameworks", "/requirements/overview/?as_of=2027-12-02", True),
    ("overview, 25 systems, articles of the AI Act", "/requirements/overview/?as_of=2027-12-02&framework=eu-ai-act", True),
    ("matrix of 8 systems, AI Act", "/requirements/?as_of=2027-12-02", False),
    ("gaps of all systems, AI Act", "/requirements/gaps/?as_of=2027-12-02&framework=eu-ai-act", False),
)
"""What is asked for: name, address, and whether the targets are meant for it."""


@dataclass(frozen=True)
class Line:
    """One page: CPU-ms of every round, statements sent, bytes of the answer."""

    name: str
    rounds: tuple[float, ...]
    queries: int
    size: int
    counts: bool

    @property
    def met(self) -> str:
        """Whether both targets were met; a dash where none is meant."""
        if not self.counts:
            return "–"
        return "yes" if statistics.median(self.rounds) <= TARGET_MS and self.queries <= TARGET_QUERIES else "**no**"


def main() -> int:
    """Measure, print the table; exit status 0 whatever the numbers say."""
    parser = argparse.ArgumentParser(prog="benchmarks.coverage", description=__doc__)
    parser.add_argument("--server", default=os.environ.get("DATABASE_URL", ""), help="PostgreSQL address whose role may create databases; SQLite without")
    parser.add_argument("--systems", type=int, default=200, help="AI systems, each with a version of its own (default 200)")
    parser.add_argument("--links", type=int, default=100_000, help="links from evidence to requirements (default 100000)")
    parser.add_argument("--rounds", type=int, default=7, help="how often each page is asked for (default 7)")
    options = parser.parse_args()
    with database(options.server) as url, place.environment(url):
        django.setup()
        logging.disable(logging.INFO)
        rows = measured(options.systems, options.links, options.rounds)
    print(f"{describe(options)}\n\n{table(rows)}")
    return 0


@contextlib.contextmanager
def database(server: str) -> Iterator[str]:
    """A database of its own: on the PostgreSQL named, or a SQLite file."""
    if server.startswith("postgres"):
        with place.database(server) as url:
            yield url
        return
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        yield f"sqlite:///{Path(folder) / 'bench.sqlite3'}"


def measured(systems: int, links: int, rounds: int) -> list[Line]:
    """All lines."""
    from django.conf import settings
    from django.core.management import call_command
    from django.test import Client

    from benchmarks import seed, seed_coverage

    call_command("collectstatic", interactive=False, verbosity=0)
    organisation, _ = seed.installation(settings)
    person = seed_coverage.register(organisation, systems, links)
    browser = Client(headers={"Host": "localhost"})
    browser.force_login(person)
    return [asked(browser, *page, rounds) for page in PAGES]


def asked(browser: Any, name: str, address: str, counts: bool, rounds: int) -> Line:
    """One page, after it was asked for once; statements are counted in a round of their own."""
    from django.db import connection

    answer = browser.get(address)
    if answer.status_code != 200:
        raise RuntimeError(f"{address}: {answer.status_code} {answer.content[:300]!r}")
    taken: list[str] = []
    # Statements are counted by a wrapper: Django empties its own list of them at the start of every request.
    with connection.execute_wrapper(lambda execute, sql, *rest: (taken.append(sql), execute(sql, *rest))[1]):
        browser.get(address)
    spent = []
    for _ in range(rounds):
        begun = time.process_time()
        browser.get(address)
        spent.append(1000 * (time.process_time() - begun))
    line = Line(name, tuple(spent), len(taken), len(answer.content), counts)
    print(f"{name}: {statistics.median(spent):.0f} CPU-ms, {line.queries} queries", file=sys.stderr, flush=True)
    return line


def table(rows: list[Line]) -> str:
    """The results as Markdown."""
    lines = ["| page | CPU-ms (range) | target | queries | target | bytes | met |", "|---|---:|---:|---:|---:|---:|---|"]
    for row in rows:
        spent = f"{statistics.median(row.rounds):.0f} ({min(row.rounds):.0f}–{max(row.rounds):.0f})"
        target, limit = (f"≤ {TARGET_MS:g}", f"≤ {TARGET_QUERIES}") if row.counts else ("–", "–")
        lines.append(f"| {row.name} | {spent} | {target} | {row.queries} | {limit} | {f'{row.size:,}'.replace(',', chr(0x202F))} | {row.met} |")
    return "\n".join(lines)


def describe(options: argparse.Namespace) -> str:
    """How the numbers were made."""
    engine = "PostgreSQL on the same machine" if options.server.startswith("postgres") else "SQLite"
    links = f"{options.links:,}".replace(",", "\u202f")
    made = f"{options.systems} systems, 254 requirements of six frameworks, {links} links"
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, Django {django.get_version()}, {engine}"
    return f"{machine}; load {os.getloadavg()[0]:.1f}. {made}; {options.rounds} rounds, median and range."


if __name__ == "__main__":
    sys.exit(main())
