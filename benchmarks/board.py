"""`python -m benchmarks.board`: what the board's page and its neighbours cost in a large register, as a Markdown table.

Measured as `benchmarks.coverage` measures: the pages are asked for in this process as a signed-in person asks for them, CPU time of the process.
"""

import argparse
import logging
import os
import sys

import django

from benchmarks import place
from benchmarks.coverage import Line, asked, database, describe, table

PAGES = (
    ("the board's page", "/board/", False),
    ("register of systems, 50 on a page", "/systems/register/", False),
    ("decisions, 50 on a page", "/decisions/", False),
    ("totals of coverage over all systems", "/requirements/overview/?as_of=2027-12-02&whole=on", False),
)
"""What is asked for: name, address, and whether targets are meant for it; none has one."""


def main() -> int:
    """Measure, print the table; exit status 0 whatever the numbers say."""
    parser = argparse.ArgumentParser(prog="benchmarks.board", description=__doc__)
    parser.add_argument("--server", default=os.environ.get("DATABASE_URL", ""), help="PostgreSQL address whose role may create databases; SQLite without")
    parser.add_argument("--systems", type=int, default=100, help="AI systems, each with a version of its own (default 100)")
    parser.add_argument("--links", type=int, default=50_000, help="links from evidence to requirements (default 50000)")
    parser.add_argument("--incidents", type=int, default=20, help="open incidents with a running clock (default 20)")
    parser.add_argument("--decisions", type=int, default=20, help="approved decisions under a policy that asks about coverage (default 20)")
    parser.add_argument("--rounds", type=int, default=7, help="how often each page is asked for (default 7)")
    options = parser.parse_args()
    with database(options.server) as url, place.environment(url):
        django.setup()
        logging.disable(logging.INFO)
        rows = measured(options)
    print(f"{describe(options)} {options.incidents} open incidents, {options.decisions} approved decisions.\n\n{table(rows)}")
    return 0


def measured(options: argparse.Namespace) -> list[Line]:
    """All lines."""
    from django.conf import settings
    from django.core.management import call_command
    from django.test import Client

    from benchmarks import seed, seed_board, seed_coverage

    call_command("collectstatic", interactive=False, verbosity=0)
    organisation, _ = seed.installation(settings)
    person = seed_coverage.register(organisation, options.systems, options.links)
    seed_board.incidents(organisation, options.incidents)
    seed_board.decisions(organisation, options.decisions)
    browser = Client(headers={"Host": "localhost"})
    browser.force_login(person)
    return [asked(browser, *page, options.rounds) for page in PAGES]


if __name__ == "__main__":
    sys.exit(main())
