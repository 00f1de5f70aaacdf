"""Photographs of open pages, if somebody wants them: in light and dark, as wide as a desk and as a telephone."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page

BOTH = (390, 1440)


def picture(page: Page, name: str, widths: Sequence[int] = BOTH) -> None:
    """The open page in the folder that ASSAY_PICTURES names, as ``name-theme-width.png``; the window is left as wide as it was, and light."""
    folder = os.environ.get("ASSAY_PICTURES")
    if not folder:
        return
    window, file = page.viewport_size, re.sub(r"[^\w.-]+", "-", name).strip("-")
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # both are themes
        for width in widths:
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(150)
            page.screenshot(path=Path(folder) / f"{file}-{theme}-{width}.png", full_page=True)
    if window:
        page.set_viewport_size(window)
