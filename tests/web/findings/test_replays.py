"""The finding page tells of every replay what came out again and what did not."""

import copy
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from assessments.models import Finding, Replay
from assessments.replay import Result, compare
from assessments.services.replays import replay_record
from tests import factories

pytestmark = pytest.mark.django_db


def result(value: float, torch: str) -> Result:
    output: dict[str, Any] = {"reading": "observed", "measurements": [{"name": "effect", "label": "Effect", "value": value}]}
    output["environment"] = {"device": "cpu", "dtype": "float32", "threads": 1, "torch": torch}
    return Result({"output": copy.deepcopy(output)}, {}, "s")


def replayed(admin: User, finding: Finding, value: float, torch: str) -> Replay:
    robot = factories.worker(factories.home(admin))
    return replay_record(actor=robot, step=finding.step, comparison=compare(result(1.0, "2.13.0"), result(value, torch)), result=b"{}")


def page(client: Client, finding: Finding) -> str:
    answer = client.get(f"/findings/{finding.id}/")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_page_says_how_to_run_it_again(admin_client: Client, finding: Finding) -> None:
    assert finding.step.attestation is not None
    body = page(admin_client, finding)
    assert "Nobody has run this step again yet" in body
    assert f"./assay replay {finding.step.attestation.entry.index}" in body


@pytest.mark.parametrize(
    ("value", "torch", "words"),
    [
        (1.0, "2.13.0", ["It came out again to the last bit", "bit-exact"]),
        (1.0005, "2.14.0", ["It came out again within tolerance", "torch: 2.13.0 on record, 2.14.0 in the replay"]),
        (1.5, "2.13.0", ["It did not come out again", "Effect: 1 on record, 1.5 in the replay, allowed ± 0"]),
    ],
)
def test_each_outcome_has_its_words(admin: User, admin_client: Client, finding: Finding, value: float, torch: str, words: list[str]) -> None:
    row = replayed(admin, finding, value, torch)
    body = page(admin_client, finding)
    assert all(text in body for text in words), words
    assert f"log entry {row.attestation.entry.index}" in body
