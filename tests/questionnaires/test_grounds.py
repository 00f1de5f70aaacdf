"""What comes along with requests is what stands in the tables: values of every form, fractions to the last digit, and moments with their zone."""

from typing import Any

import pytest

from accounts.models import User
from core import clock
from core.json_rows import JsonRows, moment, rows_of
from evidence.models import EvidenceLink
from frameworks.models import Requirement
from questionnaires.grounds import with_answers, with_grounds
from questionnaires.models import Answer, ExhibitState, QuestionnaireRequest, Score
from questionnaires.sitting import given_of
from questionnaires.standing import worths_of
from tests.questionnaires import review_rows as rows

pytestmark = pytest.mark.django_db
VALUES: dict[str, Any] = {"a": "yes", "b": 0.1, "c": ["x", "y"], "d": {"declined": "“No”, it's secret"}, "e": None, "f": True, "g": '{"not": "an object"}'}


def read(row: QuestionnaireRequest) -> Any:
    return with_answers(with_grounds(QuestionnaireRequest.objects.filter(pk=row.pk), clock.now().date())).get()


def test_answers_come_along_as_they_stand(admin: User) -> None:
    row = rows.request(admin, VALUES)
    Answer.objects.filter(request=row, question="a").update(points=0.1 + 0.2)
    Answer.objects.filter(request=row, question="b").update(points=1 / 3)
    for state in (ExhibitState.RELEASED, ExhibitState.REFUSED, ExhibitState.QUARANTINED):
        rows.exhibit(admin, rows.answer_of(row, "c"), state)
    given = given_of(row)
    assert {item["question"]: (item["value"], item["files"], item["verdict"], item["points"]) for item in read(row).answer_rows} == {
        key: (found.value, found.exhibits, found.verdict, found.points) for key, found in given.items()
    }
    assert (given["a"].points, given["b"].points, given["c"].points, given["c"].exhibits) == (0.1 + 0.2, 1 / 3, None, 2)


def test_files_come_along_with_what_they_are_evidence_for(admin: User) -> None:
    row = rows.reviewed(admin)
    answer = rows.answer_of(row, "method")
    link = rows.evidence_behind(admin, answer, valid_until=clock.now().date())
    (file,) = read(row).file_rows
    assert (file["question"], file["sha256"], moment(file["judged_at"])) == ("method", link.artifact.sha256, answer.verdict_at)
    assert (moment(file["newest"][0]["created_at"]), file["links"][0]["valid_until"]) == (link.artifact.created_at, link.valid_until.isoformat())
    (before,) = rows_of(Requirement, file["links"][0]["before"])
    known = Requirement.objects.known_at(clock.now().date()).get(ref=link.requirement.ref, version__framework=link.requirement.version.framework)
    assert (before.digest, [item["gist"] for item in file["links"][0]["now"]]) == (link.requirement.digest, [known.gist])
    EvidenceLink.objects.filter(pk=link.pk).update(requirement=known)
    assert read(row).file_rows[0]["links"][0]["now"] == [], "nothing else says it now"


def test_rows_that_come_along_hold_what_was_read_by_itself(admin: User) -> None:
    link = rows.evidence_behind(admin, rows.answer_of(rows.reviewed(admin), "method"), valid_until=clock.now().date())
    EvidenceLink.objects.filter(pk=link.pk).update(status="accepted", reviewer=admin, reviewed_at=clock.now())
    whole = EvidenceLink.objects.get(pk=link.pk)
    names = ("pk", "requirement_id", "reviewer_id", "reviewed_at", "valid_until", "status")
    item = EvidenceLink.objects.annotate(own=JsonRows(EvidenceLink.objects.filter(pk=link.pk), *names)).values_list("own", flat=True).get()
    (found,) = rows_of(EvidenceLink, item, artifact=whole.artifact)
    assert [getattr(found, name) for name in (*names, "artifact_id")] == [getattr(whole, name) for name in (*names, "artifact_id")]


def test_a_worth_is_reckoned_anew_only_where_something_is_stale(admin: User, django_assert_num_queries: Any) -> None:
    fresh, old = rows.reviewed(admin), rows.reviewed(admin)
    rows.exhibit(admin, rows.answer_of(old, "method"), ExhibitState.REFUSED)
    Score.objects.filter(request=fresh).update(sheet={"claimed": 1.5, "confirmed": 1.5, "flags": ["kept"]})
    found = [row.__class__.objects.get(pk=row.pk) for row in (fresh, old)]
    for row in found:
        row.sheet = rows.latest(row).sheet  # type: ignore[attr-defined]
    with django_assert_num_queries(2):
        worths = worths_of(found, clock.now().date())
    assert (worths[fresh.pk].confirmed, worths[fresh.pk].flags, worths[old.pk].confirmed) == (1.5, ("kept",), 25.0)
