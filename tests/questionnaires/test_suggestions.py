"""What is offered for a question: by shared words, best first, nothing that does not fit."""

import pytest

from questionnaires.suggestions import LEAST, Known, best_of, score_of, words_of


def known(*texts: str) -> list[Known]:
    return [Known(str(place), text, f"answer {place}", "source") for place, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Do you encrypt backups?", {"encrypt", "backup"}),
        ("Policies, and the POLICY", {"policy"}),
        ("ISO 27001", {"iso", "27001"}),
        ("Which access do you have to 5 logs?", {"access", "5", "log"}),
        ("Größe der Schlüssel", {"größe", "der", "schlüssel"}),
        ("the and you", set()),
        ("", set()),
    ],
)
def test_words_that_carry_meaning(text: str, words: set[str]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("one", "other", "score"),
    [
        ("Do you encrypt backups?", "Are backups encrypted?", 1 / 3),
        ("Do you encrypt backups?", "Please describe how you encrypt your backup.", 1.0),
        ("Do you encrypt backups?", "Who is your regulator?", 0.0),
        ("the", "the", 0.0),
    ],
)
def test_score_is_the_share_of_common_words_and_the_same_both_ways(one: str, other: str, score: float) -> None:
    assert score_of(one, other) == pytest.approx(score)
    assert score_of(other, one) == score_of(one, other)


def test_the_two_best_come_first_and_what_does_not_fit_is_left_out() -> None:
    rows = known("Who is your regulator?", "Do you test backups each year?", "Do you encrypt backups at rest?", "Do you encrypt backups?")
    found = best_of("Do you encrypt backups?", rows)
    assert [row.known.key for row in found] == ["3", "2"]
    assert [row.percent for row in found] == [100, 67]
    assert best_of("Where is your office?", rows) == []
    assert all(row.score >= LEAST for row in best_of("backups", rows, most=9))


def test_the_first_of_equals_leads_and_the_same_answer_is_offered_once() -> None:
    same = [Known("a", "Encrypt backups", "Yes.", ""), Known("b", "Encrypt backups", "Yes.", ""), Known("c", "Encrypt backups", "No.", "")]
    assert [row.known.key for row in best_of("Encrypt backups?", same)] == ["a", "c"]
