"""What the settings pages show: cards, role cards, keys, facts about the system."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import Role, User
from accounts.permissions import PERSONAL, POLICY, SCOPES, VERBS, allowed
from core import clock
from core.hashing import sha256_bytes
from evidence.keys import KeyRing
from evidence.models import LogHead
from evidence.trust import certificate_fingerprint
from gpu_tasks.models import Attempt
from web.access import verb_for
from web.history import Line, history

CRUMBS = (("Settings", "/settings/"),)
CARDS = (
    ("profile", "Your profile", "Your name, your e-mail address, how you sign in."),
    ("user-list", "Users", "Who may come in, and with which roles."),
    ("reminders", "Reminders", "Mails ahead of deadlines, and your calendar of them."),
    ("role-list", "Roles", "What each role may do, and what it may not."),
    ("token-list", "API tokens", "Keys for programs: what they may do, until when, when last used."),
    ("webhook-list", "Webhooks", "Programs that hear of what happens here, and what was delivered to them."),
    ("key-list", "Signing keys", "The public keys against which anyone can check this installation's evidence."),
    ("system-facts", "System", "Version, database, broker, storage and the latest signs of life of the workers."),
)
PURPOSES = {
    Role.ADMINISTRATOR: "Runs the installation: users, roles, keys. Can also do what assessors do.",
    Role.GOVERNANCE: "Keeps the register and decides which evidence counts.",
    Role.ASSESSOR: "Plans, seals and runs assessments. Does not accept their own evidence.",
    Role.APPROVER: "Accepts or declines evidence; changes nothing else.",
    Role.AUDITOR: "Sees everything, changes nothing, takes cases away to verify them.",
    Role.VENDOR: "Somebody at a vendor. Sees nothing of the register.",
}

EVENTS = {
    "accounts.user.created": "Created",
    "accounts.service_account.created": "Created",
    "accounts.user.invited": "Invitation link made",
    "accounts.user.reset_link_made": "Link for a new password made",
    "accounts.user.changed": "Name or address changed",
    "accounts.roles.changed": "Roles changed",
    "accounts.user.deactivated": "Deactivated",
    "accounts.user.reactivated": "Reactivated",
    "accounts.password.changed": "Password changed",
    "accounts.password.reset": "Password chosen by link",
    "accounts.second_factor.added": "Second factor added",
    "accounts.second_factor.removed": "Second factor removed",
    "accounts.recovery_codes.generated": "New recovery codes made",
    "accounts.calendar.opened": "Calendar address made",
    "accounts.calendar.closed": "Calendar address ended",
    "accounts.token.issued": "API token issued",
    "accounts.token.revoked": "API token revoked",
    "accounts.client_secret.issued": "OAuth client secret made",
    "accounts.client_secret.rotated": "OAuth client secret exchanged",
    "accounts.client_secret.revoked": "OAuth client secret revoked",
}
"""The log's names for what happens to an account, in words."""


@dataclass(frozen=True)
class RoleCard:
    """One role in words."""

    key: str
    label: str
    purpose: str
    may: list[str]
    may_not: list[str]


@dataclass(frozen=True)
class KeyRow:
    """A public key: what it signs and how to recognise it."""

    name: str
    signs: str
    kind: str
    fingerprint: str


def cards(actor: User) -> list[dict[str, str]]:
    """The settings pages open to this person."""
    open_to = [row for row in CARDS if allowed(actor, verb_for(row[0], "GET") or "")]
    found = [{"url": reverse(f"web:{name}"), "title": title, "text": text} for name, title, text in open_to]
    if allowed(actor, "token.issue"):
        found.append({"url": reverse("api:docs"), "title": "API", "text": "Every call, to read and to try, with your own permissions."})
    return found


def role_cards(keys: Iterable[str] | None = None) -> list[RoleCard]:
    """What each role of a person may and may not do, read off the policy table."""
    wanted = [role for role in Role if role in PERSONAL and (keys is None or role in keys)]
    for_people = frozenset[str]().union(*(POLICY[role] for role in PERSONAL))
    return [RoleCard(role.value, role.label, PURPOSES[role], words(POLICY[role] - POLICY[Role.VENDOR]), words(for_people - POLICY[role])) for role in wanted]


def matrix() -> list[tuple[str, list[bool]]]:
    """Each verb in words with whether each role of a person includes it, in the order of ``role_cards``."""
    roles = [role for role in Role if role in PERSONAL]
    given = frozenset[str]().union(*(POLICY[role] for role in roles))
    return [(text, [verb in POLICY[role] for role in roles]) for verb, text in VERBS.items() if verb in given]


def words(verbs: Iterable[str]) -> list[str]:
    """Verbs in words, in the order of the vocabulary."""
    return [text for verb, text in VERBS.items() if verb in set(verbs)]


def scope_words(scope: str) -> str:
    """What a scope permits, as a sentence."""
    text = "; ".join(words(SCOPES[scope]))
    return f"{text[:1].upper()}{text[1:]}."


def key_rows(ring: KeyRing) -> list[KeyRow]:
    """The public keys of this installation; nothing here comes from a private file."""
    trust = ring.trust
    whole = KeyRow(
        "Key file",
        "nothing; it is what a customer or vendor pins: all keys below in one file",
        "SHA-256 of trusted_root.json",
        sha256_bytes(ring.trusted_root_bytes),
    )
    checkpoints = "the checkpoint after each entry, which fixes the whole log before it"
    rows = [whole]
    rows += [KeyRow("Statement key", "every log entry and every test result", "ECDSA P-256", keyid) for keyid in trust.statements]
    rows += [KeyRow(f"Log key of {name}", checkpoints, "Ed25519", str(key)) for name, key in trust.logs.items()]
    roots = [certificate_fingerprint(root) for root in trust.report_roots]
    return rows + [KeyRow("Report root certificate", "the certificate that signs reports", "ECDSA P-384", root) for root in roots]


def system_facts() -> list[tuple[str, Any]]:
    """What runs here, as far as it is cheap to know; no address holds a password."""
    last = Attempt.objects.order_by("-heartbeat_at").values_list("worker", "heartbeat_at").first()
    head = LogHead.objects.first()
    return [
        ("Assay", settings.ASSAY_VERSION),
        ("Django", django.get_version()),
        ("Database", f"{connection.vendor} {'.'.join(map(str, _database_version()))}".strip()),
        ("Broker", urlsplit(settings.BROKER_URL).scheme),
        ("Evidence store", settings.STORAGES["artifacts"]["BACKEND"].rsplit(".", 1)[-1]),
        ("Log entries", head.size if head else 0),
        ("Log origin", settings.ASSAY_LOG_ORIGIN),
        ("Last sign of a worker", f"{clock.iso(last[1])} ({Path(last[0]).name})" if last else "none yet: no step has run"),
        ("Second factor for administrators", "demanded" if settings.ASSAY_REQUIRE_MFA else "recommended"),
        ("Single sign-on", settings.OIDC["NAME"] or settings.OIDC["ISSUER"] or "off"),
        ("Mail", "sent" if settings.EMAIL_HOST else "kept as files in the state folder"),
    ]


def _database_version() -> tuple[int, ...]:
    return tuple(connection.get_database_version())


def account_history(actor: User, user: User) -> list[tuple[Line, str]]:
    """What the log says about an account, newest first, each entry with its words."""
    return [(line, EVENTS.get(line.entry.action, line.what)) for line in history(actor, [f"accounts.user:{user.pk}"])]


def state_of(user: User) -> tuple[str, str]:
    """A class for the mark and the word: whether this account opens."""
    if not user.is_active:
        return "tag-quiet", "deactivated"
    if user.is_service or user.has_usable_password() or user.last_login:
        return "tag-accepted", "active"
    return "tag-proposed", "invited"


def invitation_address(request: HttpRequest, user: User, key: str) -> str:
    """The link with which ``user`` chooses a password."""
    return request.build_absolute_uri(reverse("account_reset_password_from_key", kwargs={"uidb36": user.pk.hex, "key": key}))
