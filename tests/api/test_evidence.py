"""Artifacts, links, the log, requirements and coverage, as a program sees them."""

import datetime
from typing import Any

import pytest

from accounts.models import User
from assessments.models import Finding, Run
from core import clock
from core.hashing import sha256_bytes
from evidence.checkpoint import verify
from evidence.keys import installed
from evidence.models import Artifact, Checkpoint, EvidenceLink, LedgerEntry
from evidence.services import link_review
from frameworks.models import Requirement
from inventory.services import deployment_register
from tests import factories
from tests.api.base.test_answers import assert_problem
from tests.api.caller import Api


def test_an_artifact_is_what_its_digest_says(api: Api, run: Run) -> None:
    artifact = Finding.objects.get().result_artifact
    shown = api.get(f"artifacts/{artifact.id}").json()
    content = api.get(f"artifacts/{artifact.id}/content")
    data = b"".join(content)  # type: ignore[arg-type]  # a streaming answer
    assert sha256_bytes(data) == shown["sha256"] == artifact.sha256
    assert (content["Content-Type"], content["ETag"]) == ("application/octet-stream", f'"{artifact.sha256}"')
    assert content["Content-Disposition"].startswith("attachment")
    for query in (f"sha256={artifact.sha256[:10]}", f"kind={artifact.kind}&subject={artifact.subject}"):
        assert str(artifact.id) in {row["id"] for row in api.get(f"artifacts?{query}").json()["items"]}
    assert api.get("artifacts?recorded_until=2001-01-01").json()["items"] == []


def test_a_proof_names_the_digest_and_the_place_in_the_log(api: Api, run: Run) -> None:
    artifact = Finding.objects.get().result_artifact
    index = artifact.attestation.entry.index
    proof = api.get(f"artifacts/{artifact.id}/proof")
    assert proof["Content-Type"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    assert proof.content == api.get(f"log/entries/{index}/proof").content
    assert proof.json()["verificationMaterial"]["tlogEntries"][0]["logIndex"] == str(index)


def test_changed_bytes_are_not_handed_out(api: Api, run: Run, settings: Any) -> None:
    artifact = Finding.objects.get().result_artifact
    path = next(settings.ASSAY_VAR.rglob(artifact.sha256))
    path.chmod(0o600)
    path.write_bytes(b"changed")
    assert_problem(api.get(f"artifacts/{artifact.id}/content"), 500)


def test_the_log_is_read_newest_first(api: Api, run: Run) -> None:
    rows = api.get("log/entries").json()["items"]
    assert rows[0]["index"] > rows[-1]["index"]
    entry = LedgerEntry.objects.get(action="assessments.plan.sealed")
    shown = api.get(f"log/entries/{entry.index}").json()
    assert (shown["action"], shown["payload"], shown["leaf_hash"]) == (entry.action, entry.payload, entry.leaf_hash)
    found = api.get(f"log/entries?action=assessments.plan.sealed&subject={entry.subject}&actor={entry.actor}").json()["items"]
    assert found == [shown]
    assert_problem(api.get("log/entries/999999"), 404)
    assert_problem(api.get(f"log/entries/{10**40}"), 404)


def test_the_head_of_the_log_is_signed(api: Api, run: Run) -> None:
    head = api.get("log/checkpoint").json()
    checked = verify(head["note"], installed().log_key)
    assert (checked.origin, checked.size, checked.root.hex()) == (head["origin"], head["tree_size"], head["root"])
    assert head["tree_size"] == Checkpoint.objects.order_by("-tree_size").first().tree_size  # type: ignore[union-attr]
    assert api.get("log/keys").content == installed().trusted_root_bytes


def test_links_are_listed(api: Api, run: Run) -> None:
    rows = api.get("evidence-links?status=proposed").json()["items"]
    assert rows
    link = EvidenceLink.objects.get(pk=rows[0]["id"])
    assert api.get(f"evidence-links/{link.id}").json() == rows[0]
    assert rows[0]["sha256"] == link.artifact.sha256
    for query in (f"ref={link.requirement.ref}", f"artifact={link.artifact_id}", f"requirement={link.requirement_id}", f"subject={link.artifact.subject}"):
        assert rows[0] in api.get(f"evidence-links?{query}").json()["items"]
    assert api.get("evidence-links?status=accepted").json()["items"] == []


def test_the_law_as_of_a_day_and_as_known_on_a_day(api: Api, admin: User) -> None:
    factories.catalogue(admin)
    day = Requirement.objects.exclude(applies_from=None).latest("applies_from").applies_from
    assert day is not None
    late = {row["ref"] for row in api.get(f"requirements?limit=200&as_of={day}").json()["items"]}
    early = {row["ref"] for row in api.get(f"requirements?limit=200&as_of={day - datetime.timedelta(days=1)}").json()["items"]}
    assert late - early
    assert api.get("requirements?known_at=2001-01-01").json()["items"] == []
    assert assert_problem(api.get("requirements?as_of=2026-13-01"), 422)["field"] == "as_of"
    row = api.get("requirements?limit=1").json()["items"][0]
    assert api.get(f"requirements/{row['id']}").json()["sources"] is not None
    assert {other["framework"] for other in api.get(f"requirements?framework={row['framework']}").json()["items"]} == {row["framework"]}


def test_pages_of_the_law_keep_the_day(api: Api, admin: User) -> None:
    factories.catalogue(admin)
    first = api.get("requirements?limit=5&as_of=2026-11-20").json()
    assert "as_of=2026-11-20" in first["next"]
    assert api.get(first["next"]).status_code == 200


def test_coverage_counts_what_a_person_accepted(api: Api, run: Run, admin: User) -> None:
    version = run.plan.version
    link = EvidenceLink.objects.select_related("requirement").filter(requirement__voluntary=True).first() or EvidenceLink.objects.first()
    assert link is not None
    day = max(clock.now().date(), link.requirement.applies_from or datetime.date.min)
    before = api.get(f"coverage?version={version.id}&as_of={day}").json()
    row = next(row for row in before["items"] if row["requirement"] == str(link.requirement_id))
    assert (row["state"], str(link.id) in {proposed["id"] for proposed in row["proposed"]}) == ("missing", True)
    link_review(actor=admin, link=link, accept=True, rationale="It speaks to it.", valid_until=day + datetime.timedelta(days=1))
    after = api.get(f"coverage?version={version.id}&as_of={day}").json()
    row = next(row for row in after["items"] if row["requirement"] == str(link.requirement_id))
    assert row["state"] in ("covered", "partial")
    assert sum(after["counts"].values()) == len(after["items"])


def test_coverage_of_a_system_is_that_of_its_versions(api: Api, run: Run, admin: User) -> None:
    system = factories.system(admin)
    assert api.get(f"coverage?system={system.id}").json()["subjects"] == []
    deployment_register(actor=admin, system=system, version=run.plan.version, environment="production")
    found = api.get(f"coverage?system={system.id}").json()
    assert found["subjects"] == api.get(f"coverage?version={run.plan.version_id}").json()["subjects"]
    assert run.plan.version.subject in found["subjects"]


@pytest.mark.parametrize("query", ["", "version=x", "system=00000000-0000-4000-8000-000000000000", "as_of=x"])
def test_coverage_needs_one_subject(api: Api, query: str) -> None:
    assert_problem(api.get(f"coverage?{query}"), 422)


@pytest.mark.parametrize("path", ["artifacts", "log/entries", "evidence-links", "requirements", "coverage"])
def test_long_lists_cost_few_queries(api: Api, run: Run, path: str, django_assert_max_num_queries: Any) -> None:
    source = Finding.objects.get().result_artifact
    Artifact.objects.bulk_create(
        Artifact(sha256=f"{n:064x}", size=1, name=f"f{n}", media_type="text/plain", kind="k", title="t", subject="s", attestation=source.attestation)
        for n in range(60)
    )
    address = f"coverage?version={run.plan.version_id}" if path == "coverage" else path
    api.get(address)
    # Coverage looks behind the evidence as well: versions at work, records of instruments, probe sets.
    with django_assert_max_num_queries(8 if path == "coverage" else 6):
        assert api.get(address).json()["items"]
