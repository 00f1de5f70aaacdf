"""What the machine must offer, and what is installed or said when it does not."""

import os
import platform
import shutil
from collections import namedtuple
from ctypes.util import find_library

import pytest

from cli import system
from cli.failures import SetupFailed
from cli.system import apt_install, loadable, may_install, offer_test_tools, require_pango, require_space

Usage = namedtuple("Usage", "total used free")


def test_enough_space_passes(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10, 6, 4))
    require_space(tmp_path, 4, "x")


def test_missing_space_is_counted_where_the_folder_will_be(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(shutil, "disk_usage", lambda path: asked.append(path) or Usage(9e9, 8.5e9, 0.5e9))
    with pytest.raises(SetupFailed, match=rf"the model needs about 2\.0 GB of disk below {tmp_path}, and 0\.5 GB are free: free 1\.5 GB more"):
        require_space(tmp_path / "not" / "yet", 2_000_000_000, "the model")
    assert asked == [tmp_path]


def test_a_library_is_loadable_under_any_of_its_names():
    assert loadable(["no-such-library.so", find_library("c")])
    assert not loadable(["no-such-library.so"])


@pytest.fixture
def apt(tmp_path, monkeypatch):
    """An apt-get on PATH that records its calls; `fail` lists the words after which it fails."""
    log, fail = tmp_path / "calls", tmp_path / "fail"
    log.touch()
    fail.touch()
    script = tmp_path / "apt-get"
    script.write_text(f'#!/bin/sh\necho "$DEBIAN_FRONTEND $*" >> {log}\n[ "$(grep -c install {log})" -gt "$(wc -l < {fail})" ]\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.delenv("ASSAY_NO_APT", raising=False)
    return log, fail


def test_apt_installs_without_questions(apt):
    assert apt_install(["a", "b"])
    assert apt[0].read_text() == "noninteractive install -y -q --no-install-recommends a b\n"


def test_apt_refreshes_its_lists_once_after_a_failure(apt):
    apt[1].write_text("fail the first\n")
    log = apt[0]
    apt_install(["a"])
    assert [line.split()[1] for line in log.read_text().splitlines()][:2] == ["install", "update"]


def test_nothing_is_installed_by_ordinary_users_or_when_forbidden(apt, monkeypatch):
    assert may_install()
    monkeypatch.setenv("ASSAY_NO_APT", "1")
    assert not may_install()
    monkeypatch.delenv("ASSAY_NO_APT")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not may_install()


def test_present_libraries_need_no_word(monkeypatch, said):
    monkeypatch.setattr(system, "loadable", lambda names: True)
    require_pango(said.append)
    assert said == []


def test_missing_libraries_are_installed_where_allowed(apt, monkeypatch, said):
    answers = iter([True, False, True, True, True, True])
    monkeypatch.setattr(system, "loadable", lambda names: next(answers))
    require_pango(said.append)
    assert said == ["installing libpangoft2-1.0-0 with apt-get, needed to render reports"]
    assert "libpangoft2-1.0-0" in apt[0].read_text()


@pytest.mark.parametrize(
    ("kind", "hint"), [("Linux", "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"), ("Darwin", "brew install pango")]
)
def test_missing_libraries_are_named_with_the_command_to_type(monkeypatch, said, kind, hint):
    monkeypatch.setattr(system, "loadable", lambda names: False)
    monkeypatch.setattr(system, "may_install", lambda: False)
    monkeypatch.setattr(platform, "system", lambda: kind)
    with pytest.raises(SetupFailed, match=hint):
        require_pango(said.append)


def test_tools_that_are_there_are_not_installed(monkeypatch, said):
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    offer_test_tools(said.append)
    assert said == []


def test_any_browser_will_do(monkeypatch, said):
    monkeypatch.setattr(shutil, "which", lambda name: None if name in {"chromium", "chromium-browser"} else name)
    offer_test_tools(said.append)
    assert said == []


def test_missing_tools_are_only_named_to_ordinary_users(monkeypatch, said):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    offer_test_tools(said.append)
    assert said == ["not there: chromium, poppler-utils, qpdf; the tests that need them are skipped"]


def test_missing_tools_are_installed_where_allowed(apt, monkeypatch, said):
    real = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: real(name) if name == "apt-get" else None)
    offer_test_tools(said.append)
    assert said == ["installing chromium poppler-utils qpdf with apt-get, for tests only"]
