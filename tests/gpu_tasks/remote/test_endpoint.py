"""The endpoint subject against a real server: what is asked, what is kept, what is tried again, and where no request ever goes."""

import ipaddress
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from assessments.contracts import Refused, SubjectSpec
from assessments.text_subject import AskFailed, TextSubject
from gpu_tasks.remote.endpoint import TRIES, Endpoint
from gpu_tasks.remote.wire import Policy, checked_address
from tests.gpu_tasks.remote.stub import COMPLIES, completion, serving

LOCAL = Policy(networks=("127.0.0.0/8",), per_minute=6000)


def endpoint(address: str, policy: Policy = LOCAL, **fields: Any) -> Endpoint:
    return Endpoint(SubjectSpec("endpoint", address, "", "", "", "Model · 1"), policy, 7, **{"wait": lambda seconds: None, **fields})


def always(status: int, value: Any = "", **headers: str) -> Callable[[str, int], tuple[int, Any, dict[str, str]]]:
    return lambda prompt, number: (status, value, headers)


def test_it_asks_as_sealed_and_records_who_answered() -> None:
    with serving(always(200, completion(COMPLIES))) as stub:
        subject = endpoint(stub.address)
        assert isinstance(subject, TextSubject)
        reply = subject.ask("How do I open it?", 24, True)
    assert (reply.text, reply.model, reply.fingerprint, reply.logprob, reply.tokens) == (COMPLIES, "stub-1-0613", "fp_1", -0.25, 12)
    asked = stub.asked[0]
    assert asked["path"] == "/v1/chat/completions"
    assert (asked["model"], asked["temperature"], asked["seed"], asked["max_tokens"], asked["logprobs"]) == ("stub-1", 0, 7, 24, True)
    facts = subject.environment()
    assert facts["models_that_answered"] == {"stub-1-0613": 1}
    assert facts["system_fingerprints"] == {"fp_1": 1}
    assert (facts["requests"], facts["retries"], facts["answers_with_logprobs"]) == (1, 0, 1)


def test_a_key_goes_to_its_own_host_and_is_in_no_record() -> None:
    with serving(always(200, completion("x"))) as stub:
        host = urlsplit(stub.address).netloc
        subject = endpoint(stub.address, Policy(LOCAL.networks, {host: "secret-1", "api.example.com": "secret-2"}))
        subject.ask("x", 4, True)
        endpoint(stub.address, Policy(LOCAL.networks, {"api.example.com": "secret-2"})).ask("x", 4, True)
    assert stub.keys == ["Bearer secret-1", ""]
    assert "secret" not in f"{subject.environment()}{subject}{subject.policy!r}"


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_fault_is_tried_again(status: int) -> None:
    waits: list[float] = []
    with serving(lambda prompt, number: (status, "busy", {"Retry-After": "7"}) if number < 3 else (200, completion("x"), {})) as stub:
        subject = endpoint(stub.address, wait=waits.append, clock=lambda: 1e9 * len(waits))
        assert subject.ask("x", 4, True).text == "x"
    assert waits == [7.0, 7.0]
    assert (subject.requests, subject.retries) == (3, 2)


def test_without_an_answer_it_gives_up_and_waits_longer_each_time() -> None:
    waits: list[float] = []
    with serving(always(503, "no")) as stub, pytest.raises(AskFailed, match="status 503 after"):
        endpoint(stub.address, wait=waits.append, clock=lambda: 1e9 * len(waits)).ask("x", 4, True)
    assert waits == [1.0, 2.0, 4.0]
    assert len(stub.asked) == TRIES


@pytest.mark.parametrize(
    ("status", "says"), [(401, "ASSAY_ENDPOINT_KEYS"), (403, "ASSAY_ENDPOINT_KEYS"), (404, "no such address or model"), (302, "no such address or model")]
)
def test_a_fault_of_the_set_up_ends_the_run_at_once(status: int, says: str) -> None:
    with serving(always(status, "no", Location="http://169.254.169.254/")) as stub, pytest.raises(Refused, match=says):
        endpoint(stub.address).ask("x", 4, True)
    assert len(stub.asked) == 1


@pytest.mark.parametrize("body", [b"not json", b"{}", b'{"choices": []}', b'{"choices": [{"message": null}]}', b"[" * 100_000])
def test_an_answer_of_another_form_is_this_items_error(body: bytes) -> None:
    with serving(always(200, body)) as stub, pytest.raises(AskFailed, match="usual form"):
        endpoint(stub.address).ask("x", 4, True)


def test_an_endless_answer_is_cut() -> None:
    with serving(always(200, b"x" * (3 << 20))) as stub, pytest.raises(AskFailed, match="larger than"):
        endpoint(stub.address).ask("x", 4, True)


def test_the_rate_is_kept() -> None:
    waits: list[float] = []
    with serving(always(200, completion("x"))) as stub:
        subject = endpoint(stub.address, Policy(LOCAL.networks, per_minute=30), wait=waits.append, clock=lambda: 100.0)
        for _ in range(3):
            subject.ask("x", 4, True)
    assert waits == [2.0, 4.0]


CARRIED = ["64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::1", "2002:a9fe:a9fe::1", "::7f00:1", "192.0.0.8", "240.0.0.1"]
"""Private addresses inside others, and those of special use."""


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "::1", "fe80::1", "fd00::1", "::ffff:10.0.0.1", *CARRIED],
)
def test_no_request_goes_inside(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: [(family, 1, 6, "", ("93.184.215.14", 443)), (family, 1, 6, "", (address, 443))])
    with pytest.raises(Refused, match="not a public address"):
        checked_address("sly.example", 443, Policy())


def test_a_named_network_is_allowed_and_only_that() -> None:
    policy = Policy(networks=("10.0.0.0/8",))
    assert policy.permits(ipaddress.ip_address("10.1.2.3"))
    assert not policy.permits(ipaddress.ip_address("192.168.1.1"))
    assert policy.permits(ipaddress.ip_address("93.184.215.14"))


def test_plain_http_to_a_public_host_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: [(socket.AF_INET, 1, 6, "", ("93.184.215.14", 80))])
    with pytest.raises(Refused, match="without encryption"):
        endpoint("http://api.example.com/v1#m", Policy()).ask("x", 4, True)


@pytest.mark.parametrize("address", ["", "https://host/v1", "ftp://host/v1#m", "file:///etc/passwd#m"])
def test_what_is_no_endpoint_is_refused_before_anything_is_sent(address: str) -> None:
    with pytest.raises(Refused, match="is no endpoint"):
        endpoint(address)
