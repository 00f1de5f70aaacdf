"""A list page: table, filter, saved filters, export, and what to say when there is nothing; every list is one ``Listing`` and one call."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from django.core.paginator import EmptyPage, PageNotAnInteger
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_filters import FilterSet
from django_tables2 import RequestConfig, Table

from accounts.models import SavedFilter
from web.fetch import actor_of
from web.lists.counted import CountedPage
from web.lists.export import FORMATS, export_response

PAGE = 50
LAST = 1_000_000
"""No list has that many pages."""
NOUNS = {
    "AIModel": ("model", "models"),
    "AISystem": ("system", "systems"),
    "ApiToken": ("token", "tokens"),
    "Artifact": ("file", "files"),
    "Deployment": ("deployment", "deployments"),
    "EvidenceLink": ("link", "links"),
    "Finding": ("finding", "findings"),
    "Incident": ("incident", "incidents"),
    "LedgerEntry": ("entry", "entries"),
    "ModelVersion": ("version", "versions"),
    "Plan": ("plan", "plans"),
    "Report": ("report", "reports"),
    "Requirement": ("requirement", "requirements"),
    "Run": ("run", "runs"),
    "User": ("account", "accounts"),
    "Vendor": ("vendor", "vendors"),
}
"""What the rows of a list are called; a ``Listing`` may say otherwise."""


@dataclass(frozen=True)
class Action:
    """A button; ``primary`` for the one thing people come here to do."""

    label: str
    url: str
    primary: bool = False


@dataclass(frozen=True)
class Empty:
    """What a list without rows says: what belongs here, and the next step."""

    title: str
    text: str
    action: Action | None = None


@dataclass(frozen=True)
class Listing:
    """Everything that tells one list from another. ``slug`` names its saved filters and its export files, ``noun`` one row and several.

    ``counted`` reads the count of the rows along with them.
    """

    slug: str
    title: str
    lead: str
    table: type[Table]
    filterset: type[FilterSet]
    empty: Empty
    pretitle: str = ""
    nav: str = ""
    template: str = "web/lists/list.html"
    noun: tuple[str, str] = ("", "")
    counted: bool = False


@dataclass(frozen=True)
class Count:
    """How many rows there are and how many of them are shown."""

    total: int
    shown: int
    one: str
    many: str

    @property
    def noun(self) -> str:
        """The word for ``total`` rows."""
        return self.one if self.total == 1 else self.many


def list_response(request: HttpRequest, listing: Listing, rows: QuerySet[Any], actions: tuple[Action, ...] = (), **more: Any) -> HttpResponse:
    """The page of ``rows`` as filtered and sorted by the address, its table alone for htmx, or a file when ``export`` names a format.

    ``rows`` must be limited to what the actor may see, with everything the table shows already joined.
    """
    filterset = listing.filterset(request.GET or None, queryset=rows, request=request)
    # A filter that cannot be read shows its errors and no rows: rows that do not match would be taken for the answer.
    found = filterset.qs if filterset.is_valid() or not filterset.is_bound else rows.none()
    table = listing.table(found)
    settle(request, table)
    wanted = request.GET.get("export", "")
    if wanted in FORMATS:
        return export_response(table, wanted, listing.slug)
    if listing.counted:
        count_along(request, table)
    paginate(request, table)
    context = listing_context(request, listing, rows, filterset, table) | {"actions": actions} | more
    response = render(request, "web/lists/rows.html" if context["part"] else listing.template, context)
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
    return response


def listing_context(request: HttpRequest, listing: Listing, rows: QuerySet[Any], filterset: FilterSet, table: Table) -> dict[str, Any]:
    """What every list page shows around its table; ``part`` says that only the rows were asked for."""
    filtered = any(value for key, value in request.GET.items() if key in filterset.filters)
    saved = saved_filters(request, listing)
    return {
        "listing": listing,
        "table": table,
        "filter": filterset,
        "filtered": filtered,
        "count": count_of(listing, rows, table, filtered),
        "saved": saved,
        "saved_now": any(row.current for row in saved),  # type: ignore[attr-defined]
        "formats": FORMATS,
        "nav": listing.nav,
        "part": request.headers.get("HX-Request") == "true" and request.headers.get("HX-Target") == "rows",
    }


def settle(request: HttpRequest, table: Table) -> None:
    """Order ``table`` as asked; rows that are equal in that order follow by key, so that no row falls between two pages."""
    RequestConfig(request, paginate=False).configure(table)
    data = table.data.data
    if isinstance(data, QuerySet) and data.query.order_by and not data.query.combinator:
        table.data.data = data.order_by(*map(empty_least, data.query.order_by), "pk")


def empty_least(term: Any) -> Any:
    """An ordering in which nothing counts as least: PostgreSQL would show rows without a value first when the newest are asked for."""
    if not isinstance(term, str):
        return term
    return F(term[1:]).desc(nulls_last=True) if term.startswith("-") else F(term).asc(nulls_first=True)


def count_along(request: HttpRequest, table: Table) -> None:
    """Read the page asked for together with the count of all rows; for lists whose other columns already ask much of the database."""
    asked = request.GET.get(table.prefixed_page_field, "")
    page = int(asked) if asked.isdecimal() and 0 < int(asked) < LAST else 1
    counted = CountedPage(table.data.data, PAGE * (page - 1), PAGE)
    counted.set_table(table)
    table.data = table.rows.data = counted


def paginate(request: HttpRequest, table: Table) -> None:
    """Cut ``table`` to the page asked for; a page that does not exist is the nearest one that does."""
    try:
        table.paginate(page=request.GET.get(table.prefixed_page_field, 1), per_page=PAGE)
    except PageNotAnInteger:
        table.paginate(page=1, per_page=PAGE)
    except EmptyPage:
        table.page = table.paginator.get_page(table.paginator.num_pages)


def count_of(listing: Listing, rows: QuerySet[Any], table: Table, filtered: bool) -> Count:
    """The count of the list; only a filter makes a second question to the database necessary."""
    shown = table.page.paginator.count
    one, many = listing.noun if any(listing.noun) else NOUNS.get(rows.model.__name__, ("row", "rows"))
    return Count(rows.count() if filtered else shown, shown, one, many)


def saved_filters(request: HttpRequest, listing: Listing) -> list[SavedFilter]:
    """The person's saved filters of this list; ``current`` marks the one that is being shown."""
    query = {key: value for key, value in request.GET.items() if key not in {"page", "export"}}
    rows = list(SavedFilter.objects.filter(user=actor_of(request), listing=listing.slug))
    for row in rows:
        row.current = bool(query) and dict(parse_qsl(row.query)) == {key: value for key, value in query.items() if value}  # type: ignore[attr-defined]
    return rows
