"""What the reports of each regime should say, read from ``report_forms.yaml`` and checked whole."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from decisions.regimes import Regime
from decisions.regimes import shipped as shipped_regimes
from decisions.vocabulary import FACTS, STAGES

SHIPPED = Path(__file__).parent / "report_forms.yaml"
SOURCES = frozenset({"organisation", "reference", "description", "kinds", "roles", "systems", "versions", "actions", "submissions", "holds"})
SOURCES |= {f"fact.{name}" for name in FACTS}


@dataclass(frozen=True)
class Field:
    """One thing a report should say; the fields are explained in ``report_forms.yaml``."""

    key: str
    label: str
    article: str
    source: str = ""
    stages: frozenset[str] = frozenset(STAGES)
    optional: bool = False


@dataclass(frozen=True)
class ReportForm:
    """The contents of the reports of some regimes."""

    key: str
    title: str
    regimes: tuple[str, ...]
    stages: tuple[str, ...]
    note: str
    source: str
    fields: tuple[Field, ...]

    def of(self, stage: str) -> list[Field]:
        """The fields of one report."""
        return [field for field in self.fields if stage in field.stages]


@dataclass(frozen=True)
class Draftable:
    """One report that can be drafted: ``key`` is that of its clock, where there is one."""

    key: str
    form: ReportForm
    regime: Regime
    stage: str

    @property
    def label(self) -> str:
        """As people say it."""
        return f"{self.regime.law}, {self.regime.reference}: {STAGES[self.stage].lower()}"


@functools.cache
def shipped() -> tuple[ReportForm, ...]:
    """Every form that comes with the program."""
    return read(SHIPPED.read_text(encoding="utf-8"))


@functools.cache
def draftable() -> dict[str, Draftable]:
    """Every report that can be drafted, by key, in the order of the forms."""
    regimes = {row.key: row for row in shipped_regimes()}
    rows = [Draftable(f"{key}-{stage}", form, regimes[key], stage) for form in shipped() for key in form.regimes for stage in form.stages]
    rows = [row for row in rows if row.stage != "early" or any(stage.name == "early" for stage in row.regime.stages)]
    return {row.key: row for row in rows}


def read(text: str) -> tuple[ReportForm, ...]:
    """Forms from yaml; ``ValueError`` names the form and what is wrong with it."""
    known, rows = {row.key for row in shipped_regimes()}, []
    for row in yaml.safe_load(text):
        try:
            form = _form(row)
            wrong = [*(set(form.regimes) - known), *(set(form.stages) - set(STAGES))]
            if wrong:
                raise ValueError(f"unknown name “{wrong[0]}”")
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"form {row.get('key', '?')}: {error}") from error
        rows.append(form)
    return tuple(rows)


def _form(row: dict[str, Any]) -> ReportForm:
    fields = tuple(_field(field) for field in row["fields"])
    if len({field.key for field in fields}) != len(fields):
        raise ValueError("a field stands twice")
    return ReportForm(**{**row, "regimes": tuple(row["regimes"]), "stages": tuple(row["stages"]), "fields": fields})


def _field(row: dict[str, Any]) -> Field:
    source, stages = row.get("from", ""), frozenset(row.get("in", STAGES))
    if source and source not in SOURCES:
        raise ValueError(f"“{source}” is nothing that the record has")
    if not stages <= set(STAGES):
        raise ValueError(f"“{row['key']}” is in a stage that there is not")
    return Field(row["key"], row["label"], row["article"], source, stages, row.get("optional", False))
