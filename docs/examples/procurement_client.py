"""A procurement system's side of Assay, with nothing but Python's standard library.

As a program, it asks whether a vendor is cleared and exits with 0 when it is, 3 when only with conditions, 4 when it is not or undecided:

    ASSAY=https://assay.example.org CLIENT_ID=… CLIENT_SECRET=… python procurement_client.py VENDOR_ID

As a library, ``verified`` checks a webhook before anything in it is believed, and with a person's token ``Assay.ask`` puts a questionnaire to a vendor.
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
import sys
import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

TOLERANCE_SECONDS = 300
EXIT = {"cleared": 0, "cleared_with_conditions": 3, "undecided": 4, "not_cleared": 4}


class NotVerified(Exception):
    """A message that must not be believed."""


class Assay:
    """Calls with a client's id and secret, whose short-lived token is fetched again before it ends; or with a token of a person."""

    def __init__(self, address: str, client_id: str = "", client_secret: str = "", token: str = "") -> None:
        self.address = address.rstrip("/")
        self.client = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
        self.token, self.until = token, float("inf") if token else 0.0

    def clearance(self, vendor: str) -> Any:
        """Whether a vendor is cleared, with conditions, reasons and evidence digests."""
        return self.get(f"/api/v1/vendors/{vendor}/clearance")

    def ask(self, vendor: str, template_version: str, due_on: str, respondent: str, email: str = "") -> Any:
        """Put a questionnaire to a vendor; its id, and the link for the respondent, which nobody can read again.

        A person has to stand for it: this needs that person's token with ``questionnaires:send``, not a client secret.
        """
        asked = self.post("/api/v1/questionnaires", {"vendor": vendor, "template_version": template_version, "due_on": due_on})
        invited = self.post("/api/v1/questionnaire-invitations", {"questionnaire": asked["id"], "name": respondent, "email": email})
        self.post(f"/api/v1/questionnaires/{asked['id']}/send", {})
        return asked["id"], invited["link"]

    def answers(self, questionnaire: str) -> Any:
        """The answers of a questionnaire by key, each with its words, verdict, revision and the digests of its files."""
        return {row["question"]: row for row in self.get(f"/api/v1/questionnaires/{questionnaire}")["answers"]}

    def post(self, path: str, body: Any) -> Any:
        """Send ``body`` once: the key keeps a repetition from doing it again."""
        headers = {"Authorization": f"Bearer {self._token()}", "Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
        return self._read(Request(self.address + path, json.dumps(body).encode(), headers))

    def get(self, path: str) -> Any:
        """The JSON behind ``path``; ``urllib.error.HTTPError`` for anything but 2xx."""
        return self._read(Request(self.address + path, headers={"Authorization": f"Bearer {self._token()}"}))

    def _token(self) -> str:
        if time.time() > self.until - 30:
            body = urlencode({"grant_type": "client_credentials"}).encode()
            said = self._read(Request(f"{self.address}/api/v1/oauth/token", body, {"Authorization": f"Basic {self.client}"}))
            self.token, self.until = said["access_token"], time.time() + said["expires_in"]
        return self.token

    @staticmethod
    def _read(request: Request) -> Any:
        with urlopen(request, timeout=30) as answer:
            return json.load(answer)


def verified(secret: str, headers: Mapping[str, str], body: bytes, now: float | None = None) -> Any:
    """The message in ``body`` once its signature and age are checked; ``headers`` with names in small letters, ``secret`` is ``whsec_…``.

    Remember the ``webhook-id``: the same message may arrive more than once.
    """
    try:
        message_id, timestamp, given = (headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
        age = abs((time.time() if now is None else now) - int(timestamp))
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (KeyError, ValueError, binascii.Error) as error:
        raise NotVerified("a header is missing or malformed, or the secret is none") from error
    if age > TOLERANCE_SECONDS:
        raise NotVerified("the message is too old, or the clocks differ")
    made = base64.b64encode(hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()).decode()
    # Several signatures stand there while the secret is being exchanged.
    if not any(hmac.compare_digest(f"v1,{made}".encode(), one.encode()) for one in given.split(" ")):
        raise NotVerified("no signature fits")
    return json.loads(body)


def main() -> int:
    """Ask about one vendor, say why, and tell by the exit status."""
    assay = Assay(os.environ["ASSAY"], os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
    found = assay.clearance(sys.argv[1])
    print(f"{found['name']}: {found['decision']}" + (f", until {found['valid_until']}" if found["valid_until"] else ""))
    for row in found["reasons"]:
        print(f"  because: {row['says']}")
    for row in found["conditions"]:
        print(f"  condition: {row['text']}" + (f" (by {row['until']})" if row["until"] else "") + (" OVERDUE" if row["overdue"] else ""))
    return EXIT[found["decision"]]


if __name__ == "__main__":
    sys.exit(main())
