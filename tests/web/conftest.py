"""People and rows that the pages' tests look at."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Role, User
from assessments.models import Finding, Run
from tests import factories


@pytest.fixture
def admin_client(admin: User, client: Client) -> Client:
    """A browser in which the administrator is signed in."""
    client.force_login(admin)
    return client


@pytest.fixture
def as_role(admin: User) -> Callable[[str], Client]:
    """A browser of somebody with a role in the administrator's organisation."""

    def sign_in(role: str) -> Client:
        browser = Client()
        browser.force_login(factories.user(role, of=factories.home(admin)))
        return browser

    return sign_in


@pytest.fixture
def stranger(admin: User) -> Client:
    """A browser of an administrator of another organisation."""
    browser = Client()
    browser.force_login(factories.user(Role.ADMINISTRATOR))
    return browser


@pytest.fixture
def run(admin: User) -> Run:
    """A finished run with one finding."""
    factories.catalogue(admin)
    return factories.finished_run(admin)


@pytest.fixture
def finding(run: Run) -> Finding:
    return Finding.objects.get(step__run=run)
