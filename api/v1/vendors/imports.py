"""Many vendors at once, by JSON, CSV or XLSX: first to look, then to apply, all or nothing."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.request import Request

from accounts.models import Organisation, User
from api.v1.base import idempotency
from api.v1.base.authentication import actor_of
from api.v1.base.fields import Text
from api.v1.base.filters import parameters_check
from api.v1.base.related import organisation_for
from api.v1.base.rendering import CsvFile, StrictJson, XlsxFile, answer
from api.v1.base.rows import Body, Values
from api.v1.base.views import ApiView
from core.errors import InvalidInput
from inventory.models import Vendor
from inventory.services import vendors_import
from inventory.vendor_table import MOST_ROWS, VendorPlan, plan_of, rows_read

RESULTS = ["created", "changed", "unchanged", "error"]


class ImportFault(serializers.Serializer[Values]):
    """What is wrong with one field of a row, and how to mend it."""

    field = serializers.CharField()
    message = serializers.CharField()


class ImportedRow(serializers.Serializer[Values]):
    """One row and what it comes to. In a file row 1 holds the headings; in JSON the first row is 1."""

    row = serializers.IntegerField()
    name = serializers.CharField(allow_blank=True)
    result = serializers.ChoiceField(choices=RESULTS)
    vendor = serializers.UUIDField(allow_null=True, help_text="null while it is not there")
    changes = serializers.ListField(child=serializers.CharField(), help_text="fields that are set or differ")
    errors = ImportFault(many=True)  # type: ignore[assignment]  # a field may be called so


class ImportCounts(serializers.Serializer[Values]):
    """Rows by result."""

    created = serializers.IntegerField()
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    error = serializers.IntegerField()


class VendorImported(serializers.Serializer[Values]):
    """What an import did, or would do."""

    dry_run = serializers.BooleanField()
    counts = ImportCounts()
    rows = ImportedRow(many=True)


class VendorImportLine(Body):
    """One vendor; matched by its name. Fields that are left out or empty stay what they are."""

    name = Text(allow_blank=True, max_length=1000)
    country = Text(required=False, allow_blank=True, max_length=1000)
    access = Text(required=False, allow_blank=True, max_length=1000, help_text="needed for new ones: weights, activations, logits or text")
    website = Text(required=False, allow_blank=True, max_length=1000)
    contact = Text(required=False, allow_blank=True, max_length=1000)
    notes = Text(required=False, allow_blank=True, max_length=20_000)


class VendorImportBody(Body):
    """Vendors to register and to change; CSV and XLSX have the same fields as headings of their first row."""

    rows = VendorImportLine(many=True, max_length=MOST_ROWS)  # type: ignore[call-arg]  # goes to the list around it
    example: ClassVar = {"rows": [{"name": "Example Models", "country": "NL", "access": "weights"}]}


class VendorImport(ApiView):
    """An import of vendors."""

    out, body, noun = VendorImported, VendorImportBody, "vendor"
    parser_classes = (StrictJson, CsvFile, XlsxFile)
    files: ClassVar = (CsvFile.media_type, XlsxFile.media_type)
    asked: ClassVar = {
        "dry_run": ({"type": "string", "enum": ["true", "false"], "default": "false"}, "true: say what would happen and change nothing"),
        "organisation": ({"type": "string", "format": "uuid"}, "only needed by members of several organisations"),
    }

    def post(self, request: Request) -> HttpResponse:
        """Register and change vendors by a table, all or nothing; with dry_run=true only say what each row comes to. Formulas stay text."""
        actor = actor_of(request)
        parameters_check(request, tuple(self.asked))
        dry, home = _dry(request), organisation_for(actor, "inventory.write", _home(request))
        rows, first = self._rows(request)
        if dry:
            return _shown(plan_of(home, rows, first), home, dry=True)
        return idempotency.once(request, actor, lambda: _applied(actor, home, rows, first))

    def _rows(self, request: Request) -> tuple[list[Any], int]:
        """The rows and the number of the first."""
        if isinstance(request.data, bytes):
            return rows_read(request.data), 2
        bound = self.body(data=request.data)
        bound.is_valid(raise_exception=True)
        return bound.validated_data["rows"], 1


def _applied(actor: User, home: Organisation, rows: list[Any], first: int) -> HttpResponse:
    plan = vendors_import(actor=actor, organisation=home, rows=rows, first=first)
    if plan.errors:
        found: dict[str, dict[str, list[str]]] = {}
        for number, name, message in plan.errors:
            found.setdefault(f"row {number}", {}).setdefault(name, []).append(message)
        raise serializers.ValidationError(found)
    return _shown(plan, home, dry=False)


def _shown(plan: VendorPlan, home: Organisation, dry: bool) -> HttpResponse:
    known = dict(Vendor.objects.filter(organisation=home, name__in=[row.name for row in plan.outcomes if row.result != "error"]).values_list("name", "pk"))
    rows = [
        {
            "row": row.row,
            "name": row.name,
            "result": row.result,
            "vendor": known.get(row.name),
            "changes": list(row.changes),
            "errors": [{"field": name, "message": message} for name, message in row.errors],
        }
        for row in plan.outcomes
    ]
    return answer({"dry_run": dry, "counts": plan.counts, "rows": rows})


def _dry(request: Request) -> bool:
    given = request.query_params.get("dry_run", "false")
    if given not in ("true", "false"):
        raise InvalidInput("dry_run", "choose true or false")
    return given == "true"


def _home(request: Request) -> UUID | None:
    try:
        return UUID(request.query_params["organisation"]) if "organisation" in request.query_params else None
    except ValueError as error:
        raise InvalidInput("organisation", "must be the id of an organisation") from error
