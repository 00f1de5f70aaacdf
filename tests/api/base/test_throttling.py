"""The limit of calls a minute, per token."""

from typing import Any

import pytest

from accounts.models import User
from accounts.permissions import SCOPES
from api.v1.base import throttling
from tests.api.base.test_answers import assert_problem
from tests.api.caller import Api, token_of


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch, settings: Any) -> list[float]:
    """A clock that only the test moves; a limit of three."""
    settings.ASSAY_API_CALLS_PER_MINUTE = 3
    moment = [1_800_000_000.0]
    monkeypatch.setattr(throttling.time, "time", lambda: moment[0])
    throttling._counts.clear()
    return moment


def test_headers_count_down_and_the_call_too_many_is_refused(api: Api) -> None:
    answers = [api.get("vendors") for _ in range(4)]
    assert [answer["RateLimit"] for answer in answers] == ['"minute";r=2;t=60', '"minute";r=1;t=60', '"minute";r=0;t=60', '"minute";r=0;t=60']
    assert {answer["RateLimit-Policy"] for answer in answers} == {'"minute";q=3;w=60'}
    assert_problem(answers[3], 429)
    assert answers[3]["Retry-After"] == "60"


def test_the_next_minute_begins_anew(api: Api, still: list[float]) -> None:
    for _ in range(4):
        api.get("vendors")
    still[0] += 60
    assert api.get("vendors").status_code == 200


def test_refusals_count_and_other_tokens_do_not(api: Api, admin: User) -> None:
    other = Api(token_of(admin, "frameworks:read"))
    for _ in range(3):
        assert_problem(other.get("vendors"), 403)
    assert_problem(other.get("vendors"), 429)
    assert api.get("vendors").status_code == 200


def test_processes_add_up_through_the_cache(admin: User, still: list[float]) -> None:
    api = Api(token_of(admin, *SCOPES))
    api.get("vendors")
    throttling._counts.clear()  # as another process, which knows only the cache
    api.get("vendors")
    throttling._counts.clear()
    assert api.get("vendors")["RateLimit"] == '"minute";r=0;t=60'


def test_a_process_tells_the_cache_once_a_second_not_at_every_call(api: Api, still: list[float], monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.ASSAY_API_CALLS_PER_MINUTE = 100
    told = list[int]()
    honest = throttling._settle
    monkeypatch.setattr(throttling, "_settle", lambda caller, count, moment: told.append(count.own) or honest(caller, count, moment))
    for _ in range(5):
        api.get("vendors")
    still[0] += 1
    api.get("vendors")
    assert told == [1, 5]
