"""Proofs read from the stored log agree with those of a tree built in memory."""

import pytest
from django.db import transaction

from accounts.models import User
from core.errors import InvalidInput, NotFound
from evidence import bundle, ledger, merkle
from evidence.models import Attestation, Checkpoint
from evidence.proofs import bundle_read, bundles_read, consistency_read, inclusion_read
from evidence.trust import TrustedRoot


def grow(actor: User, count: int) -> list[Attestation]:
    with transaction.atomic():
        return [row.attestation for row in ledger.append_many(actor=actor, drafts=[ledger.Draft("a.b", f"s:{n}", {"n": n}) for n in range(count)])]


def test_bundles_share_the_newest_checkpoint(recorder: User, trust: TrustedRoot) -> None:
    rows = grow(recorder, 3) + grow(recorder, 10)
    found = [bundle.verify(data, trust) for data in bundles_read(rows).values()]
    assert [row.index for row in found] == list(range(13))
    assert {row.head.size for row in found} == {13}
    assert bundle.verify(bundle_read(rows[2]), trust).index == 2


def test_bundles_of_many_statements_take_few_queries(recorder: User, trust: TrustedRoot, django_assert_max_num_queries: object) -> None:
    rows = grow(recorder, 200)
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        assert len(bundles_read(rows)) == 200


def test_empty_log_proves_nothing(db: None) -> None:
    with pytest.raises(NotFound, match="empty"):
        bundles_read([])


def test_consistency_holds_from_every_earlier_size(recorder: User) -> None:
    for _ in range(9):
        grow(recorder, 1)
    roots = {row.tree_size: bytes.fromhex(row.root) for row in Checkpoint.objects.all()}
    for old in range(1, 10):
        merkle.verify_consistency(old, 9, roots[old], roots[9], consistency_read(old))
    for wrong in (0, 10, -1):
        with pytest.raises(InvalidInput, match="between 1"):
            consistency_read(wrong)


def test_inclusion_for_people_leads_from_every_entry_to_the_root(recorder: User) -> None:
    rows = grow(recorder, 11)
    for row in rows:
        found = inclusion_read(row.entry)
        assert found.holds
        assert found.root.hex() == found.checkpoint.root
        assert len(found.rungs) <= 4


def test_inclusion_of_a_changed_leaf_does_not_hold(recorder: User) -> None:
    entry = grow(recorder, 5)[2].entry
    entry.leaf = entry.leaf.replace("0.0.2", "0.0.3")
    assert not inclusion_read(entry).holds
