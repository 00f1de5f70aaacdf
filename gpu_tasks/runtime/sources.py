"""Sources of weights under one roof: ``inspect_source`` when a version is registered, ``materialise`` at every use."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assessments.contracts import Refused, SubjectSpec
from core.hashing import manifest_digest
from gpu_tasks.runtime import gguf_source, lora_source, package_source, safetensors_source
from gpu_tasks.runtime.cache import default_cache
from gpu_tasks.runtime.derived import derived_files
from gpu_tasks.runtime.facts import Identity, SourceFacts
from gpu_tasks.runtime.loading import check_tokenizer_fits, load_tokenizer, load_weights

__all__ = ["Materialised", "SourceFacts", "default_cache", "inspect_source", "materialise", "materialised"]

KINDS = ("package", "gguf", "safetensors", "lora")


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


def inspect_source(source: str, locator: str, cache: Path, say: Callable[[str], None] = lambda stage: None) -> SourceFacts:
    """Read, check and load a model once; whatever a run would refuse is refused here. May download and dequantise into ``cache``.

    ``say`` is told each stage in plain words.
    """
    say("fetching the package, checking and hashing it" if source == "package" else "checking and hashing every file")
    found = _find(source, locator, cache)
    say("loading the weights and looking for numbers that are none" if source == "safetensors" else "unpacking the weights to full precision")
    folder = _folder(source, found.where, cache)
    model = load_weights(folder)
    say("checking that the tokenizer fits")
    tokenizer = load_tokenizer(folder)
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
    rows = found.identity.files if folder == found.where else derived_files(folder)
    return Materialised(folder, manifest_digest([dict(row) for row in rows]))


def identity_of(source: str, locator: str, cache: Path) -> Identity:
    """Digests of a source as it lies on disk, hashed anew; nothing is loaded."""
    return _find(source, locator, cache).identity


def _find(source: str, locator: str, cache: Path) -> _Found:
    if source == "package":
        pinned = package_source.package(locator)
        return _gguf(package_source.gguf_file(pinned, cache), pinned.name, pinned.licence)
    if source == "gguf":
        return _gguf(Path(locator).expanduser().absolute(), "", "")
    if source == "safetensors":
        return _safetensors(Path(locator).expanduser().absolute())
    if source == "lora":
        return _lora(Path(locator).expanduser().absolute(), cache)
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


def _lora(folder: Path, cache: Path) -> _Found:
    lora_source.check_folder(folder)
    base = lora_source.base_of(folder)
    under = _find(base.source, base.locator, cache)
    under.identity.check(base, under.where)
    note = f"a low-rank adapter, merged into {under.name}; the adapter alone is {lora_source.ADAPTER}"
    quantisation = f"{under.quantisation}; adapter merged in float32"
    return _Found(folder, lora_source.identity(folder, under.identity), folder.name, quantisation, under.licence, (note, *under.notes))


def _folder(source: str, where: Path, cache: Path) -> Path:
    if source == "lora":
        base = lora_source.base_of(where)
        return lora_source.merged(where, materialised(base, cache).folder, cache)
    return where if source == "safetensors" else gguf_source.dequantised(where, cache)
