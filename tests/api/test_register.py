"""Vendors, systems, deployments, models, versions and intakes, as a program sees them."""

from pathlib import Path
from typing import Any

import pytest

from accounts.models import Membership, Role, User
from evidence.models import LedgerEntry
from inventory.models import Access, AISystem, Deployment, Vendor
from tests import factories
from tests.api.base.test_answers import assert_problem
from tests.api.caller import Api

SYSTEM = {"name": "Triage", "purpose": "Sorts letters.", "our_role": "deployer", "risk_class": "high_annex_iii", "jurisdiction": "EU"}


def test_a_vendor_is_entered_shown_and_listed(api: Api, admin: User) -> None:
    body = {"name": "Example Models", "country": "NL", "access": "weights", "website": "https://models.example", "notes": "Met in May."}
    made = api.post("vendors", body)
    assert made.status_code == 201
    shown = api.get(made["Location"]).json()
    assert shown == made.json()
    assert {name: shown[name] for name in body} == body
    assert shown["organisation"] == str(factories.home(admin).id)
    assert [row["id"] for row in api.get("vendors").json()["items"]] == [shown["id"]]
    assert LedgerEntry.objects.get(subject=f"inventory.vendor:{shown['id']}").action == "inventory.vendor.registered"


def test_a_vendor_is_changed_and_the_log_says_so(api: Api, admin: User) -> None:
    vendor = factories.vendor(admin)
    assert api.change(f"vendors/{vendor.id}", {"access": "logits", "contact": "procurement desk"}).json()["access"] == "logits"
    entry = LedgerEntry.objects.get(action="inventory.vendor.changed")
    assert entry.payload["changed"]["access"] == {"before": "weights", "after": "logits"}
    assert assert_problem(api.change(f"vendors/{vendor.id}", {"organisation": "x"}), 422)["field"] == "organisation"


def test_a_member_of_two_organisations_says_which(api: Api, admin: User) -> None:
    other = factories.organisation()
    Membership.objects.create(user=admin, organisation=other, role=Role.ADMINISTRATOR)
    Membership.objects.create(user=admin, organisation=factories.organisation(), role=Role.AUDITOR)
    body = {"name": "A", "access": "text"}
    assert assert_problem(api.post("vendors", body), 422)["field"] == "organisation"
    assert api.post("vendors", {**body, "organisation": str(other.id)}).json()["organisation"] == str(other.id)
    for foreign in Membership.objects.filter(user=admin, role=Role.AUDITOR).values_list("organisation_id", flat=True):
        assert assert_problem(api.post("vendors", {**body, "organisation": str(foreign)}), 422)["field"] == "organisation"


def test_filters_of_vendors(api: Api, admin: User) -> None:
    factories.vendor(admin, name="Alpha", country="NL", access=Access.TEXT)
    factories.vendor(admin, name="Beta", country="FR", access=Access.WEIGHTS)
    for query, wanted in (("name=lph", "Alpha"), ("country=fr", "Beta"), ("access=text", "Alpha")):
        assert [row["name"] for row in api.get(f"vendors?{query}").json()["items"]] == [wanted]


def test_a_system_is_entered_changed_and_listed(api: Api) -> None:
    made = api.post("systems", SYSTEM)
    assert made.status_code == 201
    assert api.change(made["Location"], {"risk_class": "minimal", "owner": "Letters team"}).json()["risk_class"] == "minimal"
    assert [row["owner"] for row in api.get("systems?risk_class=minimal&name=triage").json()["items"]] == ["Letters team"]
    assert api.get("systems?our_role=provider").json()["items"] == []


def test_a_deployment_begins_and_ends(api: Api, admin: User) -> None:
    system, version = factories.system(admin), factories.version(admin)
    made = api.post("deployments", {"system": str(system.id), "version": str(version.id), "environment": "production"})
    assert made.status_code == 201
    assert (made.json()["active"], made.json()["system_name"], made.json()["version_label"]) == (True, system.name, version.label)
    ended = api.post(f"deployments/{made.json()['id']}/end", {"reason": "Replaced."})
    assert (ended.status_code, ended.json()["active"]) == (200, False)
    assert_problem(api.post(f"deployments/{made.json()['id']}/end", {"reason": "Again."}), 409)
    assert assert_problem(api.post(f"deployments/{made.json()['id']}/end"), 422)["field"] == "reason"
    assert api.get("deployments?active=true").json()["items"] == []
    assert len(api.get(f"deployments?active=false&system={system.id}&version={version.id}").json()["items"]) == 1


def test_a_body_cannot_reach_into_another_register(api: Api, admin: User) -> None:
    other = factories.user()
    version, system = factories.version(other), factories.system(other)
    mine = factories.version(admin)
    for body, field in (
        ({"system": str(system.id), "version": str(mine.id), "environment": "x"}, "system"),
        ({"system": str(factories.system(admin).id), "version": str(version.id), "environment": "x"}, "version"),
    ):
        assert assert_problem(api.post("deployments", body), 422)["field"] == field
    assert assert_problem(api.post("models", {"vendor": str(version.model.vendor_id), "name": "M"}), 422)["field"] == "vendor"
    assert assert_problem(api.post("plans", {"version": str(version.id), "preset": "standard"}), 422)["field"] == "version"
    assert not Deployment.objects.exists()


def test_a_model_is_entered_and_renamed(api: Api, admin: User) -> None:
    vendor = factories.vendor(admin)
    made = api.post("models", {"vendor": str(vendor.id), "name": "One"})
    assert (made.status_code, made.json()["vendor_name"]) == (201, vendor.name)
    assert api.change(made["Location"], {"name": "Two"}).json()["name"] == "Two"
    assert len(api.get(f"models?vendor={vendor.id}&name=tw").json()["items"]) == 1


def test_a_version_is_shown_with_its_manifest_and_moved(api: Api, admin: User) -> None:
    version = factories.version(admin)
    listed = api.get(f"versions?model_id={version.model_id}&vendor={version.model.vendor_id}&weights_digest=cdcd").json()["items"]
    assert [row["id"] for row in listed] == [str(version.id)]
    assert "weights_manifest" not in listed[0]
    whole = api.get(f"versions/{version.id}").json()
    assert whole["weights_manifest"] == version.weights_manifest
    assert whole["lifecycle_next"] == ["retired"]
    early = api.post(f"versions/{version.id}/lifecycle", {"lifecycle": "approved", "reason": "Assessed."})
    assert "through a decision" in assert_problem(early, 409)["detail"]
    moved = api.post(f"versions/{version.id}/lifecycle", {"lifecycle": "retired", "reason": "Replaced."})
    assert (moved.status_code, moved.json()["lifecycle"]) == (200, "retired")
    assert "can become" in assert_problem(api.post(f"versions/{version.id}/lifecycle", {"lifecycle": "candidate", "reason": "No."}), 409)["detail"]
    assert assert_problem(api.client.post("/api/v1/versions", {}, content_type="application/json"), 405)


def test_weights_are_taken_in_only_from_the_folder_for_models(api: Api, admin: User, settings: Any, tmp_path: Path) -> None:
    settings.ASSAY_MODELS_DIR = tmp_path / "models"
    settings.ASSAY_MODELS_DIR.mkdir()
    (settings.ASSAY_MODELS_DIR / "good.gguf").write_bytes(b"GGUF")
    (tmp_path / "secret.gguf").write_bytes(b"GGUF")
    body = {"model_id": str(factories.model(admin).id), "label": "v1", "access": "weights", "source_kind": "gguf", "locator": "good.gguf"}
    made = api.post("intakes", body)
    assert (made.status_code, made.json()["state"], made.json()["version"]) == (201, "queued", None)
    assert api.get(made["Location"]).json()["locator"] == "good.gguf"
    assert len(api.get("intakes?state=queued").json()["items"]) == 1
    assert_problem(api.post(f"intakes/{made.json()['id']}/retry"), 409)
    for locator in ("../secret.gguf", str(tmp_path / "secret.gguf")):
        assert_problem(api.post("intakes", {**body, "label": "v2", "locator": locator}), 422)
    assert_problem(api.post("intakes", {**body, "label": "v2", "source_kind": "package", "locator": "left-pad"}), 422)


@pytest.mark.parametrize("path", ["vendors", "systems", "deployments", "models", "versions"])
def test_long_lists_cost_few_queries(api: Api, admin: User, path: str, django_assert_max_num_queries: Any) -> None:
    vendor, system = factories.vendor(admin), factories.system(admin)
    Vendor.objects.bulk_create(Vendor(organisation_id=vendor.organisation_id, name=f"V{n}", access=Access.TEXT) for n in range(60))
    AISystem.objects.bulk_create(
        AISystem(organisation_id=system.organisation_id, name=f"S{n}", our_role="deployer", risk_class="minimal", jurisdiction="EU") for n in range(60)
    )
    version = factories.version(admin)
    Deployment.objects.bulk_create(Deployment(system=system, version=version, environment=f"E{n}") for n in range(60))
    api.get(path)
    with django_assert_max_num_queries(3):
        page = api.get(path).json()
    assert len(page["items"]) == (50 if path in ("vendors", "systems", "deployments") else 1)


@pytest.mark.parametrize("kind", ["vendor", "system", "model", "version"])
def test_details_cost_few_queries(api: Api, admin: User, kind: str, django_assert_max_num_queries: Any) -> None:
    row = getattr(factories, kind)(admin)
    api.get(f"{kind}s/{row.id}")
    with django_assert_max_num_queries(3):
        assert api.get(f"{kind}s/{row.id}").json()["id"] == str(row.id)
