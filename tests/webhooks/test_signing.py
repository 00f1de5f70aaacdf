"""Signatures by Standard Webhooks, and secrets at rest."""

import base64
import hashlib
import hmac

import pytest

from core.errors import IntegrityFailed
from webhooks import signing

# The example of the convention's specification and of its reference libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE, TIMESTAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
EXPECTED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_vector_of_the_specification() -> None:
    assert signing.signature(SECRET, MESSAGE, TIMESTAMP, BODY) == EXPECTED


def test_headers_carry_one_signature_for_each_secret() -> None:
    other = signing.secret_new()
    found = signing.headers([SECRET, other], MESSAGE, TIMESTAMP, BODY)
    assert (found["webhook-id"], found["webhook-timestamp"]) == (MESSAGE, str(TIMESTAMP))
    assert found["webhook-signature"].split() == [EXPECTED, by_hand(other)]


def by_hand(secret: str) -> str:
    key = base64.b64decode(secret[len("whsec_") :])
    return "v1," + base64.b64encode(hmac.new(key, b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330." + BODY, hashlib.sha256).digest()).decode()


@pytest.mark.parametrize("changed", [(MESSAGE + "x", TIMESTAMP, BODY), (MESSAGE, TIMESTAMP + 1, BODY), (MESSAGE, TIMESTAMP, BODY + b" ")])
def test_signature_covers_id_time_and_every_byte(changed: tuple[str, int, bytes]) -> None:
    assert signing.signature(SECRET, *changed) != EXPECTED


def test_new_secrets_are_256_random_bits() -> None:
    first, second = signing.secret_new(), signing.secret_new()
    assert first != second
    assert len(base64.b64decode(first.removeprefix("whsec_"))) == 32


def test_secret_at_rest_is_of_no_use_without_the_installations_key(settings: object) -> None:
    sealed = signing.seal(SECRET)
    assert SECRET not in sealed
    assert sealed != signing.seal(SECRET)
    assert signing.unseal(sealed) == SECRET
    former, settings.SECRET_KEY = settings.SECRET_KEY, "another key altogether, as long as one is"  # type: ignore[attr-defined]
    with pytest.raises(IntegrityFailed, match="rotate the secret"):
        signing.unseal(sealed)
    settings.SECRET_KEY_FALLBACKS = [former]  # type: ignore[attr-defined]
    assert signing.unseal(sealed) == SECRET
