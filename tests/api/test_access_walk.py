"""Every address, method, role and scope against the access table and the policy; and the walls between organisations."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from accounts.models import Role, User
from accounts.permissions import POLICY, SCOPES
from api.v1.access import ACCESS, ANYONE, verb_for
from api.v1.incidents.serializers import FactBody, FactCorrectBody, SubmissionBody
from assessments.models import Run
from tests import factories
from tests.api.caller import token_of
from tests.api.rows import rows_behind

METHODS = ("GET", "POST", "PATCH", "HEAD", "PUT", "DELETE", "OPTIONS")
PAGES = {"docs", "elsewhere"}
"""Addresses that are no calls: the interactive page and the answer to unknown addresses."""
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-")
WAIVER = '{"condition": "c1", "owner": "00000000-0000-4000-8000-000000000000", "reason": "x", "expires_on": "2026-12-01"}'
BODIES = {"deployment-end": '{"reason": "x"}', "version-lifecycle": '{"reason": "x", "lifecycle": "retired"}', "decision-waivers": WAIVER} | {
    "incident-facts": json.dumps(FactBody.example),
    "incident-fact-correct": json.dumps(FactCorrectBody.example),
    "incident-submissions": json.dumps(SubmissionBody.example),
}
PEOPLE = {"decision-approve", "decision-reject"}
"""Calls that no token is let through to; their own test has strangers with sessions."""
SHARED = {"requirement", "instrument"}
"""Objects of nobody's in particular."""


def names() -> Iterator[str]:
    def walk(patterns: Any) -> Iterator[str]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns)
            elif isinstance(pattern, URLPattern) and pattern.name not in PAGES:
                yield str(pattern.name)

    resolver = next(row for row in get_resolver().url_patterns if isinstance(row, URLResolver) and row.namespace == "api")
    return walk(resolver.url_patterns)


@pytest.fixture
def addresses(admin: User, run: Run) -> dict[str, str]:
    """An address with a real row behind it, by name."""
    parameters = rows_behind(admin, run)
    found = {}
    for name in names():
        for kwargs in ({}, {"id": "00000000-0000-4000-8000-000000000000"}, {"index": run.plan.sealed_entry_id}, {"slug": "known_circuits"}):
            try:
                path = reverse(f"api:{name}", kwargs=kwargs)
            except NoReverseMatch:
                continue
            template = path.replace("00000000-0000-4000-8000-000000000000", "{id}") if kwargs else path
            found[name] = template.format(**parameters(template)) if "{id}" in template else path
    return found


def call(client: Client, method: str, address: str) -> int:
    body: dict[str, Any] = {"data": "{}", "content_type": "application/json"} if method in ("POST", "PATCH", "PUT") else {}
    return client.generic(method, address, **body).status_code


def program(secret: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {secret}"})


def wrong(client: Client, addresses: dict[str, str], verbs: frozenset[str], methods: tuple[str, ...] = METHODS) -> list[str]:
    """What is answered otherwise than the table says to one who has ``verbs``."""
    found = []
    for name, address in addresses.items():
        for method in methods:
            verb, status = verb_for(name, method), call(client, method, address)
            if verb is None:
                right = status == 405
            elif verb == ANYONE or verb in verbs:
                right = status not in (401, 403, 404, 405) and status < 500
            else:
                right = status == 403
            if not right:
                found.append(f"{method} {name}: {status}, needs {verb}")
    return found


def test_every_address_has_a_line_and_every_line_an_address() -> None:
    assert sorted(names()) == sorted(ACCESS)


def test_every_verb_in_the_table_is_in_a_scope() -> None:
    verbs = {verb for line in ACCESS.values() for verb in line.values()} - {ANYONE}
    assert verbs - frozenset[str]().union(*SCOPES.values()) == {"decision.approve"}, "only people approve, so no token can be given that"


def test_each_role_gets_what_the_policy_says(admin: User, addresses: dict[str, str]) -> None:
    in_scopes = frozenset[str]().union(*SCOPES.values())
    found = {}
    for role in Role.values:
        person = factories.user(role, of=factories.home(admin))
        methods = METHODS if role == Role.ADMINISTRATOR else METHODS[:4]
        found[role] = wrong(program(token_of(person, *SCOPES)), addresses, POLICY[role] & in_scopes, methods)
    assert found == {role: [] for role in Role.values}


def test_each_scope_narrows_an_administrator(admin: User, addresses: dict[str, str]) -> None:
    found = {scope: wrong(program(token_of(admin, scope)), addresses, SCOPES[scope], ("GET", "POST", "PATCH")) for scope in SCOPES}
    found["none"] = wrong(program(token_of(admin)), addresses, frozenset(), ("GET", "POST", "PATCH"))
    assert found == {scope: [] for scope in found}


def test_nobody_gets_nothing(addresses: dict[str, str]) -> None:
    assert {call(Client(), method, address) for address in addresses.values() for method in METHODS[:4]} == {401}


def test_an_administrator_elsewhere_finds_nothing_of_ours(addresses: dict[str, str]) -> None:
    client = program(token_of(factories.user(), *SCOPES))
    behind_rows = {name: address for name, address in addresses.items() if ID.search(address) and name not in SHARED | PEOPLE}
    found = {}
    for name, address in behind_rows.items():
        for method in ACCESS[name]:
            body = BODIES.get(name, "{}")
            found[name, method] = client.generic(method, address, body, content_type="application/json").status_code
    assert set(found.values()) == {404}, found
    assert len(found) >= 24


def test_lists_of_an_administrator_elsewhere_are_empty(addresses: dict[str, str]) -> None:
    client = program(token_of(factories.user(), *SCOPES))
    for name in (
        "vendors",
        "systems",
        "deployments",
        "models",
        "versions",
        "intakes",
        "plans",
        "runs",
        "findings",
        "artifacts",
        "evidence-links",
        "reports",
        "incidents",
        "decisions",
        "gate-policies",
    ):
        assert client.get(addresses[name]).json()["items"] == [], name
    assert {row["subject"].partition(":")[0] for row in client.get(addresses["log-entries"]).json()["items"]} <= {"frameworks.catalogue"}
    assert client.get(addresses["log-entry"]).status_code == 404
    assert client.get(addresses["log-entry-proof"]).status_code == 404
