"""Secrets: made once, private, never over what is there."""

import pytest

from cli.secret_files import create_secret_files, write_once


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch):
    for name in ("SECRET_KEY", "SECRET_KEY_FILE", "ASSAY_KEY_PASSPHRASE", "ASSAY_KEY_PASSPHRASE_FILE", "ASSAY_KEYS_DIR"):
        monkeypatch.delenv(name, raising=False)


def test_both_secrets_are_made_private_and_random(tmp_path):
    create_secret_files(tmp_path / "a")
    create_secret_files(tmp_path / "b")
    for name in ("secret_key", "keys/passphrase"):
        first, second = tmp_path / "a" / name, tmp_path / "b" / name
        assert first.stat().st_mode & 0o777 == 0o600
        assert first.parent.stat().st_mode & 0o777 == 0o700
        assert first.read_text() != second.read_text()
        assert len(first.read_text().strip()) >= 40


def test_second_time_changes_nothing(tmp_path):
    create_secret_files(tmp_path)
    before = [(tmp_path / name).read_text() for name in ("secret_key", "keys/passphrase")]
    create_secret_files(tmp_path)
    assert [(tmp_path / name).read_text() for name in ("secret_key", "keys/passphrase")] == before


@pytest.mark.parametrize("suffix", ["", "_FILE"])
def test_configured_secrets_are_not_written_to_disk(tmp_path, monkeypatch, suffix):
    monkeypatch.setenv(f"SECRET_KEY{suffix}", "given")
    monkeypatch.setenv(f"ASSAY_KEY_PASSPHRASE{suffix}", "given")
    create_secret_files(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_no_passphrase_is_made_up_for_keys_that_exist(tmp_path):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "statements.pem").touch()
    create_secret_files(tmp_path)
    assert not (tmp_path / "keys" / "passphrase").exists()


def test_passphrase_goes_where_the_keys_are(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAY_KEYS_DIR", str(tmp_path / "vault"))
    create_secret_files(tmp_path / "var")
    assert (tmp_path / "vault" / "passphrase").exists()
    assert not (tmp_path / "var" / "keys").exists()


def test_file_is_written_once_and_leaves_no_draft(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    assert write_once(folder / "secret", "first")
    assert not write_once(folder / "secret", "second")
    assert (folder / "secret").read_text() == "first\n"
    assert [path.name for path in folder.iterdir()] == ["secret"]


def test_draft_of_a_killed_set_up_does_not_hinder(tmp_path, monkeypatch):
    monkeypatch.setattr("os.getpid", lambda: 42)
    (tmp_path / ".secret.42").write_text("half")
    assert write_once(tmp_path / "secret", "whole")
    assert (tmp_path / "secret").read_text() == "whole\n"
