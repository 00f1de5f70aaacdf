"""`assay plan` and `assay case`: the whole way between two installations, by files alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from assessments.models import Plan, ReceivedCase
from cli import case, plan
from core.hashing import sha256_bytes
from tests import factories
from tests.assessments import received as two
from tests.tiny_models import build_tiny

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def prepared(admin: User, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The set-up is not what is tested here; the commands run in the folder of the files."""
    for name in ("plan", "case"):
        monkeypatch.setattr(f"cli.{name}.prepare", lambda var, progress: None)
        monkeypatch.setattr(f"cli.{name}.caller_dir", lambda: tmp_path)
    monkeypatch.setattr("cli.vendor_steps.first_administrator", lambda: admin)


@pytest.fixture
def sealed(admin: User, tmp_path: Path) -> Plan:
    return two.our_plan(admin, build_tiny(tmp_path / "model", "llama"))


def test_a_sealed_plan_is_written_once(sealed: Plan, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert plan.main(["export", sealed.sealed_digest[:12], "plan.json"]) == 0
    assert sealed.sealed_digest in capsys.readouterr().out
    assert two.document_of((tmp_path / "plan.json").read_bytes()) == sealed.document
    assert plan.main(["export", str(sealed.pk), "plan.json"]) == 1
    assert "exists already" in capsys.readouterr().err
    assert plan.main(["export", "nonsense", "other.json"]) == 1


def test_a_vendor_takes_it_in_by_the_name_of_its_version(admin: User, sealed: Plan, settings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert plan.main(["export", str(sealed.pk), "plan.json"]) == 0
    fingerprint = sha256_bytes((settings.ASSAY_KEYS_DIR / "trusted_root.json").read_bytes())
    with two.elsewhere(settings, two.vendor_keys(tmp_path)):
        name = str(two.version_here(admin, tmp_path / "model", "Sold", "1.0"))
        assert plan.main(["import", "plan.json", "--version", name, "--fingerprint", "00"]) == 1
        assert "not the one given" in capsys.readouterr().err
        assert plan.main(["import", "plan.json", "--version", name, "--fingerprint", fingerprint]) == 0
        assert "(compared)" in capsys.readouterr().out
        assert plan.main(["import", "missing.json", "--version", name]) == 1


def test_a_case_is_checked_in_words(admin: User, sealed: Plan, settings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package, folder = two.handed_over(admin, sealed), two.vendor_keys(tmp_path)
    with two.elsewhere(settings, folder):
        (tmp_path / "sent.zip").write_bytes(two.case_of(two.vendor_run(package, tmp_path / "model"), tmp_path))
    name = sealed.version.model.vendor.name
    assert case.main(["import", "sent.zip", "--vendor", name]) == 1
    assert "is not known" in capsys.readouterr().out
    two.pinned(admin, sealed.version.model.vendor, folder)
    assert case.main(["import", "sent.zip", "--vendor", name, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["outcome"], len(found["checks"]), found["repeated"]) == ("limits", 11, False)
    assert case.main(["import", "sent.zip", "--vendor", name]) == 0
    assert "taken in before" in capsys.readouterr().out
    assert ReceivedCase.objects.count() == 1
    assert case.main(["import", "sent.zip", "--vendor", factories.vendor(admin).name + "x"]) == 1
