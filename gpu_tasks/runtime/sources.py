"""Sources of weights under one roof: ``inspect_source`` when a version is registered, ``materialise`` at every use."""

from dataclasses import dataclass
from pathlib import Path

from assessments.contracts import Refused, SubjectSpec
from core.hashing import manifest_digest
from gpu_tasks.runtime import gguf_source, package_source, safetensors_source
from gpu_tasks.runtime.cache import default_cache
from gpu_tasks.runtime.facts import Identity, SourceFacts
from gpu_tasks.runtime.loading import check_tokenizer_fits, load_tokenizer, load_weights

__all__ = ["Materialised", "SourceFacts", "default_cache", "inspect_source", "materialise", "materialised"]

KINDS = ("package", "gguf", "safetensors")


@dataclass(frozen=True)
class Materialised:
    """A verified folder ready to load; ``digest``: manifest digest of all files in it, which for a GGUF are the dequantised ones."""

    folder: Path
    digest: str


@dataclass(frozen=True)
class _Found:
    """A source as it lies on disk: the file or folder that is hashed, and what it says of itself."""

    where: Path
    identity: Identity
    name: str
    quantisation: str
    licence: str
    notes: tuple[str, ...]


def inspect_source(source: str, locator: str, cache: Path) -> SourceFacts:
    """Read, check and load a model once; whatever a run would refuse is refused here. May download and dequantise into ``cache``."""
    found = _find(source, locator, cache)
    folder = _folder(source, found.where, cache)
    model, tokenizer = load_weights(folder), load_tokenizer(folder)
    check_tokenizer_fits(tokenizer, model)
    return SourceFacts(
        source=source,
        locator=locator,
        name=found.name,
        weights_manifest=found.identity.files,
        weights_digest=found.identity.weights,
        tokenizer_digest=found.identity.tokenizer,
        template_digest=found.identity.template,
        quantisation=found.quantisation,
        architecture=type(model).__name__,
        parameters=int(model.num_parameters()),
        licence=found.licence,
        notes=found.notes,
    )


def materialise(spec: SubjectSpec, cache: Path) -> Path:
    """A local safetensors folder with the model of ``spec``, hashed anew; ``Refused`` when anything differs from its digests."""
    return materialised(spec, cache).folder


def materialised(spec: SubjectSpec, cache: Path) -> Materialised:
    """As ``materialise``, with the digest of the very files that will be loaded."""
    found = _find(spec.source, spec.locator, cache)
    found.identity.check(spec, found.where)
    folder = _folder(spec.source, found.where, cache)
    rows = found.identity.files if folder == found.where else gguf_source.files(folder)
    return Materialised(folder, manifest_digest([dict(row) for row in rows]))


def _find(source: str, locator: str, cache: Path) -> _Found:
    if source == "package":
        pinned = package_source.package(locator)
        return _gguf(package_source.gguf_file(pinned, cache), pinned.name, pinned.licence)
    if source == "gguf":
        return _gguf(Path(locator).expanduser().absolute(), "", "")
    if source == "safetensors":
        return _safetensors(Path(locator).expanduser().absolute())
    raise Refused(f"source {source!r} is not known: use {', '.join(KINDS)}")


def _gguf(path: Path, name: str, licence: str) -> _Found:
    gguf_source.check_file(path)
    reader = gguf_source.read(path)
    stated = gguf_source.text_field(reader, "general.license")
    notes = (f"weights as stored: {gguf_source.quantisation(reader)}; not the numbers of the unquantised model",)
    return _Found(
        path,
        gguf_source.identity(path),
        name or gguf_source.text_field(reader, "general.name") or path.stem,
        gguf_source.quantisation(reader),
        licence or stated,
        notes if gguf_source.quantisation(reader).endswith("dequantised") else (),
    )


def _safetensors(folder: Path) -> _Found:
    safetensors_source.check_folder(folder)
    return _Found(
        folder,
        safetensors_source.identity(folder),
        folder.name,
        safetensors_source.quantisation(folder),
        safetensors_source.licence(folder),
        safetensors_source.notes(folder),
    )


def _folder(source: str, where: Path, cache: Path) -> Path:
    return where if source == "safetensors" else gguf_source.dequantised(where, cache)
