"""What the vendor pages read."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import Count, Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Organisation, User
from assessments.models import Finding, ReceivedCase, Run, RunState, VendorKey
from core.errors import NotFound
from inventory.models import AIModel, Deployment, ModelVersion, Vendor
from reports.models import VendorPack
from web.settings.queries import organisations
from web.tally import Tally, tally

MODELS_SHOWN = 50
PACKS_SHOWN = 5


@dataclass(frozen=True)
class ModelRow:
    """A model with its versions, as plain values."""

    id: UUID
    name: str
    versions: list[dict[str, Any]]


def vendor_for(actor: User, vendor_id: UUID) -> Vendor:
    """A vendor of the actor's register, or ``NotFound``."""
    row = Vendor.objects.visible_to(actor).select_related("organisation").filter(pk=vendor_id).first()
    if row is None:
        raise NotFound("There is no such vendor in your register.")
    return row


def homes(actor: User) -> QuerySet[Organisation]:
    """Organisations in whose register the actor may write."""
    return organisations(actor, "inventory.write")


def count_of(rows: QuerySet[Any], path: str) -> Coalesce:
    """How many of ``rows`` lead to the outer row by ``path``, as one subquery; joins would multiply the rows."""
    counted = rows.filter(**{path: OuterRef("pk")}).order_by().values(path).annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)


def last_run(path: str) -> Subquery:
    """When the last run that leads to the outer row by ``path`` was finished."""
    return Subquery(Run.objects.filter(**{path: OuterRef("pk")}, state=RunState.DONE).order_by("-finished_at").values("finished_at")[:1])


def vendor_rows(actor: User) -> QuerySet[Vendor]:
    """All vendors the actor may know of, with what the list shows."""
    return Vendor.objects.visible_to(actor).annotate(
        model_count=count_of(AIModel.objects.all(), "vendor"),
        version_count=count_of(ModelVersion.objects.all(), "model__vendor"),
        assessed_at=last_run("plan__version__model__vendor"),
    )


def models_of(vendor: Vendor) -> list[ModelRow]:
    """The vendor's models by name, each with its versions, newest first; one query."""
    fields = ("id", "name", "versions__id", "versions__label", "versions__access", "versions__lifecycle", "versions__quantisation", "versions__parameters")
    rows = AIModel.objects.filter(vendor=vendor).order_by("name", "pk", "-versions__created_at").values(*fields)
    return [ModelRow(key, name, list(_versions(group))) for (key, name), group in groupby(rows, key=lambda row: (row["id"], row["name"]))]


def _versions(rows: Any) -> Iterator[dict[str, Any]]:
    return ({name.removeprefix("versions__"): value for name, value in row.items()} for row in rows if row["versions__id"])


def deployments_of(vendor: Vendor) -> QuerySet[Deployment]:
    """Where the vendor's models are at work now."""
    rows = Deployment.objects.filter(version__model__vendor=vendor, active=True).select_related("system", "version__model")
    return rows.defer("version__weights_manifest").order_by("system__name", "version__model__name")


def tally_of(actor: User, **path: Model) -> Tally:
    """The findings that lead to a row by ``path``, counted."""
    rows = Finding.objects.visible_to(actor).filter(**path).order_by().values_list("verdict", "reading").annotate(n=Count("pk"))
    return tally(rows)


def key_for(actor: User, key_id: UUID) -> VendorKey:
    """A vendor's pinned key, or ``NotFound``."""
    row = VendorKey.objects.visible_to(actor).select_related("vendor").filter(pk=key_id).first()
    if row is None:
        raise NotFound("There is no such key in your register.")
    return row


def keys_of(vendor: Vendor) -> QuerySet[VendorKey]:
    """The keys pinned for a vendor, newest first, withdrawn ones among them."""
    return VendorKey.objects.filter(vendor=vendor).select_related("pinned_by", "vendor").defer("trusted_root")


def received_of(vendor: Vendor) -> QuerySet[ReceivedCase]:
    """The newest cases that the vendor sent and that were accepted."""
    return ReceivedCase.objects.filter(vendor=vendor).select_related("plan", "run", "vendor").defer("checks", "plan__document")[:20]


def packs_of(actor: User, vendor: Vendor) -> list[VendorPack]:
    """The newest due-diligence packs on a vendor that the actor may read."""
    return list(VendorPack.objects.visible_to(actor).filter(vendor=vendor).defer("content")[:PACKS_SHOWN])


def pack_for(actor: User, pack_id: UUID) -> VendorPack:
    """A pack of the actor's organisations with its file, or ``NotFound``."""
    row = VendorPack.objects.visible_to(actor).select_related("pdf", "entry__attestation__entry").defer("content").filter(pk=pack_id).first()
    if row is None:
        raise NotFound("There is no such pack in your register.")
    return row
