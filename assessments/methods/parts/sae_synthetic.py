"""A sparse dictionary whose features are known, to see whether a way of fitting finds them (as in SAELens' synthetic models)."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from assessments.autoencoders import AutoencoderFit
from assessments.statistics import generator
from assessments.subject import Floats, Subject, Tick

WIDTH, FEATURES, ACTIVE, PASSES = 64, 128, 6, 12
FOUND = 0.9
"""Cosine from which a planted feature counts as found."""
LEAST = 0.8
"""Mean cosine below which the fitting procedure itself is not to be trusted."""


@dataclass(frozen=True)
class Recovery:
    """Mean over planted features of the cosine with their partner, share of them found, and the same for random features."""

    mcc: float
    found: float
    random: float
    features: int


def dictionary(rows: int, seed: int) -> tuple[Floats, Floats]:
    """``rows`` activations ``[rows, 64]`` and the 128 unit features ``[128, 64]`` they are made of: six active in each, lengths 0.5 to 1.5."""
    chance = generator(seed, "synthetic dictionary")
    truth = chance.standard_normal((FEATURES, WIDTH))
    truth /= np.linalg.norm(truth, axis=1, keepdims=True)
    chosen = np.argsort(chance.random((rows, FEATURES)), axis=1)[:, :ACTIVE]
    codes = np.zeros((rows, FEATURES))
    np.put_along_axis(codes, chosen, chance.uniform(0.5, 1.5, (rows, ACTIVE)), axis=1)
    return (codes @ truth).astype(np.float32), truth.astype(np.float32)


def mean_matched_cosine(found: Floats, truth: Floats) -> tuple[float, float]:
    """Mean cosine of each planted feature with its own partner among ``found`` (Hungarian matching), and the share of partners at 0.9 or more."""
    unit = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
    cosines = np.abs(truth @ unit.T)
    matched = cosines[linear_sum_assignment(-cosines)]
    return float(matched.sum() / len(truth)), float((matched >= FOUND).sum() / len(truth))


def recovery(subject: Subject, rows: int, seed: int, tick: Tick) -> Recovery:
    """Fit as the real activations are fitted and compare with what was planted."""
    values, truth = dictionary(rows, seed)
    fitted = subject.fit_autoencoder(values, AutoencoderFit(FEATURES, ACTIVE, PASSES, seed), tick)
    mcc, found = mean_matched_cosine(fitted.decoder, truth)
    chance = generator(seed, "random dictionary").standard_normal(truth.shape).astype(np.float32)
    return Recovery(mcc, found, mean_matched_cosine(chance, truth)[0], len(truth))
