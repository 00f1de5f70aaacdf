"""Figures for paper: Vega-Lite specs drawn as SVG with the report's own typeface. Import and call only in a worker process."""

import functools
import json
from collections.abc import Mapping
from typing import Any

from core.canonical import canonical_json
from core.errors import InvalidInput
from reports.fonts import printable_tree, truetype_folder

VEGA_LITE = "6.4"


def figure_svg(spec: Mapping[str, Any]) -> str:
    """SVG of a Vega-Lite v6 spec with its data inline; the same spec gives the same bytes.

    ``InvalidInput`` when the spec cannot be drawn or asks for anything outside itself.
    """
    # Canonical order first: Vega numbers its marks in the order in which it meets the keys.
    plain = json.loads(canonical_json(printable_tree(spec)))
    if _names_address(plain):
        raise InvalidInput("figure", "the Vega-Lite spec names an address (“url”); figures carry their data inline")
    try:
        svg: str = _converter().vegalite_to_svg(plain, vl_version=VEGA_LITE, allowed_base_urls=[])
    except ValueError as error:
        raise InvalidInput("figure", f"the Vega-Lite spec cannot be drawn: {str(error)[:300]}") from error
    return svg


def _names_address(value: Any) -> bool:
    """Whether a spec asks for anything by address: the renderer's own list of allowed addresses lets ``file:`` through."""
    if isinstance(value, Mapping):
        return "url" in value or any(map(_names_address, value.values()))
    return isinstance(value, list) and any(map(_names_address, value))


@functools.cache
def _converter() -> Any:
    """The renderer, imported here because it starts threads that a later fork would lose."""
    import vl_convert

    vl_convert.register_font_directory(truetype_folder().name)
    return vl_convert
