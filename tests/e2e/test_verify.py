"""“Verify in your browser” in a real browser: it ticks what holds, and fails visibly whatever is altered on the way."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, Route, expect

from accounts.models import User
from assessments.models import Finding, Run
from tests.e2e.conftest import Visit

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(person: User, done: Run, visit_with: Callable[..., Visit]) -> Page:
    """The page of a result, with the administrator signed in."""
    visit = visit_with()
    visit.sign_in(person)
    artifact = Finding.objects.filter(step__run=done).earliest("step__position").result_artifact
    return visit.open(reverse("web:artifact-detail", args=[artifact.pk]))


def verify(page: Page) -> Any:
    page.get_by_role("button", name="Verify").click()
    result = page.locator("[data-verify-result]")
    expect(result).not_to_be_empty()
    return result


def alter(page: Page, change: Callable[[dict[str, Any]], None]) -> None:
    """Answer the browser's question for the proof with an altered one."""

    def answer(route: Route) -> None:
        proof = route.fetch().json()
        change(proof)
        route.fulfill(json=proof)

    page.route("**/proof/", answer)


def entry(proof: dict[str, Any]) -> dict[str, Any]:
    return dict(proof["bundle"]["verificationMaterial"]["tlogEntries"][0])


def flip(text: str, place: int = 8) -> str:
    """The base64 of ``text``'s bytes with one bit changed."""
    data = bytearray(base64.b64decode(text))
    data[place] ^= 1
    return base64.b64encode(bytes(data)).decode()


def change_statement(proof: dict[str, Any]) -> None:
    envelope = proof["bundle"]["dsseEnvelope"]
    statement = json.loads(base64.b64decode(envelope["payload"]))
    statement["predicate"]["result"] = "PASSED!"
    envelope["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()


def change_path(proof: dict[str, Any]) -> None:
    hashes = entry(proof)["inclusionProof"]["hashes"]
    hashes[0] = flip(hashes[0])


def shorten_path(proof: dict[str, Any]) -> None:
    entry(proof)["inclusionProof"]["hashes"].pop()


def change_root(proof: dict[str, Any]) -> None:
    checkpoint = entry(proof)["inclusionProof"]["checkpoint"]
    lines = checkpoint["envelope"].split("\n")
    lines[2] = flip(lines[2])
    checkpoint["envelope"] = "\n".join(lines)


def change_size(proof: dict[str, Any]) -> None:
    checkpoint = entry(proof)["inclusionProof"]["checkpoint"]
    checkpoint["envelope"] = checkpoint["envelope"].replace("\n", "\n1", 1)


def change_note_signature(proof: dict[str, Any]) -> None:
    checkpoint = entry(proof)["inclusionProof"]["checkpoint"]
    body, _, signature = checkpoint["envelope"].rstrip("\n").rpartition(" ")
    checkpoint["envelope"] = f"{body} {flip(signature, 20)}\n"


def change_leaf(proof: dict[str, Any]) -> None:
    row = entry(proof)
    leaf = json.loads(base64.b64decode(row["canonicalizedBody"]))
    leaf["spec"]["hashedRekordV002"]["data"]["digest"] = base64.b64encode(b"0" * 32).decode()
    proof["bundle"]["verificationMaterial"]["tlogEntries"][0]["canonicalizedBody"] = base64.b64encode(json.dumps(leaf).encode()).decode()


def swap_key(proof: dict[str, Any]) -> None:
    proof["trustedRoot"]["statements"][0]["keyid"] = "00" * 32


def test_unaltered_file_is_verified_step_by_step(page: Page) -> None:
    result = verify(page)
    expect(result).to_contain_text("Verified")
    expect(page.locator("[data-verify-steps] .verify-ok")).to_have_count(8)
    expect(page.locator("[data-verify-steps] .verify-bad")).to_have_count(0)


def test_one_changed_byte_of_the_file_fails(page: Page) -> None:
    def answer(route: Route) -> None:
        data = bytearray(route.fetch().body())
        data[len(data) // 2] ^= 1
        route.fulfill(body=bytes(data))

    page.route("**/bytes/", answer)
    expect(verify(page)).to_contain_text("do not rely on this file. Reason: the bytes hash to")
    expect(page.locator("[data-verify-steps] .verify-bad")).to_have_count(1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (change_statement, "the signature does not match the statement"),
        (swap_key, "the key is not among this installation's keys"),
        (change_leaf, "the entry commits to another statement"),
        (change_path, "the path leads to another root"),
        (shorten_path, "the path is too short"),
        (change_root, "the path leads to another root"),
        (change_size, "the checkpoint counts other entries"),
        (change_note_signature, "the signature does not match the checkpoint"),
    ],
)
def test_whatever_is_altered_on_the_way_fails_with_its_reason(page: Page, change: Callable[[dict[str, Any]], None], reason: str) -> None:
    alter(page, change)
    result = verify(page)
    expect(result).to_contain_text("Verification failed")
    expect(result).to_contain_text(reason)


def test_slider_moves_the_day_by_keyboard(person: User, done: Run, visit_with: Callable[..., Visit]) -> None:
    visit = visit_with()
    visit.sign_in(person)
    page = visit.open(f"{reverse('web:coverage')}?of=versions&as_of=2026-12-02")
    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "2 December 2027")
    page.wait_for_url("**as_of=2027-12-02**")
    expect(page.locator("#cov-day")).to_have_text("2 December 2027")
