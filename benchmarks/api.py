"""`python -m benchmarks.api --server postgres://role:password@host/database`: what one call of the API costs, as a Markdown table.

Token and permissions are on, gunicorn runs as in `serve`, the rows lie in PostgreSQL. Wall time is not reported: it depends on what else runs.
"""

import argparse
import logging
import os
import platform
import sys
from typing import Any

import django

from benchmarks import place
from benchmarks.measure import Call, Caller, Measured, idle, measure, table

ROOT = "/api/v1"
TABLES = (("vendors", "vendor"), ("systems", "system"), ("models", "model"), ("versions", "version"))
ASKED = (
    "questionnaires", "questionnaires/scores", "questionnaire-invitations", "questionnaire-comments", "questionnaire-campaigns", "inbound-questionnaires",
)  # fmt: skip
LATER = ("pilots", "cases", "received-cases", "vendor-packs", "blind-exercises", "probe-sets", "incident-actions", "incident-drafts")
LIST = {"target_ms": 15.0, "target_queries": 10}
DETAIL_MS, CREATE_MS = 8.0, 20.0


def main() -> int:
    """Measure, print the table; exit status 0 whatever the numbers say."""
    parser = argparse.ArgumentParser(prog="benchmarks.api", description=__doc__)
    parser.add_argument("--server", default=os.environ.get("DATABASE_URL", ""), help="PostgreSQL address whose role may create databases")
    parser.add_argument("--rows", type=int, default=5000, help="rows per object (default 5000)")
    parser.add_argument("--most", type=int, default=50_000, help="vendors at the end, for the cost of one among many (default 50000)")
    parser.add_argument("--requests", type=int, default=200, help="calls per round (default 200)")
    options = parser.parse_args()
    if not options.server.startswith("postgres"):
        parser.error("give a PostgreSQL address with --server or DATABASE_URL")
    with place.database(options.server) as url, place.environment(url):
        django.setup()
        # The web processes log as ever; this one only counts queries.
        logging.disable(logging.INFO)
        rows = measured(options.rows, options.most, options.requests)
    print(f"{describe(options)}\n\n{table(rows)}")
    return 0


def measured(rows: int, most: int, requests: int) -> list[Measured]:
    """All lines, in an installation that grows meanwhile."""
    from django.conf import settings

    from benchmarks import seed, seed_procurement, seed_questionnaires

    organisation, secret = seed.installation(settings)
    seed.vendors(organisation, 20)
    seed.log(organisation)
    with place.served() as server:
        bench = Bench(Caller(server, secret), requests)
        found = bench.floor()
        found.append(bench.detail("vendors", "vendor, 20 rows"))
        seed.vendors(organisation, rows)
        seed.register(organisation, rows)
        found += bench.reads(rows)
        found += bench.procurement(seed_procurement.fill(organisation, rows), rows)
        seed_questionnaires.fill(organisation, rows)
        found += bench.questionnaires(rows)
        found.append(bench.create(rows))
        seed.vendors(organisation, most)
        found.append(bench.detail("vendors", f"vendor, {most} rows"))
        found.append(bench.list("vendors", f"50 vendors of {most}"))
    return found


class Bench:
    """The calls, each with its queries counted in this process and its CPU time taken from the web processes."""

    def __init__(self, caller: Caller, requests: int) -> None:
        self.caller, self.requests = caller, requests
        for _ in range(50):
            caller.ask(Call("warm up", f"{ROOT}/me"))
        self.resting = idle(caller.server)
        print(f"at rest: {1000 * self.resting:.1f} CPU-ms per second, taken off every call", file=sys.stderr, flush=True)

    def floor(self) -> list[Measured]:
        """What a call costs before it does anything: gunicorn alone, then with token and permissions."""
        return [self.take(Call("gunicorn alone (`/healthz`)", "/healthz")), self.take(Call("who am I (`/me`: token, permissions, limits)", f"{ROOT}/me"))]

    def reads(self, rows: int) -> list[Measured]:
        """List of 50 and one object of each table."""
        lists = [self.list(name, f"50 {name} of {rows}") for name, _ in TABLES]
        return [*lists, *(self.detail(name, f"{one}, {rows} rows") for name, one in TABLES)]

    def procurement(self, vendor: str, rows: int) -> list[Measured]:
        """Clearance of a vendor with one approved version, and lists of webhooks and deliveries."""
        clearance = self.take(Call("clearance of a vendor with one approved version", f"{ROOT}/vendors/{vendor}/clearance", **LIST))  # type: ignore[arg-type]
        return [clearance, self.list("webhooks", f"50 webhooks of {rows}"), self.list("webhook-deliveries", f"50 deliveries of {rows}")]

    def questionnaires(self, rows: int) -> list[Measured]:
        """Lists of questionnaires and of what else there is, and one questionnaire with its answers."""
        lists = [self.list(name, f"50 of {name.replace('/', ': ').replace('-', ' ')}, {rows} rows") for name in (*ASKED, *LATER)]
        return [*lists, self.detail("questionnaires", f"questionnaire with 12 answers, {rows} rows")]

    def list(self, name: str, title: str) -> Measured:
        """One page of a list."""
        return self.take(Call(title, f"{ROOT}/{name}?limit=50", **LIST))  # type: ignore[arg-type]

    def detail(self, name: str, title: str) -> Measured:
        """One object out of the middle of its table."""
        return self.take(Call(title, f"{ROOT}/{name}/{middle(name)}", target_ms=DETAIL_MS))

    def create(self, rows: int) -> Measured:
        """A new vendor with its signed log entry."""
        call = Call(f"create a vendor with its log entry, {rows} rows", f"{ROOT}/vendors", new_vendor, target_ms=CREATE_MS)
        return self.take(call)

    def take(self, call: Call) -> Measured:
        """Measure one call, and say so on standard error."""
        found = measure(self.caller, call, self.requests, self.resting, self.queries(call))
        print(f"{call.name}: {found.cpu_ms:.1f} CPU-ms, {found.queries} queries, {found.size} bytes", file=sys.stderr, flush=True)
        return found

    def queries(self, call: Call) -> int:
        """How many statements one call sends to the database; in a second call, when nothing is looked up for the first time."""
        from django.db import connection
        from django.test import Client
        from django.test.utils import CaptureQueriesContext

        client = Client(headers={"Authorization": f"Bearer {self.caller.secret}", "Host": "localhost"})
        for number in (-2, -1):
            with CaptureQueriesContext(connection) as taken:
                body = {"data": call.body(number), "content_type": "application/json"} if call.body else {}
                client.generic("GET", call.path) if not call.body else client.post(call.path, **body)  # type: ignore[arg-type]
        statements = [row["sql"] for row in taken.captured_queries]
        return len([text for text in statements if not text.startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))])


def new_vendor(number: int) -> dict[str, str]:
    """A vendor that is not there yet."""
    return {"name": f"Created {number}", "country": "DE", "access": "weights"}


def middle(name: str) -> str:
    """The key of a row in the middle of a table."""
    from inventory.models import AIModel, AISystem, ModelVersion, Vendor
    from questionnaires.models import QuestionnaireRequest

    if name == "questionnaires":
        rows: Any = QuestionnaireRequest.objects.filter(vendor__isnull=False).order_by("created_at", "pk")
    else:
        rows = {"vendors": Vendor, "systems": AISystem, "models": AIModel, "versions": ModelVersion}[name].objects.order_by("created_at", "pk")
    return str(rows.values_list("pk", flat=True)[rows.count() // 2])


def describe(options: argparse.Namespace) -> str:
    """How the numbers were made."""
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, Django {django.get_version()}, PostgreSQL on the same machine; "
        f"gunicorn {place.WORKERS} × {place.THREADS} threads; three rounds of {options.requests} calls one after the other, median and range."
    )


if __name__ == "__main__":
    sys.exit(main())
