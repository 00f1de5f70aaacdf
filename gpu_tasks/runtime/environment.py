"""What the numbers depend on besides weights and inputs; goes into every attestation."""

import os
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from core.hashing import file_manifest, manifest_digest
from gpu_tasks.runtime.batching import POLICY

LIBRARIES = ("torch", "transformers", "transformer-lens", "tokenizers", "safetensors", "gguf", "numpy", "scipy", "scikit-learn")


def settle(threads: int) -> torch.device:
    """Fix threads and determinism for this process and choose the device: CUDA when present, else the CPU."""
    torch.set_num_threads(threads)
    torch.set_float32_matmul_precision("highest")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=torch.cuda.is_available())
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def describe(device: torch.device, threads: int, max_batch: int) -> dict[str, Any]:
    """JSON-safe description of libraries, hardware and numerical policies."""
    return {
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "runtime_source": source_digest(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpu": cpu_model(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "device": device.type,
        "device_name": torch.cuda.get_device_name(device) if device.type == "cuda" else "",
        "dtype": "float32",
        "threads": threads,
        "deterministic_algorithms": True,
        "float32_matmul_precision": "highest",
        "attention": "eager",
        "bridge": "TransformerBridge, raw mode (no folding, no centring)",
        "batching": POLICY,
        "max_batch": max_batch,
    }


@cache
def source_digest() -> str:
    """Manifest digest of the modules of this package: the adapter decides the numbers as much as the instrument does."""
    folder = Path(__file__).parent
    return manifest_digest(file_manifest(folder.glob("*.py"), folder))


def cpu_model(source: Path = Path("/proc/cpuinfo")) -> str:
    """Name of the processor as the system gives it; empty when it gives none."""
    try:
        lines = source.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.lower().startswith("model name"))
    return next(names, platform.processor())
