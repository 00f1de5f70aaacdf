"""Imports from upload to version: preview, difference, consent, evidence, races; and crosswalks with evidence offered along them."""

import datetime
from typing import Any

import pytest
from django.db import transaction

from accounts.models import Role, User
from core import clock
from core.errors import Conflict, InvalidInput, InvalidState, NotAllowed
from evidence import ledger
from evidence.libraries import library_import, link_carry_over
from evidence.models import Artifact, EvidenceLink, LedgerEntry
from evidence.services import link_review
from evidence.storage import blob_read
from frameworks.applicability import Bite, Use, applicability
from frameworks.crosswalks import counterparts
from frameworks.import_plans import Plan, plan_of
from frameworks.import_services import KEPT, draft_create, draft_discard
from frameworks.models import Crosswalk, Framework, FrameworkVersion, ImportDraft, Requirement
from tests import factories
from tests.evidence import builders
from tests.frameworks.imports import files

pytestmark = pytest.mark.django_db
GARDEN = files.as_yaml(files.ciso())
LATER = files.as_yaml(
    files.ciso(
        nodes=[{"name": "Upkeep"}, {"ref_id": "U.1", "name": "Keep a list", "description": "Keep a short list of all tools."}, {"ref_id": "U.3", "name": "New"}]
    )
)


def row(ref: str, framework: str = "imported-garden") -> Requirement:
    return Requirement.objects.known_at(clock.now().date()).get(version__framework__slug=framework, ref=ref)


def test_import_keeps_rows_file_licence_and_an_entry(admin: User) -> None:
    framework = factories.imported(admin, GARDEN)
    assert framework is not None
    version = framework.versions.get()
    assert (framework.slug, framework.kind, version.format) == ("imported-garden", "imported", "ciso-assistant")
    assert (version.licence, version.publisher, version.published, version.known_from) == ("CC-BY-4.0", "A club", datetime.date(2025, 4, 1), clock.now().date())
    assert [(found.ref, found.gist) for found in version.requirements.all()] == [("U.1", "Keep a list of all tools."), ("U.2", "Oil them.")]
    artifact = Artifact.objects.get(kind="framework_file")
    assert (artifact.sha256, artifact.attestation.organisation) == (version.digest, factories.home(admin))
    assert blob_read(artifact.sha256) == GARDEN
    entry = artifact.attestation.entry
    assert (entry.action, entry.payload["added"], entry.payload["file"]) == ("frameworks.import.applied", 2, version.digest)
    assert artifact.attestation.parsed_envelope
    assert not ImportDraft.objects.exists()


def test_imported_row_states_no_date_and_no_role_and_counts_as_chosen(admin: User) -> None:
    factories.imported(admin, GARDEN)
    found = row("U.1")
    assert (found.applies_from, found.roles, found.evidence_kinds, found.voluntary, found.sourced) == (None, [], [], False, False)
    answer = applicability(found, Use("deployer", "minimal", "NL"), clock.now().date())
    assert answer.bite == Bite.APPLIES
    assert "states neither a date of application nor whom it binds" in answer.reason


def test_same_file_twice_is_nothing_to_change(admin: User) -> None:
    factories.imported(admin, GARDEN)
    before = LedgerEntry.objects.count()
    draft = factories.framework_file(admin, GARDEN)
    plan = plan_of(draft)
    assert plan.nothing
    with pytest.raises(InvalidState, match="nothing to change"):
        library_import(actor=admin, draft=draft, into="", seen=plan.seen)
    assert (FrameworkVersion.objects.count(), LedgerEntry.objects.count() - before) == (1, 1), "only the upload is logged"


def test_later_edition_is_compared_row_by_row_and_the_earlier_one_stays(admin: User) -> None:
    factories.imported(admin, GARDEN)
    plan = plan_of(factories.framework_file(admin, LATER))
    assert plan.counts == {"added": 1, "changed": 1, "removed": 1}
    changed = next(change for change in plan.changes if change.kind == "changed")
    assert (changed.ref, changed.fields) == ("U.1", [("text", [("same", "Keep a"), ("in", " short"), ("same", " list of all tools.")])])
    factories.imported(admin, LATER)
    assert [found.ref for found in row("U.1").version.requirements.all()] == ["U.1", "U.3"]
    assert Requirement.objects.filter(ref="U.2").exists(), "what was known before stays known"


def test_way_back_to_an_earlier_file_is_open(admin: User) -> None:
    for raw in (GARDEN, LATER, GARDEN):
        factories.imported(admin, raw)
    assert FrameworkVersion.objects.count() == 3
    assert row("U.2").gist == "Oil them."


def test_second_of_two_racing_uploads_gets_a_conflict(admin: User) -> None:
    factories.imported(admin, GARDEN)
    draft = factories.framework_file(admin, LATER)
    seen = plan_of(draft).seen
    other = files.as_yaml(files.ciso(nodes=[{}, {"ref_id": "U.9", "name": "Other"}]))
    factories.imported(admin, other)
    before = (FrameworkVersion.objects.count(), Artifact.objects.count(), LedgerEntry.objects.count())
    with pytest.raises(Conflict, match="look at the preview again"):
        library_import(actor=admin, draft=draft, into="", seen=seen)
    assert (FrameworkVersion.objects.count(), Artifact.objects.count(), LedgerEntry.objects.count()) == before
    assert ImportDraft.objects.filter(pk=draft.pk).exists(), "the file waits for another look"


def raced(monkeypatch: pytest.MonkeyPatch, plan: Plan) -> None:
    """From here on the comparison is an old one: the other upload came between it and the write."""
    monkeypatch.setattr("evidence.libraries.plan_of", lambda draft, into: plan)


@pytest.mark.parametrize("first", [GARDEN, None])
def test_race_between_comparison_and_write_is_caught_in_the_transaction(admin: User, monkeypatch: pytest.MonkeyPatch, first: bytes | None) -> None:
    if first:
        factories.imported(admin, first)
    draft = factories.framework_file(admin, LATER)
    plan = plan_of(draft)
    factories.imported(admin, files.as_yaml(files.ciso(nodes=[{}, {"ref_id": "U.9", "name": "Other"}])))
    raced(monkeypatch, plan)
    before = FrameworkVersion.objects.count()
    with pytest.raises(Conflict):
        library_import(actor=admin, draft=draft, into="", seen=plan.seen)
    assert FrameworkVersion.objects.count() == before


def test_draft_applied_in_another_window_is_a_conflict(admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = factories.framework_file(admin, GARDEN)
    plan = plan_of(draft)
    ImportDraft.objects.all().delete()
    raced(monkeypatch, plan)
    with pytest.raises(Conflict, match="in the meantime"):
        library_import(actor=admin, draft=draft, into="", seen=plan.seen)
    assert not Framework.objects.exists()


def test_sheet_becomes_an_edition_of_the_framework_that_a_person_names(admin: User) -> None:
    factories.imported(admin, files.as_csv(), files.COLUMNS)
    slug = Framework.objects.get().slug
    assert slug == "imported-tool-questions"
    factories.imported(admin, files.as_csv([*files.SHEET, ("Q-3", "More?", "")]), {**files.COLUMNS, "name": "Tool questions 2"}, into=slug)
    assert Framework.objects.get().name == "Tool questions 2"
    assert FrameworkVersion.objects.count() == 2
    draft = factories.framework_file(admin, LATER)
    with pytest.raises(InvalidInput, match="Choose one of the list"):
        plan_of(draft, "eu-ai-act")


def test_two_frameworks_of_the_same_short_name_stay_two(admin: User) -> None:
    other = files.ciso()
    other["objects"]["framework"]["urn"] = "urn:other:framework:garden"
    factories.imported(admin, GARDEN)
    factories.imported(admin, files.as_yaml(other))
    assert sorted(row.slug.startswith("imported-garden") for row in Framework.objects.all()) == [True, True]


def test_only_those_who_may_import_do(admin: User) -> None:
    for role in (Role.ASSESSOR, Role.AUDITOR, Role.APPROVER, Role.VENDOR):
        person = factories.user(role, of=factories.home(admin))
        with pytest.raises(NotAllowed):
            draft_create(actor=person, record=ledger.append, organisation=factories.home(admin), name="x", raw=GARDEN)
    stranger = factories.user()
    with pytest.raises(NotAllowed):
        draft_create(actor=stranger, record=ledger.append, organisation=factories.home(admin), name="x", raw=GARDEN)
    draft = factories.framework_file(factories.user(Role.GOVERNANCE, of=factories.home(admin)), GARDEN)
    with pytest.raises(NotAllowed):
        library_import(actor=stranger, draft=draft, into="", seen=plan_of(draft).seen)
    assert not Framework.objects.exists()


def test_draft_is_forgotten_when_discarded_or_old(admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    draft_discard(actor=admin, record=ledger.append, draft=factories.framework_file(admin, GARDEN))
    old = factories.framework_file(admin, GARDEN)
    ImportDraft.objects.update(created_at=clock.now() - KEPT - datetime.timedelta(minutes=1))
    factories.framework_file(admin, LATER)
    assert not ImportDraft.objects.filter(pk=old.pk).exists()
    assert ImportDraft.objects.count() == 1


def test_instruments_never_speak_of_imported_rows_by_reference(admin: User) -> None:
    factories.catalogue(admin)
    factories.imported(admin, files.as_yaml(files.ciso(nodes=[{}, {"ref_id": "AIA-15-1", "name": "Same reference"}])))
    assert set(Requirement.objects.shipped().values_list("version__format", flat=True)) == {""}
    factories.finished_run(admin)
    assert not EvidenceLink.objects.filter(requirement__version__framework__slug="imported-garden").exists()


# --- crosswalks ---


@pytest.fixture
def two(admin: User) -> User:
    """An administrator with two imported frameworks."""
    factories.imported(admin, GARDEN)
    factories.imported(admin, files.as_yaml(files.ciso("kitchen")))
    return admin


def walk(actor: User, how: str) -> None:
    factories.imported(actor, files.as_yaml(files.mapping([("node1", how, "node2")])))


def accepted(actor: User, requirement: Requirement, accept: bool = True) -> EvidenceLink:
    attestation = builders.record(actor, [builders.stored(b"evidence")])
    attestation.organisation = factories.home(actor)
    attestation.__class__.objects.filter(pk=attestation.pk).update(organisation=attestation.organisation)
    link = EvidenceLink.objects.create(
        artifact=attestation.artifacts.get(), requirement=requirement, evidence_kind="eval_report", rationale="r", tier="observed"
    )
    return link_review(actor=actor, link=link, accept=accept, rationale="Read.")


def test_crosswalk_is_read_from_both_ends(two: User) -> None:
    walk(two, "subset")
    (here,), (there,) = counterparts(row("U.1")), counterparts(row("U.2", "imported-kitchen"))
    assert (here.ref, here.relationship.value, here.strength, here.rationale) == ("U.2", "superset", 7, "semantic"), "the far one holds all of this one"
    assert (there.ref, there.relationship.value, there.framework.slug) == ("U.1", "subset", "imported-garden")
    assert counterparts(row("U.2")) == []


def test_crosswalk_of_frameworks_that_are_not_loaded_changes_nothing(admin: User) -> None:
    draft = factories.framework_file(admin, files.as_yaml(files.mapping([("node1", "equal", "node2")])))
    plan = plan_of(draft)
    assert plan.missing == ["urn:example:risk:framework:garden", "urn:example:risk:framework:kitchen"]
    with pytest.raises(InvalidInput, match="Import them first"):
        library_import(actor=admin, draft=draft, into="", seen=plan.seen)
    assert not Crosswalk.objects.exists()


def test_pairs_of_unknown_rows_are_left_out_and_counted(two: User) -> None:
    plan = plan_of(factories.framework_file(two, files.as_yaml(files.mapping([("node1", "equal", "node2"), ("node1", "equal", "node77")]))))
    assert (len(plan.crosswalks[0].rows), plan.crosswalks[0].unknown) == (1, ("urn:example:risk:req_node:kitchen:node77",))


def test_later_crosswalk_replaces_the_earlier_one(two: User) -> None:
    walk(two, "subset")
    with pytest.raises(InvalidState, match="nothing to change"):
        walk(two, "subset")
    walk(two, "intersect")
    assert (Crosswalk.objects.count(), Crosswalk.objects.current().count()) == (2, 1)
    assert [found.relationship.value for found in counterparts(row("U.1"))] == ["intersect"]


def test_sheet_can_tie_a_shipped_framework_to_an_imported_one(two: User) -> None:
    factories.catalogue(two)
    factories.imported(two, files.crosswalk_csv(("eu-ai-act", "AIA-4", "superset", "imported-garden", "U.1", "by hand", "")))
    (found,) = counterparts(row("U.1"))
    assert (found.framework.slug, found.ref, found.relationship.value, found.rationale) == ("eu-ai-act", "AIA-4", "superset", "by hand")


@pytest.mark.parametrize(("how", "said"), [("equal", "demands the same as"), ("superset", "demands more than"), ("subset", "only a part of")])
def test_evidence_is_proposed_with_the_relationship_and_never_accepted_by_itself(two: User, how: str, said: str) -> None:
    walk(two, how)
    link = accepted(two, row("U.1"))
    target = row("U.2", "imported-kitchen")
    assert not EvidenceLink.objects.filter(requirement=target).exists(), "a crosswalk alone carries nothing over"
    made = link_carry_over(actor=two, link=link, requirement=target, kind="", reason="")
    assert (made.status, made.tier, made.artifact_id) == ("proposed", "observed", link.artifact_id)
    assert said in made.rationale
    assert "strength 7" in made.rationale


def test_overlap_needs_a_person_and_a_reason(two: User) -> None:
    walk(two, "intersect")
    link, target = accepted(two, row("U.1")), row("U.2", "imported-kitchen")
    with pytest.raises(NotAllowed, match="a person has to judge"):
        link_carry_over(actor=factories.worker(factories.home(two)), link=link, requirement=target, kind="", reason="It fits.")
    with pytest.raises(InvalidInput, match="only overlap"):
        link_carry_over(actor=two, link=link, requirement=target, kind="", reason="  ")
    made = link_carry_over(actor=two, link=link, requirement=target, kind="", reason="The part about oil.")
    assert made.rationale.endswith("The part about oil.")


def test_carry_over_needs_accepted_evidence_and_a_crosswalk(two: User) -> None:
    target = row("U.2", "imported-kitchen")
    link = accepted(two, row("U.1"))
    with pytest.raises(InvalidState, match="No crosswalk"):
        link_carry_over(actor=two, link=link, requirement=target, kind="", reason="")
    walk(two, "equal")
    declined = accepted(two, row("U.1"), accept=False)
    with pytest.raises(InvalidState, match="Only accepted"):
        link_carry_over(actor=two, link=declined, requirement=target, kind="", reason="")
    with pytest.raises(NotAllowed):
        link_carry_over(actor=factories.user(), link=link, requirement=target, kind="", reason="")


def test_loosest_relationship_rules_where_a_file_states_two(two: User) -> None:
    document: Any = files.mapping([("node1", "equal", "node2"), ("node1", "intersect", "node2")])
    factories.imported(two, files.as_yaml(document))
    assert len(counterparts(row("U.1"))) == 2
    with transaction.atomic(), pytest.raises(InvalidInput, match="only overlap"):
        link_carry_over(actor=two, link=accepted(two, row("U.1")), requirement=row("U.2", "imported-kitchen"), kind="", reason="")
