"""The token by which an answer begins."""

from assessments.subject import Tokens


def first_token(before: Tokens, whole: Tokens) -> int | None:
    """First token of ``whole`` after ``before``; None where a tokenizer joins the end of the one with the start of the other."""
    return whole[len(before)] if len(whole) > len(before) and whole[: len(before)] == before else None
