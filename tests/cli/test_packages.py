"""pip's settings for uv, the source of torch, and the way from uv to pip."""

import http.server
import platform
import socket
import subprocess
import sys
import threading

import pytest

from cli import packages
from cli.failures import SetupFailed
from cli.packages import (
    TorchSource,
    choose_torch,
    describe_failure,
    find_uv,
    index_answers,
    install_requirements,
    local_torch_wheel,
    parse_pip_settings,
    pinned_version,
    pip_settings,
    uv_environment,
)
from cli.paths import ROOT

pytestmark = pytest.mark.enable_socket
MACHINE = platform.machine()
TAG = f"cp{sys.version_info.major}{sys.version_info.minor}"


def wheel(folder, version="2.13.0+cpu", tag=TAG, machine=MACHINE):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"torch-{version}-{tag}-{tag}-manylinux_2_28_{machine}.whl"
    path.touch()
    return path


def test_environment_wins_over_install_over_global():
    lines = ["global.find-links='/g'", "install.find-links='/i'", ":env:.find-links='/e'", "global.timeout='5'", "install.index-url='https://i/'"]
    assert parse_pip_settings(lines) == {"find-links": "/e", "timeout": "5", "index-url": "https://i/"}
    assert parse_pip_settings(reversed(lines)) == parse_pip_settings(lines)


def test_values_over_several_lines_become_one():
    assert parse_pip_settings(["global.find-links='\\n/a\\n/b c'"]) == {"find-links": "/a /b c"}


def test_settings_of_other_pip_commands_are_left_out():
    assert parse_pip_settings(["download.find-links='/d'", "", "nonsense"]) == {}


def test_pip_itself_is_asked(monkeypatch, tmp_path):
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert pip_settings(sys.executable)["find-links"] == str(tmp_path)


def test_absent_pip_means_no_settings(tmp_path):
    (tmp_path / "python").write_text("#!/bin/sh\necho no module named pip >&2\nexit 1\n")
    (tmp_path / "python").chmod(0o755)
    assert pip_settings(tmp_path / "python") == {}


def test_pip_settings_get_uvs_names(monkeypatch):
    for name in (*packages.UV_NAMES.values(), "UV_INDEX_STRATEGY"):
        monkeypatch.delenv(name, raising=False)
    given = {"find-links": "/a /b", "index-url": "https://mirror/simple", "extra-index-url": "file:///x file:///y", "timeout": "5"}
    assert uv_environment(given) == {
        "UV_FIND_LINKS": "/a,/b",
        "UV_DEFAULT_INDEX": "https://mirror/simple",
        "UV_INDEX": "file:///x file:///y",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


def test_what_the_user_set_for_uv_is_left_alone(monkeypatch):
    monkeypatch.setenv("UV_FIND_LINKS", "/mine")
    assert "UV_FIND_LINKS" not in uv_environment({"find-links": "/a"})


def test_local_wheel_is_found_in_any_of_the_folders(tmp_path):
    expected = wheel(tmp_path / "b")
    assert local_torch_wheel("2.13.0", f"{tmp_path}/absent {tmp_path}/b https://elsewhere/") == expected
    assert local_torch_wheel("2.13.0", (tmp_path / "b").as_uri()) == expected


@pytest.mark.parametrize("wrong", [{"version": "2.13.01"}, {"version": "2.14.0+cpu"}, {"tag": "cp39"}, {"machine": "sparc"}])
def test_wheel_that_does_not_fit_is_passed_over(tmp_path, wrong):
    wheel(tmp_path, **wrong)
    assert local_torch_wheel("2.13.0", str(tmp_path)) is None


@pytest.fixture
def linux(monkeypatch):
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(packages.shutil, "which", lambda name: None)


def test_local_wheel_spares_the_question_to_the_network(tmp_path, monkeypatch, said):
    monkeypatch.setattr(packages, "index_answers", lambda *a: pytest.fail("the network was asked"))
    name = wheel(tmp_path).name
    assert choose_torch("2.13.0", {"find-links": str(tmp_path)}, said.append) == TorchSource(None, f"local wheel {name}")


def test_cpu_build_without_an_nvidia_driver(linux, monkeypatch, said):
    monkeypatch.setattr(packages, "index_answers", lambda *a: True)
    assert choose_torch("2.13.0", {}, said.append).backend == "cpu"


def test_build_for_the_driver_where_there_is_one(linux, monkeypatch, said):
    monkeypatch.setattr(packages, "index_answers", lambda *a: True)
    monkeypatch.setattr(packages.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    assert choose_torch("2.13.0", {}, said.append).backend == "auto"


def test_unreachable_torch_index_is_said(linux, monkeypatch, said):
    monkeypatch.setattr(packages, "index_answers", lambda *a: False)
    assert choose_torch("2.13.0", {}, said.append).backend is None
    assert "does not answer" in said[0]


@pytest.fixture
def server():
    """An HTTP server whose status the test sets."""

    class Handler(http.server.BaseHTTPRequestHandler):
        status = 200

        def do_HEAD(self):
            self.send_response(self.status)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        running.handler, running.address = Handler, f"http://127.0.0.1:{running.server_port}/"
        yield running
        running.shutdown()


@pytest.mark.parametrize(("status", "expected"), [(200, True), (403, False), (503, False)])
def test_index_answers_only_with_success(server, status, expected):
    server.handler.status = status
    assert index_answers(server.address, 5) is expected


def test_silent_index_is_given_up_on():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert index_answers(f"http://127.0.0.1:{silent.getsockname()[1]}/", 0.3) is False


def test_closed_port_does_not_answer():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert index_answers(f"http://127.0.0.1:{port}/", 5) is False


def test_the_lock_file_pins_torch_and_the_broker():
    assert pinned_version(ROOT / "requirements.txt", "torch") == "2.13.0"
    assert pinned_version(ROOT / "requirements.txt", "celery") == "5.6.3"


def test_unpinned_package_is_refused(tmp_path):
    (tmp_path / "requirements.txt").write_text("torch>=2\ntorchvision==1\n")
    with pytest.raises(SetupFailed, match="does not pin torch"):
        pinned_version(tmp_path / "requirements.txt", "torch")


class Installer:
    """A uv and a python that record how they were called and end with chosen statuses."""

    def __init__(self, folder):
        self.folder, self.log = folder, folder / "calls"
        self.requirements = folder / "requirements.txt"
        self.requirements.write_text("torch==2.13.0\n")
        self.log.touch()

    def tool(self, name, status=0, words=""):
        path = self.folder / name
        path.write_text(f'#!/bin/sh\necho "{name} $* links=$UV_FIND_LINKS" >> {self.log}\necho "{words}"\nexit {status}\n')
        path.chmod(0o755)
        return path

    def calls(self):
        return [line for line in self.log.read_text().splitlines() if "config list" not in line]


@pytest.fixture
def installer(tmp_path, monkeypatch):
    monkeypatch.setattr(packages, "pip_settings", lambda python: {"find-links": str(tmp_path / "links")})
    monkeypatch.setattr(packages, "index_answers", lambda *a: True)
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.delenv("UV_FIND_LINKS", raising=False)
    return Installer(tmp_path)


def test_uv_installs_with_pips_links_and_the_cpu_build(installer, monkeypatch, said):
    monkeypatch.setattr(packages.shutil, "which", lambda name: None)
    install_requirements(installer.tool("python"), installer.requirements, installer.tool("uv"), said.append)
    (call,) = installer.calls()
    assert call.startswith(f"uv pip install --python {installer.folder}/python")
    assert f"-r {installer.requirements} --torch-backend=cpu" in call
    assert call.endswith(f"links={installer.folder}/links")


def test_pip_takes_over_when_uv_fails(installer, monkeypatch, said):
    monkeypatch.setattr(packages.shutil, "which", lambda name: None)
    install_requirements(installer.tool("python"), installer.requirements, installer.tool("uv", 2, "no such option"), said.append)
    assert installer.calls()[1].startswith("python -m pip install")
    words = installer.calls()[1].split()
    assert words[words.index("--extra-index-url") + 1] == "https://download.pytorch.org/whl/cpu"
    assert "uv did not succeed (no such option); trying pip" in said


def test_local_wheel_needs_no_backend(installer, said):
    wheel(installer.folder / "links")
    install_requirements(installer.tool("python"), installer.requirements, installer.tool("uv"), said.append)
    assert "--torch-backend" not in installer.calls()[0]


def test_failure_of_both_is_reported_with_the_last_words(installer, said):
    with pytest.raises(SetupFailed, match=r"could not be installed: no route to host\. Check the network"):
        install_requirements(installer.tool("python", 1, "no route to host"), installer.requirements, installer.tool("uv", 1), said.append)


def test_uv_on_path_is_taken(monkeypatch, tmp_path, said):
    monkeypatch.setattr(packages.shutil, "which", lambda name: "/somewhere/uv")
    assert str(find_uv(tmp_path / "python", said.append)) == "/somewhere/uv"


def test_uv_of_the_environment_is_not_installed_twice(monkeypatch, tmp_path, said):
    monkeypatch.setattr(packages.shutil, "which", lambda name: None)
    (tmp_path / "uv").touch()
    assert find_uv(tmp_path / "python", said.append) == tmp_path / "uv"
    assert said == []


def test_uv_that_cannot_be_had_means_pip(installer, monkeypatch, said):
    monkeypatch.setattr(packages.shutil, "which", lambda name: None)
    assert find_uv(installer.tool("python", 1, "not found"), said.append) is None
    assert "going on with pip" in said[-1]


def test_failure_is_described_by_its_last_lines():
    assert describe_failure(subprocess.CompletedProcess([], 1, "a\nb\nc\n\n d \ne\n", None)) == "b / c / d / e"
    assert describe_failure(subprocess.CompletedProcess([], 7, None, None)) == "exit status 7"
