"""Kinds of evidence in words, as people read them in pages and reports."""

from collections.abc import Iterable
from typing import Final

WORDS: Final = {
    "ce_marking_record": "record of the CE marking",
    "dpia": "data protection impact assessment",
    "eval_protocol": "evaluation protocol",
    "eval_report": "evaluation report",
    "external_eval_report": "report of an external evaluation",
    "fria": "fundamental rights impact assessment",
    "log_sample": "sample of the logs",
    "qms_manual": "quality management manual",
    "sign_off": "signed approval",
    "tech_doc": "technical documentation",
}
"""Kinds whose key is no word that anybody would say; the others read as their key."""


def kind_words(kind: str) -> str:
    """One kind of evidence; those of an imported catalogue read as they are written there."""
    return WORDS.get(kind, kind.replace("_", " "))


def keys_of(words: str) -> list[str]:
    """Keys, or parts of keys, that ``words`` may mean: themselves with underscores, and every kind whose words hold them."""
    said = words.strip().lower()
    return [said.replace(" ", "_"), *(key for key, text in WORDS.items() if said in text)]


def kinds_words(kinds: Iterable[str]) -> str:
    """Several, as a list in a sentence."""
    return ", ".join(map(kind_words, kinds))
