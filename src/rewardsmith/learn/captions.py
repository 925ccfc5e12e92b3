r"""Judges of short texts, learned from a few labels: bag of words, logistic or Bradley-Terry.

Small enough to be fitted to the optimum again whenever labels arrive.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ..core.errors import BadInput
from .preferences import fit_preferences

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, eq=False)
class CaptionModel:
    """A linear score of which words a text has.

    Args:
        words: what it knows; others count nothing.
        weights: ``(W + 1,)``, the last one the constant.
    """

    words: tuple[str, ...]
    weights: Floats

    def score(self, texts: Sequence[str]) -> Floats:
        """``(N,)``; of a classifier the logit."""
        return bag_of_words(texts, self.words) @ self.weights

    def probability(self, texts: Sequence[str]) -> Floats:
        r"""\sigma(score), ``(N,)``."""
        return 0.5 + 0.5 * np.tanh(0.5 * self.score(texts))


@lru_cache(maxsize=100_000)
def words_of(text: str) -> frozenset[str]:
    """Its words in lower case, each once; numbers are words."""
    return frozenset(re.findall(r"[a-z0-9]+", text.lower()))


def vocabulary(texts: Sequence[str]) -> tuple[str, ...]:
    """All words of all texts, sorted."""
    return tuple(sorted({word for text in texts for word in words_of(text)}))


def bag_of_words(texts: Sequence[str], words: Sequence[str]) -> Floats:
    """``(N, W + 1)``: 1 where a text has a word; the last column is 1.

    Example:
        >>> bag_of_words(["Opens the door!"], ("door", "key", "opens")).tolist()
        [[1.0, 0.0, 1.0, 1.0]]
    """
    place = {word: column for column, word in enumerate(words)}
    found = np.zeros((len(texts), len(words) + 1))
    found[:, -1] = 1.0
    for row, text in zip(found, texts, strict=True):
        row[[place[word] for word in words_of(text) if word in place]] = 1.0
    return found


def fit_captions(texts: Sequence[str], labels: Any, l2: float = 1e-2) -> CaptionModel:
    r"""A classifier: P(yes) = \sigma(score), by ridge logistic regression.

    Args:
        labels: ``(N,)``, 0 to 1; NaN is left out.

    Source: Cox, "The regression analysis of binary sequences", JRSS B 20 (1958).

    Example:
        >>> judge = fit_captions(["opens the door", "opens the box", "hits the wall"], [1, 1, 0])
        >>> (judge.probability(["opens the window", "hits the floor"]) > 0.5).tolist()
        [True, False]
    """
    words = vocabulary(texts)
    return CaptionModel(words, fit_preferences(bag_of_words(texts, words), labels, l2))


def fit_caption_ranking(
    first: Sequence[str], second: Sequence[str], labels: Any, l2: float = 1e-2
) -> CaptionModel:
    r"""A ranker: P(first preferred) = \sigma(score(first) - score(second)); its constant is 0.

    Args:
        labels: ``(N,)``: 1, 0, 0.5 for a tie; NaN is left out.

    Source: Bradley and Terry, Biometrika 39 (1952).
    """
    if len(first) != len(second):
        raise BadInput("fit_caption_ranking", f"{len(first)} and {len(second)} texts", "pairs")
    words = vocabulary([*first, *second])
    gap = bag_of_words(first, words) - bag_of_words(second, words)
    return CaptionModel(words, fit_preferences(gap, labels, l2))
