"""What an attestation says of the machine is JSON and true."""

import json
from pathlib import Path

import torch

from gpu_tasks.runtime.environment import LIBRARIES, cpu_model, describe, settle


def test_settle_fixes_threads_and_determinism() -> None:
    device = settle(1)
    assert torch.get_num_threads() == 1
    assert torch.are_deterministic_algorithms_enabled()
    assert torch.get_float32_matmul_precision() == "highest"
    assert device.type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_description_names_versions_and_policies() -> None:
    found = describe(torch.device("cpu"), threads=1, max_batch=8)
    assert json.loads(json.dumps(found)) == found
    assert set(found["libraries"]) == set(LIBRARIES)
    assert found["libraries"]["torch"] == torch.__version__
    assert (found["device"], found["threads"], found["max_batch"], found["attention"]) == ("cpu", 1, 8, "eager")


def test_processor_name_comes_from_the_system(tmp_path: Path) -> None:
    listing = tmp_path / "cpuinfo"
    listing.write_text("processor\t: 0\nmodel name\t: Fast Chip 9000\nmodel name\t: Fast Chip 9000\n")
    assert cpu_model(listing) == "Fast Chip 9000"
    assert isinstance(cpu_model(tmp_path / "absent"), str)
