"""Words for people, from the one vocabulary that pages and reports share."""

from reports.vocabulary import tier_word, vocabulary

__all__ = ["glossary", "met_word", "tier_meaning", "tier_word"]


def tier_meaning(tier: str) -> str:
    """What a reading or verdict means, in a sentence or two."""
    return str(vocabulary()["tiers"][tier]["meaning"])


def met_word(met: bool | None) -> str:
    """Whether a threshold was met, in words."""
    return str(vocabulary()["met"][{True: "true", False: "false", None: "null"}[met]])


def glossary(*terms: str) -> dict[str, str]:
    """The explanations of ``terms``, in that order."""
    known = vocabulary()["glossary"]
    return {term: str(known[term]) for term in terms}
