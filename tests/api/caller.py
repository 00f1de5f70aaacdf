"""A program that calls the API in-process."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.test import Client

from accounts.models import ApiToken, User
from core import clock

ROOT = "/api/v1/"


def token_of(owner: User, *scopes: str, **fields: Any) -> str:
    """The secret of a token of ``owner``, whatever the owner's roles are."""
    secret = f"assay_{secrets.token_urlsafe(32)}"
    ends = fields.pop("expires_at", clock.now() + timedelta(days=1))
    digest = hashlib.sha256(secret.encode()).hexdigest()
    ApiToken.objects.create(user=owner, name="test", prefix=secret[:12], secret_hash=digest, scopes=list(scopes), expires_at=ends, created_by=owner, **fields)
    return secret


class Api:
    """Calls with one token; addresses are relative to the root."""

    def __init__(self, secret: str = "") -> None:
        self.client = Client(headers={"Authorization": f"Bearer {secret}"} if secret else {})

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.client.get(self.whole(path), headers=named(headers))

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.client.post(self.whole(path), body or {}, content_type="application/json", headers=named(headers))

    def patch(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.client.patch(self.whole(path), body, content_type="application/json", headers=named(headers))

    def change(self, path: str, body: Any) -> HttpResponse:
        """Read, then change with the tag that was read."""
        return self.patch(path, body, if_match=self.get(path)["ETag"])

    @staticmethod
    def whole(path: object) -> str:
        return str(path) if str(path).startswith(("/", "http")) else f"{ROOT}{path}"


def named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
