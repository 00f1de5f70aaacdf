"""The editor's forms: one for each kind of part, with the same texts in its fields as the columns of an export."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms

from core.errors import InvalidInput, NotFound
from questionnaires.document import Document, Part
from questionnaires.editing import PartKind, section_of
from questionnaires.exchange.flat import FIELDS, part_flat, part_raw
from questionnaires.wording import KINDS
from web.forms import sentence

RULE = "Such as: q02 = yes and q02-hours <= 24. Other tests: !=, in (a, b), not in (a, b), has at least 2, answered, not answered, has file, within 12 months."
LABELS: Final[Mapping[str, str]] = {
    "category": "Category", "section": "Section", "question": "Question", "cap": "Cap", "flag": "Exposure", "clause": "Clause to ask for",
}  # fmt: skip
"""What people call each kind of part."""
TEXTS: Final[Mapping[tuple[str, str], str]] = {
    ("questionnaire", "text"): "Title", ("questionnaire", "help"): "What it is about",
    ("question", "text"): "Question", ("clause", "help"): "Text of the clause",
    ("section", "in"): "Category",
    ("question", "in"): "Section", ("cap", "in"): "What it caps",
}  # fmt: skip
"""Labels where the plain name of the column would not do."""
NAMES: Final[Mapping[str, str]] = {
    "id": "Key", "in": "In", "text": "Title", "help": "Help", "least": "Least value", "greatest": "Greatest value", "required": "Required",
    "show_if": "Ask only if", "required_if": "Required if", "evidence": "Evidence", "most": "Highest number of points", "when": "When",
    "at_most": "At most, in per cent", "because": "Because", "on": "Asked unless it is switched off", "source": "Source", "headline": "Headline questions",
}  # fmt: skip
HELPS: Final[Mapping[str, str]] = {
    "id": "Small letters, digits and hyphens. Rules and answers refer to it, so it cannot change later.",
    "options": "For one of several and any of several: a line for each, key | label | points. Points may be left away.",
    "columns": "For tables: a line for each, key | label | type. The type is text, number or date.",
    "awards": "A line for each, points: rule. The first rule that holds counts; a line without a rule is for any answer.",
    "levels": "For what only a reviewer can judge: a line for each, points | what deserves them.",
    "most": "Leave it empty if the question is not scored.",
    "weight": "How much it counts; 1 if it is left empty. A question with 0 is judged and does not count.",
    "show_if": RULE,
    "headline": "Keys of the questions that sum the others up.",
}
LATE_RULE = f"{RULE} Here also: q02 points <= 0."
LONG: Final = frozenset({"help", "options", "columns", "awards", "levels", "source"})
NEEDED: Final = frozenset({"id", "text", "when", "at_most", "because"})
LISTS: Final = frozenset({"sections", "questions", "caps", "flags", "clauses", "categories"})
EVIDENCE: Final = (("", "None"), ("welcome", "Welcome"), ("required", "Required"))


class PartForm(forms.Form):
    """One part of a kind; its fields are the columns of an export."""

    def __init__(self, data: Any, document: Document, kind: str, part: Part | None, seen: str, within: str = "") -> None:
        flat = part_flat(kind, part) if part else {}
        if kind == "question":
            within = section_of(document, part.id) if part else within  # type: ignore[attr-defined]  # a question has a key
            flat["in"] = within
        checked: dict[str, Any] = dict.fromkeys([name for name in ("required", "on") if flat.get(name) == "yes"], True)
        if kind == "category" and "on" not in flat:
            checked["on"] = True
        super().__init__(data, initial={**flat, **checked, "seen": seen})
        self.document, self.kind, self.part = document, kind, part
        for column in [*(["in"] if kind == "question" else []), *FIELDS[kind]]:
            if not (column == "id" and part):
                self.fields[column] = self._field(column)
        if kind == "question" and part is None:
            self.fields["after"] = forms.ChoiceField(required=False, label="Behind", choices=self._places())
        self.fields["seen"] = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def _field(self, column: str) -> forms.Field:
        label = TEXTS.get((self.kind, column)) or NAMES.get(column, column.replace("_", " ").capitalize())
        told = LATE_RULE if column == "when" else HELPS.get(column, "")
        if column in ("required", "on"):
            return forms.BooleanField(required=False, label=label, help_text=told)
        choices = self._choices(column)
        if choices is not None:
            return forms.ChoiceField(required=self.kind == "question" and column != "evidence", label=label, choices=choices)
        long = column in LONG or (self.kind == "question" and column == "text")
        widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false" if column in HELPS else "true"}) if long else forms.TextInput()
        needed = column in NEEDED or (self.kind == "clause" and column == "help")
        return forms.CharField(required=needed, label=label, help_text=told, widget=widget, strip=True)

    def _choices(self, column: str) -> list[tuple[str, str]] | None:
        sections = [(row.id, row.title) for row in self.document.sections]
        found = {
            "type": list(KINDS.items()),
            "evidence": list(EVIDENCE),
            "in": {
                "question": sections,
                "section": [("", "None"), *((row.id, row.title) for row in self.document.categories)],
                "cap": [("", "The whole"), *sections],
            }.get(self.kind),
        }
        return found.get(column)

    def _places(self) -> list[tuple[str, str]]:
        return [("", "At the end of the section"), *((row.id, f"{row.id}: {row.text[:80]}") for row in self.document.by_id.values())]

    def raw(self) -> dict[str, Any]:
        """What the document takes; once valid."""
        flat = {name: str(value) for name, value in self.cleaned_data.items() if not isinstance(value, bool)}
        if "required" in self.cleaned_data:
            flat["required"] = "yes" if self.cleaned_data["required"] else ""
        if "on" in self.cleaned_data:
            flat["on"] = "" if self.cleaned_data["on"] else "no"
        return part_raw(self.kind, flat)

    def refuse(self, error: InvalidInput) -> None:
        """Put what the document says at the field that it is about."""
        column = self._column(error)
        told = error.message.partition(": ")[2] if error.message.partition(": ")[0] in self.fields and column else error.message
        told = told.removeprefix("rule: ")
        self.add_error(column if column in self.fields else None, sentence(told) if column in self.fields else f"{error.field}: {told}")

    def _column(self, error: InvalidInput) -> str:
        steps = [step for step in error.field.split(".") if not step.isdigit() and step not in LISTS]
        columns = {name: column for column, name in FIELDS[self.kind].items()}
        return columns.get(steps[0], "") if steps and steps[0] in columns else columns.get(error.message.partition(":")[0], "")


def part_of(document: Document, kind: PartKind, key: str) -> Part:
    """The part ``key``, or ``NotFound``."""
    rows: Any = document.by_id.values() if kind == "question" else getattr(document, {"category": "categories"}.get(kind, f"{kind}s"))
    found: Part | None = next((row for row in rows if row.id == key), None)
    if found is None:
        raise NotFound(f"The questionnaire has no such {LABELS[kind].lower()}; it may have been removed.")
    return found
