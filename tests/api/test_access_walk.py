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
from api.v1.access import ACCESS, ANYONE, also_for, verb_for
from api.v1.imports.serializers import ApplyBody
from api.v1.inbound.serializers import InboundAnswerBody, InboundReopenBody
from api.v1.incidents.response_bodies import ActionChangeBody, ActionDoneBody, ActionReopenBody
from api.v1.incidents.serializers import FactBody, FactCorrectBody, SubmissionBody
from api.v1.pilots.serializers import PilotEndBody
from api.v1.questionnaire_templates.serializers import QuestionnaireDraftBody
from api.v1.questionnaires.bodies import DueBody, WithdrawBody
from api.v1.webhooks.serializers import ReplayBody
from assessments.models import Run
from tests import factories
from tests.api.caller import token_of
from tests.api.rows import rows_behind

METHODS = ("GET", "POST", "PATCH", "HEAD", "PUT", "DELETE", "OPTIONS")
PAGES = {"docs", "elsewhere", "oauth-token"}
"""Addresses that are no calls of the table: the interactive page, the answer to unknown addresses, and the way to a token."""
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-")
WAIVER = '{"condition": "c1", "owner": "00000000-0000-4000-8000-000000000000", "reason": "x", "expires_on": "2026-12-01"}'
BODIES = {"deployment-end": '{"reason": "x"}', "version-lifecycle": '{"reason": "x", "lifecycle": "retired"}', "decision-waivers": WAIVER} | {
    "framework-import-apply": json.dumps(ApplyBody.example),
    "incident-facts": json.dumps(FactBody.example),
    "incident-fact-correct": json.dumps(FactCorrectBody.example),
    "incident-submissions": json.dumps(SubmissionBody.example),
    "incident-action-change": json.dumps(ActionChangeBody.example),
    "incident-action-done": json.dumps(ActionDoneBody.example),
    "incident-action-reopen": json.dumps(ActionReopenBody.example),
    "inbound-questionnaire-answer": json.dumps(InboundAnswerBody.example),
    "inbound-questionnaire-reopen": json.dumps(InboundReopenBody.example),
    "webhook-replay": json.dumps(ReplayBody.example),
    "questionnaire-template-draft": json.dumps(QuestionnaireDraftBody.example),
    "questionnaire-due": json.dumps(DueBody.example),
    "questionnaire-withdraw": json.dumps(WithdrawBody.example),
    "pilot-end": json.dumps(PilotEndBody.example),
}
PEOPLE = {"decision-approve", "decision-reject"} | {name for name in ACCESS if ACCESS[name].get("POST") == "questionnaire.review"}
"""Calls that no token is let through to; their own test has strangers with sessions."""
OWN = {"framework-import", "framework-import-apply", "framework-import-discard"}
"""Calls about what only the person who sent it sees; others of the same organisation get 404."""
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


def wrong(client: Client, addresses: dict[str, str], verbs: frozenset[str], methods: tuple[str, ...] = ()) -> list[str]:
    """What is answered otherwise than the table says to one who has ``verbs``; without ``methods``, to those that the table has."""
    found = []
    for name, address in addresses.items():
        for method in methods or ACCESS[name]:
            verb, status = verb_for(name, method), call(client, method, address)
            if verb is None:
                right = status == 405
            elif verb == ANYONE or {verb, *also_for(name, method)} <= verbs:
                right = status not in ((401, 403, 405) if name in OWN else (401, 403, 404, 405)) and status < 500
            else:
                right = status == 403
            if not right:
                found.append(f"{method} {name}: {status}, needs {verb}")
    return found


def test_every_address_has_a_line_and_every_line_an_address() -> None:
    assert sorted(names()) == sorted(ACCESS)


def test_every_verb_in_the_table_is_in_a_scope() -> None:
    verbs = {verb for line in ACCESS.values() for verb in line.values()} - {ANYONE}
    assert verbs - frozenset[str]().union(*SCOPES.values()) == {"decision.approve", "questionnaire.review"}, (
        "only people approve and judge, so no token can be given that"
    )


def test_each_role_gets_what_the_policy_says(admin: User, addresses: dict[str, str]) -> None:
    in_scopes = frozenset[str]().union(*SCOPES.values())
    found = {}
    for role in Role.values:
        person = factories.user(role, of=factories.home(admin))
        # The table has no line for the others, and HEAD is a GET of which the answer's body is left out: one role tries them.
        methods = METHODS if role == Role.ADMINISTRATOR else METHODS[:3]
        found[role] = wrong(program(token_of(person, *SCOPES)), addresses, POLICY[role] & in_scopes, methods)
    assert found == {role: [] for role in Role.values}


def test_each_scope_narrows_an_administrator(admin: User, addresses: dict[str, str]) -> None:
    found = {scope: wrong(program(token_of(admin, scope)), addresses, SCOPES[scope]) for scope in SCOPES}
    found["none"] = wrong(program(token_of(admin)), addresses, frozenset())
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
    assert {key: status for key, status in found.items() if status != 404} == {}
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
        "webhooks",
        "webhook-deliveries",
        "gaps",
        "framework-imports",
        "questionnaires",
        "questionnaire-invitations",
        "questionnaire-campaigns",
        "questionnaire-comments",
        "inbound-questionnaires",
        "cases",
        "received-cases",
        "vendor-packs",
        "pilots",
        "blind-exercises",
        "probe-sets",
        "incident-actions",
        "incident-drafts",
    ):
        assert client.get(addresses[name]).json()["items"] == [], name
    assert {row["subject"].partition(":")[0] for row in client.get(addresses["log-entries"]).json()["items"]} <= {"frameworks.catalogue"}
    assert client.get(addresses["log-entry"]).status_code == 404
    assert client.get(addresses["log-entry-proof"]).status_code == 404
