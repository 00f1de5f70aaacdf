"""Callers of the API: programs with tokens, people with sessions, strangers."""

from collections.abc import Callable

import pytest

from accounts.models import User
from accounts.permissions import SCOPES
from assessments.models import Run
from tests import factories
from tests.api.caller import Api, token_of


@pytest.fixture(autouse=True)
def plenty(settings: object, tmp_path: object) -> None:
    """No test but those of the limit itself runs into it."""
    settings.ASSAY_API_CALLS_PER_MINUTE = 10**9  # type: ignore[attr-defined]
    settings.ASSAY_OAUTH_TRIES_PER_MINUTE = 10**9  # type: ignore[attr-defined]
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}  # type: ignore[attr-defined]


@pytest.fixture
def api(admin: User) -> Api:
    """A program of the administrator's with every scope."""
    return Api(token_of(admin, *SCOPES))


@pytest.fixture
def scoped(admin: User) -> Callable[..., Api]:
    """A program of the administrator's with only the scopes named."""
    return lambda *scopes: Api(token_of(admin, *scopes))


@pytest.fixture
def stranger(admin: User) -> Api:
    """A program of another organisation's administrator."""
    return Api(token_of(factories.user(), *SCOPES))


@pytest.fixture
def run(admin: User) -> Run:
    """A finished run with one finding."""
    factories.catalogue(admin)
    return factories.finished_run(admin)
