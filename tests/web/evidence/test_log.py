"""The log explorer: everything one may know of, newest first, each entry with its proof."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from assessments.models import Finding, Run
from evidence import bundle, checkpoint
from evidence.models import Checkpoint, LedgerEntry, LogNode
from evidence.trust import TrustedRoot
from tests import factories

pytestmark = pytest.mark.django_db
LOG = reverse("web:log-list")


def listed(browser: Client, **query: str) -> str:
    return str(browser.get(LOG, query).content.decode())


def entry(browser: Client, index: int) -> str:
    answer = browser.get(reverse("web:entry-detail", args=[index]))
    assert answer.status_code == 200
    return str(answer.content.decode())


def of(action: str) -> LedgerEntry:
    return LedgerEntry.objects.filter(action=action).latest("index")


def test_newest_entry_stands_first_with_the_name_of_who_did_it(admin: User, admin_client: Client, run: Run) -> None:
    page = listed(admin_client)
    assert page.index("Run done") < page.index("Plan sealed") < page.index("Vendor registered")
    assert admin.username in page
    assert reverse("web:finding-detail", args=[Finding.objects.get().pk]) in page


@pytest.mark.parametrize(
    ("query", "found", "hidden"),
    [
        ({"area": "inventory."}, "Vendor registered", "Plan sealed"),
        ({"action": "sealed"}, "Plan sealed", "Vendor registered"),
        ({"subject": "assessments.run:"}, "Run done", "Plan sealed"),
        ({"actor": "assay-worker"}, "Step done", "Plan sealed"),
        ({"last": "3"}, "Vendor registered", "Run done"),
        ({"until": "2020-01-01"}, "Nothing matches", "Plan sealed"),
    ],
)
def test_filters(admin_client: Client, run: Run, query: dict[str, str], found: str, hidden: str) -> None:
    page = listed(admin_client, **query)
    assert found in page
    assert hidden not in page


def test_entry_shows_statement_checks_and_neighbours(admin_client: Client, run: Run) -> None:
    sealed = of("assessments.plan.sealed")
    page = entry(admin_client, sealed.index)
    assert page.count("check-ok") == 5
    assert "check-bad" not in page
    assert "Seal of a plan" in page
    assert f'rel="prev" href="{reverse("web:entry-detail", args=[sealed.index - 1])}"' in page
    assert f'rel="next" href="{reverse("web:entry-detail", args=[sealed.index + 1])}"' in page
    assert str(sealed.leaf_hash[:8]) in page


def test_changed_column_is_seen(admin_client: Client, run: Run) -> None:
    sealed = of("assessments.plan.sealed")
    LedgerEntry.objects.filter(pk=sealed.pk).update(action="assessments.plan.drafted")
    page = entry(admin_client, sealed.index)
    assert f"log entry {sealed.index} was changed in the database" in page


def test_changed_tree_is_seen(admin_client: Client, run: Run) -> None:
    LogNode.objects.filter(level=1, index=0).update(hash="00" * 32)
    page = entry(admin_client, 2)
    assert "it leads to another root" in page
    assert "does not continue the log" in page


def test_bundle_verifies_without_us(admin_client: Client, run: Run, trust: TrustedRoot) -> None:
    sealed = of("assessments.plan.sealed")
    answer = admin_client.get(reverse("web:entry-bundle", args=[sealed.index]))
    assert answer.headers["Content-Disposition"] == f'attachment; filename="statement-{sealed.index}.sigstore.json"'
    assert bundle.verify(answer.content, trust).index == sealed.index


def test_checkpoint_is_the_signed_note(admin_client: Client, run: Run, trust: TrustedRoot) -> None:
    address = reverse("web:log-checkpoint")
    note = admin_client.get(address, {"raw": "1"}).content.decode()
    (key,) = trust.logs.values()
    assert checkpoint.verify(note, key).size == Checkpoint.objects.latest("tree_size").tree_size
    assert str(key) in admin_client.get(address).content.decode().replace("&#x2B;", "+")


def test_entries_of_others_are_neither_listed_nor_opened(run: Run, stranger: Client) -> None:
    sealed = of("assessments.plan.sealed")
    assert "Plan sealed" not in listed(stranger)
    for name in ("entry-detail", "entry-bundle"):
        assert stranger.get(reverse(f"web:{name}", args=[sealed.index])).status_code == 404
        assert stranger.get(reverse(f"web:{name}", args=[2**60])).status_code == 404


def test_entries_of_the_installation_are_for_those_who_may_read_accounts(as_role: Callable[[str], Client], run: Run) -> None:
    loaded = of("frameworks.catalogue.loaded")
    assert as_role(Role.AUDITOR).get(reverse("web:entry-detail", args=[loaded.index])).status_code == 200
    assert as_role(Role.ASSESSOR).get(reverse("web:entry-detail", args=[loaded.index])).status_code == 404


def test_queries_stay_few(admin: User, admin_client: Client, run: Run, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(4):
        factories.finished_run(admin, ("one", "two"))
    with django_assert_max_num_queries(10):
        listed(admin_client)
    with django_assert_max_num_queries(25):
        entry(admin_client, 3)
