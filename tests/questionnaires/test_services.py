"""Writes to questionnaires: roles, states, what is logged, and the shipped ones."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Role, User
from core.errors import Conflict, InvalidInput, InvalidState, NotAllowed, NotFound
from evidence.models import LedgerEntry
from questionnaires import shipped as shipped_module
from questionnaires.document import document_read
from questionnaires.editing import document_begin
from questionnaires.models import Template, TemplateVersion
from questionnaires.services import shipped as shipped_service
from questionnaires.services.shipped import NOTE, shipped_install
from questionnaires.services.templates import draft_discard, draft_write, template_create, template_withdraw, version_publish
from tests import factories

pytestmark = pytest.mark.django_db


def other(title: str) -> Any:
    return factories.questionnaire_document(title=title)


def actions(template: Template) -> list[str]:
    rows = LedgerEntry.objects.filter(subject=f"questionnaires.template:{template.pk}").order_by("index")
    return [row.action.removeprefix("questionnaires.template.") for row in rows]


def last_payload() -> Any:
    return LedgerEntry.objects.order_by("-index")[0].payload


@pytest.mark.parametrize("role", [role for role in Role.values if role not in (Role.ADMINISTRATOR, Role.GOVERNANCE)])
def test_only_those_who_write_questionnaires_may(admin: User, role: str) -> None:
    template = factories.questionnaire(admin, draft=True)
    person, size, document = factories.user(role, of=factories.home(admin)), LedgerEntry.objects.count(), other("x")
    calls: list[Callable[[], Any]] = [
        lambda: template_create(actor=person, organisation=factories.home(admin), name="n", document=document),
        lambda: draft_write(actor=person, template=template, document=document, seen=""),
        lambda: draft_discard(actor=person, template=template),
        lambda: version_publish(actor=person, template=template, seen=""),
        lambda: template_withdraw(actor=person, template=template),
        lambda: shipped_install(actor=person, organisation=factories.home(admin)),
    ]
    for call in calls:
        with pytest.raises(NotAllowed):
            call()
    assert (LedgerEntry.objects.count(), Template.objects.count(), TemplateVersion.objects.count()) == (size, 1, 2)


def test_administrator_of_another_organisation_may_not(admin: User) -> None:
    template = factories.questionnaire(admin, draft=True)
    with pytest.raises(NotAllowed):
        version_publish(actor=factories.user(), template=template, seen="")


def test_life_of_a_questionnaire_is_in_the_log(admin: User) -> None:
    template = template_create(actor=admin, organisation=factories.home(admin), name=" Ours ", document=document_begin("Ours"))
    assert template.name == "Ours"
    first = version_publish(actor=admin, template=template, seen=template.versions.get().digest)
    assert (first.number, last_payload()) == (1, {"number": 1, "digest": first.digest})
    draft = draft_write(actor=admin, template=template, document=other("A"), seen=first.digest)
    draft_write(actor=admin, template=template, document=other("B"), seen=draft.digest)
    draft_discard(actor=admin, template=template)
    draft = draft_write(actor=admin, template=template, document=other("C"), seen=first.digest)
    second = version_publish(actor=admin, template=template, seen=draft.digest, note=" It is better. ")
    assert (second.number, second.note, second.published_by) == (2, "It is better.", admin)
    template_withdraw(actor=admin, template=template)
    assert actions(template) == ["created", "published", "draft_written", "draft_written", "draft_discarded", "draft_written", "published", "withdrawn"]
    first.refresh_from_db()
    assert first.document["title"] == "Ours"


def test_same_draft_again_is_no_entry(admin: User) -> None:
    template = factories.questionnaire(admin, publish=False)
    row, size = template.versions.get(), LedgerEntry.objects.count()
    draft_write(actor=admin, template=template, document=row.parsed(), seen=row.digest)
    assert LedgerEntry.objects.count() == size


def test_name_is_taken_once_in_each_organisation(admin: User) -> None:
    template = factories.questionnaire(admin)
    with pytest.raises(Conflict):
        template_create(actor=admin, organisation=factories.home(admin), name=template.name, document=other("x"))
    stranger = factories.user()
    template_create(actor=stranger, organisation=factories.home(stranger), name=template.name, document=other("x"))
    with pytest.raises(InvalidInput):
        template_create(actor=admin, organisation=factories.home(admin), name=" ", document=other("x"))


def test_what_was_seen_must_be_what_is_there(admin: User) -> None:
    template = factories.questionnaire(admin, draft=True)
    draft, published = template.versions.get(number=2), template.versions.get(number=1)
    size = LedgerEntry.objects.count()
    for seen in ("", "0" * 64, published.digest):
        with pytest.raises(Conflict):
            draft_write(actor=admin, template=template, document=other("x"), seen=seen)
        with pytest.raises(Conflict):
            version_publish(actor=admin, template=template, seen=seen)
    assert LedgerEntry.objects.count() == size
    draft.refresh_from_db()
    assert draft.published_at is None


def test_draft_that_says_the_same_is_not_published(admin: User) -> None:
    template = factories.questionnaire(admin)
    row = template.versions.get()
    changed = draft_write(actor=admin, template=template, document=other("x"), seen=row.digest)
    draft_write(actor=admin, template=template, document=row.parsed(), seen=changed.digest)
    with pytest.raises(InvalidState, match="exactly what version 1 says"):
        version_publish(actor=admin, template=template, seen=row.digest)


def test_states(admin: User) -> None:
    template, fresh = factories.questionnaire(admin), factories.questionnaire(admin, publish=False)
    with pytest.raises(InvalidState, match="no draft"):
        version_publish(actor=admin, template=template, seen="")
    with pytest.raises(InvalidState, match="no draft"):
        draft_discard(actor=admin, template=template)
    with pytest.raises(InvalidState, match="Discard the draft"):
        template_withdraw(actor=admin, template=fresh)
    with pytest.raises(InvalidInput, match="note"):
        version_publish(actor=admin, template=fresh, seen=fresh.versions.get().digest, note="x" * 501)
    assert draft_discard(actor=admin, template=fresh) is False
    with pytest.raises(NotFound):
        draft_discard(actor=admin, template=fresh)
    template_withdraw(actor=admin, template=template)
    with pytest.raises(InvalidState, match="withdrawn"):
        draft_write(actor=admin, template=template, document=other("x"), seen=template.versions.get().digest)
    with pytest.raises(InvalidState, match="withdrawn"):
        template_withdraw(actor=admin, template=template)


def test_shipped_ones_are_installed_once(admin: User) -> None:
    home = factories.home(admin)
    assert shipped_install(actor=admin, organisation=home) == 2
    size = LedgerEntry.objects.count()
    assert shipped_install(actor=admin, organisation=home) == 0
    assert LedgerEntry.objects.count() == size
    for row in TemplateVersion.objects.all():
        assert (row.number, row.note, row.published_by) == (1, NOTE, admin)
        assert row.parsed().digest() == row.digest
    stranger = factories.user()
    assert shipped_install(actor=stranger, organisation=factories.home(stranger)) == 2


@pytest.fixture
def edition(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let the program come with a changed core."""

    def change() -> None:
        core = shipped_module.shipped()["due_diligence_core"]
        fresh = document_read({**core.stored(), "about": "Another edition."})
        monkeypatch.setattr(shipped_service, "shipped", lambda: {"due_diligence_core": fresh})

    return change


def core_of(admin: User) -> Template:
    return Template.objects.get(organisation=factories.home(admin), name__contains="due diligence")


def test_new_edition_is_a_new_number_and_the_draft_makes_room(admin: User, edition: Callable[[], None]) -> None:
    home = factories.home(admin)
    shipped_install(actor=admin, organisation=home)
    template = core_of(admin)
    draft = draft_write(actor=admin, template=template, document=other("mine"), seen=template.versions.get().digest)
    edition()
    assert shipped_install(actor=admin, organisation=home) == 1
    assert shipped_install(actor=admin, organisation=home) == 0
    draft.refresh_from_db()
    assert (draft.number, draft.published_at, draft.document["title"]) == (3, None, "mine")
    assert template.versions.get(number=2).document["about"] == "Another edition."


def test_what_an_organisation_made_its_own_stays(admin: User, edition: Callable[[], None]) -> None:
    home = factories.home(admin)
    shipped_install(actor=admin, organisation=home)
    template = core_of(admin)
    draft = draft_write(actor=admin, template=template, document=other("mine"), seen=template.versions.get().digest)
    version_publish(actor=admin, template=template, seen=draft.digest)
    edition()
    assert shipped_install(actor=admin, organisation=home) == 0
    assert template.versions.count() == 2


def test_what_an_organisation_withdrew_stays_withdrawn(admin: User, edition: Callable[[], None]) -> None:
    home = factories.home(admin)
    shipped_install(actor=admin, organisation=home)
    template_withdraw(actor=admin, template=core_of(admin))
    edition()
    assert shipped_install(actor=admin, organisation=home) == 0
