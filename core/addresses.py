"""Which network addresses a request from here may go to: one judgement for everything that this program calls."""

import ipaddress
from collections.abc import Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NAT64 = ipaddress.ip_network("64:ff9b::/96")
SPECIAL = [ipaddress.ip_network(text) for text in ("192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48")]
"""Of special use too, though not every version of Python says so."""


def address_read(text: str) -> Address:
    """An address without the name of an interface behind it."""
    return ipaddress.ip_address(text.partition("%")[0])


def named(address: Address, networks: Sequence[str]) -> bool:
    """Whether one of ``networks`` holds ``address``, or the one inside it."""
    inner = _unwrapped(address)
    found = (ipaddress.ip_network(text, strict=False) for text in networks)
    return any(inner in network for network in found if network.version == inner.version)


def public(address: Address) -> bool:
    """Whether ``address``, or the one inside it, is one of the public internet."""
    inner = _unwrapped(address)
    special = any(inner in network for network in SPECIAL if network.version == inner.version)
    return inner.is_global and not (special or inner.is_multicast or inner.is_reserved or inner.is_unspecified)


def _unwrapped(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one that only carries it; else the address."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    low = ipaddress.IPv4Address(int(address)) if 1 < int(address) < 2**32 else None
    return address.ipv4_mapped or address.sixtofour or teredo or low or address
