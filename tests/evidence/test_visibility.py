"""Who sees which evidence: one's own organisation's, and the installation's own entries for those who may read accounts."""

import pytest
from django.db import transaction

from accounts.models import Role, User
from evidence import ledger
from evidence.models import Artifact, LedgerEntry
from tests import factories
from tests.evidence import builders


@pytest.fixture
def entries(admin: User) -> list[LedgerEntry]:
    """One of the administrator's organisation, one of another, one of the installation."""
    drafts = [ledger.Draft("a.b", "s:1", {"n": 1}, organisation_id=owner) for owner in (factories.home(admin).pk, factories.organisation().pk, None)]
    with transaction.atomic():
        return ledger.append_many(actor=admin, drafts=drafts)


def seen(person: User, entries: list[LedgerEntry]) -> list[bool]:
    visible = set(LedgerEntry.objects.visible_to(person).values_list("pk", flat=True))
    return [row.pk in visible for row in entries]


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (Role.ADMINISTRATOR, [True, False, True]),
        (Role.AUDITOR, [True, False, True]),
        (Role.ASSESSOR, [True, False, False]),
        (Role.VENDOR, [False, False, False]),
    ],
)
def test_entries_by_role(admin: User, entries: list[LedgerEntry], role: str, expected: list[bool]) -> None:
    assert seen(factories.user(role, of=factories.home(admin)), entries) == expected


def test_stranger_sees_only_what_is_the_installations(entries: list[LedgerEntry]) -> None:
    assert seen(factories.user(Role.AUDITOR), entries) == [False, False, True]


def test_token_that_leaves_the_verb_out_sees_nothing(admin: User, entries: list[LedgerEntry]) -> None:
    admin.limited_to = frozenset({"inventory.read"})
    assert seen(admin, entries) == [False, False, False]
    admin.limited_to = frozenset({"evidence.read"})
    assert seen(admin, entries) == [True, False, False]


def test_artifacts_and_links_follow_their_statement(recorder: User) -> None:
    artifact = builders.record(recorder, [builders.stored(b"x")]).artifacts.get()
    assert list(Artifact.objects.visible_to(builders.person(Role.AUDITOR))) == [artifact]
    assert not Artifact.objects.visible_to(factories.user(Role.AUDITOR)).exists()
