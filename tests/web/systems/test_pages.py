"""AI systems in the browser: list, page, register, edit, models put to work and taken out."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from assessments.models import Run
from evidence.models import LedgerEntry
from inventory.models import AISystem, Deployment, ModelVersion
from inventory.services import deployment_end, deployment_register, system_update
from tests import factories

pytestmark = pytest.mark.django_db
LIST, NEW = "/systems/", "/systems/new/"
LAW = {"our_role": "deployer", "risk_class": "minimal", "jurisdiction": "EU"}
FIELDS = {"name": "Letters", "purpose": "Sorts letters.", "owner": "Post room", "notes": "", **LAW}


def text(client: Client, address: str, **query: str) -> str:
    return client.get(address, query).content.decode()


def detail(system: AISystem) -> str:
    return reverse("web:system-detail", args=[system.id])


@pytest.fixture
def deployment(admin: User, run: Run) -> Deployment:
    return deployment_register(actor=admin, system=factories.system(admin, name="Letters"), version=run.plan.version, environment="trial")


def test_list_shows_role_class_jurisdiction_and_models_at_work(admin: User, admin_client: Client, deployment: Deployment) -> None:
    factories.system(admin, name="Archive", risk_class="minimal", our_role="provider", jurisdiction="UK")
    rows = admin_client.get(LIST, {"export": "csv"}).content.decode("utf-8-sig").splitlines()
    assert rows[0] == "Name,Our role,Risk class,Jurisdiction,Models at work,Last assessed"
    assert rows[1] == "Archive,Provider,Minimal,UK,0,"
    assert rows[2].startswith('Letters,Deployer,"High risk, Annex III",EU,1,20')


@pytest.mark.parametrize(
    ("query", "found"),
    [({"risk_class": "minimal"}, ["Archive"]), ({"our_role": "deployer"}, ["Letters"]), ({"at_work": "no"}, ["Archive"]), ({"at_work": "yes"}, ["Letters"])],
)
def test_filters(admin: User, admin_client: Client, deployment: Deployment, query: dict[str, str], found: list[str]) -> None:
    factories.system(admin, name="Archive", risk_class="minimal", our_role="provider")
    body = text(admin_client, LIST, **query)
    assert [name for name in ("Archive", "Letters") if f">{name}<" in body] == found


def test_register_and_edit(admin: User, admin_client: Client) -> None:
    answer = admin_client.post(NEW, FIELDS, follow=True)
    system = AISystem.objects.get()
    assert answer.redirect_chain[-1][0] == detail(system)
    assert (system.risk_class, system.owner, system.organisation) == ("minimal", "Post room", factories.home(admin))
    edit = reverse("web:system-edit", args=[system.id])
    seen = admin_client.get(edit).context["form"]["seen"].value()
    admin_client.post(edit, {**FIELDS, "risk_class": "high_annex_iii", "seen": seen})
    assert LedgerEntry.objects.order_by("-index")[0].payload["changed"] == {"risk_class": {"before": "minimal", "after": "high_annex_iii"}}
    stale = admin_client.post(edit, {**FIELDS, "name": "Other", "seen": seen})
    assert stale.status_code == 422
    assert "risk class" in stale.content.decode()


def test_days_survive_the_form_and_a_colleague(admin: User, admin_client: Client) -> None:
    system = factories.system(admin, name="Letters")
    edit, days = reverse("web:system-edit", args=[system.id]), {"placed_on": "2026-01-15", "changed_on": "2027-03-01", "setting": "public_authority"}
    seen = admin_client.get(edit).context["form"]["seen"].value()
    admin_client.post(edit, {**FIELDS, **days, "seen": seen})
    page = text(admin_client, detail(system))
    assert all(word in page for word in ("15 January 2026", "01 March 2027", "Meant for use by public authorities"))
    assert 'value="2026-01-15"' in text(admin_client, edit)
    assert admin_client.post(edit, {**FIELDS, "seen": seen}).status_code == 422
    fresh = admin_client.get(edit).context["form"]["seen"].value()
    assert admin_client.post(edit, {**FIELDS, "changed_on": "2027-03-01", "seen": fresh}).status_code == 422
    assert admin_client.post(edit, {**FIELDS, "seen": fresh}).status_code == 302


@pytest.mark.parametrize("field", ["name", "purpose", "our_role", "risk_class", "jurisdiction"])
def test_missing_entry_keeps_the_rest(admin_client: Client, field: str) -> None:
    answer = admin_client.post(NEW, {**FIELDS, field: ""})
    assert answer.status_code == 422
    assert "Post room" in answer.content.decode()
    assert not AISystem.objects.exists()


def test_page_shows_purpose_law_models_and_log(admin: User, admin_client: Client, deployment: Deployment) -> None:
    system_update(actor=admin, system=deployment.system, changes={"owner": "Post room"})
    body = text(admin_client, detail(deployment.system))
    words = ("Sorts letters by topic.", "Deployer", "High risk, Annex III", "Post room", str(deployment.version), "trial", "Put to work")
    assert all(word in body for word in words)
    assert f"?system={deployment.system_id}" in body
    assert "0 with a verdict that may be cited" in body


def test_putting_a_model_to_work(admin: User, admin_client: Client) -> None:
    system, version = factories.system(admin), factories.version(admin)
    address = reverse("web:deployment-create", args=[system.id])
    assert str(version) in text(admin_client, address)
    fields = {"version": str(version.id), "environment": "production"}
    assert admin_client.post(address, fields).status_code == 302
    assert Deployment.objects.get().environment == "production"
    again = admin_client.post(address, fields)
    assert again.status_code == 422
    assert "exists already" in again.content.decode()


def test_foreign_version_is_not_on_offer(admin: User, admin_client: Client) -> None:
    foreign = factories.version(factories.user())
    address = reverse("web:deployment-create", args=[factories.system(admin).id])
    assert str(foreign) not in text(admin_client, address)
    assert admin_client.post(address, {"version": str(foreign.id), "environment": "production"}).status_code == 422


def test_ending_asks_for_the_reason_first(admin: User, admin_client: Client, deployment: Deployment) -> None:
    address = reverse("web:deployment-end", args=[deployment.id])
    assert "switches nothing off" in text(admin_client, address)
    empty = admin_client.post(address, {"reason": " "})
    assert empty.status_code == 422
    assert "Say in one sentence why" in empty.content.decode()
    assert Deployment.objects.get().active
    admin_client.post(address, {"reason": "Replaced by 2.0"})
    assert not Deployment.objects.get().active
    assert LedgerEntry.objects.order_by("-index")[0].payload == {"reason": "Replaced by 2.0"}
    body = text(admin_client, detail(deployment.system))
    assert "1 ended deployment" in body
    assert "Taken out of work" in body
    assert admin_client.post(address, {"reason": "Again"}).status_code == 409


def test_strangers_and_readers(admin: User, stranger: Client, as_role: Callable[[str], Client], deployment: Deployment) -> None:
    system = deployment.system
    names = [("system-detail", system.id), ("system-edit", system.id), ("deployment-create", system.id), ("deployment-end", deployment.id)]
    addresses = [reverse(f"web:{name}", args=[key]) for name, key in names]
    assert [stranger.get(address).status_code for address in addresses] == [404, 404, 404, 404]
    auditor = as_role(Role.AUDITOR)
    assert [auditor.get(address).status_code for address in addresses] == [200, 403, 403, 403]
    assert "/deployments/" not in text(auditor, addresses[0])
    assert "Letters" not in text(stranger, LIST)


def test_two_hundred_rows_cost_ten_queries(admin: User, admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    facts = {"purpose": "x", "our_role": "deployer", "risk_class": "minimal", "jurisdiction": "EU"}
    systems = AISystem.objects.bulk_create(AISystem(organisation=factories.home(admin), name=f"S{place}", **facts) for place in range(200))
    model, found = factories.model(admin), vars(factories.facts())
    versions = ModelVersion.objects.bulk_create(ModelVersion(model=model, label=f"{place}", access="text", **found) for place in range(200))
    Deployment.objects.bulk_create(Deployment(system=systems[0], version=version, environment="test") for version in versions)
    deployment_end(actor=admin, deployment=Deployment.objects.all()[0], reason="x")
    for address in (LIST, detail(systems[0]), reverse("web:deployment-create", args=[systems[0].id])):
        with django_assert_max_num_queries(10):
            assert admin_client.get(address).status_code == 200
