"""A list page: what is counted, filtered, sorted, cut to pages, saved and downloaded, and what it costs."""

import re
from collections.abc import Callable
from typing import Any

import django_filters
import django_tables2 as tables
import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.models import SavedFilter, User
from inventory.models import Access, Vendor
from tests import factories
from web.lists.columns import ListTable
from web.lists.listing import PAGE, Action, Empty, Listing, list_response

pytestmark = pytest.mark.django_db


class VendorRows(ListTable):
    name = tables.Column()
    access = tables.Column(orderable=True)

    class Meta(ListTable.Meta):
        model = Vendor
        fields = ("name", "access")
        order_by = "name"


class VendorFilter(django_filters.FilterSet):
    name = django_filters.CharFilter(lookup_expr="icontains", label="Name")
    access = django_filters.ChoiceFilter(choices=Access.choices, label="Access")

    class Meta:
        model = Vendor
        fields = ("name", "access")


EMPTY = Empty("No vendor yet", "Add the first one.", Action("Add a vendor", "/vendors/new/", primary=True))
VENDORS = Listing("test-vendors", "Vendors", "Who supplies models.", VendorRows, VendorFilter, EMPTY, nav="vendors")
Show = Callable[..., HttpResponse]


@pytest.fixture
def show(admin: User, rf: RequestFactory) -> Show:
    """The list of the administrator's vendors at an address's query, whole or as the part that htmx asks for."""

    def get(query: str = "", part: bool = False) -> HttpResponse:
        headers = {"HX-Request": "true", "HX-Target": "rows"} if part else {}
        request = rf.get(f"/vendors/{query}", headers=headers)
        request.user = admin
        return list_response(request, VENDORS, Vendor.objects.visible_to(admin))

    return get


@pytest.fixture
def many(admin: User) -> list[Vendor]:
    return [factories.vendor(admin, name=f"Vendor {place:03d}", access=Access.TEXT if place % 2 else Access.WEIGHTS) for place in range(PAGE + 7)]


def text(response: HttpResponse) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", response.content.decode()))


def names(response: HttpResponse) -> list[str]:
    return re.findall(r"Vendor \d{3}", response.content.decode())


def test_list_counts_all_rows_and_cuts_pages(show: Show, many: list[Vendor]) -> None:
    first, second = show(), show("?page=2")
    assert f"{PAGE + 7} vendors Download" in text(first)
    assert len(names(first)) == PAGE
    assert len(names(second)) == 7
    assert set(names(first)).isdisjoint(names(second))
    assert f"51–57 of {PAGE + 7}" in text(second)


def test_filter_says_how_many_of_all_it_shows(show: Show, many: list[Vendor]) -> None:
    shown = show("?name=Vendor+00")
    assert f"{PAGE + 7} vendors, 10 shown by this filter" in text(shown)
    assert len(names(shown)) == 10


def test_one_row_is_called_by_its_singular(show: Show, admin: User) -> None:
    factories.vendor(admin, name="Vendor 001")
    assert "1 vendor Download" in text(show())


def test_sorted_column_says_its_direction_and_offers_the_other(show: Show, many: list[Vendor]) -> None:
    up, down = show("?sort=name").content.decode(), show("?sort=-name").content.decode()
    assert re.findall(r'aria-sort="(\w+)"', up) == ["ascending"]
    assert re.findall(r'aria-sort="(\w+)"', down) == ["descending"]
    assert 'id="sort-name" href="?sort=-name"' in up
    assert '<thead hx-boost="true" hx-target="#rows"' in up
    assert re.findall(r"Vendor \d{3}", down)[0] == f"Vendor {PAGE + 6:03d}"


def test_rows_that_are_equal_in_the_order_do_not_fall_between_pages(show: Show, many: list[Vendor]) -> None:
    seen = names(show("?sort=access")) + names(show("?sort=access&page=2"))
    assert sorted(seen) == sorted(vendor.name for vendor in many)


def test_sorting_starts_on_the_first_page_again(show: Show, many: list[Vendor]) -> None:
    header = show("?page=2&access=text").content.decode().partition("</thead>")[0]
    assert not re.search(r'href="[^"]*page=[^"]*sort=|href="[^"]*sort=[^"]*page=', header)


@pytest.mark.parametrize("query", ["?page=0", "?page=999", "?page=x", "?sort=nothing", "?sort=", "?unknown=1", "?export=exe"])
def test_address_that_makes_no_sense_still_shows_the_list(show: Show, many: list[Vendor], query: str) -> None:
    shown = show(query)
    assert shown.status_code == 200
    assert names(shown)


@pytest.mark.parametrize("query", ["?access=everything", "?access=everything&name=Vendor"])
def test_filter_that_cannot_be_read_says_so_at_its_field_and_shows_no_rows(show: Show, many: list[Vendor], query: str) -> None:
    for part in (False, True):
        shown = show(query, part=part)
        assert shown.status_code == 200
        assert names(shown) == []
        assert re.search(r'<p class="field-error" id="id_(access|name)_error"[^>]*>[^<]+</p>', shown.content.decode())
        assert "The filter cannot be read" in text(shown)


def test_htmx_gets_the_rows_alone_and_clears_old_errors(show: Show, many: list[Vendor]) -> None:
    part = show("?name=Vendor+00&sort=-name", part=True)
    body = part.content.decode()
    assert "<html" not in body
    assert len(names(part)) == 10
    assert 'id="id_access_error" hx-swap-oob="true" role="alert"></p>' in body
    assert 'name="sort" value="-name" form="list-filter"' in body
    assert "HX-Request" in part.headers["Vary"]


def test_empty_list_says_the_next_step_and_an_empty_filter_the_way_back(show: Show, admin: User) -> None:
    assert "Add the first one." in text(show())
    assert 'href="/vendors/new/"' in show().content.decode()
    factories.vendor(admin, name="Vendor 001")
    assert "Nothing matches this filter" in text(show("?name=zzz"))
    assert "1 vendor, 0 shown" in text(show("?name=zzz"))


def test_download_holds_all_rows_of_the_filter_in_the_shown_order(show: Show, many: list[Vendor]) -> None:
    lines = show("?export=csv&sort=-name&access=text").content.decode("utf-8-sig").splitlines()
    assert lines[0] == "Name,Access"
    assert [line.split(",")[0] for line in lines[1:]] == sorted((vendor.name for vendor in many if vendor.access == Access.TEXT), reverse=True)
    assert show("?export=xlsx").headers["Content-Disposition"].startswith('attachment; filename="test-vendors-')


def test_cost_does_not_grow_with_the_rows(show: Show, admin: User, many: list[Vendor], django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(5):
        show("?access=text&sort=-name")


def test_saved_filter_is_offered_and_the_one_in_use_is_marked(show: Show, admin: User, many: list[Vendor]) -> None:
    SavedFilter.objects.create(user=admin, listing="test-vendors", name="Text only", query="access=text")
    SavedFilter.objects.create(user=admin, listing="other", name="Elsewhere", query="access=text")
    assert 'aria-current="true">Text only' in show("?access=text").content.decode()
    assert 'aria-current="true"' not in show("?access=weights").content.decode().partition('id="rows"')[2]
    assert "Elsewhere" not in text(show())


def test_filter_is_saved_asked_about_and_deleted(admin: User, admin_client: Client) -> None:
    back = reverse("web:vendor-list")
    saved = admin_client.post(reverse("web:filter-save"), {"listing": "vendors", "name": "Mine", "query": "name=a&page=3", "back": back})
    assert saved.headers["Location"] == f"{back}?name=a"
    row = SavedFilter.objects.get(user=admin)
    address = reverse("web:filter-delete", args=[row.id]) + f"?back={back}"
    asked = admin_client.get(address)
    assert "Delete the filter “Mine”?" in asked.content.decode()
    assert SavedFilter.objects.filter(pk=row.pk).exists()
    assert admin_client.post(address).headers["Location"] == back
    assert not SavedFilter.objects.filter(pk=row.pk).exists()


def test_filters_of_others_are_not_shown_and_not_deleted(admin: User, stranger: Client) -> None:
    row = SavedFilter.objects.create(user=admin, listing="vendors", name="Mine", query="name=a")
    address = reverse("web:filter-delete", args=[row.id])
    assert stranger.get(address).status_code == 404
    assert stranger.post(address, {"back": "/"}).status_code == 404
    assert SavedFilter.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("back", ["https://example.org/", "//example.org/", "/no/such/page/", "javascript:alert(1)"])
def test_saved_filters_never_lead_to_another_site(admin: User, admin_client: Client, back: str) -> None:
    assert admin_client.post(reverse("web:filter-save"), {"listing": "v", "name": "n", "query": "name=a", "back": back}).status_code == 422
