"""Artifacts: found, explained, handed out unchanged and never shown in place; their proof is enough for a stranger."""

import hashlib
import json
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from assessments.models import Finding, Run
from core.canonical import canonical_json
from evidence import bundle
from evidence.models import Artifact, Attestation
from evidence.trust import TrustedRoot
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def artifact(finding: Finding) -> Artifact:
    return finding.result_artifact


def address(name: str, artifact: Artifact) -> str:
    return reverse(f"web:{name}", args=[artifact.pk])


def listed(browser: Client, **query: str) -> str:
    return str(browser.get(reverse("web:artifact-list"), query).content.decode())


def test_list_finds_by_digest_kind_and_subject(admin_client: Client, artifact: Artifact) -> None:
    link = address("artifact-detail", artifact)
    for query in ({"digest": artifact.sha256[:12].upper()}, {"digest": f"sha256:{artifact.sha256}"}, {"kind": "result"}, {"subject": artifact.subject}):
        assert link in listed(admin_client, **query), query
    for query in ({"digest": "00" * 6}, {"kind": "plan"}, {"subject": "inventory"}, {"until": "2020-01-01"}):
        assert link not in listed(admin_client, **query), query
    assert "digits 0–9 and letters a–f" in listed(admin_client, digest="xyz")


def test_page_says_what_vouches_for_it_and_where_it_is_used(admin_client: Client, finding: Finding, artifact: Artifact) -> None:
    page = admin_client.get(address("artifact-detail", artifact)).content.decode()
    assert "Signed by a key of this installation" in page
    assert "check-bad" not in page
    assert "Result of a step" in page
    assert reverse("web:finding-detail", args=[finding.pk]) in page
    assert reverse("web:entry-detail", args=[artifact.attestation.entry.index]) in page
    assert f"{reverse('web:coverage')}?finding={finding.pk}" in page
    assert "AIA-11-1" in page


def test_forged_statement_is_said_to_be(admin_client: Client, artifact: Artifact) -> None:
    envelope = artifact.attestation.parsed_envelope
    envelope["payload"] = envelope["payload"][:-8] + "AAAAAAA="
    Attestation.objects.filter(pk=artifact.attestation_id).update(envelope=json.dumps(envelope))
    page = admin_client.get(address("artifact-detail", artifact)).content.decode()
    assert "check-bad" in page
    assert "Does not hold:" in page


def test_bytes_come_unchanged_and_are_never_shown_in_place(admin_client: Client, artifact: Artifact) -> None:
    Artifact.objects.update(media_type="text/html")
    answer = admin_client.get(address("artifact-bytes", artifact))
    assert hashlib.sha256(b"".join(answer.streaming_content)).hexdigest() == artifact.sha256
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_changed_bytes_are_not_handed_out(admin_client: Client, artifact: Artifact, installation: Path) -> None:
    blob = installation / "artifacts" / "sha256" / artifact.sha256
    blob.chmod(0o644)
    blob.write_bytes(blob.read_bytes() + b" ")
    answer = admin_client.get(address("artifact-bytes", artifact))
    assert answer.status_code == 500
    assert "was changed in the store" in answer.content.decode()


def test_proof_is_enough_for_a_stranger(admin_client: Client, artifact: Artifact, trust: TrustedRoot) -> None:
    proof = admin_client.get(address("artifact-proof", artifact)).json()
    verified = bundle.verify(canonical_json(proof["bundle"]), trust)
    assert artifact.sha256 in [digest for _, digest in verified.subjects]
    assert TrustedRoot.parse(canonical_json(proof["trustedRoot"])).fingerprints() == trust.fingerprints()


def test_stranger_gets_not_found(stranger: Client, artifact: Artifact) -> None:
    for name in ("artifact-detail", "artifact-bytes", "artifact-proof"):
        assert stranger.get(address(name, artifact)).status_code == 404
    assert artifact.sha256[:8] not in listed(stranger)


def test_queries_stay_few(admin: User, admin_client: Client, run: Run, artifact: Artifact, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(5):
        factories.finished_run(admin, ("one", "two", "three"))
    with django_assert_max_num_queries(10):
        assert "16 " in listed(admin_client, kind="result") or listed(admin_client, kind="result").count("row-") >= 16
    with django_assert_max_num_queries(10):
        admin_client.get(address("artifact-detail", artifact))
