"""What a classifier could know without the model: words (TF-IDF), length and format of a text, each fitted and scored like the probe."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from assessments.methods.parts.fits import logistic, standardise
from assessments.statistics import Array, auroc

_WORD = re.compile(r"\b\w\w+\b")
_MARKS = "?!.,;:'\"()-\n"


def baseline_scores(train: Sequence[str], labels: ArrayLike, test: Sequence[str]) -> dict[str, Array]:
    """Scores of ``test`` texts by three classifiers that see only the surface; fitted on ``train`` with boolean ``labels``."""
    words = tfidf(train, test)
    length = standardise(_lengths(train), _lengths(test))
    form = standardise(_formats(train), _formats(test))
    return {
        "words": logistic(*words, labels, strength=1.0),
        "length": logistic(*length, labels, strength=1.0),
        "format": logistic(*form, labels, strength=1.0),
    }


def tfidf(train: Sequence[str], test: Sequence[str]) -> tuple[Array, Array]:
    """TF-IDF of words and word pairs: counts × (ln((1+n)/(1+df)) + 1), rows scaled to length 1; vocabulary and df from ``train`` only."""
    counted = [Counter(_terms(text)) for text in train]
    vocabulary = {term: index for index, term in enumerate(sorted(set().union(*counted)))}
    rows = _counts(counted, vocabulary)
    idf = np.log((1 + len(train)) / (1 + (rows > 0).sum(axis=0))) + 1
    return _unit(rows * idf), _unit(_counts([Counter(_terms(text)) for text in test], vocabulary) * idf)


def _terms(text: str) -> list[str]:
    words = _WORD.findall(text.lower())
    return words + [f"{first} {second}" for first, second in pairwise(words)]


def _counts(counted: Sequence[Counter[str]], vocabulary: dict[str, int]) -> Array:
    rows = np.zeros((len(counted), len(vocabulary)))
    for row, terms in zip(rows, counted, strict=True):
        for term, count in terms.items():
            if term in vocabulary:
                row[vocabulary[term]] = count
    return rows


def _unit(rows: Array) -> Array:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(norms == 0, 1, norms))


def _lengths(texts: Sequence[str]) -> Array:
    return np.array([[len(text), len(text.split())] for text in texts], dtype=np.float64)


def _formats(texts: Sequence[str]) -> Array:
    return np.array([[text.count(mark) for mark in _MARKS] + [sum(map(str.isdigit, text)), sum(map(str.isupper, text))] for text in texts], dtype=np.float64)


def held_out_auroc(texts: Sequence[str], labels: ArrayLike, families: Sequence[str]) -> dict[str, float]:
    """AUROC of each surface classifier with every family scored by a fit on all the others: what a set gives away without any model."""
    wanted, groups = np.asarray(labels, dtype=bool), np.asarray(families)
    scores: dict[str, Array] = {name: np.zeros(len(texts)) for name in ("words", "length", "format")}
    for family in sorted(set(families)):
        out = groups == family
        train, test = ([text for text, chosen in zip(texts, mask, strict=True) if chosen] for mask in (~out, out))
        for name, values in baseline_scores(train, wanted[~out], test).items():
            scores[name][out] = values
    return {name: float(auroc(values, wanted)) for name, values in scores.items()}
