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
from frameworks.services import EARLIER, SHIPPED, catalogue_load
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime.date(2026, 11, 20)
ROWS, EDITION_2024 = 254, 77
"""Rows of the current catalogue, and of the AI Act as it was published."""


def variant(tmp_path: Path, change: object) -> Path:
    document = yaml.safe_load(SHIPPED.read_text())
    change(document)  # type: ignore[operator]
    path = tmp_path / "catalogue.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def test_all_shipped_rows_are_loaded_once(admin: User) -> None:
    assert factories.catalogue(admin) == ROWS + EDITION_2024
    assert factories.catalogue(admin) == 0
    assert Requirement.objects.known_at(NOW).count() == ROWS
    assert Framework.objects.count() == 6
    assert LedgerEntry.objects.filter(action="frameworks.catalogue.loaded").count() == 2


def test_rows_keep_dates_roles_and_sources(admin: User) -> None:
    factories.catalogue(admin)
    row = Requirement.objects.known_at(NOW).get(ref="AIA-9-6")
    assert row.applies_from == datetime.date(2027, 12, 2)
    assert row.roles == ["provider"]
    assert row.details["applies_from_annex_i"] == "2028-08-02"
    assert row.sources[0]["address"].startswith("https://")


def test_high_risk_duties_bite_only_from_their_deferred_date(admin: User) -> None:
    factories.catalogue(admin)
    law = Requirement.objects.known_at(NOW).filter(version__framework__slug="eu-ai-act")
    assert not law.as_of(datetime.date(2027, 12, 1)).filter(ref="AIA-9-6").exists()
    assert law.as_of(datetime.date(2027, 12, 2)).filter(ref="AIA-9-6").exists()


def test_voluntary_rows_count_at_any_date(admin: User) -> None:
    factories.catalogue(admin)
    assert Requirement.objects.filter(voluntary=True).as_of(datetime.date(2020, 1, 1)).exists()


@pytest.mark.parametrize(
    ("day", "rows", "edition"),
    [
        ((2024, 7, 11), 0, ""),
        ((2024, 7, 12), EDITION_2024, "as published in Regulation (EU) 2024/1689"),
        ((2026, 7, 23), EDITION_2024, "as published in Regulation (EU) 2024/1689"),
        ((2026, 7, 24), 80, "as amended by Regulation (EU) 2026/1744"),
    ],
)
def test_each_edition_of_the_act_is_known_from_its_publication(admin: User, day: tuple[int, int, int], rows: int, edition: str) -> None:
    factories.catalogue(admin)
    law = Requirement.objects.known_at(datetime.date(*day)).filter(version__framework__slug="eu-ai-act")
    assert law.count() == rows
    assert {row.version.edition for row in law.select_related("version")} == ({edition} if edition else set())


def test_earlier_edition_leaves_the_name_of_the_newer_one(admin: User) -> None:
    catalogue_load(actor=admin, record=ledger.append)
    catalogue_load(actor=admin, record=ledger.append, path=EARLIER[0])
    assert Framework.objects.get(slug="eu-ai-act").name.endswith("as amended by Regulation (EU) 2026/1744")


def test_loading_again_keeps_the_digest_of_every_row_that_did_not_change(admin: User, tmp_path: Path) -> None:
    def amend(document: dict) -> None:
        rows = document["frameworks"][0]["requirements"]
        rows[0]["gist"], rows[1]["source"], rows[2]["note"] = "Something else.", [], "A remark."
        rows.insert(0, {**rows[5], "id": "NEW"})

    catalogue_load(actor=admin, record=ledger.append)
    before = {row.ref: row.digest for row in Requirement.objects.all()}
    catalogue_load(actor=admin, record=ledger.append, path=variant(tmp_path, amend))
    after = {row.ref: row.digest for row in Requirement.objects.known_at(NOW)}
    assert {ref for ref, digest in after.items() if before.get(ref) != digest} == {"NEW", "AIA-4"}


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
