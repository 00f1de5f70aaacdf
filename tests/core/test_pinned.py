"""The one way out: to the pinned address, and never longer than allowed, however slowly the other side speaks."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from assessments.text_subject import AskFailed
from core.pinned import Heard, Limits, Place, exchange
from tests.gpu_tasks.remote.test_endpoint import endpoint
from webhooks import sending

BEAT, BEATS = 0.05, 120
"""A byte so often, for far longer than any limit here; then it ends, so that a limit that fails fails the test."""
LIMITS = Limits(connect=0.5, total=0.4, most=4096)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"


@contextmanager
def dripping(first: bytes) -> Iterator[int]:
    """The port of a server that says ``first`` at once and then a byte again and again, faster than any single read would give up.

    Fails when it could speak to its end.
    """
    done, spoke = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while not done.is_set():
                try:
                    other, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=drip, args=(other,), daemon=True).start()

        def drip(other: socket.socket) -> None:
            with other:
                try:
                    other.sendall(first)
                    for _ in range(BEATS):
                        if done.wait(BEAT):
                            return
                        other.sendall(b"x")
                    spoke.set()
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            done.set()
            server.shutdown(socket.SHUT_RDWR)
    assert not spoke.is_set(), "it was heard to the end"


def ask(port: int, https: bool = False) -> Heard:
    return exchange(Place(https, "slow.example", port, "127.0.0.1"), "/", b"{}", {}, LIMITS)


@pytest.mark.parametrize(
    ("first", "https"),
    [
        (b"HTTP/1.1 200 OK\r\nX-Long: ", False),
        (HEAD, False),
        (HEAD.replace(b"\r\n\r\n", b"\r\nContent-Length: 4000\r\n\r\n"), False),
        (b"\x16\x03\x03\x40\x00", True),
    ],
    ids=["headers", "body without a length", "body", "handshake"],
)
def test_who_drips_is_cut_off_however_far_it_came(first: bytes, https: bool) -> None:
    with dripping(first) as port, pytest.raises(TimeoutError, match=r"0\.4 seconds"):
        ask(port, https)


def webhook(port: int) -> str:
    return sending.send(f"http://127.0.0.1:{port}/", b"{}", {}, LIMITS).error


def model(port: int) -> str:
    with pytest.raises(AskFailed) as failed:
        endpoint(f"http://127.0.0.1:{port}/v1#m", limits=LIMITS).ask("x", 4, True)
    return str(failed.value)


@pytest.mark.parametrize(("go", "said"), [(webhook, "No answer within"), (model, "cannot be reached: no whole answer within")])
def test_webhooks_and_endpoints_both_keep_to_it(settings: Any, go: Callable[[int], str], said: str) -> None:
    settings.ASSAY_WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    with dripping(HEAD) as port:
        assert said in go(port)


def test_a_quick_answer_is_whole_up_to_the_limit_and_the_host_is_named_without_its_usual_port(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            other, _ = server.accept()
            with other:
                heard.append(other.recv(4096))
                other.sendall(HEAD + b"y" * 9000)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        real = socket.create_connection
        monkeypatch.setattr("core.pinned.socket.create_connection", lambda _, seconds: real(server.getsockname(), seconds))
        answer = exchange(Place(False, "quick.example", 80, "127.0.0.1"), "/in", b"{}", {"X-One": "1"}, Limits(5, 5, 4096))
        thread.join()
    assert (answer.status, answer.headers["content-type"], len(answer.body)) == (200, "text/plain", 4096)
    assert b"POST /in HTTP/1.1\r\nHost: quick.example\r\n" in heard[0]
