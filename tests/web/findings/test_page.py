"""A finding: nothing it says is left out, nothing is claimed beyond it, its files are exact, its links are a person's to decide."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Membership, Role, User
from assessments.contracts import Control, Measurement, OutputFile, Reading
from assessments.models import Finding, Plan, Run
from assessments.services.runs import run_create
from evidence.models import Artifact, EvidenceLink, LedgerEntry
from tests import factories

pytestmark = pytest.mark.django_db


def address(finding: Finding) -> str:
    return reverse("web:finding-detail", args=[finding.id])


def body_of(browser: Client, finding: Finding) -> str:
    answer = browser.get(address(finding))
    assert answer.status_code == 200
    return str(answer.content.decode())


def found(admin: User, **fields: object) -> Finding:
    """A finding with the given output."""
    robot = factories.worker(factories.home(admin))
    run = run_create(actor=admin, plan=factories.plan(admin, ("one",)))
    return factories.finish(robot, run.steps.get(), factories.output(**fields))


def test_page_tells_all_the_finding_says(admin_client: Client, finding: Finding) -> None:
    body = body_of(admin_client, finding)
    assert all(text in body for text in (finding.headline, finding.summary, finding.does_not_show, finding.not_examined, "Is it seen?", "bit-identical"))
    assert "items 10 · unscored 0 · errored 0" in body
    assert "float32" in body


def test_capped_verdict_stands_first_and_the_reading_beside_it(admin_client: Client, finding: Finding) -> None:
    body = body_of(admin_client, finding)
    assert body.index("verdict-not_qualified") < body.index("verdict-observed")
    assert "the data alone would read" in body
    assert "no calibration record" in body


def test_inconclusive_claims_nothing_and_is_not_capped(admin: User, admin_client: Client) -> None:
    body = body_of(admin_client, found(admin, reading=Reading.INCONCLUSIVE))
    assert "verdict-not_qualified" not in body
    assert "the data alone would read" not in body
    assert "Nothing may be concluded in either direction" in body


def test_measurement_shows_interval_null_count_and_p(admin: User, admin_client: Client) -> None:
    row = Measurement("effect", "Effect", -1.72, 64, "slope-ols/1", "log-odds", -1.9, -1.51, -0.35, 0.79, 0.0099, role="primary")
    body = body_of(admin_client, found(admin, measurements=(row,)))
    assert all(text in body for text in ("−1.72", "−1.90 to −1.51", "−0.35 to 0.79", "n = 64", "p = 0.0099", "slope-ols/1", "log-odds"))


def test_threshold_says_met_or_not(admin: User, admin_client: Client) -> None:
    assert '≥ 1 <span class="met">met</span>' in body_of(admin_client, found(admin))
    assert '≥ 1 <span class="unmet">not met</span>' in body_of(admin_client, found(admin, measurements=(weak(),)))


def weak() -> Measurement:
    return Measurement("effect", "Effect", 0.5, 10, "mean-v1", low=0.1, high=0.9, role="primary")


def test_threshold_that_was_never_measured_stays_visible(admin: User, admin_client: Client) -> None:
    other = Measurement("other", "Something else", 0.5, 10, "mean-v1", role="primary")
    body = body_of(admin_client, found(admin, measurements=(other,), primary="other"))
    assert "sealed in the plan, not measured" in body
    assert '≥ 1 <span class="undecided">undecided</span>' in body


def test_failed_control_is_marked(admin: User, admin_client: Client) -> None:
    body = body_of(admin_client, found(admin, controls=(Control("noop_hook", 4, False, "Outputs differ."), Control("random", 9, None, "Gives the null."))))
    assert '<td>noop hook</td><td class="num">4</td><td><span class="unmet">no</span></td>' in body
    assert "gives a null" in body


def test_finding_without_controls_says_so(admin: User, admin_client: Client) -> None:
    assert "None. Treat this finding with care." in body_of(admin_client, found(admin, controls=()))


def test_words_of_the_model_are_escaped(admin: User, admin_client: Client) -> None:
    body = body_of(admin_client, found(admin, headline="<img src=x onerror=alert(1)>", environment={"<b>": "<script>alert(2)</script>"}))
    assert "<img src=x" not in body
    assert "<script>alert" not in body
    assert "&lt;script&gt;alert(2)" in body


def test_figure_is_drawn_with_words_for_those_who_cannot_see_it(admin_client: Client, finding: Finding) -> None:
    body = body_of(admin_client, finding)
    assert 'role="img" aria-label="A line that rises."><svg' in body


def test_seal_names_plan_result_and_run_entries_in_order(admin_client: Client, finding: Finding) -> None:
    plan, step = finding.step.run.plan, finding.step
    assert plan.sealed_entry is not None
    assert step.attestation is not None
    body = body_of(admin_client, finding)
    numbers = [plan.sealed_entry.index, step.attestation.entry.index, LedgerEntry.objects.get(action="assessments.run.done").index]
    places = [body.index(f'<strong class="tnum">{number}</strong>') for number in numbers]
    assert places == sorted(places)
    assert numbers == sorted(numbers)


def test_every_attested_file_comes_back_bit_for_bit(admin_client: Client, finding: Finding) -> None:
    files = Artifact.objects.filter(attestation=finding.step.attestation)
    body = body_of(admin_client, finding)
    assert files.count() == 2
    for file in files:
        link = reverse("web:artifact-download", args=[finding.id, file.id])
        answer = admin_client.get(link)
        assert link in body
        assert hashlib.sha256(b"".join(answer.streaming_content)).hexdigest() == file.sha256
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{file.name.replace("/", ".")}"'


def test_file_of_another_finding_is_not_found(admin: User, admin_client: Client, finding: Finding) -> None:
    other = found(admin)
    assert admin_client.get(reverse("web:artifact-download", args=[finding.id, other.result_artifact_id])).status_code == 404


def test_stranger_gets_neither_page_nor_file(stranger: Client, finding: Finding) -> None:
    assert stranger.get(address(finding)).status_code == 404
    assert stranger.get(reverse("web:artifact-download", args=[finding.id, finding.result_artifact_id])).status_code == 404


def test_page_costs_a_constant_number_of_queries(admin: User, admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    factories.catalogue(admin)
    first = factories.finished_run(admin, tuple("abcdef"))
    again(admin, first, tuple("abcdef"))
    path = address(first.steps.all()[0].finding)
    admin_client.get(path)
    with django_assert_max_num_queries(11):
        admin_client.get(path)


def again(admin: User, run: Run, keys: tuple[str, ...]) -> Run:
    """Another finished run of the same version."""
    other = run_create(actor=admin, plan=factories.plan(admin, keys, version=run.plan.version))
    for step in other.steps.all():
        factories.finish(factories.worker(factories.home(admin)), step)
    other.refresh_from_db()
    return other


def test_neighbours_in_the_run_are_one_click_away(admin: User, admin_client: Client) -> None:
    run = factories.finished_run(admin, ("one", "two", "three"))
    first, second, third = (step.finding for step in run.steps.all())
    body = body_of(admin_client, second)
    assert f'rel="prev" href="{address(first)}"' in body
    assert f'rel="next" href="{address(third)}"' in body
    assert 'rel="prev"' not in body_of(admin_client, first)
    assert 'rel="next"' not in body_of(admin_client, third)


def test_same_question_in_another_run_stands_beside_with_a_way_to_compare(admin: User, admin_client: Client) -> None:
    run = factories.finished_run(admin)
    other = again(admin, run, ("one",))
    body = body_of(admin_client, other.steps.get().finding)
    assert "The same question in other runs of this model" in body
    assert f"a={run.id}&amp;b={other.id}" in body
    assert "made differently" not in body


def test_same_question_put_differently_says_so(admin: User, admin_client: Client) -> None:
    run = factories.finished_run(admin)
    other = again(admin, run, ("one",))
    run.plan.document["items"][0]["params"] = {"prompts": 7}
    Plan.objects.filter(pk=run.plan_id).update(document=run.plan.document)
    assert "made differently: parameters" in body_of(admin_client, other.steps.get().finding)


def test_finding_without_another_run_says_nothing_of_others(admin_client: Client, finding: Finding) -> None:
    assert "The same question in other runs" not in body_of(admin_client, finding)


def test_beginning_of_the_raw_table_is_shown(admin: User, admin_client: Client, tmp_path: Path) -> None:
    parquet.write_table(arrow.table({"item": [f"prompt {n}" for n in range(20)], "score": [0.123456789] * 20}), tmp_path / "items.parquet")
    file = OutputFile("items.parquet", "application/vnd.apache.parquet", "items", "Items")
    robot = factories.worker(factories.home(admin))
    run = run_create(actor=admin, plan=factories.plan(admin, ("one",)))
    result = factories.finish(robot, run.steps.get(), factories.output(files=(file,)), tmp_path)
    body = body_of(admin_client, result)
    assert "First 12 of 20" in body
    assert "prompt 11" in body
    assert "prompt 12" not in body
    assert "0.1235" in body


def test_files_lead_to_their_own_pages(admin_client: Client, finding: Finding) -> None:
    assert reverse("web:artifact-detail", args=[finding.result_artifact_id]) in body_of(admin_client, finding)


@pytest.mark.parametrize(("form", "begins"), [("svg", b"<svg"), ("json", b"{"), ("csv", b"")])
def test_figure_is_handed_out_in_every_form(admin_client: Client, finding: Finding, form: str, begins: bytes) -> None:
    path = reverse("web:finding-figure", args=[finding.id, "effect", form])
    answer = admin_client.get(path)
    assert answer.status_code == 200
    assert answer.content.startswith(begins)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="one.effect.{form}"'
    assert path in body_of(admin_client, finding)


@pytest.mark.parametrize(("name", "form"), [("effect", "exe"), ("other", "svg")])
def test_figure_that_is_not_there_is_not_found(admin_client: Client, finding: Finding, name: str, form: str) -> None:
    assert admin_client.get(reverse("web:finding-figure", args=[finding.id, name, form])).status_code == 404


def test_stranger_gets_no_figure(stranger: Client, finding: Finding) -> None:
    assert stranger.get(reverse("web:finding-figure", args=[finding.id, "effect", "svg"])).status_code == 404


class TestReview:
    """Accepting and declining links to requirements."""

    @pytest.fixture
    def link(self, finding: Finding) -> EvidenceLink:
        return EvidenceLink.objects.filter(artifact__attestation=finding.step.attestation)[0]

    def send(self, browser: Client, finding: Finding, link: EvidenceLink, **fields: str) -> int:
        data = {"decision": "accept", "rationale": "The figures speak to it.", **fields}
        return browser.post(reverse("web:link-review", args=[finding.id, link.id]), data).status_code

    def test_proposed_link_shows_requirement_reason_and_form(self, admin_client: Client, finding: Finding, link: EvidenceLink) -> None:
        body = body_of(admin_client, finding)
        assert all(text in body for text in (link.requirement.ref, "tag-proposed", 'value="decline"'))
        assert reverse("web:link-review", args=[finding.id, link.id]) in body

    @pytest.mark.parametrize(("decision", "status"), [("accept", "accepted"), ("decline", "declined")])
    def test_decision_is_written_with_reviewer_reason_and_log_entry(
        self, admin: User, admin_client: Client, finding: Finding, link: EvidenceLink, decision: str, status: str
    ) -> None:
        assert self.send(admin_client, finding, link, decision=decision) == 302
        link.refresh_from_db()
        assert (link.status, link.reviewer, link.review_rationale) == (status, admin, "The figures speak to it.")
        assert LedgerEntry.objects.filter(action=f"evidence.link.{status}").count() == 1
        assert "The figures speak to it." in body_of(admin_client, finding)

    @pytest.mark.parametrize("fields", [{"rationale": "  "}, {"decision": ""}, {"decision": "perhaps"}])
    def test_decision_without_reason_or_without_decision_is_refused(
        self, admin_client: Client, finding: Finding, link: EvidenceLink, fields: dict[str, str]
    ) -> None:
        assert self.send(admin_client, finding, link, **fields) == 422
        link.refresh_from_db()
        assert link.status == "proposed"

    def test_decision_is_made_once(self, admin_client: Client, finding: Finding, link: EvidenceLink) -> None:
        self.send(admin_client, finding, link)
        assert self.send(admin_client, finding, link, decision="decline") == 409
        link.refresh_from_db()
        assert link.status == "accepted"

    @pytest.mark.parametrize("role", [Role.AUDITOR, Role.ASSESSOR])
    def test_roles_without_review_see_no_form_and_are_refused(self, as_role: Callable[[str], Client], finding: Finding, link: EvidenceLink, role: str) -> None:
        browser = as_role(role)
        assert 'name="rationale"' not in body_of(browser, finding)
        assert self.send(browser, finding, link) == 403
        link.refresh_from_db()
        assert link.status == "proposed"

    def test_reviewer_elsewhere_who_only_audits_here_is_refused(self, admin: User, finding: Finding, link: EvidenceLink) -> None:
        person = factories.user(Role.GOVERNANCE)
        Membership.objects.create(user=person, organisation=factories.home(admin), role=Role.AUDITOR)
        browser = Client()
        browser.force_login(person)
        assert self.send(browser, finding, link) == 403

    def test_link_of_another_finding_is_not_found(self, admin: User, admin_client: Client, finding: Finding, link: EvidenceLink) -> None:
        assert self.send(admin_client, found(admin), link) == 404

    def test_stranger_gets_not_found(self, stranger: Client, finding: Finding, link: EvidenceLink) -> None:
        assert self.send(stranger, finding, link) == 404


def test_list_of_siblings_marks_the_open_one(admin: User, admin_client: Client) -> None:
    run: Run = factories.finished_run(admin, ("one", "two"))
    first, second = (step.finding for step in run.steps.all())
    body = body_of(admin_client, first)
    assert f'href="{address(first)}" aria-current="page"' in body
    assert f'href="{address(second)}">' in body
