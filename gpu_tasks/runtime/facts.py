"""What is known of a source of weights after it has been read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assessments.contracts import Refused, SubjectSpec


@dataclass(frozen=True)
class SourceFacts:
    """Identity of a model as found. Digests are hex SHA-256; ``template_digest`` is empty without a chat template; ``licence`` is what the files state."""

    source: str
    locator: str
    name: str
    weights_manifest: tuple[Mapping[str, Any], ...]
    weights_digest: str
    tokenizer_digest: str
    template_digest: str
    quantisation: str
    architecture: str
    parameters: int
    licence: str
    notes: tuple[str, ...]

    def spec(self) -> SubjectSpec:
        """The subject as a sealed plan names it."""
        return SubjectSpec(self.source, self.locator, self.weights_digest, self.tokenizer_digest, self.template_digest, self.name)


@dataclass(frozen=True)
class Identity:
    """The three digests that bind a subject, computed from files on disk."""

    files: tuple[Mapping[str, Any], ...]
    weights: str
    tokenizer: str
    template: str

    def check(self, spec: SubjectSpec, where: Path) -> None:
        """Refuse when the files at ``where`` are not those of ``spec``."""
        pairs = (
            ("weights", spec.weights_digest, self.weights),
            ("tokenizer", spec.tokenizer_digest, self.tokenizer),
            ("chat template", spec.template_digest, self.template),
        )
        for part, expected, found in pairs:
            if expected != found:
                raise Refused(
                    f"{where}: the {part} changed since the model version was registered: expected SHA-256 {expected or 'none'}, "
                    f"found {found or 'none'}. Put the original files back, or register these as a new model version."
                )
