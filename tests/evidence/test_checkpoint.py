"""Signed notes and checkpoints: the specification's example, a checkpoint other software accepts, and all single changes."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.errors import IntegrityFailed
from evidence import checkpoint
from evidence.checkpoint import Checkpoint, VerifierKey

SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
# RFC 8032 section 7.1, test 1
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
KEY = VerifierKey("log.example/test", PRIVATE.public_key().public_bytes_raw())
NOTE = (
    "log.example/test\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n"
    "— log.example/test Ye+BAaCDsGxV3cvTHm912b0vpNF9cC8lS6OtcWc7JbOTWTacYaKyi4ERHKj6TDB+8grefaqwur6IX9e2dXj3HXqXGgQ=\n"
)
HEAD = Checkpoint("log.example/test", 8, bytes.fromhex("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"))


def test_example_of_the_specification_opens() -> None:
    assert checkpoint.note_open(SPEC_NOTE, VerifierKey.parse(SPEC_KEY)) == "This is an example message.\n"


def test_key_is_written_as_the_specification_writes_it() -> None:
    assert str(VerifierKey.parse(SPEC_KEY)) == SPEC_KEY
    assert str(KEY) == "log.example/test+61ef8101+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"


def test_checkpoint_is_signed_byte_for_byte_as_published() -> None:
    assert checkpoint.sign(HEAD, PRIVATE) == NOTE
    assert checkpoint.verify(NOTE, KEY) == HEAD


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com/foo",
        SPEC_KEY.replace("530d903a", "530d903b"),
        SPEC_KEY.replace("530d903a", "530D903A"),
        SPEC_KEY.replace("example.com/foo", "example.com/bar"),
        SPEC_KEY + "=",
        SPEC_KEY + "\n",
        SPEC_KEY.replace("+Aeky", "+Beky"),
        SPEC_KEY.replace("example.com/foo", "example com"),
        "+".join(SPEC_KEY.split("+")[1:]),
    ],
)
def test_malformed_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(IntegrityFailed):
        VerifierKey.parse(text)


@pytest.mark.parametrize("position", range(len(NOTE)))
def test_every_changed_character_of_a_checkpoint_is_refused(position: int) -> None:
    for replacement in {chr(ord(NOTE[position]) ^ 1), chr(ord(NOTE[position]) ^ 32), "\n", "A", ""} - {NOTE[position]}:
        with pytest.raises(IntegrityFailed):
            checkpoint.verify(NOTE[:position] + replacement + NOTE[position + 1 :], KEY)


def test_checkpoint_with_a_second_signature_is_refused() -> None:
    other = Ed25519PrivateKey.generate()
    line = checkpoint.note_sign(str(HEAD), "witness.example", other).rpartition("\n\n")[2]
    for note in (NOTE + line, NOTE.replace("\n\n", "\n\n" + line), NOTE + NOTE.rpartition("\n\n")[2]):
        with pytest.raises(IntegrityFailed):
            checkpoint.verify(note, KEY)


def test_checkpoint_of_another_key_is_refused() -> None:
    other = Ed25519PrivateKey.generate()
    with pytest.raises(IntegrityFailed, match="another key"):
        checkpoint.verify(checkpoint.sign(HEAD, other), KEY)


def test_note_of_another_origin_is_not_a_checkpoint_of_this_log() -> None:
    note = checkpoint.note_sign(str(Checkpoint("other.example", 8, HEAD.root)), KEY.name, PRIVATE)
    with pytest.raises(IntegrityFailed, match=r"of log 'other\.example'"):
        checkpoint.verify(note, KEY)


ROOT = "A" * 43 + "="
SIZES = ["", "01", "-1", "1.0", " 1", "١", "9" * 5000]


@pytest.mark.parametrize("text", [*(f"a\n{size}\n{ROOT}\n" for size in SIZES), "a\n1\n", f"\n1\n{ROOT}\n", f"a\n1\n{ROOT}\nextension\n", "a\n1\nAA==\n"])
def test_text_that_is_not_a_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(IntegrityFailed):
        Checkpoint.parse(text)


def test_note_without_final_newline_or_with_a_bad_name_is_not_signed() -> None:
    for text, name in (("no newline", "a"), ("text\n", "a b"), ("text\n", "a+b"), ("text\n", "")):
        with pytest.raises(ValueError, match="newline"):
            checkpoint.note_sign(text, name, PRIVATE)
