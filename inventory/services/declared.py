"""Versions of which no weights are here: an endpoint, a vendor's activation dump, or weights that stay with the vendor."""

import re
from urllib.parse import urlsplit

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from core.errors import InvalidInput
from inventory.models import WITHOUT_WEIGHTS, Access, AIModel, ModelVersion, Source
from inventory.services.models import VersionFacts, version_register

ALLOWED: dict[str, tuple[Access, ...]] = {
    Source.ENDPOINT: (Access.TEXT, Access.LOGITS),
    Source.DUMP: (Access.ACTIVATIONS,),
    Source.HELD: (Access.TEXT, Access.LOGITS, Access.ACTIVATIONS),
}
"""What each source can grant: more would be a promise that nobody here could use."""
UNKNOWN = "not disclosed"


@transaction.atomic
def version_declare(
    *, actor: User, model: AIModel, label: str, source: str, access: str, locator: str = "", weights_digest: str = "", notes: str = ""
) -> ModelVersion:
    """Enter a version by what its vendor says of it; whatever is not known stays empty and is shown as not disclosed.

    ``locator`` of an endpoint: ``https://host/v1#model``, without any secret. ``weights_digest``: the vendor's word, hex SHA-256, or empty.
    """
    require(actor, "inventory.write", model)
    if source not in WITHOUT_WEIGHTS:
        raise InvalidInput("source", "weights that are here are read and hashed by an intake, not declared")
    if access not in ALLOWED[source]:
        raise InvalidInput("access", f"such a version grants one of: {', '.join(level.label.lower() for level in ALLOWED[source])}")
    if weights_digest and not re.fullmatch(r"[0-9a-f]{64}", weights_digest):
        raise InvalidInput("weights_digest", "a digest has 64 digits from 0 to 9 and a to f; leave it empty when the vendor does not tell it")
    facts = VersionFacts(
        source=source,
        locator=endpoint_check(locator) if source == Source.ENDPOINT else locator.strip() or UNKNOWN,
        weights_manifest=[],
        weights_digest=weights_digest,
        tokenizer_digest="",
        template_digest="",
        quantisation=UNKNOWN,
        architecture=UNKNOWN,
        parameters=0,
        notes=notes,
    )
    return version_register(actor=actor, model=model, label=label, access=access, facts=facts)


def endpoint_check(locator: str) -> str:
    """The address of an endpoint with its model name; ``InvalidInput`` when it is none or carries a secret."""
    parts = urlsplit(locator.strip())
    if parts.scheme not in ("https", "http") or not parts.hostname or not parts.fragment:
        raise InvalidInput("locator", "give the address and, after a #, the model's name: https://api.example.com/v1#model-name")
    if parts.username or parts.password or parts.query:
        raise InvalidInput("locator", "the address must hold no user, password or query; keys belong into ASSAY_ENDPOINT_KEYS on the server")
    return locator.strip()
