"""The installation's lock, between real processes."""

import subprocess
import sys
import time
from dataclasses import replace

import pytest

from cli.lock import Holder, InstallationLock
from cli.paths import ROOT

HOLDING = """
import sys, time
from pathlib import Path
from cli.lock import InstallationLock
lock = InstallationLock(Path(sys.argv[1]))
print(lock.acquire("serve", "redis+socket:///somewhere", "http://127.0.0.1:1/"), flush=True)
time.sleep(300)
"""


@pytest.fixture
def elsewhere(tmp_path):
    """Another process that holds the lock."""
    process = subprocess.Popen([sys.executable, "-c", HOLDING, str(tmp_path / "lock")], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "True\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_second_process_is_refused_and_told_who_holds(tmp_path, elsewhere):
    lock = InstallationLock(tmp_path / "lock")
    assert not lock.acquire("serve", "other")
    assert lock.holder() == Holder(elsewhere.pid, "serve", "redis+socket:///somewhere", "http://127.0.0.1:1/", ready=False)


def test_lock_of_a_killed_process_is_free_and_its_note_does_not_count(tmp_path, elsewhere):
    elsewhere.kill()
    elsewhere.wait()
    lock = InstallationLock(tmp_path / "lock")
    assert lock.holder() is None
    with lock:
        assert lock.acquire("demo", "mine")
        assert lock.holder().mode == "demo"


def test_release_frees_the_lock(tmp_path):
    first, second = InstallationLock(tmp_path / "lock"), InstallationLock(tmp_path / "lock")
    with first:
        assert first.acquire("serve", "url")
        assert not second.acquire("serve", "url")
    with second:
        assert second.acquire("serve", "url")


def test_note_can_shrink_and_grow(tmp_path):
    with InstallationLock(tmp_path / "lock") as lock:
        lock.acquire("serve", "a-rather-long-broker-address" * 5)
        lock.note(Holder(1, "demo", "b"))
        assert lock.holder() == Holder(1, "demo", "b")
        lock.note(replace(lock.holder(), ready=True))
        assert lock.holder().ready


def test_note_is_refused_without_the_lock(tmp_path):
    with pytest.raises(RuntimeError, match="holder"):
        InstallationLock(tmp_path / "lock").note(Holder(1, "serve", "u"))


def test_nobody_holds_a_lock_that_was_never_taken(tmp_path):
    assert InstallationLock(tmp_path / "run" / "lock").holder() is None


def test_unreadable_note_still_means_held(tmp_path):
    with InstallationLock(tmp_path / "lock") as lock:
        lock.acquire("serve", "url")
        (tmp_path / "lock").write_text("{ half a no")
        assert lock.holder() == Holder(0, "unknown", "")


def test_lock_is_not_inherited_by_children(tmp_path):
    lock = InstallationLock(tmp_path / "lock")
    lock.acquire("serve", "url")
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], close_fds=False)
    try:
        lock.release()
        # Between fork and exec the child holds a copy for an instant; an inherited one would stay for its 300 seconds.
        deadline = time.monotonic() + 10
        while lock.holder() is not None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert lock.holder() is None
    finally:
        child.kill()
        child.wait()
