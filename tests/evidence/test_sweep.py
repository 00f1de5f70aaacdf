"""The sweep over the store names every blob that is no longer what it was. (The sweep over the log is tested with the log.)"""

from pathlib import Path

from accounts.models import User
from evidence.sweep import Sweep, sweep
from tests.evidence import builders


def test_untouched_store_is_clean(recorder: User) -> None:
    builders.plan_and_results(recorder)
    assert sweep() == Sweep(5, ())


def test_changed_and_missing_blobs_are_named(recorder: User, installation: Path) -> None:
    files = [builders.stored(data, title=title) for data, title in ((b"one", "First"), (b"two", "Second"), (b"three", "Third"))]
    builders.record(recorder, files)
    place = installation / "artifacts" / "sha256"
    (place / files[0].blob.sha256).chmod(0o644)
    (place / files[0].blob.sha256).write_bytes(b"onE")
    (place / files[1].blob.sha256).unlink()
    found = sweep()
    assert found.checked == 3
    assert len(found.problems) == 2
    assert any("“First”" in text and "changed" in text for text in found.problems)
    assert any("“Second”" in text and "missing" in text for text in found.problems)
