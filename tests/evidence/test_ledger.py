"""The log as a table: gapless under concurrency and SIGKILL, silent about rollbacks, refusing to grow on a changed past."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.models import User
from core.canonical import canonical_digest
from core.errors import IntegrityFailed, InvalidState
from evidence import checkpoint, dsse, ledger, statements
from evidence.keys import KeyRing
from evidence.ledger import Draft
from evidence.models import Attestation, Checkpoint, LedgerEntry, LogHead, LogNode
from evidence.sweep import Sweep, log_sweep
from tests.evidence import builders

ROOT = Path(__file__).resolve().parents[2]


def append(actor: User, number: int = 0, **fields: Any) -> LedgerEntry:
    defaults = {"action": "tests.done", "subject": f"tests.thing:{number}", "payload": {"number": number}}
    with transaction.atomic():
        return ledger.append(actor=actor, **{**defaults, **fields})


def drafts(count: int) -> list[Draft]:
    return [Draft("tests.done", f"tests.thing:{number}", {"number": number}) for number in range(count)]


def counts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (LedgerEntry, LogNode, Checkpoint, Attestation))


def test_first_entries_count_from_zero(recorder: User) -> None:
    assert [append(recorder, number).index for number in range(5)] == [0, 1, 2, 3, 4]
    assert LogHead.objects.get().size == 5


def test_every_entry_is_a_signed_statement_of_its_columns(recorder: User, ring: KeyRing) -> None:
    entry = LedgerEntry.objects.get(pk=append(recorder, 7, payload={"text": "é", "value": 0.25, "list": [1, None]}).pk)
    ledger.entry_check(entry, ring)
    statement = json.loads(payload_of(entry))
    assert statement["predicateType"] == statements.RECORD
    assert statement["subject"] == [{"name": "tests.thing:7", "digest": {"sha256": canonical_digest(entry.payload)}}]
    assert statement["predicate"]["payload"] == {"text": "é", "value": 0.25, "list": [1, None]}


def payload_of(entry: LedgerEntry) -> bytes:
    return dsse.decode_base64(entry.attestation.parsed_envelope["payload"])


def test_log_names_the_actor_by_id_only(db: None) -> None:
    actor = builders.recorder()
    User.objects.filter(pk=actor.pk).update(username="jane.doe", email="jane@example.org")
    actor.refresh_from_db()
    entry = append(actor)
    stored = entry.leaf + entry.attestation.envelope + payload_of(entry).decode()
    assert entry.actor == f"accounts.user:{actor.pk}"
    assert "jane" not in stored


def test_equal_writes_cannot_be_told_from_their_digests(recorder: User) -> None:
    first, second = append(recorder, 1), append(recorder, 1)
    assert first.attestation.statement_digest != second.attestation.statement_digest
    assert first.leaf_hash != second.leaf_hash


def test_append_outside_a_transaction_is_refused(transactional_db: None) -> None:
    actor = builders.recorder()
    with pytest.raises(InvalidState, match="transaction"):
        ledger.append(actor=actor, action="a", subject="s", payload={})
    assert counts() == (0, 0, 0, 0)


def test_rollback_leaves_no_trace_and_no_gap(recorder: User) -> None:
    append(recorder, 0)
    before = counts()
    with transaction.atomic():
        ledger.append_many(actor=recorder, drafts=drafts(5))
        transaction.set_rollback(True)
    assert counts() == before
    assert LogHead.objects.get().size == 1
    assert append(recorder, 1).index == 1
    assert log_sweep().problems == ()


def test_batch_and_single_appends_build_one_log(recorder: User) -> None:
    append(recorder)
    with transaction.atomic():
        rows = ledger.append_many(actor=recorder, drafts=drafts(300))
        assert ledger.append_many(actor=recorder, drafts=[]) == []
    assert [row.index for row in rows] == list(range(1, 301))
    append(recorder)
    assert sorted(Checkpoint.objects.values_list("tree_size", flat=True)) == [1, 301, 302]
    assert log_sweep() == Sweep(302, ())


def test_append_writes_a_checkpoint_that_verifies(recorder: User, ring: KeyRing) -> None:
    append(recorder)
    append(recorder)
    head = checkpoint.verify(Checkpoint.objects.get(tree_size=2).note, ring.log_key)
    assert (head.origin, head.size, head.root.hex()) == (ring.origin, 2, Checkpoint.objects.get(tree_size=2).root)


def test_own_statement_carries_the_record_beside_its_predicate(recorder: User) -> None:
    statement = statements.build([statements.descriptor("a", "0" * 64)], "urn:test", {"found": True})
    entry = append(recorder, statement=statement)
    predicate = json.loads(payload_of(entry))["predicate"]
    assert predicate["found"] is True
    assert predicate["record"]["payload"] == {"number": 0}
    assert entry.attestation.predicate_type == "urn:test"


def test_queries_do_not_grow_with_the_log(recorder: User, django_assert_max_num_queries: Any) -> None:
    with transaction.atomic():
        ledger.append_many(actor=recorder, drafts=drafts(127))  # seven subtrees on the frontier, the most a log of this size can have
    with django_assert_max_num_queries(12):
        append(recorder)


CHANGES: dict[str, Callable[[], object]] = {
    "last entry deleted": lambda: LedgerEntry.objects.filter(index=6).delete(),
    "entry added behind": lambda: LedgerEntry.objects.filter(index=6).update(index=7),
    "leaf hash at the end": lambda: LedgerEntry.objects.filter(index=6).update(leaf_hash="0" * 64),
    "node on the frontier": lambda: LogNode.objects.filter(level=2, index=0).update(hash="0" * 64),
    "node missing": lambda: LogNode.objects.filter(level=1, index=2).delete(),
    "head moved back": lambda: LogHead.objects.update(size=6),
    "head moved on": lambda: LogHead.objects.update(size=8),
    "checkpoint deleted": lambda: Checkpoint.objects.filter(tree_size=7).delete(),
    "checkpoint of another size": lambda: Checkpoint.objects.filter(tree_size=7).update(note=Checkpoint.objects.get(tree_size=6).note),
    "checkpoint unsigned": lambda: Checkpoint.objects.filter(tree_size=7).update(note=Checkpoint.objects.get(tree_size=7).note.upper()),
}


@pytest.mark.parametrize("name", CHANGES)
def test_log_refuses_to_grow_on_a_changed_past(recorder: User, name: str) -> None:
    for number in range(7):
        append(recorder, number)
    CHANGES[name]()
    before = counts()
    with pytest.raises(IntegrityFailed):
        append(recorder, 7)
    assert counts() == before


DATABASE_CHANGES: dict[str, tuple[Callable[[], object], str]] = {
    "payload": (lambda: LedgerEntry.objects.filter(index=3).update(payload={"number": 99}), "log entry 3"),
    "actor": (lambda: LedgerEntry.objects.filter(index=3).update(actor="accounts.user:x"), "log entry 3"),
    "action": (lambda: LedgerEntry.objects.filter(index=3).update(action="tests.undone"), "log entry 3"),
    "subject": (lambda: LedgerEntry.objects.filter(index=3).update(subject="other"), "log entry 3"),
    "time": (lambda: LedgerEntry.objects.filter(index=3).update(at="2020-01-01T00:00:00Z"), "log entry 3"),
    "leaf": (lambda: LedgerEntry.objects.filter(index=3).update(leaf="{}"), "log entry 3"),
    "envelope": (lambda: Attestation.objects.filter(entry__index=3).update(envelope=Attestation.objects.get(entry__index=2).envelope), "log entry 3"),
    "predicate type": (lambda: Attestation.objects.filter(entry__index=3).update(predicate_type="x"), "log entry 3"),
    "deleted": (lambda: LedgerEntry.objects.filter(index=3).delete(), "log entry 3 is missing"),
    "node": (lambda: LogNode.objects.filter(level=1, index=1).update(hash="0" * 64), "log node 1/1"),
    "extra node": (lambda: LogNode.objects.create(level=5, index=9, hash="0" * 64), "log node 5/9"),
    "checkpoint root": (lambda: Checkpoint.objects.filter(tree_size=4).update(root="0" * 64), "checkpoint 4"),
    "checkpoint note": (lambda: Checkpoint.objects.filter(tree_size=4).update(note="x"), "checkpoint 4"),
}


@pytest.mark.parametrize("name", DATABASE_CHANGES)
def test_sweep_names_what_was_changed_in_the_database(recorder: User, name: str) -> None:
    for number in range(6):
        append(recorder, number)
    assert log_sweep().problems == ()
    change, words = DATABASE_CHANGES[name]
    change()
    assert words in " ".join(log_sweep().problems)


def test_threads_leave_no_gap(transactional_db: None) -> None:
    actor, failures = builders.recorder(), []

    def work(worker: int) -> None:
        try:
            for number in range(10):
                append(actor, worker * 100 + number)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert log_sweep() == Sweep(60, ())
    assert {entry.payload["number"] for entry in LedgerEntry.objects.all()} == {worker * 100 + number for worker in range(6) for number in range(10)}


PROCESS = """
import django, sys
django.setup()
from django.db import transaction
from accounts.models import User
from evidence import ledger
actor = User.objects.get(pk=sys.argv[1])
for number in range(int(sys.argv[2])):
    with transaction.atomic():
        ledger.append_many(actor=actor, drafts=[ledger.Draft("tests.done", "tests.thing", {"n": number, "part": part}) for part in range(3)])
    print(number, flush=True)
"""


def database_url() -> str:
    row = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{row['NAME']}"
    return f"postgres://{row['USER']}:{row['PASSWORD']}@{row['HOST'] or 'localhost'}:{row['PORT'] or 5432}/{row['NAME']}"


def start(actor: User, rounds: int, settings: Any) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": database_url(),
        "ASSAY_KEYS_DIR": str(settings.ASSAY_KEYS_DIR),
        "ASSAY_KEY_PASSPHRASE": settings.ASSAY_KEY_PASSPHRASE,
    }
    return subprocess.Popen([sys.executable, "-c", PROCESS, str(actor.pk), str(rounds)], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def test_processes_leave_no_gap(transactional_db: None, settings: Any) -> None:
    actor = builders.recorder()
    running = [start(actor, 8, settings) for _ in range(3)]
    assert [process.communicate(timeout=60)[0].split()[-1] for process in running] == ["7"] * 3
    assert log_sweep() == Sweep(72, ())


@pytest.mark.kill
def test_killed_writers_leave_a_whole_log_that_goes_on(transactional_db: None, settings: Any) -> None:
    actor = builders.recorder()
    for delay in (0.0, 0.01, 0.02):
        process = start(actor, 10_000, settings)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        size = LedgerEntry.objects.count()
        assert size % 3 == 0, "a batch was cut in two"
        assert append(actor).index == size
        assert log_sweep() == Sweep(size + 1, ())
        with transaction.atomic():
            ledger.append_many(actor=actor, drafts=drafts(2))
