"""The snapshot: canonical, complete, with attachments whose statements prove themselves against one log head."""

import datetime
from typing import Any

import pytest

from accounts.models import User
from core import clock
from core.canonical import canonical_json, parse_canonical
from core.hashing import sha256_bytes
from evidence import bundle
from evidence.keys import installed
from reports import services, snapshot
from reports.queries import content_read
from reports.render import template_digest
from tests import factories

pytestmark = pytest.mark.django_db
MOMENT = datetime.datetime(2026, 11, 20, 20, 20, tzinfo=datetime.UTC)


@pytest.fixture
def made(admin: User) -> snapshot.Snapshot:
    run = factories.finished_run(admin, ("known_circuits",))
    report = services.report_request(actor=admin, run=run, prepared_for="Committee", as_of=clock.now().date())
    content = content_read(run, report.as_of)
    return snapshot.snapshot_build(report=report, content=content, moment=MOMENT, ring=installed(), certificate="ab" * 32)


def test_snapshot_is_canonical_json_and_survives_a_round_trip(made: snapshot.Snapshot) -> None:
    assert canonical_json(parse_canonical(canonical_json(made.document))) == canonical_json(made.document)


def test_snapshot_heads_with_number_reader_and_moment(made: snapshot.Snapshot) -> None:
    heading = made.document["report"]
    assert (heading["reference"], heading["prepared_for"], heading["made_at"]) == ("R-000001", "Committee", "2026-11-20T20:20:00Z")
    assert "organisation" in heading
    assert "organisation" not in made.document


def test_snapshot_lists_every_file_with_its_digest_and_size(made: snapshot.Snapshot) -> None:
    listed = {row["name"]: (row["sha256"], row["size"]) for row in made.document["attachments"]}
    assert listed == {name: (sha256_bytes(data), len(data)) for name, data in made.files.items()}


def test_snapshot_attaches_statements_that_verify_against_its_log_head(made: snapshot.Snapshot) -> None:
    names = [name for name in made.files if bundle.is_file_name(name)]
    assert len(names) >= 4
    for name in names:
        assert bundle.verify(made.files[name], installed().trust).note == made.document["log"]["note"]


def test_snapshot_states_the_log_head_as_its_note_does(made: snapshot.Snapshot) -> None:
    log = made.document["log"]
    assert log["note"].splitlines()[:3] == [log["origin"], str(log["size"]), log["root"]]


def test_snapshot_names_all_public_keys_profile_and_certificate(made: snapshot.Snapshot) -> None:
    assert [row["label"] for row in made.document["keys"]] == ["statement key", "log key", "report root certificate"]
    assert made.document["signature"] == {"profile": "PAdES B-B", "certificate": "ab" * 32}


def test_snapshot_says_with_which_pages_and_libraries_it_was_made(made: snapshot.Snapshot) -> None:
    software = made.document["software"]
    assert software["template_digest"] == template_digest()
    assert set(software["renderer"]) == {"weasyprint", "pydyf", "pikepdf", "vl-convert-python"}


def test_snapshot_lists_a_file_too_large_to_embed_without_its_bytes(admin: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(snapshot, "EMBED_LIMIT", 10)
    run = factories.finished_run(admin, ("known_circuits",))
    rows, files = snapshot.attachments_read(run, installed())
    large = next(row for row in rows if row["name"] == "known_circuits.result.json")
    assert large["embedded"] is False
    assert "known_circuits.result.json" not in files
    assert {row["name"] for row in rows if row["embedded"]} == set(files)
