"""What procurement asks for: clearance in one call, webhooks by program, vendors in bulk."""

import io
from typing import Any

import pytest
from openpyxl import Workbook

from accounts.models import IdempotentRequest, User
from core import clock
from evidence.models import LedgerEntry
from inventory.models import Vendor
from tests import factories
from tests.api.caller import Api, token_of
from tests.decisions.test_clearance import decided
from webhooks.models import Delivery, Subscription

pytestmark = pytest.mark.django_db
CSV, XLSX = "text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HOOK = {"name": "Procurement", "url": "https://procurement.example.org/hook", "events": ["clearance.changed"]}


def test_clearance_in_one_call(api: Api, admin: User) -> None:
    version = factories.version(admin)
    address = f"vendors/{version.model.vendor_id}/clearance"
    before = api.get(address)
    assert (before.json()["decision"], before.json()["reasons"][0]["code"]) == ("undecided", "no_decision")
    row = decided(admin, version)
    found = api.get(address).json()
    assert (found["decision"], found["uniform"], found["conditions"], found["valid_until"]) == ("cleared", True, [], None)
    assert (found["evidence"][0]["sha256"], found["reasons"][0]["reference"]) == (row.digest, row.reference)
    assert found["as_of"][:10] == clock.now().date().isoformat()
    assert (found["lines"][0]["kind"], found["lines"][0]["id"]) == ("version", str(version.pk))


def test_etag_of_a_clearance_does_not_follow_the_hour(api: Api, admin: User) -> None:
    version = factories.version(admin)
    address = f"vendors/{version.model.vendor_id}/clearance"
    etag = api.get(address)["ETag"]
    assert api.get(address, if_none_match=etag).status_code == 304
    decided(admin, version)
    assert api.get(address, if_none_match=etag).status_code == 200


def test_clearance_of_one_version_or_system(api: Api, admin: User) -> None:
    version = factories.version(admin)
    other = factories.version(admin, model=version.model)
    decided(admin, version)
    address = f"vendors/{version.model.vendor_id}/clearance"
    assert api.get(f"{address}?version={version.pk}").json()["decision"] == "cleared"
    assert api.get(f"{address}?version={other.pk}").json()["decision"] == "undecided"
    for query in ("version=x", f"version={version.pk}&system={version.pk}", "about=x"):
        assert api.get(f"{address}?{query}").status_code == 422


def test_clearance_has_a_scope_of_its_own(admin: User) -> None:
    vendor = factories.vendor(admin)
    narrow = Api(token_of(admin, "clearance:read"))
    assert narrow.get(f"vendors/{vendor.pk}/clearance").status_code == 200
    assert narrow.get(f"vendors/{vendor.pk}").status_code == 403
    assert Api(token_of(admin, "inventory:read")).get(f"vendors/{vendor.pk}/clearance").status_code == 403


def test_secret_of_a_webhook_is_shown_once_and_kept_nowhere_in_clear(api: Api) -> None:
    first = api.post("webhooks", HOOK, idempotency_key="a")
    secret = first.json()["secret"]
    assert (first.status_code, secret[:6]) == (201, "whsec_")
    again = api.post("webhooks", HOOK, idempotency_key="a")
    assert (again["Idempotent-Replayed"], again.json()["id"], again.json()["secret"]) == ("true", first.json()["id"], None)
    assert secret.encode() not in bytes(IdempotentRequest.objects.get().body)
    assert "secret" not in api.get(first["Location"]).json()
    assert secret not in str(vars(Subscription.objects.get()))
    rotated = api.post(f"{first['Location']}/rotate", {"overlap_hours": 1}).json()
    assert rotated["secret"].startswith("whsec_")
    assert rotated["secret"] != secret
    assert rotated["former_secret_until"] is not None


def test_webhook_is_changed_paused_and_ended(api: Api) -> None:
    address = api.post("webhooks", HOOK)["Location"]
    assert api.change(address, {"events": ["vendor.changed"], "name": "Buying"}).json()["events"] == ["vendor.changed"]
    assert api.patch(address, {"name": "X"}).status_code == 428
    assert api.post(f"{address}/disable").json()["state"] == "disabled"
    assert api.post(f"{address}/test").status_code == 409
    assert api.post(f"{address}/enable").json()["state"] == "active"
    assert api.post(f"{address}/end").json()["state"] == "ended"
    assert api.post(f"{address}/enable").status_code == 409
    assert [row["state"] for row in api.get("webhooks?state=ended").json()["items"]] == ["ended"]


@pytest.mark.parametrize("url", ["http://procurement.example.org/", "https://127.0.0.1/", "https://[::ffff:10.0.0.1]/", "https://169.254.169.254/latest"])
def test_address_inside_is_refused_by_field(api: Api, url: str) -> None:
    answer = api.post("webhooks", {**HOOK, "url": url})
    assert (answer.status_code, answer.json()["field"]) == (422, "url")


def test_delivery_is_read_and_replayed(api: Api, admin: User) -> None:
    delivery = factories.webhook_delivery(admin)
    found = api.get(f"webhook-deliveries/{delivery.pk}").json()
    assert (found["state"], found["message"], found["attempts"][0]["error"]) == (
        "given_up",
        delivery.event.message_id,
        "The name of the host cannot be resolved.",
    )
    again = api.post(f"webhook-deliveries/{delivery.pk}/replay").json()
    assert (again["message"], again["replay"], again["id"] != found["id"]) == (found["message"], True, True)
    listed = api.get(f"webhook-deliveries?webhook={delivery.subscription_id}&state=waiting").json()["items"]
    assert [row["id"] for row in listed] == [again["id"]]
    assert api.post(f"webhooks/{delivery.subscription_id}/replay", {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}).json() == {"events": 0}
    assert api.post(f"webhooks/{delivery.subscription_id}/test").json()["type"] == "webhook.test"


def test_strangers_read_and_replay_nothing(stranger: Api, admin: User) -> None:
    delivery = factories.webhook_delivery(admin)
    before = Delivery.objects.count()
    for address in (f"webhooks/{delivery.subscription_id}/test", f"webhook-deliveries/{delivery.pk}/replay"):
        assert stranger.post(address).status_code == 404
    assert Delivery.objects.count() == before


def upload(api: Api, raw: bytes, kind: str = CSV, query: str = "") -> Any:
    return api.client.post(f"/api/v1/vendors/import{query}", raw, content_type=kind)


def workbook(*rows: list[Any]) -> bytes:
    book, stream = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(stream)
    return stream.getvalue()


def test_import_is_looked_at_first_and_then_applied(api: Api, admin: User) -> None:
    kept = factories.vendor(admin, name="Kept", access="text")
    changed = factories.vendor(admin, name="Changed", access="text")
    raw = b"Name,Country,Access\nKept,,text\nChanged,,weights\n\nNew,fr,Logits\n"
    looked = upload(api, raw, query="?dry_run=true").json()
    assert looked["counts"] == {"created": 1, "changed": 1, "unchanged": 1, "error": 0}
    assert [(row["row"], row["name"], row["result"], row["changes"]) for row in looked["rows"]] == [
        (2, "Kept", "unchanged", []),
        (3, "Changed", "changed", ["access"]),
        (5, "New", "created", ["access", "country", "name"]),
    ]
    assert not Vendor.objects.filter(name="New").exists()
    done = upload(api, raw).json()
    assert (done["dry_run"], done["counts"]) == (False, looked["counts"])
    changed.refresh_from_db()
    assert (changed.access, changed.country) == ("weights", "NL"), "an empty cell leaves what is there"
    assert done["rows"][2]["vendor"] == str(Vendor.objects.get(name="New", country="FR").pk)
    actions = list(LedgerEntry.objects.order_by("index").values_list("action", flat=True))
    assert actions[-2:] == ["inventory.vendor.changed", "inventory.vendor.registered"]
    assert upload(api, raw).json()["counts"]["unchanged"] == 3
    assert kept.pk


def test_one_bad_row_leaves_everything_as_it_was(api: Api) -> None:
    raw = b"name,country,access\nGood,NL,text\nBad,Holland,telepathy\n,NL,text\nGood,NL,text\n"
    looked = upload(api, raw, query="?dry_run=true").json()
    faults = {(row["row"], error["field"]) for row in looked["rows"] for error in row["errors"]}
    assert faults == {(2, "name"), (3, "country"), (3, "access"), (4, "name"), (5, "name")}
    answer = upload(api, raw)
    assert (answer.status_code, Vendor.objects.count()) == (422, 0)
    named = {error["field"] for error in answer.json()["errors"]}
    assert {"row 3.country", "row 3.access", "row 4.name"} <= named


def test_import_by_json_and_workbook(api: Api) -> None:
    rows = [{"name": "By JSON", "access": "text", "notes": "Line"}]
    assert api.post("vendors/import", {"rows": rows}).json()["rows"][0]["row"] == 1
    raw = workbook(["Vendor name", "Access granted", "Models"], ["By workbook", "Weights", 3])
    assert upload(api, raw, XLSX).json()["counts"]["created"] == 1
    assert set(Vendor.objects.values_list("name", flat=True)) == {"By JSON", "By workbook"}


def test_formula_stays_text_and_comes_out_harmless_and_goes_in_again(api: Api, admin_browser: Any) -> None:
    text = '=HYPERLINK("https://evil.example","x")'
    assert upload(api, workbook(["name", "access", "notes"], ["Formula", "text", text]), XLSX).status_code == 200
    assert Vendor.objects.get().notes == text
    api.post("vendors/import", {"rows": [{"name": "=1+1", "access": "text"}]})
    exported = admin_browser.get("/vendors/?export=csv").content
    assert b"'=1+1" in exported
    assert upload(api, exported, query="?dry_run=true").json()["counts"] == {"created": 0, "changed": 0, "unchanged": 2, "error": 0}


@pytest.fixture
def admin_browser(admin: User, client: Any) -> Any:
    client.force_login(admin)
    return client


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"", CSV), (b"   ", CSV), (b"name\n", CSV), (b"title,access\nX,text\n", CSV), (b"name,name\nX,Y\n", CSV), (b"name,secret\nX,Y\n", CSV),
        (b"%PDF-1.7", CSV), (b"\xff\xfen\x00", CSV), (b"PK\x03\x04broken", XLSX), (b"name\n" + b"x" * (2 * 1024 * 1024 + 1), CSV),
        (("name,access\n" + "".join(f"V{n},text\n" for n in range(2001))).encode(), CSV),
    ],
)  # fmt: skip
def test_hostile_files_are_refused_with_a_reason(api: Api, raw: bytes, kind: str) -> None:
    answer = upload(api, raw, kind)
    assert answer.status_code in (413, 422)
    assert len(answer.json()["detail"]) > 20
    assert "CISO" not in answer.json()["detail"]
    assert not Vendor.objects.exists()


def test_hidden_characters_are_refused(api: Api) -> None:
    looked = upload(api, "name,access\nSafe\u202egnp.exe,text\n".encode(), query="?dry_run=true").json()
    assert looked["rows"][0]["errors"][0]["field"] == "name"


def test_repeated_import_is_done_once(api: Api) -> None:
    rows = {"rows": [{"name": "Once", "access": "text"}]}
    first = api.post("vendors/import", rows, idempotency_key="k")
    again = api.post("vendors/import", rows, idempotency_key="k")
    assert (again["Idempotent-Replayed"], again.content) == ("true", first.content)
    assert LedgerEntry.objects.filter(action="inventory.vendor.registered").count() == 1


def test_import_needs_the_right_and_stays_in_its_register(scoped: Any, admin: User, api: Api) -> None:
    body = {"rows": [{"name": "X", "access": "text"}]}
    assert scoped("inventory:read").post("vendors/import", body).status_code == 403
    factories.vendor(factories.user(), name="X")
    assert api.post("vendors/import", body).json()["counts"]["created"] == 1
    other = factories.home(factories.user())
    assert api.post(f"vendors/import?organisation={other.pk}", body).status_code == 422
