"""The questionnaires that come with the program, as documents."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from frameworks.imports.documents import yaml_read
from questionnaires.document import Document, document_read

DATA: Final = Path(__file__).parent / "data"


@functools.cache
def shipped() -> Mapping[str, Document]:
    """Every shipped document by the name of its file; ``InvalidInput`` where one is wrong."""
    return {path.stem: document_read(yaml_read(path.read_text(encoding="utf-8"))) for path in sorted(DATA.glob("*.yaml"))}
