"""Looks into weights before they are registered: reads, checks and hashes them, which needs the torch runtime."""

from collections.abc import Callable

from django.conf import settings

from inventory.services import VersionFacts


def silent(stage: str) -> None:
    """Nobody is told how far the inspection is."""


def version_inspect(*, source: str, locator: str, say: Callable[[str], None] = silent) -> VersionFacts:
    """What a version registration needs to know of the weights at ``locator``; raises ``Refused`` naming the file and the fix.

    ``say`` is told each stage in plain words.
    """
    # The runtime brings torch, which must not be loaded in a process that forks or serves pages.
    from gpu_tasks.runtime.sources import inspect_source

    facts = inspect_source(source, locator, settings.ASSAY_CACHE, say)
    return VersionFacts(
        source=facts.source,
        locator=facts.locator,
        weights_manifest=[dict(row) for row in facts.weights_manifest],
        weights_digest=facts.weights_digest,
        tokenizer_digest=facts.tokenizer_digest,
        template_digest=facts.template_digest,
        quantisation=facts.quantisation,
        architecture=facts.architecture,
        parameters=facts.parameters,
        licence=facts.licence,
        notes=" ".join(facts.notes),
    )
