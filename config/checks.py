"""What is wrong or unwise in the settings, said before the first request; identifiers `assay.E…` stop a start, `assay.W…` do not."""

import ipaddress
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

BEFORE_SET_UP = "not-set-up-yet"
"""What the settings use for a key while there is none."""
SHORTEST_KEY = 32
OWN = [ipaddress.ip_network(text) for text in ("127.0.0.0/8", "::1/128", "169.254.0.0/16", "fe80::/10")]
"""Addresses of this machine itself and of the link it is on."""
LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})


def keys(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """The key that signs sessions and links."""
    found: list[CheckMessage] = []
    if settings.SECRET_KEY == BEFORE_SET_UP:
        if (settings.ASSAY_KEYS_DIR / "trusted_root.json").exists():
            hint = "Set SECRET_KEY or SECRET_KEY_FILE, or restore var/secret_key; a new random one only signs everybody out."
            found.append(Error("This installation is set up, but its secret key is missing.", hint=hint, id="assay.E001"))
    elif len(settings.SECRET_KEY) < SHORTEST_KEY:
        found.append(Error(f"SECRET_KEY has fewer than {SHORTEST_KEY} characters.", hint="Leave it unset: set-up makes one.", id="assay.E002"))
    return found


def hosts(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """The names under which requests are taken."""
    found: list[CheckMessage] = []
    if "*" in settings.ALLOWED_HOSTS:
        found.append(Error("ALLOWED_HOSTS accepts every name.", hint="Name the hosts: with * a forged name enters the links in mails.", id="assay.E003"))
    if set(settings.ALLOWED_HOSTS) - LOCAL and not settings.ASSAY_HTTPS:
        hint = "Put a proxy with TLS in front and set ASSAY_HTTPS=1; until then passwords and sessions cross the network in the clear."
        found.append(Warning("Other hosts than this machine are served without https.", hint=hint, id="assay.W001"))
    return found


def origins(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """The origins whose forms are taken must fit the way in."""
    wrong = [origin for origin in settings.CSRF_TRUSTED_ORIGINS if settings.ASSAY_HTTPS and urlsplit(origin).scheme != "https"]
    if not wrong:
        return []
    hint = "With ASSAY_HTTPS=1 forms come from https addresses only; an http origin would let anyone on the network send them."
    return [Error(f"CSRF_TRUSTED_ORIGINS names {wrong[0]}.", hint=hint, id="assay.E004")]


def metrics(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Who may read the numbers."""
    return [*_networks(), *_token()]


def _networks() -> Iterator[CheckMessage]:
    for text in settings.ASSAY_METRICS_NETWORKS:
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            yield Error(f"ASSAY_METRICS_NETWORKS: {text!r} is no network.", hint="Write it as 10.0.0.0/8 or 10.1.2.3/32.", id="assay.E005")
            continue
        if network.prefixlen == 0:
            yield Warning(f"ASSAY_METRICS_NETWORKS: {text} opens /metrics to everybody.", hint="Name the monitoring network.", id="assay.W002")


def _token() -> Iterator[CheckMessage]:
    if 0 < len(settings.ASSAY_METRICS_TOKEN) < SHORTEST_KEY:
        yield Error(f"ASSAY_METRICS_TOKEN has fewer than {SHORTEST_KEY} characters.", hint="openssl rand -hex 32 makes a good one.", id="assay.E006")


def debugging(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Debug pages show settings and source."""
    return [Error("DEBUG is on.", hint="It shows settings and source to visitors; Assay never needs it.", id="assay.E007")] if settings.DEBUG else []


def webhooks(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """The private networks that webhooks may reach."""
    found: list[CheckMessage] = []
    for text in settings.ASSAY_WEBHOOK_NETWORKS:
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            found.append(Error(f"ASSAY_WEBHOOK_NETWORKS: {text!r} is no network.", hint="Write it as 10.20.0.0/16 or 10.1.2.3/32.", id="assay.E008"))
            continue
        if network.prefixlen == 0 or any(network.version == own.version and network.overlaps(own) for own in OWN):
            hint = "Name the networks of the receivers alone: whoever sets up a webhook could reach this machine and its services."
            found.append(Warning(f"ASSAY_WEBHOOK_NETWORKS: {text} opens this machine or its cloud's metadata to webhooks.", hint=hint, id="assay.W003"))
    return found


CHECKS = (keys, hosts, origins, metrics, debugging, webhooks)
