"""The cache folder never shows anything half-written: on errors, on a full disk, after a kill."""

import errno
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from assessments.contracts import Refused
from gpu_tasks.runtime import gguf_source
from gpu_tasks.runtime.cache import default_cache, disk_errors, exclusive, publish, require_space
from gpu_tasks.runtime.sources import inspect_source
from tests.gpu_tasks.runtime.tiny_gguf import write_gguf

ROOT = Path(__file__).resolve().parents[3]
KILLED_BEFORE_THE_MOVE = """
import os, signal, sys
from pathlib import Path
from gpu_tasks.runtime import derived, gguf_source
derived.publish = lambda draft, final: os.kill(os.getpid(), signal.SIGKILL)
gguf_source.dequantised(Path(sys.argv[1]), Path(sys.argv[2]))
"""


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """No file of this process may grow beyond ``size`` bytes; the system then fails writes as on a full disk.

    Compiled Python is not kept meanwhile: it would be cut off too, and stay so for every later process.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        sys.dont_write_bytecode = kept


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 80 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", str(folder)], capture_output=True, check=False).returncode:
        pytest.skip("mounting needs privileges")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.name != ".lock" and path.is_file())


def test_published_work_appears_whole_and_the_draft_is_gone(tmp_path: Path) -> None:
    final = tmp_path / "a" / "thing"
    with exclusive(final) as draft:
        draft.mkdir()
        (draft / "x").write_text("1")
        assert not final.exists()
        publish(draft, final)
    assert visible(tmp_path) == ["x"]
    with exclusive(final) as draft:
        draft.mkdir()
        (draft / "y").write_text("2")
        publish(draft, final)
    assert visible(tmp_path) == ["y"]


def test_unpublished_and_left_over_work_is_removed(tmp_path: Path) -> None:
    final = tmp_path / "thing"

    def fail() -> None:
        with exclusive(final) as draft:
            draft.write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert visible(tmp_path) == []
    with exclusive(final) as draft:
        pass
    draft.mkdir()
    (draft / "from a killed process").write_text("half")
    with exclusive(final) as again:
        assert not again.exists()
    assert visible(tmp_path) == []


def test_only_one_writer_at_a_time(tmp_path: Path) -> None:
    inside, most = list[int](), list[int]()
    gate = threading.Barrier(3)

    def write() -> None:
        gate.wait()
        with exclusive(tmp_path / "thing"):
            inside.append(1)
            most.append(len(inside))
            inside.pop()

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1]


def test_full_disk_is_named_with_the_way_out(tmp_path: Path) -> None:
    words = r"weights could not be written to .*the disk is full.*Nothing half-written.*ASSAY_CACHE"
    with pytest.raises(Refused, match=words), disk_errors(tmp_path / "weights"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_other_write_errors_keep_their_cause(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"weights could not be written.*Permission denied"), disk_errors(tmp_path / "weights"):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))


def test_the_safetensors_librarys_own_error_is_understood(tmp_path: Path) -> None:
    with files_limited_to(4096), pytest.raises(Refused, match="the disk is full"), disk_errors(tmp_path / "weights"):
        save_file({"a": np.zeros(10**5, np.float32)}, tmp_path / "weights")


def test_space_is_asked_for_before_writing(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"not enough disk space in .* MB needed, .* MB free.*ASSAY_CACHE"):
        require_space(tmp_path, 10**18)
    require_space(tmp_path, 1)


@pytest.mark.parametrize("size", [4096, 300_000])
def test_disk_that_fills_while_dequantising_leaves_nothing(tiny_folder: Callable[[str], Path], tmp_path: Path, size: int) -> None:
    gguf, cache = write_gguf(tiny_folder("llama"), tmp_path / "t.gguf"), tmp_path / "cache"
    with files_limited_to(size), pytest.raises(Refused, match="the disk is full"):
        inspect_source("gguf", str(gguf), cache)
    assert visible(cache) == []
    assert inspect_source("gguf", str(gguf), cache).architecture == "LlamaForCausalLM"


def test_small_disk_is_refused_before_anything_is_written(tiny_folder: Callable[[str], Path], tmp_path: Path, small_disk: Path) -> None:
    gguf = write_gguf(tiny_folder("llama"), tmp_path / "t.gguf")
    (small_disk / "ballast").write_bytes(bytes(30 * 2**20))
    with pytest.raises(Refused, match=r"not enough disk space in .*disk.*MB needed"):
        inspect_source("gguf", str(gguf), small_disk)
    assert visible(small_disk) == ["ballast"]


def test_cache_that_cannot_be_written_is_refused(tiny_folder: Callable[[str], Path], tmp_path: Path) -> None:
    gguf = write_gguf(tiny_folder("llama"), tmp_path / "t.gguf")
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(Refused, match="could not be written"):
        inspect_source("gguf", str(gguf), tmp_path / "cache")


@pytest.mark.kill
def test_kill_before_the_move_leaves_nothing_that_is_taken_for_whole(tiny_folder: Callable[[str], Path], tmp_path: Path) -> None:
    gguf, cache = write_gguf(tiny_folder("llama"), tmp_path / "t.gguf"), tmp_path / "cache"
    killed = subprocess.run([sys.executable, "-c", KILLED_BEFORE_THE_MOVE, str(gguf), str(cache)], cwd=ROOT, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    left = [path for path in (cache / "dequantised").iterdir() if path.name != ".lock"]
    assert [path.name[0] for path in left] == ["."]
    folder = gguf_source.dequantised(gguf, cache)
    assert [path for path in (cache / "dequantised").iterdir() if path.name != ".lock"] == [folder]


def test_cache_folder_is_named_by_the_environment_or_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path))
    assert default_cache() == tmp_path
    monkeypatch.delenv("ASSAY_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_cache() == tmp_path / ".cache" / "assay"
