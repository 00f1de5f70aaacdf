"""Versions without weights: entered by what the vendor says, never with more access than anybody could use, and without secrets."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User
from core.errors import InvalidInput
from evidence.models import LedgerEntry
from inventory.models import ModelVersion
from inventory.services import intake_request, version_declare
from tests import factories

pytestmark = pytest.mark.django_db
WISH = {"label": "2026-11", "source": "endpoint", "access": "text", "locator": "https://api.example.com/v1#m"}


def declared(admin: User, **fields: Any) -> ModelVersion:
    return version_declare(actor=admin, model=factories.model(admin), **{**WISH, **fields})


def test_what_is_not_known_stays_empty(admin: User) -> None:
    row = declared(admin)
    assert (row.weights_digest, row.tokenizer_digest, row.parameters, row.weights_here) == ("", "", 0, False)
    assert LedgerEntry.objects.get(action="inventory.modelversion.registered").payload["digests"]["weights"] == ""


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"source": "gguf"}, "source"),
        ({"access": "weights"}, "access"),
        ({"access": "activations"}, "access"),
        ({"source": "dump", "access": "text"}, "access"),
        ({"locator": ""}, "locator"),
        ({"locator": "https://api.example.com/v1"}, "locator"),
        ({"locator": "ftp://api.example.com/v1#m"}, "locator"),
        ({"locator": "https://me:secret@api.example.com/v1#m"}, "locator"),
        ({"locator": "https://api.example.com/v1?key=secret#m"}, "locator"),
        ({"weights_digest": "abc"}, "weights_digest"),
    ],
)
def test_what_cannot_be_is_refused_by_field(admin: User, fields: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as error:
        declared(admin, **fields)
    assert error.value.field == field
    assert not ModelVersion.objects.exists()


def test_weights_that_are_here_must_have_digests(admin: User) -> None:
    row = factories.version(admin)
    with pytest.raises(IntegrityError), transaction.atomic():
        ModelVersion.objects.filter(pk=row.pk).update(weights_digest="")


def test_an_intake_reads_no_endpoint(admin: User) -> None:
    with pytest.raises(InvalidInput, match="declared"):
        intake_request(actor=admin, model=factories.model(admin), label="1", access="text", source="endpoint", locator="x")
