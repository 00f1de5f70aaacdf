"""Coverage as of a day: what counts, what no longer does, what nobody has decided."""

import datetime
from typing import Any

import pytest

from accounts.models import Role, User
from core.errors import InvalidInput
from evidence.mapping import CoverageRow, State, answer, coverage, review_due, stale_reason
from evidence.models import EvidenceLink
from evidence.services import link_review
from frameworks.models import FrameworkVersion, Requirement
from tests.evidence import builders
from tests.evidence.test_services import propose, requirement

TODAY = datetime.datetime.now(datetime.UTC).date()


def day(offset: int) -> datetime.date:
    return TODAY + datetime.timedelta(days=offset)


def row(ref: str = "X-1", as_of: datetime.date = TODAY, subject: str = builders.SUBJECT) -> CoverageRow:
    return next(row for row in coverage(subjects=[subject], as_of=as_of) if row.requirement.ref == ref)


def reviewed(actor: User, required: Requirement, kind: str = "eval_report", accept: bool = True, **fields: Any) -> EvidenceLink:
    artifact = builders.record(actor, [builders.stored(b"evidence")]).artifacts.get()
    link = propose(actor, artifact, requirement=required, evidence_kind=kind)
    return link_review(actor=builders.person(Role.APPROVER), link=link, accept=accept, rationale="Read.", **fields)


def test_requirement_without_evidence_is_missing(recorder: User) -> None:
    requirement(evidence_kinds=["eval_report", "tech_doc"])
    assert (row().state, row().missing_kinds) == (State.MISSING, ("eval_report", "tech_doc"))


def test_accepted_link_covers(recorder: User) -> None:
    link = reviewed(recorder, requirement())
    assert (row().state, row().current, row().missing_kinds) == (State.COVERED, (link,), ())


def test_one_kind_of_two_is_partial(recorder: User) -> None:
    reviewed(recorder, requirement(evidence_kinds=["eval_report", "tech_doc"]))
    assert (row().state, row().missing_kinds) == (State.PARTIAL, ("tech_doc",))


def test_proposed_and_declined_links_do_not_count(recorder: User) -> None:
    required = requirement()
    reviewed(recorder, required, accept=False)
    proposed = propose(recorder, builders.record(recorder, [builders.stored(b"x")]).artifacts.get(), requirement=required)
    assert (row().state, row().proposed, row().current, row().stale) == (State.MISSING, (proposed,), (), ())


def test_evidence_on_another_subject_does_not_count(recorder: User) -> None:
    reviewed(recorder, requirement())
    assert row(subject="inventory.modelversion:other").state == State.MISSING


def test_link_goes_stale_after_its_last_day(recorder: User) -> None:
    reviewed(recorder, requirement(), valid_until=day(10))
    assert row(as_of=day(10)).state == State.COVERED
    assert row(as_of=day(11)).state == State.STALE


def test_link_goes_stale_when_the_review_is_due(recorder: User) -> None:
    reviewed(recorder, requirement(review_every="P3M"))
    due = review_due(TODAY, "P3M")
    assert row(as_of=due).state == State.COVERED
    assert row(as_of=due + datetime.timedelta(days=1)).state == State.STALE


def test_link_against_an_older_catalogue_is_stale(recorder: User) -> None:
    old = requirement()
    reviewed(recorder, old)
    newer = FrameworkVersion.objects.create(framework=old.version.framework, digest="e" * 64, known_from=day(-1))
    Requirement.objects.create(version=newer, ref="X-1", title="Changed", gist="More.", evidence_kinds=["eval_report"], position=0)
    assert (row().state, row().requirement.title) == (State.STALE, "Changed")


def test_link_counts_on_under_a_newer_catalogue_that_left_the_row_alone(recorder: User) -> None:
    old = requirement(details={"note": "one remark"})
    reviewed(recorder, old)
    newer = FrameworkVersion.objects.create(framework=old.version.framework, digest="e" * 64, known_from=day(-1))
    same = {name: getattr(old, name) for name in ("ref", "title", "gist", "roles", "evidence_kinds", "voluntary", "review_every", "retention")}
    again = Requirement.objects.create(version=newer, position=7, sources=[{"key": "Z"}], details={"note": "another"}, **same)
    assert (row().state, row().requirement) == (State.COVERED, again)


@pytest.mark.parametrize("change", [{"gist": "More."}, {"roles": ["deployer"]}, {"applies_from": day(-30)}, {"details": {"deadline": "P2D"}}])
def test_link_goes_stale_when_any_of_what_the_row_demands_changes(recorder: User, change: dict[str, Any]) -> None:
    old = requirement()
    reviewed(recorder, old)
    newer = FrameworkVersion.objects.create(framework=old.version.framework, digest="e" * 64, known_from=day(-1))
    same = {"ref": old.ref, "title": old.title, "gist": old.gist, "evidence_kinds": old.evidence_kinds, "position": 0}
    Requirement.objects.create(version=newer, **{**same, **change})
    assert row().state == State.STALE


def test_the_past_knows_nothing_of_later_reviews(recorder: User) -> None:
    link = reviewed(recorder, requirement())
    EvidenceLink.objects.filter(pk=link.pk).update(created_at=datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=9))
    assert (row(as_of=day(-1)).state, len(row(as_of=day(-1)).proposed)) == (State.MISSING, 1)
    assert row(as_of=day(-10)).proposed == ()


def test_duty_that_does_not_bite_yet_is_not_listed(recorder: User) -> None:
    requirement("X-2", applies_from=day(5))
    assert [found.requirement.ref for found in coverage(subjects=[builders.SUBJECT], as_of=TODAY)] == []
    assert [found.requirement.ref for found in coverage(subjects=[builders.SUBJECT], as_of=day(5))] == ["X-2"]


def test_queries_stay_constant(recorder: User, django_assert_max_num_queries: Any) -> None:
    for number in range(6):
        reviewed(recorder, requirement(f"X-{number}"))
    with django_assert_max_num_queries(2):
        assert len(coverage(subjects=[builders.SUBJECT], as_of=TODAY)) == 6


@pytest.mark.parametrize(
    ("start", "every", "due"),
    [
        ((2026, 1, 31), "P1M", (2026, 2, 28)),
        ((2024, 2, 29), "P12M", (2025, 2, 28)),
        ((2026, 11, 20), "P24M", (2028, 11, 20)),
        ((2026, 12, 31), "P1Y2M3D", (2028, 3, 3)),
        ((2026, 1, 1), "", (9999, 12, 31)),
    ],
)
def test_review_falls_due_by_the_calendar(start: tuple[int, ...], every: str, due: tuple[int, ...]) -> None:
    assert review_due(datetime.date(*start), every) == datetime.date(*due)


def test_review_period_that_is_no_duration_is_refused() -> None:
    for every in ("every spring", "P", "P1W", "12M"):
        with pytest.raises(InvalidInput, match="ISO 8601"):
            review_due(TODAY, every)


def test_decisions_made_after_the_day_one_looks_from_are_not_seen(recorder: User) -> None:
    required = requirement()
    link = reviewed(recorder, required)
    assert answer(required, [link], day(400), day(0)).state == State.COVERED
    assert answer(required, [link], day(400), day(-1)).proposed == (link,)


def test_stale_link_says_why(recorder: User) -> None:
    required = requirement(review_every="P1M")
    link = reviewed(recorder, required, valid_until=day(10))
    assert stale_reason(link, TODAY, required, day(10)) == ""
    assert stale_reason(link, TODAY, required, day(11)) == f"It was accepted until {day(10)}."
    link.valid_until = None
    assert "review was due" in stale_reason(link, TODAY, required, day(40))
