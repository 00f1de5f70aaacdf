"""Signatures by the Standard Webhooks convention: HMAC-SHA256 over id, time and body, with the secret's bytes."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from core.errors import IntegrityFailed

LEAD = "whsec_"
BYTES = 32


def secret_new() -> str:
    """A fresh secret: ``whsec_`` and 32 random bytes in base64."""
    return LEAD + base64.b64encode(secrets.token_bytes(BYTES)).decode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """``v1,`` and the base64 of the HMAC over ``id.timestamp.body``."""
    key = base64.b64decode(secret.removeprefix(LEAD))
    made = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(made).decode()}"


def headers(known: Iterable[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers; while a secret is being exchanged one signature for each of ``known``."""
    signed = " ".join(signature(secret, message_id, timestamp, body) for secret in known)
    return {"webhook-id": message_id, "webhook-timestamp": str(timestamp), "webhook-signature": signed}


def seal(secret: str) -> str:
    """``secret`` encrypted with a key derived from the installation's, so that the database alone signs nothing."""
    return _cipher().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """The secret; ``IntegrityFailed`` when it was sealed under another installation's key."""
    try:
        return _cipher().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise IntegrityFailed("the secret of this webhook was sealed with another SECRET_KEY; rotate the secret and tell the receiver") from error


def _cipher() -> MultiFernet:
    return MultiFernet([_one(str(key)) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _one(key: str) -> Fernet:
    derived = HKDF(SHA256(), length=32, salt=None, info=b"assay webhook secrets v1").derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
