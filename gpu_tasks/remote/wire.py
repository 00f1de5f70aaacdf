"""One HTTP request to an address that was checked: public hosts over TLS only, private ones only where the installation allows them."""

import http.client
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import SplitResult

from assessments.contracts import Refused
from core.addresses import Address, address_read, named, public
from core.pinned import Limits, Place, exchange

LARGEST = 1 << 20
LIMITS = Limits(connect=10.0, total=60.0, most=LARGEST + 1)


@dataclass(frozen=True)
class Policy:
    """What an installation permits: networks beside the public ones, keys by ``host`` or ``host:port``, requests per minute."""

    networks: Sequence[str] = ()
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    per_minute: int = 60

    def key_for(self, parts: SplitResult) -> str:
        """The secret for exactly this host; empty when there is none."""
        return self.keys.get(parts.netloc.lower(), self.keys.get((parts.hostname or "").lower(), ""))

    def permits(self, address: Address) -> bool:
        """Whether requests may go to ``address``."""
        return public(address) or self.named(address)

    def named(self, address: Address) -> bool:
        """Whether the installation names a network that holds ``address``."""
        return named(address, self.networks)


@dataclass(frozen=True)
class Answer:
    """Status, headers in small letters, and at most ``LARGEST`` bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def post(parts: SplitResult, path: str, body: bytes, headers: Mapping[str, str], policy: Policy, limits: Limits = LIMITS) -> Answer:
    """Send ``body`` to the very address that was checked; redirects are not followed.

    ``OSError`` when the network fails or the whole takes too long, ``Refused`` by policy.
    """
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    address = checked_address(host, port, policy)
    if parts.scheme != "https" and not policy.named(address):
        raise Refused(f"{host} is reached without encryption; use https, or name its network in ASSAY_ENDPOINT_NETWORKS")
    place = Place(parts.scheme == "https", host, port, str(address))
    try:
        heard = exchange(place, path, body, {"Content-Type": "application/json", "Host": parts.netloc, **headers}, limits)
    except http.client.HTTPException as error:
        raise OSError(f"no proper HTTP answer ({type(error).__name__})") from error
    if len(heard.body) > LARGEST:
        raise OSError(f"the answer is larger than {LARGEST >> 20} MiB")
    return Answer(heard.status, heard.headers, heard.body)


def checked_address(host: str, port: int, policy: Policy) -> Address:
    """The first address of ``host`` once all of them are permitted: a name that also leads inside is refused altogether."""
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    found = [address_read(str(row[4][0])) for row in rows]
    if inside := next((address for address in found if not policy.permits(address)), None):
        raise Refused(f"{host} leads to {inside}, which is not a public address; an administrator can name its network in ASSAY_ENDPOINT_NETWORKS")
    return found[0]
