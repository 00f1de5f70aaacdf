"""Believable contents for every component of the style guide; none of it is evidence."""

from collections.abc import Mapping
from typing import Any

from assessments import vega
from assessments.models import RunState
from web import words
from web.figures import figure_view
from web.help.forms import Example
from web.lists.listing import Action, Empty

DIGEST = "9f2c41d75a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a03e41bc6"
COLOURS = ("causal", "observed", "null", "inconclusive", "unqualified")
TAGS = ("accepted", "proposed", "declined", "approved", "candidate", "restricted", "rolled_back", "retired", "attention", "problem", "quiet")
PARTS = (
    ("colours", "Colours"),
    ("type", "Type"),
    ("marks", "Verdicts, states, tags"),
    ("buttons", "Buttons"),
    ("notices", "Notices"),
    ("words", "Words, digests, numbers"),
    ("panels", "Panels"),
    ("form", "Form"),
    ("table", "Table"),
    ("empty", "Empty state and confirmation"),
    ("figure", "Figure"),
)
"""The sections of the style guide, each a small template of the same name."""


def everything() -> dict[str, Any]:
    """The context of the style guide."""
    return {
        "parts": [(key, title, f"web/help/styleguide/{key}.html") for key, title in PARTS],
        "colours": COLOURS,
        "tiers": words.tier_order(),
        "states": RunState.values,
        "tags": TAGS,
        "digest_value": DIGEST,
        "facts": [("Vendor", "Northwind Models"), ("Access", "Weights"), ("Found when planted", "0.97 (0.90–0.99)")],
        "form": example_form(),
        "empty": Empty(
            "No vendor is registered yet",
            "Register the first one; models and their versions belong to it.",
            Action("Register a vendor", "#empty", primary=True),
        ),
        "figure": figure_view(example_figure()),
        "glossary": words.glossary("Sealed plan", "Null"),
    }


def example_form() -> Example:
    """The form as it comes back with two entries that need another value."""
    form = Example({"name": "x" * 70, "country": "NL", "kinds": ["card"], "notes": "What was typed is still here."})
    form.full_clean()
    return form


def example_figure() -> Mapping[str, Any]:
    """A dose-response curve against a null band, drawn from a formula."""
    rows = [{"dose": dose, "effect": round(0.9 * dose + 0.05 * dose * abs(dose), 2), "low": -0.5 * abs(dose), "high": 0.5 * abs(dose)} for dose in range(-4, 5)]
    x, y = vega.quantity("dose", "strength of the intervention"), vega.quantity("effect", "effect")
    spec = vega.layered(
        vega.band(rows, x, vega.quantity("low", "effect"), "high"),
        vega.line(rows, x, y, vega.COLOURS["causal"]),
        vega.label("null band", 2.2, -1.6, vega.MUTED),
    )
    caption = "An example drawn from a formula, not a measurement."
    return {
        "name": "example",
        "title": "Effect by strength",
        "caption": caption,
        "alt": "A rising curve that leaves the grey band on both sides.",
        "spec": spec,
    }
