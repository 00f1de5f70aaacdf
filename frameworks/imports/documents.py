"""YAML and JSON as plain values: no aliases, tags, repeated keys, depth without end, or numbers that are none."""

import json
import re
from typing import Any, Final

import yaml

from frameworks.imports.limits import DEEPEST, LARGEST_YAML, refused

_Loader: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_TOKENS: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
LONGEST_NUMBER: Final = 18


def yaml_read(text: str) -> Any:
    """The document with every scalar as text, so that 1.10 stays 1.10; ``InvalidInput`` names the line of what is refused."""
    if len(text.encode()) > LARGEST_YAML:
        raise refused(f"A YAML file may have {LARGEST_YAML >> 20} MiB at most. Split it into several libraries.")
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=_Loader):
            builder.take(event)
    except yaml.YAMLError as error:
        raise refused(f"The file cannot be read as YAML: {' '.join(str(error).split())[:200]}. Correct it there.") from error
    return builder.root


class _Builder:
    """Builds values from the parser's events without recursion, so that no depth can exhaust the stack."""

    def __init__(self) -> None:
        self.root: Any = None
        self.open: list[Any] = []
        self.keys: list[str | None] = []
        self.documents = 0

    def take(self, event: Any) -> None:
        """One event."""
        _refuse_event(event)
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise refused("The file holds several YAML documents. Upload them one by one.")
        elif isinstance(event, yaml.ScalarEvent):
            self.put(event.value, event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self.start({} if isinstance(event, yaml.MappingStartEvent) else [], event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.open.pop()
            self.keys.pop()

    def start(self, holder: Any, event: Any) -> None:
        """Open a mapping or list."""
        if len(self.open) >= DEEPEST:
            raise refused(f"Line {_line(event)} is nested more than {DEEPEST} deep. A library needs far less; make it flat.")
        self.put(holder, event)
        self.open.append(holder)
        self.keys.append(None)

    def put(self, value: Any, event: Any) -> None:
        """A value into what is open, or a key of it."""
        if not self.open:
            self.root = value
        elif isinstance(self.open[-1], list):
            self.open[-1].append(value)
        elif self.keys[-1] is None:
            self.keys[-1] = self.key(value, event)
        else:
            self.open[-1][self.keys[-1]] = None if value in ("", "null", "~") and _plain(event) else value
            self.keys[-1] = None

    def key(self, value: Any, event: Any) -> str:
        """A key that is text and new."""
        if not isinstance(value, str):
            raise refused(f"Line {_line(event)} has a list or mapping as a key. Use a plain name.")
        if value in self.open[-1]:
            raise refused(f"Line {_line(event)} repeats the key “{value[:80]}”. Keep one of the two.")
        return value


def _refuse_event(event: Any) -> None:
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        raise refused(f"Line {_line(event)} uses an anchor or alias (& or *). Write the value out, or put it in quotation marks.")
    if getattr(event, "tag", None):
        raise refused(f"Line {_line(event)} uses the tag {str(event.tag)[:80]}. Remove it; texts and lists need none.")


def _plain(event: Any) -> bool:
    """Whether a scalar stands without quotation marks, where “null” means nothing."""
    return isinstance(event, yaml.ScalarEvent) and not event.style


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1 if event.start_mark else 0


def json_read(text: str) -> Any:
    """The document; ``InvalidInput`` on repeated keys, NaN, numbers of more than 18 digits, depth beyond the limit and what is no JSON."""
    _refuse_depth(text)
    try:
        return json.loads(text, object_pairs_hook=_pairs, parse_constant=_no_constant, parse_int=_number, parse_float=str)
    except (json.JSONDecodeError, RecursionError) as error:
        raise refused(f"The file cannot be read as JSON: {str(error)[:200]}. Correct it there.") from error


def _refuse_depth(text: str) -> None:
    depth = 0
    for token in _TOKENS.finditer(text):
        depth += (token[0] in "[{") - (token[0] in "]}")
        if depth > DEEPEST:
            raise refused(f"The JSON is nested more than {DEEPEST} deep. A catalog needs far less; make it flat.")


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise refused(f"The JSON repeats the key “{key[:80]}” in one object. Keep one of the two.")
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    raise refused(f"The JSON holds {name}, which is no number. Remove it.")


def _number(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise refused(f"The JSON holds a number of {len(digits)} digits. Write long ids as text, in quotation marks.")
    return int(digits)
