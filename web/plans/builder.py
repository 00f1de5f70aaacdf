"""The plan builder's state between two requests: uses of instruments with their entries, kept as typed until they are sent to be saved."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assessments.contracts import Instrument, ParamsBase, Threshold
from assessments.registry import METHODS
from assessments.services.plans import PlanItem
from reports.queries import step_title
from web.instruments.parameters import Parameter, parameters_of, typed
from web.plans.forms import ThresholdForm, UseForm
from web.probe_sets.queries import Offered

MOST_USES, MOST_ROWS = 40, 24
"""A release pipeline over all axes has 18 uses, every other instrument stands in the form unticked, and more can be added."""
SIGNS = {">=": "≥", "<=": "≤"}
Row = dict[str, str]


@dataclass
class Draft:
    """One use of an instrument as typed: its entries by field name, its threshold rows. ``touched`` when the last button was one of its own."""

    slug: str
    entries: Row
    rows: list[Row] = field(default_factory=list)
    touched: bool = False


@dataclass
class Use:
    """One use as a form; ``touched`` keeps its details open."""

    prefix: str
    method: Instrument
    form: UseForm
    thresholds: list[ThresholdForm]
    touched: bool = False

    @property
    def on(self) -> bool:
        """Whether this use is ticked."""
        return bool(self.form["on"].value())

    @property
    def title(self) -> str:
        """The step as it will be called, from what was typed so far."""
        typed_so_far = {row.name: self.form[f"p_{row.name}"].value() for row in self.form.parameters}
        return step_title(key_of(self.method, typed_so_far, str(self.form["name"].value() or "")))

    @property
    def open(self) -> bool:
        """Whether the details are shown: something in them is wrong or was just changed."""
        return self.touched or bool(self.form.errors) or any(row.errors for row in self.thresholds)

    @property
    def outline(self) -> list[str]:
        """The thresholds as typed so far, on one line each."""
        signs = {**SIGNS, "beyond_null": "beyond null"}
        rows = [[str(row[name].value() or "") for name in ("metric", "op", "value")] for row in self.thresholds]
        return [" ".join(filter(None, [metric.replace("_", " "), signs.get(op, op), value])) for metric, op, value in rows if metric]

    def valid(self) -> bool:
        """Whether the entries can be saved: parameters, every threshold row, and at least one threshold."""
        sound = [self.form.is_valid(), *(row.is_valid() for row in self.thresholds)]
        if all(sound) and not self.limits():
            self.form.add_error(None, "Keep at least one threshold: without one, no outcome could speak against the claim.")
        return all(sound) and self.form.is_valid()

    def limits(self) -> list[Threshold]:
        """The thresholds of valid rows."""
        return [row.threshold for row in self.thresholds if row.threshold is not None]

    def item(self) -> PlanItem:
        """What to plan; call once valid."""
        params = self.form.params
        return PlanItem(self.method.card.slug, params, self.limits(), key_of(self.method, params, self.form.cleaned_data["name"]))


def key_of(method: Instrument, params: Mapping[str, Any], name: str) -> str:
    """The step's key: the instrument, then the given name or its choices, for example ``steering_validation.refusal``."""
    return ".".join(filter(None, [method.card.slug, name or _choices(method.Params, params)]))


def _choices(kind: type[ParamsBase], params: Mapping[str, Any]) -> str:
    # What a use is about comes first in the declaration; the choice of everything, or of the usual, tells no use apart from another.
    rows = [row for row in parameters_of(kind) if row.choices]
    chosen = (str(params[row.name]).removeprefix("axis_") for row in rows if row is rows[0] or params[row.name] != row.default)
    return "-".join(value for value in chosen if value != "both")


def drafts_of(items: Sequence[PlanItem]) -> list[Draft]:
    """The builder's entries for ``items``, and one unticked use of every instrument that is not among them."""
    found = []
    for method in METHODS:
        wanted = [item for item in items if item.instrument == method.card.slug]
        found += [_draft(method, item) for item in wanted] or [_draft(method, PlanItem(method.card.slug), on=False)]
    return found


def _draft(method: Instrument, item: PlanItem, on: bool = True) -> Draft:
    values = {row.name: item.params.get(row.name, row.default) for row in parameters_of(method.Params)}
    name = "" if item.key in ("", key_of(method, values, "")) else item.key.removeprefix(method.card.slug).strip(".")
    entries = {"on": "on" if on else "", "name": name, **{f"p_{key}": typed(value) for key, value in values.items()}}
    rows = [{"metric": row.metric, "op": row.op, "value": typed(row.value)} for row in (item.thresholds or method.card.thresholds)]
    return Draft(method.card.slug, entries, rows)


def drafts_sent(data: Mapping[str, str]) -> list[Draft]:
    """The entries of a sent form; uses of unknown instruments are left out."""
    slugs = {method.card.slug for method in METHODS}
    found = [(place, data.get(f"u{place}-instrument", "")) for place in range(_count(data.get("uses"), MOST_USES))]
    return [Draft(slug, _under(f"u{place}-", data), _rows(f"u{place}", data)) for place, slug in found if slug in slugs]


def _rows(prefix: str, data: Mapping[str, str]) -> list[Row]:
    return [_under(f"{prefix}-t{row}-", data) for row in range(_count(data.get(f"{prefix}-rows"), MOST_ROWS))]


def _under(prefix: str, data: Mapping[str, str]) -> Row:
    return {key.removeprefix(prefix): value for key, value in data.items() if key.startswith(prefix)}


def _count(text: str | None, most: int) -> int:
    return min(int(text), most) if text and text.isascii() and text.isdigit() else 0


def change(drafts: list[Draft], act: str) -> list[Draft]:
    """``drafts`` after a button: ``add:<instrument>``, ``remove:<use>``, ``row:<use>`` (one more threshold), ``drop:<use>:<row>``."""
    verb, _, rest = act.partition(":")
    if verb == "add":
        return _added(drafts, rest)
    use, _, row = rest.partition(":")
    place = _count(use, MOST_USES)
    if not use or place >= len(drafts):
        return drafts
    if verb == "remove":
        return drafts[:place] + drafts[place + 1 :]
    drafts[place].touched = True
    if verb == "row" and len(drafts[place].rows) < MOST_ROWS:
        drafts[place].rows.append({"op": ">="})
    if verb == "drop":
        drafts[place].rows = [kept for number, kept in enumerate(drafts[place].rows) if str(number) != row]
    return drafts


def _added(drafts: list[Draft], slug: str) -> list[Draft]:
    """The unticked use of the instrument, ticked; else one more after its last one, with the first choice that is not used yet."""
    idle = next((draft for draft in drafts if draft.slug == slug and not draft.entries.get("on")), None)
    if idle is not None:
        idle.entries["on"], idle.touched = "on", True
        return drafts
    method = next((method for method in METHODS if method.card.slug == slug), None)
    if method is None or len(drafts) >= MOST_USES:
        return drafts
    fresh = _draft(method, PlanItem(slug))
    fresh.touched = True
    same = [draft for draft in drafts if draft.slug == slug]
    about = next((row for row in parameters_of(method.Params) if row.choices), None)
    fresh.entries |= {f"p_{about.name}": _unused(about, same)} if about else {}
    last = max((place for place, draft in enumerate(drafts) if draft.slug == slug), default=len(drafts) - 1)
    return [*drafts[: last + 1], fresh, *drafts[last + 1 :]]


def _unused(parameter: Parameter, drafts: Iterable[Draft]) -> str:
    used = {draft.entries.get(f"p_{parameter.name}") for draft in drafts}
    return next((str(value) for value in parameter.choices if str(value) not in used), str(parameter.default))


def uses_of(drafts: Iterable[Draft], check: bool, own: Offered | None = None) -> list[Use]:
    """The forms of ``drafts`` with the choices of ``own`` added.

    With ``check`` the ticked ones are bound and say what is wrong, otherwise they only show what was typed.
    """
    own = own or {}
    return [_use(f"u{place}", draft, check and bool(draft.entries.get("on")), own.get(draft.slug, {})) for place, draft in enumerate(drafts)]


def _use(prefix: str, draft: Draft, bound: bool, own: Mapping[str, Mapping[str, str]]) -> Use:
    method = next(method for method in METHODS if method.card.slug == draft.slug)
    form = UseForm(_full(prefix, draft.entries) if bound else None, initial=draft.entries, prefix=prefix, method=method, own=own)
    rows = [(f"{prefix}-t{number}", row) for number, row in enumerate(draft.rows)]
    thresholds = [ThresholdForm(_full(name, row) if bound else None, initial=row, prefix=name, slug=draft.slug) for name, row in rows]
    return Use(prefix, method, form, thresholds, draft.touched)


def _full(prefix: str, entries: Row) -> Row:
    return {f"{prefix}-{name}": value for name, value in entries.items()}
