"""The API under generated requests, good and bad, as each role: never a 5xx, never an answer that the description does not know."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import Role, User
from accounts.permissions import SCOPES
from api.v1.about.views import schema_document
from assessments.models import Run
from tests import factories
from tests.api.caller import token_of
from tests.api.rows import rows_behind

ANSWERS = [not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance, response_schema_conformance]
Call = Callable[..., None]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of requests need no line each."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(autouse=True)
def one_transaction() -> Iterator[None]:
    """The test's transaction outlasts the requests, so none of them may close the connection."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def fuzz(admin: User, run: Run, settings: Any) -> Call:
    """Calls every operation with generated requests, on made-up and on real ids."""
    app, kwargs = get_wsgi_application(), rows_behind(admin, run)
    described = schemathesis.openapi.from_dict(schema_document())

    def calls(secret: str, examples: int, modes: tuple[GenerationMode, ...]) -> None:
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        for found in described.get_all_operations():
            operation = found.ok()
            real = kwargs(operation.path)
            for mode in modes:
                checks = [*ANSWERS, negative_data_rejection] if mode is GenerationMode.NEGATIVE and secret else ANSWERS
                for strategy in strategies(operation, mode, real, examples):
                    send(strategy, examples, lambda case, checks=checks: case.call_and_validate(app=app, headers=headers, checks=checks))

    return calls


def strategies(operation: Any, mode: GenerationMode, real: dict[str, Any], examples: int) -> list[Any]:
    """Requests on real rows where the path names one, and good ones on made-up rows too when there is more than one example."""
    on_rows = operation.as_strategy(generation_mode=mode, **({"path_parameters": real} if real else {}))
    made_up = [operation.as_strategy(generation_mode=mode)] if real and mode is GenerationMode.POSITIVE and examples > 1 else []
    return [on_rows, *made_up]


def send(strategy: Any, examples: int, call: Callable[[Any], Any]) -> None:
    """Run ``call`` on the same examples every time."""
    health = list(HealthCheck)
    phases = [Phase.generate]

    @settings(max_examples=examples, derandomize=True, database=None, deadline=None, suppress_health_check=health, phases=phases, print_blob=False)
    @given(case=strategy)
    def each(case: Any) -> None:
        call(case)

    each()


BOTH = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


@pytest.mark.walk
def test_nothing_sent_by_one_who_may_everything_breaks_it(fuzz: Call, admin: User) -> None:
    fuzz(token_of(admin, *SCOPES), 4, BOTH)


def test_nothing_sent_by_anyone_else_breaks_it(fuzz: Call, admin: User) -> None:
    for role in set(Role.values) - {Role.ADMINISTRATOR}:
        fuzz(token_of(factories.user(role, of=factories.home(admin)), *SCOPES), 1, BOTH[:1])
    fuzz("", 1, BOTH[:1])


LENGTHS = {role: 15 if role == Role.ADMINISTRATOR else 5 for role in Role.values}
"""Who may everything gets furthest into each call; the others are stopped earlier, most by their role."""


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("role", Role.values)
def test_at_length(fuzz: Call, admin: User, role: str) -> None:
    fuzz(token_of(factories.user(role, of=factories.home(admin)), *SCOPES), LENGTHS[role], BOTH)
