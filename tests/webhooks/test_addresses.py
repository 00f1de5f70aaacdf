"""Where webhooks may go: a table of addresses that lead inside, and names that change their mind."""

import socket
import ssl
from typing import Any

import pytest

from core.errors import InvalidInput
from core.pinned import Limits
from tests.webhooks.receiver import Receiver, receiving
from webhooks import sending
from webhooks.addresses import Unreachable, resolved, url_check

INSIDE = [
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "0.0.0.0", "0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "192.0.0.8", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "[::1]", "[::]", "[fe80::1]", "[fc00::1]", "[fd12::1]",
    "[ff02::1]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::ffff:a9fe:a9fe]", "[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::1]", "[::7f00:1]",
    "[2001:db8::1]", "[2001:0:4136:e378:8000:63bf:80ff:fffe]", "[fe80::1%25lo]",
]  # fmt: skip


@pytest.mark.parametrize("host", INSIDE)
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_inside_is_out_of_reach(host: str, scheme: str) -> None:
    url = f"{scheme}://{host}/hook"
    with pytest.raises(InvalidInput) as caught:
        url_check(url)
    assert caught.value.field == "url"
    with pytest.raises(Unreachable):
        resolved(url)


@pytest.mark.parametrize("host", ["93.184.216.34", "1.1.1.1", "[2606:4700:4700::1111]"])
def test_public_addresses_are_reached_over_https_only(host: str) -> None:
    url_check(f"https://{host}/")
    assert resolved(f"https://{host}/x?y=1").path == "/x?y=1"
    with pytest.raises(Unreachable):
        resolved(f"http://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        "", "hook", "ftp://host.example/", "file:///etc/passwd", "gopher://host.example/", "https://", "https:///x", "https://user@host.example/",
        "https://user:pass@host.example/", "https://host.example/#part", "https://host.example:0/", "https://host.example:99999/", "https://host.example:x/",
        "https://ho st.example/", "https://host.example/\r\nX: y", "https://höst.example/",
        "https://host.example\\@inside/", "https://[::1", "https://" + "x" * 500,
        "http://host.example/",
    ],
)  # fmt: skip
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        url_check(url)
    assert caught.value.field == "url"


def test_named_networks_are_open_and_only_they(settings: Any) -> None:
    settings.ASSAY_WEBHOOK_NETWORKS = ["10.20.0.0/16", "fd00::/8"]
    for url in ("http://10.20.3.4/", "https://10.20.3.4:8443/", "http://[fd00::1]/", "http://[::ffff:10.20.3.4]/"):
        url_check(url)
        assert resolved(url).address
    for url in ("http://10.21.0.1/", "https://127.0.0.1/", "http://169.254.169.254/", "http://1.1.1.1/"):
        with pytest.raises(Unreachable):
            resolved(url)


def names(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Replaces the resolver: each question takes the next answer, the last one again and again. Returns the names asked for."""
    asked: list[str] = []

    def look_up(host: str, port: Any, *_: Any, **__: Any) -> list[Any]:
        found = answers[min(len(asked), len(answers) - 1)]
        asked.append(host)
        if not found:
            raise socket.gaierror("unknown")
        return [(socket.AF_INET6 if ":" in text else socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, port)) for text in found]

    monkeypatch.setattr("webhooks.addresses.socket.getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize("found", [["10.0.0.1"], ["127.0.0.1"], ["::1"], ["93.184.216.34", "10.0.0.1"], ["::ffff:169.254.169.254"], ["fe80::1%eth0"]])
def test_name_that_leads_inside_is_refused_even_among_public_addresses(monkeypatch: pytest.MonkeyPatch, found: list[str]) -> None:
    names(monkeypatch, found)
    with pytest.raises(Unreachable, match="private or local"):
        resolved("https://inside.example/")


def test_name_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, [])
    assert sending.send("https://nowhere.example/", b"{}", {}).error == "The name of the host cannot be resolved."


def test_name_that_changes_its_mind_is_asked_once_and_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = names(monkeypatch, ["93.184.216.34"], ["127.0.0.1"])
    reached: list[tuple[str, int]] = []

    def connect(address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
        reached.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr("core.pinned.socket.create_connection", connect)
    assert not sending.send("https://rebinding.example/", b"{}", {}).arrived
    assert asked == ["rebinding.example"]
    assert reached == [("93.184.216.34", 443)]


def test_certificate_is_asked_for_by_the_name_not_by_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, ["93.184.216.34"])
    seen: list[str] = []
    monkeypatch.setattr("core.pinned.socket.create_connection", lambda *_, **__: socket.socket())

    def wrap(context: ssl.SSLContext, plain: socket.socket, server_hostname: str, do_handshake_on_connect: bool) -> Any:
        plain.close()
        seen.append(server_hostname)
        assert context.check_hostname
        assert context.verify_mode == ssl.CERT_REQUIRED
        raise ssl.SSLCertVerificationError("no")

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", wrap)
    answer = sending.send("https://named.example/", b"{}", {})
    assert seen == ["named.example"]
    assert answer.error.startswith("The secure connection failed")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    with receiving() as inside:
        receiver.answers = [(status, {"Location": inside.url}, b"")]
        answer = sending.send(receiver.url, b"{}", {})
        assert inside.taken == []
    assert (answer.status, answer.arrived) == (status, False)
    assert "Redirects are not followed" in answer.error


def test_long_answer_is_read_only_at_its_beginning(receiver: Receiver) -> None:
    receiver.answers = [(500, {}, b"\x00no\n" + b"x" * 10_000_000)]
    answer = sending.send(receiver.url, b"{}", {})
    assert answer.excerpt.startswith(" no xxx")
    assert len(answer.excerpt) == 1000


def test_receiver_that_never_ends_is_cut_off(receiver: Receiver) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        answer = sending.send(f"http://127.0.0.1:{server.getsockname()[1]}/", b"{}", {}, Limits(connect=0.3, total=0.3, most=10))
    assert (answer.status, answer.arrived) == (None, False)
    assert answer.error.startswith("No answer within")


def test_proxies_of_the_environment_are_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert sending.send(receiver.url, b"{}", {}).arrived
