"""The register: every write is permitted, checked, and in the log."""

from typing import Any

import pytest

from accounts.models import Role, User
from core.errors import Conflict, InvalidInput, InvalidState, NotAllowed
from evidence.models import LedgerEntry
from inventory.models import LIFECYCLE_ALLOWED, LIFECYCLE_DECIDED, Access, AIModel, Deployment, Lifecycle, ModelVersion, Vendor
from inventory.services import deployment_end, deployment_register, model_register, system_register, vendor_register, version_register, version_transition
from tests import factories

pytestmark = pytest.mark.django_db


def logged() -> list[str]:
    return list(LedgerEntry.objects.values_list("action", flat=True))


def test_every_registration_leaves_one_log_entry(admin: User) -> None:
    version = factories.version(admin)
    deployment_register(actor=admin, system=factories.system(admin), version=version, environment="production")
    assert logged() == [
        "inventory.vendor.registered",
        "inventory.model.registered",
        "inventory.modelversion.registered",
        "inventory.system.registered",
        "inventory.deployment.registered",
    ]


def test_version_entry_binds_the_digests(admin: User) -> None:
    version = factories.version(admin, version_facts=factories.facts(weights_digest="12" * 32, template_digest="34" * 32))
    entry = LedgerEntry.objects.get(subject=version.subject)
    assert entry.payload["digests"] == {"weights": "12" * 32, "tokenizer": "ef" * 32, "chat_template": "34" * 32}
    assert entry.actor.endswith(str(admin.id))


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.APPROVER, Role.WORKER])
def test_readers_cannot_write(admin: User, role: str) -> None:
    home = factories.home(admin)
    reader = factories.user(role, of=home)
    with pytest.raises(NotAllowed):
        vendor_register(actor=reader, organisation=home, name="X", country="NL", access=Access.TEXT)
    assert logged() == []


def test_member_of_another_organisation_cannot_write_here(admin: User) -> None:
    vendor = factories.vendor(admin)
    stranger = factories.user()
    with pytest.raises(NotAllowed):
        model_register(actor=stranger, vendor=vendor, name="X")


def test_name_taken_is_a_conflict_and_leaves_no_entry(admin: User) -> None:
    vendor = factories.vendor(admin, name="Twice")
    before = logged()
    with pytest.raises(Conflict, match="exists already"):
        factories.vendor(admin, name="Twice")
    assert logged() == before
    assert Vendor.objects.get() == vendor


@pytest.mark.parametrize(
    ("field", "fields"),
    [("access", {"access": "everything"}), ("name", {"name": ""}), ("country", {"country": "Netherlands"})],
)
def test_bad_vendor_names_its_field(admin: User, field: str, fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        factories.vendor(admin, **fields)
    assert caught.value.field == field
    assert logged() == []


@pytest.mark.parametrize(("field", "fields"), [("risk_class", {"risk_class": "scary"}), ("our_role", {"our_role": "owner"}), ("purpose", {"purpose": ""})])
def test_bad_system_names_its_field(admin: User, field: str, fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        factories.system(admin, **fields)
    assert caught.value.field == field


def test_same_system_name_in_two_organisations_is_fine(admin: User) -> None:
    factories.system(admin, name="Letters")
    factories.system(factories.user(), name="Letters")


@pytest.mark.parametrize(("before", "after"), [(a, b) for a, allowed in LIFECYCLE_ALLOWED.items() for b in sorted(allowed - LIFECYCLE_DECIDED[a])])
def test_allowed_transition_moves_and_is_logged(admin: User, before: str, after: str) -> None:
    version = factories.version(admin)
    ModelVersion.objects.filter(pk=version.pk).update(lifecycle=before)
    version_transition(actor=admin, version=version, lifecycle=after, reason="review")
    assert ModelVersion.objects.get(pk=version.pk).lifecycle == after
    assert LedgerEntry.objects.last().payload == {"from": before, "to": after, "reason": "review"}  # type: ignore[union-attr]


@pytest.mark.parametrize(("before", "after"), [(a, b) for a, decided in LIFECYCLE_DECIDED.items() for b in sorted(decided)])
def test_transition_to_more_use_or_back_is_left_to_decisions(admin: User, before: str, after: str) -> None:
    version = factories.version(admin)
    ModelVersion.objects.filter(pk=version.pk).update(lifecycle=before)
    with pytest.raises(InvalidState, match=r"through a decision|names the version"):
        version_transition(actor=admin, version=version, lifecycle=after, reason="review")
    assert ModelVersion.objects.get(pk=version.pk).lifecycle == before


@pytest.mark.parametrize(("before", "after"), [(a, b) for a, allowed in LIFECYCLE_ALLOWED.items() for b in Lifecycle.values if b not in allowed])
def test_forbidden_transition_says_what_is_possible(admin: User, before: str, after: str) -> None:
    version = factories.version(admin)
    ModelVersion.objects.filter(pk=version.pk).update(lifecycle=before)
    with pytest.raises(InvalidState, match="it can become"):
        version_transition(actor=admin, version=version, lifecycle=after, reason="review")
    assert ModelVersion.objects.get(pk=version.pk).lifecycle == before


def test_transition_reads_the_row_not_the_stale_object(admin: User) -> None:
    version = factories.version(admin)
    ModelVersion.objects.filter(pk=version.pk).update(lifecycle=Lifecycle.RETIRED)
    with pytest.raises(InvalidState):
        version_transition(actor=admin, version=version, lifecycle=Lifecycle.APPROVED, reason="late")


def test_parent_of_another_organisation_is_refused(admin: User) -> None:
    foreign = factories.version(factories.user())
    with pytest.raises(InvalidInput, match="another organisation"):
        factories.version(admin, parent=foreign)


def test_lineage_is_kept(admin: User) -> None:
    parent = factories.version(admin)
    child = version_register(actor=admin, model=parent.model, label="tuned", access=Access.WEIGHTS, facts=factories.facts(), parent=parent)
    assert list(parent.children.all()) == [child]


def test_foreign_version_cannot_be_deployed_here(admin: User) -> None:
    foreign = factories.version(factories.user())
    with pytest.raises(InvalidInput, match="another organisation"):
        deployment_register(actor=admin, system=factories.system(admin), version=foreign, environment="production")


def test_deployment_ends_once_and_may_come_back(admin: User) -> None:
    system, version = factories.system(admin), factories.version(admin)
    first = deployment_register(actor=admin, system=system, version=version, environment="production")
    with pytest.raises(Conflict):
        deployment_register(actor=admin, system=system, version=version, environment="production")
    deployment_end(actor=admin, deployment=first, reason="rollback")
    with pytest.raises(InvalidState, match="ended already"):
        deployment_end(actor=admin, deployment=first, reason="again")
    deployment_register(actor=admin, system=system, version=version, environment="production")
    assert Deployment.objects.filter(active=True).count() == 1


def test_strangers_see_nothing(admin: User) -> None:
    version = factories.version(admin)
    stranger = factories.user()
    assert not ModelVersion.objects.visible_to(stranger).exists()
    assert not AIModel.objects.visible_to(stranger).exists()
    assert list(ModelVersion.objects.visible_to(admin)) == [version]


def test_visible_rows_come_once_even_with_two_roles(admin: User) -> None:
    version = factories.version(admin)
    from accounts.models import Membership

    Membership.objects.create(user=admin, organisation=factories.home(admin), role=Role.AUDITOR)
    assert list(ModelVersion.objects.visible_to(admin)) == [version]


def test_system_register_keeps_role_and_class(admin: User) -> None:
    row = system_register(
        actor=admin,
        organisation=factories.home(admin),
        name="Letters",
        purpose="Sorts letters.",
        our_role="deployer",
        risk_class="minimal",
        jurisdiction="EU",
    )
    assert (row.our_role, row.risk_class) == ("deployer", "minimal")
