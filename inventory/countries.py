"""Countries by their two letters of ISO 3166-1."""

import functools
from collections.abc import Mapping
from pathlib import Path

import yaml
from django.core.exceptions import ValidationError


@functools.cache
def countries() -> Mapping[str, str]:
    """English names by code."""
    names: Mapping[str, str] = yaml.safe_load((Path(__file__).parent / "data" / "countries.yaml").read_text(encoding="utf-8"))
    return names


def country_name(code: str) -> str:
    """The name behind ``code``, the code itself where there is none."""
    return countries().get(code, code)


def country_known(code: str) -> None:
    """Validator of country fields."""
    if code not in countries():
        raise ValidationError("Use the two letters of ISO 3166, for example NL for the Netherlands.")
