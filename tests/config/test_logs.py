"""Log lines: whole, bound to their request, and free of secrets."""

import io
import json
import logging
import logging.config
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from django.conf import settings as django_settings
from django.test import Client

from accounts.models import User
from config import logs
from config.middleware import REQUEST_ID, request_id
from tests import factories

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What is logged in JSON from now on, line by line."""
    stream = io.StringIO()
    configuration = logs.dictionary("INFO", "json")
    configuration["handlers"]["console"] |= {"stream": stream}
    logging.config.dictConfig(configuration)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.config.dictConfig(django_settings.LOGGING)


def test_each_request_is_one_line_with_page_status_time_and_person(lines: Lines, admin: User, client: Client) -> None:
    client.force_login(admin)
    answer = client.get("/models/", headers={"X-Request-ID": "from-the-proxy-7"})
    assert answer["X-Request-ID"] == "from-the-proxy-7"
    (line,) = [line for line in lines() if line["logger"] == "assay.request"]
    assert {key: line[key] for key in ("event", "page", "method", "status", "request_id", "user")} == {
        "event": "request", "page": "web:model-list", "method": "GET", "status": 200, "request_id": "from-the-proxy-7", "user": str(admin.pk),
    }  # fmt: skip
    assert line["ms"] >= 0


@pytest.mark.parametrize("given", ["", "short", "with space and more", "line\nbreak-long-enough", "x" * 65, "<script>alert(1)</script>"])
def test_an_id_that_is_no_harmless_word_is_replaced(given: str) -> None:
    made = request_id(given)
    assert made != given
    assert REQUEST_ID.fullmatch(made)


def test_an_id_does_not_reach_the_next_request(lines: Lines, client: Client, db: None) -> None:
    client.get("/login/", headers={"X-Request-ID": "the-first-one"})
    client.get("/login/")
    ids = [line["request_id"] for line in lines() if line["logger"] == "assay.request"]
    assert ids[0] == "the-first-one"
    assert ids[1] != "the-first-one"


def test_no_secret_reaches_a_line(lines: Lines, admin: User, client: Client) -> None:
    User.objects.filter(pk=admin.pk).update(email="ada@example.org")
    client.post("/login/", {"username": admin.username, "password": factories.PASSWORD, "login": "ada@example.org"}, follow=True)
    client.force_login(admin)
    client.get("/login/?next=/&token=assay_abcdefghijklmnop", headers={"Authorization": "Bearer assay_abcdefghijklmnop"})
    client.get("/account/password/reset/key/1-c9abcdef-0123456789abcdef/")
    text = json.dumps(lines())
    assert '"logger": "assay.request"' in text
    for secret in (factories.PASSWORD, "ada@example.org", "assay_abcdef", "c9abcdef", client.cookies["sessionid"].value):
        assert secret not in text


@pytest.mark.parametrize(
    "said",
    [
        "password=hunter2hunter2", "{'password': 'hunter2hunter2'}", "Authorization: Bearer hunter2hunter2", "sessionid=hunter2hunter2; path=/",
        "postgres://assay:hunter2hunter2@db/assay", "assay_hunter2hunter2", "secret_key: hunter2hunter2", "mail to hunter2hunter2@example.org",
    ],
)  # fmt: skip
def test_texts_that_hold_a_secret_lose_it(lines: Lines, said: str) -> None:
    logging.getLogger("any").warning("it said %s", said)
    structlog.get_logger("any").warning(said, deep={"list": [said]})
    try:
        raise ValueError(said)
    except ValueError:
        logging.getLogger("any").exception("broken")
    assert len(lines()) == 3
    assert "hunter2" not in json.dumps(lines())


def test_values_under_a_telling_name_are_removed(lines: Lines) -> None:
    structlog.get_logger("any").warning("signed in", password="hunter2", api_token="hunter2", cookies={"a": "hunter2"}, kept="this")
    (line,) = lines()
    assert "hunter2" not in json.dumps(line)
    assert line["kept"] == "this"


def test_an_exception_names_the_page_and_not_its_address(lines: Lines, admin: User, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("web.home.page.context", broken)
    client.force_login(admin)
    client.raise_request_exception = False
    assert client.get("/?key=abc").status_code == 500
    (line,) = [line for line in lines() if line["logger"] == "django.request"]
    assert line["event"] == "Internal Server Error: web:home"
    assert "RuntimeError: boom" in line["exception"]
    assert line["request_id"]


def test_terminals_get_text(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "ConsoleRenderer" in repr(logs.dictionary("INFO", "text")["formatters"]["line"]["processors"])
    assert "JSONRenderer" in repr(logs.dictionary("INFO", "auto")["formatters"]["line"]["processors"])
