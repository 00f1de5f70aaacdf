"""Answers to a search: every kind of row in one question to the database, then instruments, words and pages, which need none."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Case, CharField, IntegerField, Value, When
from django.db.models.functions import Cast
from django.urls import reverse

from accounts.models import User
from accounts.permissions import allowed
from assessments.registry import METHODS
from web import navigation, words
from web.navigation import Section
from web.search.kinds import KINDS, Kind, Rows
from web.search.question import Question

PER_KIND = 8
PAGES = (
    *navigation.SECTIONS,
    Section("assessments", "Runs", "run-list"),
    Section("assessments", "Plans", "plan-list"),
    Section("assessments", "Findings", "finding-list"),
    Section("requirements", "All requirements", "requirement-list"),
    Section("evidence", "Log", "log-list"),
    Section("evidence", "Exported cases", "case-list"),
    Section("settings", "Settings", "settings"),
    Section("settings", "Users and roles", "user-list"),
    Section("settings", "API tokens", "token-list"),
    Section("settings", "Signing keys", "key-list"),
    Section("help", "Words and help", "glossary"),
)
"""Pages that can be found by their name."""


@dataclass(frozen=True)
class Hit:
    """One answer; ``exact`` when its number or digest was asked for."""

    label: str
    detail: str
    url: str
    exact: bool = False


@dataclass(frozen=True)
class Group:
    """Answers of one kind; ``more`` when there are others."""

    title: str
    hits: list[Hit]
    more: bool = False


def answers(actor: User, question: Question) -> list[Group]:
    """Exact hits first, then each kind with its first answers."""
    if question.too_short:
        return []
    groups = [group for group in (*_row_groups(actor, question), *_other_groups(actor, question)) if group.hits]
    exact = [hit for group in groups for hit in group.hits if hit.exact]
    rest = [Group(group.title, [hit for hit in group.hits if not hit.exact], group.more) for group in groups]
    return [*([Group("Exact match", exact)] if exact else []), *(group for group in rest if group.hits)]


def _row_groups(actor: User, question: Question) -> Iterator[Group]:
    found: dict[str, list[Hit]] = {kind.key: [] for kind in KINDS}
    first, *others = (_asked(kind, actor, question) for kind in KINDS)
    addresses = {kind.key: kind.address for kind in KINDS}
    for kind, key, label, detail, exact in first.union(*others, all=True):
        found[kind].append(Hit(label, detail, reverse(f"web:{addresses[kind]}", args=[_key(kind, key)]), bool(exact)))
    for kind in KINDS:
        hits = sorted(found[kind.key], key=lambda hit: (not hit.exact, _natural(hit.label)))
        yield Group(kind.title, hits[:PER_KIND], len(hits) > PER_KIND)


def _asked(kind: Kind, actor: User, question: Question) -> Rows:
    """The first rows of ``kind`` as plain columns that fit those of every other kind; one row too many tells that there are more."""
    exactly = Case(When(kind.exactly(question), then=Value(1)), default=Value(0), output_field=IntegerField())
    mine = kind.rows(actor).filter(kind.matching(question)).annotate(hit_exact=exactly)
    # Where nothing can be exact the column is a bare 0, which PostgreSQL would take for the number of a column.
    first = mine.order_by(Cast("hit_exact", IntegerField()).desc(), "pk").values("pk")[: PER_KIND + 1]
    columns = {
        "hit_kind": Value(kind.key, output_field=CharField()),
        "hit_key": Cast("pk", CharField()),
        "hit_label": Cast(kind.label, CharField()),
        "hit_detail": Cast(kind.detail, CharField()),
        "hit_exact": exactly,
    }
    shown: Rows = kind.rows(actor).model.objects.filter(pk__in=first).order_by().annotate(**columns).values_list(*columns)
    return shown


def _key(kind: str, key: str) -> str:
    """A primary key as addresses have it; SQLite keeps UUIDs without hyphens."""
    return key if kind == "entry" else str(UUID(key))


def _natural(label: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part.lower()) for part in re.findall(r"\d+|\D+", label)]


def _other_groups(actor: User, question: Question) -> Iterator[Group]:
    cards = [method.card for method in METHODS] if allowed(actor, "assessments.read") else []
    yield _group(
        "Instruments", [Hit(card.title, card.question, _address("instrument-detail", card.slug)) for card in cards if question.in_text(card.title, card.slug)]
    )
    known = words.all_words().values()
    yield _group("Words", [Hit(word.name, word.meaning, f"{reverse('web:glossary')}#term-{word.anchor}") for word in known if question.in_text(word.name)])
    pages = navigation.open_sections(actor, PAGES)
    yield _group("Pages", [Hit(page.label, "Page", _address(page.name)) for page in pages if question.in_text(page.label)])


def _address(name: str, *args: str) -> str:
    return reverse(f"web:{name}", args=args)


def _group(title: str, hits: list[Hit]) -> Group:
    return Group(title, hits[:PER_KIND], len(hits) > PER_KIND)
