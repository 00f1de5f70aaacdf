"""When accepted answers go stale: each reason by itself, in words, and what it takes off the confirmed score."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from core import clock
from core.canonical import canonical_json
from evidence.models import EvidenceLink
from evidence.services import link_propose, link_review
from frameworks.models import FrameworkVersion, Requirement
from inventory.models import Lifecycle, ModelVersion
from inventory.services import deployment_register
from questionnaires.models import Answer, Exhibit, ExhibitState, QuestionnaireRequest
from questionnaires.services.exhibits import exhibit_refuse
from questionnaires.staleness import Staleness, staleness_of, unreadable
from questionnaires.standing import newest_reviewed, requests_of, worths_of
from tests import factories
from tests.questionnaires import review_rows as rows

pytestmark = pytest.mark.django_db


def today() -> object:
    return clock.now().date()


def stale(row: QuestionnaireRequest) -> Staleness:
    return staleness_of([QuestionnaireRequest.objects.get(pk=row.pk)], clock.now().date())[row.pk]


@pytest.fixture
def reviewed(admin: User) -> QuestionnaireRequest:
    return rows.reviewed(admin)


def cite(admin: User, row: QuestionnaireRequest, origin: str = "cited", **fields: object) -> Exhibit:
    return rows.exhibit(admin, rows.answer_of(row, "method"), ExhibitState.RELEASED, origin, **fields)


def test_nothing_is_stale_about_a_fresh_review(reviewed: QuestionnaireRequest, admin: User) -> None:
    cite(admin, reviewed)
    assert not stale(reviewed).any


def test_an_expired_review_speaks_against_every_answer(admin: User) -> None:
    yesterday = clock.now().date() - timedelta(days=1)
    row = rows.reviewed(admin, valid_until=yesterday)
    assert stale(row).of("headline") == (f"The review held until {yesterday.isoformat()}.",)
    assert not stale(rows.reviewed(admin, valid_until=clock.now().date())).any


def test_a_version_that_left_or_gave_way_speaks_against_every_answer(admin: User) -> None:
    old = factories.version(admin, label="v1")
    row = rows.reviewed(admin, vendor=old.model.vendor, model_version=old)
    assert not stale(row).any, "nothing is at work yet"
    new = factories.version(admin, model=old.model, label="v2")
    deployment_register(actor=admin, system=factories.system(admin), version=new, environment="production")
    assert stale(row).whole == (f"It is about {old}; at work now: v2.",)
    deployment_register(actor=admin, system=factories.system(admin), version=old, environment="production")
    assert not stale(row).any
    ModelVersion.objects.filter(pk=old.pk).update(lifecycle=Lifecycle.RETIRED)
    assert "retired" in stale(row).whole[0]


def test_a_file_refused_later_makes_its_answer_stale_and_takes_its_points_off(admin: User, reviewed: QuestionnaireRequest) -> None:
    file = cite(admin, reviewed, origin="attached")
    exhibit_refuse(actor=admin, exhibit=file, reason="It is about another product.")
    found = stale(reviewed)
    assert found.whole == ()
    assert list(found.answers) == ["method"]
    assert "refused" in found.answers["method"][0]
    worth = worths_of(list(requests_of([reviewed.vendor_id])), clock.now().date())[reviewed.pk]
    assert (rows.latest(reviewed).confirmed, worth.confirmed, worth.claimed) == (50.0, 25.0, 50.0)


def test_a_newer_file_of_the_same_kind_supersedes_a_cited_one_but_not_an_attached_one(admin: User) -> None:
    row = rows.request(admin)
    first = rows.artifact(admin, b"one", name="result.json", kind="result")
    row = rows.reviewed(admin)
    cite(admin, row, artifact=first)
    other = rows.reviewed(admin)
    cite(admin, other, origin="attached", artifact=first)
    assert not stale(row).any
    rows.artifact(admin, b"two", name="result.json", kind="result")
    assert "superseded" in stale(row).of("method")[0]
    assert not stale(other).any


def link_of(admin: User, file: Exhibit) -> EvidenceLink:
    factories.catalogue(admin)
    requirement = Requirement.objects.filter(ref="AIA-15-4").order_by("-version__created_at")[0]
    return link_propose(actor=admin, artifact=file.artifact, requirement=requirement, evidence_kind="test", rationale="It is asked for.", tier="observed")


def test_a_link_declined_after_the_verdict_and_one_that_ended_are_reasons(admin: User, reviewed: QuestionnaireRequest) -> None:
    link = link_of(admin, cite(admin, reviewed))
    assert not stale(reviewed).any, "a proposal says nothing yet"
    link_review(actor=admin, link=link, accept=False, rationale="Another system.")
    assert "declined as evidence for AIA-15-4" in stale(reviewed).of("method")[0]
    Answer.objects.filter(request=reviewed, question="method").update(verdict_at=clock.now())
    assert not stale(reviewed).any, "whoever accepted later knew"
    past = clock.now().date() - timedelta(days=1)
    EvidenceLink.objects.filter(pk=link.pk).update(status="accepted", valid_until=past)
    assert stale(reviewed).of("method") == (f"“report.pdf” counted as evidence for AIA-15-4 until {past.isoformat()}.",)


def test_a_law_day_that_moved_is_a_reason(admin: User, reviewed: QuestionnaireRequest) -> None:
    link = link_of(admin, cite(admin, reviewed))
    before = link.requirement
    edition = FrameworkVersion.objects.create(framework=before.version.framework, known_from=clock.now().date(), digest="12" * 32)
    copy = Requirement.objects.get(pk=before.pk)
    copy.pk, copy._state.adding, copy.version = None, True, edition
    copy.save()
    assert not stale(reviewed).any, "the same duty in another edition changes nothing"
    later = clock.now().date() + timedelta(days=900)
    Requirement.objects.filter(pk=copy.pk).update(applies_from=later)
    assert stale(reviewed).of("method")[0].endswith(f"to {later.isoformat()}.")


def test_files_that_are_gone_or_changed_are_named(admin: User, reviewed: QuestionnaireRequest, settings: object) -> None:
    file = cite(admin, reviewed)
    assert unreadable([file]) == []
    path = next(settings.ASSAY_VAR.glob(f"artifacts/**/*{file.artifact.sha256[4:]}*"))  # type: ignore[attr-defined]
    path.chmod(0o644)
    path.write_bytes(b"something else")
    assert "cannot be read" in unreadable([file])[0]
    path.unlink()
    assert "cannot be read" in unreadable([file])[0]


def test_queries_do_not_grow_with_the_requests(admin: User) -> None:
    def cost(found: list[QuestionnaireRequest]) -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            worths_of(list(requests_of([row.vendor_id for row in found])), clock.now().date())
        return len(seen)

    def one() -> QuestionnaireRequest:
        version = factories.version(admin)
        row = rows.reviewed(admin, vendor=version.model.vendor, model_version=version)
        file = cite(admin, row)
        link_of(admin, file)
        Exhibit.objects.filter(pk=file.pk).update(state=ExhibitState.REFUSED)
        return row

    few = [one()]
    first = cost(few)
    assert cost([*few, one(), one(), one()]) == first <= 10


def test_the_newest_review_counts_and_not_the_newest_request(admin: User) -> None:
    row = rows.reviewed(admin)
    later = rows.request(admin, vendor=row.vendor)
    assert newest_reviewed([row, later]) == row
    assert newest_reviewed([later]) is None
    assert canonical_json(worths_of([later], clock.now().date())[later.pk].stale.whole) == b"[]"
