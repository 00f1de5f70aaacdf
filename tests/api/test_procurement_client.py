"""The example client against a live server and real webhooks: what the guide shows works."""

import importlib.util
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from accounts.models import User
from core import clock
from questionnaires.models import Answer, QuestionnaireRequest
from tests import factories
from tests.api.caller import token_of
from tests.decisions.test_clearance import decided
from tests.webhooks.conftest import hook, receiver, robot  # noqa: F401 - fixtures
from tests.webhooks.test_deliveries import round_of
from webhooks.services import events_collect, example_send

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "examples" / "procurement_client.py"


@pytest.fixture(scope="module")
def client() -> Any:
    """The example as a module."""
    spec = importlib.util.spec_from_file_location("procurement_client", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def asked(address: str, key: object, secret: str, vendor: object) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "ASSAY": address, "CLIENT_ID": str(key), "CLIENT_SECRET": secret}
    return subprocess.run([sys.executable, str(SCRIPT), str(vendor)], env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.django_db(transaction=True)
def test_clearance_by_client_credentials_from_a_live_server(admin: User, live_server: Any, client: Any) -> None:
    version = factories.version(admin)
    row, secret = factories.client_secret(admin)
    vendor = version.model.vendor_id
    before = asked(live_server.url, row.user_id, secret, vendor)
    assert (before.returncode, before.stderr) == (4, "")
    assert "undecided" in before.stdout
    decision = decided(admin, version)
    after = asked(live_server.url, row.user_id, secret, vendor)
    assert after.returncode == 0, after.stderr
    assert f"because: {decision.reference} was approved." in after.stdout
    assay = client.Assay(live_server.url, str(row.user_id), secret)
    assert assay.clearance(vendor)["evidence"][0]["sha256"] == decision.digest
    token = assay.token
    assay.clearance(vendor)
    assert assay.token == token, "a token is used until it ends"
    with pytest.raises(HTTPError, match="401"):
        client.Assay(live_server.url, str(row.user_id), "wrong").clearance(vendor)
    with pytest.raises(HTTPError, match="403"):
        assay.get("/api/v1/vendors")


@pytest.mark.django_db(transaction=True)
def test_a_questionnaire_is_asked_by_a_persons_token_on_a_live_server(admin: User, live_server: Any, client: Any) -> None:
    vendor, version = factories.vendor(admin), factories.questionnaire_version(admin)
    assay = client.Assay(live_server.url, token=token_of(admin, "questionnaires:send"))
    due_on = (clock.now().date() + timedelta(days=20)).isoformat()
    key, link = assay.ask(str(vendor.pk), str(version.pk), due_on, "Security desk")
    row = QuestionnaireRequest.objects.get(pk=key)
    assert (row.state, row.vendor_id, link.startswith(live_server.url)) == ("sent", vendor.pk, True)
    Answer.objects.create(request=row, question="who", value="We", changed_at=clock.now())
    assert assay.answers(key)["who"]["text"] == "We"


@pytest.mark.django_db
def test_webhook_is_believed_only_when_it_is_ours_whole_and_fresh(admin: User, robot: User, hook: Any, receiver: Any, client: Any) -> None:  # noqa: F811
    row = hook("vendor.registered")
    vendor = factories.vendor(admin)
    events_collect(actor=robot)
    round_of(robot)
    headers, body = receiver.taken[0]
    assert client.verified(row.secret, headers, body)["data"]["id"] == str(vendor.pk)
    at = int(headers["webhook-timestamp"])
    wrong: list[tuple[str, dict[str, str], bytes, float]] = [
        ("whsec_" + "A" * 44, headers, body, at),
        ("not base64!", headers, body, at),
        (row.secret, headers, body.replace(b"vendor", b"vandor"), at),
        (row.secret, {**headers, "webhook-id": "msg_other"}, body, at),
        (row.secret, {**headers, "webhook-timestamp": str(at + 1)}, body, at),
        (row.secret, {**headers, "webhook-timestamp": "soon"}, body, at),
        (row.secret, {**headers, "webhook-signature": "v1,"}, body, at),
        (row.secret, {**headers, "webhook-signature": "v1a,abc é"}, body, at),
        (row.secret, {}, body, at),
        (row.secret, headers, body, at + 301),
        (row.secret, headers, body, at - 301),
    ]
    for secret, sent, text, now in wrong:
        with pytest.raises(client.NotVerified):
            client.verified(secret, sent, text, now)
    example_send(actor=admin, subscription=row)
    round_of(robot)
    assert client.verified(row.secret, *receiver.taken[1])["type"] == "webhook.test"
