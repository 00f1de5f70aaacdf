"""The loaded subject of this process: verified at every step, kept as long as the steps ask for the same model."""

import gc
from dataclasses import replace
from pathlib import Path

import torch

from assessments.contracts import Refused, SubjectSpec
from core.hashing import sha256_bytes
from gpu_tasks.runtime.adapter import BridgeSubject
from gpu_tasks.runtime.harvest import Harvest
from gpu_tasks.runtime.loading import load_directory
from gpu_tasks.runtime.sources import materialised

Key = tuple[str, ...]


class Shelf:
    """Room for one loaded model, and for what the steps of a run read from it."""

    def __init__(self) -> None:
        self.harvest = Harvest()
        self._key: Key = ()
        self._subject: BridgeSubject | None = None

    def subject(self, spec: SubjectSpec, cache: Path, *, threads: int, max_batch: int) -> BridgeSubject:
        """The model of ``spec`` with its files hashed anew; loaded only when another one is on the shelf."""
        verified = materialised(spec, cache)
        key = (str(verified.folder), verified.digest, str(threads))
        if key != self._key or self._subject is None:
            self.clear()
            self._subject = _loaded(verified.folder, verified.digest, spec, threads)
            self._key = key
        return self._subject.for_step(spec, max_batch)

    def clear(self) -> None:
        """Give the memory of the loaded model back, and what was read from it."""
        self.harvest.clear()
        self._key, self._subject = (), None
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _loaded(folder: Path, digest: str, spec: SubjectSpec, threads: int) -> BridgeSubject:
    subject = load_directory(folder, spec, threads=threads)
    found = sha256_bytes(subject.text.template.encode()) if subject.text.template else ""
    if found != spec.template_digest:
        raise Refused(
            f"{spec.name}: the chat template the tokenizer uses has SHA-256 {found or 'none'}, the registered one {spec.template_digest or 'none'}: "
            "register the model version again"
        )
    subject.facts = replace(subject.facts, environment={**subject.facts.environment, "loaded_digest": digest})
    return subject


SHELF = Shelf()
