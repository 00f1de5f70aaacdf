"""Requirements by the article, commitment or control group they belong to, so that a matrix of hundreds can be read."""

import re
from typing import Final

ROMAN: Final = "[IVXLC]+"
RULES: Final = (
    (re.compile(rf"AIA-(?P<n>{ROMAN})(-|$)"), "Annex {n}"),
    (re.compile(r"AIA-(?P<n>\d+[a-z]?)(-|$)"), "Article {n}"),
    (re.compile(r"COP-A(?P<n>\d+)"), "Appendix {n}"),
    (re.compile(r"COP-(?P<n>\d+)"), "Commitment {n}"),
    (re.compile(r"NIST-AIRMF-(?P<n>[A-Z]+-\d+)"), "{n}"),
    (re.compile(r"ISO42001-(?P<n>A\.\d+)"), "{n}"),
    (re.compile(r"SB53-(?P<n>\d+)"), "Section {n}"),
    (re.compile(r"RAISE-(?P<n>\d+)"), "Section {n}"),
)


def group_of(ref: str) -> str:
    """``Article 9`` of ``AIA-9-6``; the part before the last separator for references of catalogues we do not know."""
    for pattern, label in RULES:
        found = pattern.match(ref)
        if found:
            return label.format(n=found["n"].replace("-", " "))
    head, _, _ = ref.rpartition("-")
    return head or ref
