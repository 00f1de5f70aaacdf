"""Where webhooks may go: public addresses over https, and private ones only in networks that the installation names."""

import re
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from core.addresses import Address, address_read, named, public
from core.errors import InvalidInput

LONGEST = 500
HOST = re.compile(r"[A-Za-z0-9_.:-]{1,253}")


class Unreachable(Exception):
    """A request that must not be made or cannot be; the text is for the delivery log."""


@dataclass(frozen=True)
class Target:
    """A checked address: what is connected to is ``address`` and nothing else, whatever the name says a moment later."""

    https: bool
    host: str
    port: int
    path: str
    address: str


def url_check(url: str) -> None:
    """``InvalidInput`` on what can be seen from the address alone; names are looked up only when something is sent."""
    parts = _parts(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and settings.ASSAY_WEBHOOK_NETWORKS):
        raise InvalidInput("url", "give a whole address that begins with https://")
    literal = _literal(parts.hostname or "")
    if literal is not None and not permitted(literal, parts.scheme == "https"):
        raise InvalidInput("url", "this is a private or local address; the installation allows such only in ASSAY_WEBHOOK_NETWORKS")


def _parts(url: str) -> SplitResult:
    if len(url) > LONGEST or not url.isascii() or re.search(r"[\s\x00-\x1f\x7f\\]", url):
        raise InvalidInput("url", f"use at most {LONGEST} plain ASCII characters without spaces; names with other letters in their xn-- form")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidInput("url", "this is no web address; it looks like https://host.example/path") from error
    if not parts.hostname or not HOST.fullmatch(parts.hostname) or port == 0:
        raise InvalidInput("url", "this names no host; it looks like https://host.example/path")
    if "@" in parts.netloc or parts.fragment:
        raise InvalidInput("url", "leave out user, password and anything behind #; the signature proves who sends")
    return parts


def resolved(url: str) -> Target:
    """The target behind ``url`` with one address pinned; ``Unreachable`` unless every address of the name is permitted."""
    try:
        parts = _parts(url)
    except InvalidInput as error:
        raise Unreachable(error.message) from error
    https = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if https else 80)
    found = _looked_up(host, port)
    refused = [address for address in found if not permitted(address, https)]
    if refused or parts.scheme not in ("http", "https"):
        raise Unreachable("The name leads to a private or local address, or to plain http. Nothing was sent.")
    return Target(https, host, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), str(found[0]))


def permitted(address: Address, https: bool) -> bool:
    """Whether ``address`` may be connected to: named networks always, others only when public and over https."""
    return named(address, settings.ASSAY_WEBHOOK_NETWORKS) or (https and public(address))


def _literal(host: str) -> Address | None:
    """The address a host is when it is written in numbers, also in the old ways such as 2130706433 or 0x7f.1; None for a name."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return None
    return address_read(str(found[0][4][0]))


def _looked_up(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable("The name of the host cannot be resolved.") from error
    addresses = [address_read(str(row[4][0])) for row in found]
    if not addresses:
        raise Unreachable("The name of the host has no address.")
    return addresses
