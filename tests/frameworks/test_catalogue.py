"""The shipped catalogue: complete, dated, and safe against bad files."""

import datetime
from pathlib import Path

import pytest
import yaml

from accounts.models import Role, User
from core.errors import InvalidInput, NotAllowed
from evidence import ledger
from evidence.models import LedgerEntry
from frameworks.models import Framework, FrameworkVersion, Requirement
from frameworks.services import SHIPPED, catalogue_load
from tests import factories

pytestmark = pytest.mark.django_db
ROWS = 254


def variant(tmp_path: Path, change: object) -> Path:
    document = yaml.safe_load(SHIPPED.read_text())
    change(document)  # type: ignore[operator]
    path = tmp_path / "catalogue.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def test_all_shipped_rows_are_loaded_once(admin: User) -> None:
    assert factories.catalogue(admin) == ROWS
    assert factories.catalogue(admin) == 0
    assert Requirement.objects.count() == ROWS
    assert Framework.objects.count() == 6
    assert LedgerEntry.objects.filter(action="frameworks.catalogue.loaded").count() == 1


def test_rows_keep_dates_roles_and_sources(admin: User) -> None:
    factories.catalogue(admin)
    row = Requirement.objects.get(ref="AIA-9-6")
    assert row.applies_from == datetime.date(2027, 12, 2)
    assert row.roles == ["provider"]
    assert row.details["applies_from_annex_i"] == "2028-08-02"
    assert row.sources[0]["address"].startswith("https://")


def test_high_risk_duties_bite_only_from_their_deferred_date(admin: User) -> None:
    factories.catalogue(admin)
    law = Requirement.objects.filter(version__framework__slug="eu-ai-act")
    assert not law.as_of(datetime.date(2027, 12, 1)).filter(ref="AIA-9-6").exists()
    assert law.as_of(datetime.date(2027, 12, 2)).filter(ref="AIA-9-6").exists()


def test_voluntary_rows_count_at_any_date(admin: User) -> None:
    factories.catalogue(admin)
    assert Requirement.objects.filter(voluntary=True).as_of(datetime.date(2020, 1, 1)).exists()


def test_amended_act_is_not_known_before_its_publication(admin: User) -> None:
    factories.catalogue(admin)
    law = Requirement.objects.filter(version__framework__slug="eu-ai-act")
    assert not law.known_at(datetime.date(2026, 7, 23)).exists()
    assert law.known_at(datetime.date(2026, 7, 24)).count() == law.count()


def test_newer_version_replaces_the_older_one_from_its_day(admin: User, tmp_path: Path) -> None:
    def amend(document: dict) -> None:
        document["frameworks"] = document["frameworks"][:1]
        document["frameworks"][0]["known_from"] = "2026-11-01"
        document["frameworks"][0]["requirements"][0]["title"] = "A new title"

    factories.catalogue(admin)
    catalogue_load(actor=admin, record=ledger.append, path=variant(tmp_path, amend))
    first = Requirement.objects.filter(ref="AIA-4")
    assert first.known_at(datetime.date(2026, 10, 31)).get().title != "A new title"
    assert first.known_at(datetime.date(2026, 11, 1)).get().title == "A new title"


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("applies_from", lambda d: d["frameworks"][0]["requirements"][3].update(applies_from="soon")),
        ("title", lambda d: d["frameworks"][0]["requirements"][3].pop("title")),
        ("id", lambda d: d["frameworks"][1]["requirements"].append(d["frameworks"][1]["requirements"][0])),
        ("known_from", lambda d: d["frameworks"][2].pop("known_from")),
        ("file", lambda d: d.pop("frameworks")),
    ],
)
def test_bad_catalogue_names_the_field_and_changes_nothing(admin: User, tmp_path: Path, field: str, change: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        catalogue_load(actor=admin, record=ledger.append, path=variant(tmp_path, change))
    assert caught.value.field == field
    assert not FrameworkVersion.objects.exists()


def test_file_that_is_not_yaml_is_refused(admin: User, tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("frameworks: [")
    with pytest.raises(InvalidInput, match=r"broken\.yaml is not YAML"):
        catalogue_load(actor=admin, record=ledger.append, path=path)


def test_auditor_cannot_load_a_catalogue(admin: User) -> None:
    with pytest.raises(NotAllowed):
        catalogue_load(actor=factories.user(Role.AUDITOR), record=ledger.append)
    assert not Requirement.objects.exists()
