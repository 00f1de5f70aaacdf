"""Built-in tags of every template: verdicts, states, digests, numbers, times."""

import json
from datetime import datetime
from secrets import token_hex

from django import template
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from assessments.models import RunState
from core import clock
from frameworks.evidence_kinds import kind_words
from inventory.models import ModelVersion
from reports import formats, presentation, queries
from web import figures, words

register = template.Library()


@register.simple_tag
def verdict(tier: str, size: str = "") -> SafeString:
    """A reading or verdict: word, shape, colour."""
    return format_html('<span class="verdict verdict-{}{}">{}</span>', tier, " verdict-lg" if size else "", words.tier_word(tier))


@register.simple_tag
def state(value: str) -> SafeString:
    """A state of a run or step: word, shape, colour."""
    return format_html('<span class="state state-{}">{}</span>', value, RunState(value).label)


@register.simple_tag
def term(text: str, anchor: str) -> SafeString:
    """A word that explains itself when pressed; a link to the foot of the page where only the page itself explains it."""
    word = words.explained(anchor)
    if word is None:
        return format_html('<a class="term" href="#term-{}">{}</a>', anchor, text)
    key = f"word-{anchor}-{token_hex(3)}"  # one word may stand several times on a page
    address = f"{reverse('web:glossary')}#term-{anchor}"
    return render_to_string("components/term.html", {"text": text, "key": key, "name": word.name, "meaning": word.meaning, "address": address})


@register.inclusion_tag("components/digest.html")
def digest(value: str, verify_url: str = "") -> dict[str, str]:
    """A SHA-256 in short form, with the whole one to hover over or copy, and where to verify it when the page knows."""
    return {"value": value, "short": f"{value[:8]}…{value[-6:]}", "verify_url": verify_url}


@register.simple_tag
def figure_palette() -> str:
    """The colours of the figures and the variables that stand for them, for the interactive view."""
    return json.dumps(figures.COLOURS)


register.filter("grouped", formats.grouped)
register.filter("plain", formats.plain)
register.filter("evidence_kind", kind_words)
register.filter("day", formats.day)
register.filter("moment", formats.moment)
register.filter("step_title", queries.step_title)


@register.filter
def tier_word(tier: str) -> str:
    """The word for a reading or verdict."""
    return words.tier_word(tier)


@register.filter
def when(value: datetime | None) -> str:
    """A moment to the minute, in UTC."""
    return "–" if value is None else f"{formats.day(clock.iso(value))}, {value:%H:%M} UTC"


@register.filter
def duration(seconds: float | None) -> str:
    """A length of time as a person would say it: ``40 s``, ``3 min``, ``1 h 20 min``."""
    if seconds is None:
        return "–"
    if seconds < 90:
        return f"{max(round(seconds), 1)} s" if seconds < 20 else f"{round(seconds, -1):.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


@register.filter
def filesize_text(size: int) -> str:
    """Bytes in decimal units."""
    value, unit = float(size), "B"
    for larger in ("kB", "MB", "GB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


@register.filter
def parameters(count: int) -> str:
    """A number of model parameters: ``135 M``, ``7.2 B``."""
    if count >= 1_000_000_000:
        return f"{count / 1e9:.1f}\u00a0B"
    return f"{count / 1e6:.0f}\u00a0M" if count >= 1_000_000 else formats.grouped(count)


@register.simple_tag
def met(value: bool | None) -> SafeString:
    """Whether a sealed threshold was met."""
    css = {True: "met", False: "unmet", None: "undecided"}[value]
    return format_html('<span class="{}">{}</span>', css, words.met_word(value))


@register.simple_tag
def behaved(value: bool | None) -> SafeString:
    """Whether a control behaved; some only give a null."""
    css, word = {True: ("met", "yes"), False: ("unmet", "no"), None: ("text-secondary", "gives a null")}[value]
    return format_html('<span class="{}">{}</span>', css, word)


@register.filter
def exactly(version: ModelVersion) -> str:
    """Model, version and quantisation, which some labels name already."""
    return str(version) if version.quantisation in version.label else f"{version} · {version.quantisation}"


@register.filter
def without_key(title: str) -> str:
    """A file's title without the step's key in front, for the page of that step."""
    return title.partition(": ")[2] or title


@register.filter
def spaced(name: str) -> str:
    """A field name as words."""
    return name.replace("_", " ")


@register.filter
def counts(mapping: dict[str, int]) -> list[tuple[str, int]]:
    """Counts of items in the order of the report."""
    return sorted(mapping.items(), key=presentation.count_order)


@register.filter
def pairs(mapping: dict[str, object]) -> list[tuple[str, object]]:
    """Keys and values by key, whatever the database's order; ``mapping.items`` in a template would find a key called “items” first."""
    return sorted(mapping.items())
