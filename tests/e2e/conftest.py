"""A real browser on a real server: Playwright's plain API on the distribution's Chromium, nothing from outside."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from django.urls import get_resolver
from playwright.sync_api import Browser, Page, sync_playwright

from accounts.models import User
from assessments.models import Run
from gpu_tasks import calibration, dispatch
from tests import factories
from tests.e2e import scenes

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium for one file of tests, since its event loop would be in the way of others in this process; skipped where there is none."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no Chromium on this machine; install the distribution's package “chromium”")
    get_resolver().url_patterns  # noqa: B018 - loading all views takes longer than the browser waits for a page
    # Playwright keeps an event loop in this thread; Django would refuse the tests' own queries because of it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()
    os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE")


@pytest.fixture(autouse=True)
def doorbell(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker inside this process: ringing for steps must not wait for one that is not there."""
    for module in (dispatch, calibration):
        monkeypatch.setattr(module, "current_app", Celery("test", broker="memory://", set_as_current=False))


@dataclass
class Visit:
    """One browser window: the page, the server's address, and everything that went wrong in it."""

    page: Page
    base: str
    faults: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """Load a path of the server."""
        self.page.goto(self.base + path)
        return self.page

    def sign_in(self, user: User) -> None:
        """Sign in through the form, as a person does."""
        self.open("/login/")
        self.page.get_by_label("User name").fill(user.username)
        self.page.get_by_label("Password").fill(factories.PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(lambda address: "/login/" not in address)

    def axe(self) -> list[str]:
        """Violations that axe-core finds on the page as it stands, one line each."""
        # The script is half a megabyte, and stays until the next page.
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(AXE)
        found = self.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        return [f"{row['id']}: {node['target']} {node['failureSummary']}" for row in found["violations"] for node in row["nodes"]]

    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        return int(self.page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth"))


def watch(visit: Visit) -> None:
    """Collect console errors, uncaught exceptions, failed loads and every request that leaves the server."""
    page = visit.page
    page.on("console", lambda message: visit.faults.append(f"console: {message.text}") if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: visit.faults.append(f"exception: {error}"))
    page.on("request", lambda request: None if request.url.startswith((visit.base, "data:")) else visit.faults.append(f"external: {request.url}"))


@pytest.fixture
def visit_with(browser: Browser, live_server: Any) -> Iterator[Callable[..., Visit]]:
    """Opens windows with the given context options; any fault in one of them fails the test."""
    visits, contexts = [], []

    def start(**options: Any) -> Visit:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, "locale": "en-GB", **options})
        context.set_default_timeout(15_000)
        visit = Visit(context.new_page(), live_server.url)
        watch(visit)
        contexts.append(context)
        visits.append(visit)
        return visit

    yield start
    for context in contexts:
        context.close()
    assert [fault for visit in visits for fault in visit.faults] == []


@pytest.fixture
def person(transactional_db: None) -> User:
    """An administrator with a register, requirements and the workers' account."""
    user = factories.user()
    factories.worker(factories.home(user))
    factories.catalogue(user)
    return user


@pytest.fixture
def done(person: User) -> Run:
    """A finished run with findings of every kind of reading."""
    return scenes.finished(person)


@pytest.fixture
def live(person: User) -> Run:
    """A run with one step done, one running, the rest waiting."""
    return scenes.running(person)
