"""Canned descriptions: answers in four styles whose words are counted, and what they are really worth.

Each item has a handful of facts (words) in an order.  Answers state them directly (few of them), as a list of
key words (shuffled), as a sentence (in order, with a little else) or rambling (in order, with much else).  A
scorer that counts words sees coverage, but not order; gold sees both.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..core.errors import BadInput

Floats = np.ndarray[Any, np.dtype[np.float64]]
Integers = np.ndarray[Any, np.dtype[np.int64]]
STYLES = ("direct", "key words", "sentence", "rambling")
FACTS, VOCABULARY = 6, 40
_KEEPS, _OTHERS = (0.4, 0.95, 0.95, 0.8), (1, 0, 3, 10)


@dataclass(frozen=True, eq=False)
class Canned:
    """P items with A answers.

    Args:
        style: ``(P, A)``, an index into ``STYLES``.
        words: ``(P, A, V)``, counts of content words.
        reference_words: ``(P, A, V)``, those of the reference, the same for all answers of an item.
        gold: ``(P, A)``, see ``coverage_and_order``.
    """

    style: Integers
    words: Floats
    reference_words: Floats
    gold: Floats


def canned_answers(
    rng: np.random.Generator, items: int, answers: int, keeps: float = _KEEPS[STYLES.index("key words")]
) -> Canned:
    """Draw items and answers.

    Args:
        rng: the only source of chance.
        keeps: the chance that a list of key words has a fact; near 1 its word counts beat those of a sentence.

    Example:
        >>> canned = canned_answers(np.random.default_rng(0), items=2, answers=3)
        >>> canned.words.shape, canned.reference_words[0, 0].sum()
        ((2, 3, 40), np.float64(6.0))
    """
    if not 0.0 <= keeps <= 1.0:
        raise BadInput("keeps", keeps, "0 to 1")
    style = rng.integers(0, len(STYLES), (items, answers))
    words, gold = np.zeros((items, answers, VOCABULARY)), np.zeros((items, answers))
    reference = np.zeros((items, 1, VOCABULARY))
    for item in range(items):
        facts: list[int] = rng.permutation(VOCABULARY)[:FACTS].tolist()
        reference[item, 0, facts] = 1.0
        for answer in range(answers):
            said = _say(STYLES[style[item, answer]], facts, keeps, rng)
            np.add.at(words[item, answer], said, 1.0)
            gold[item, answer] = coverage_and_order(said, facts)
    return Canned(style, words, np.broadcast_to(reference, words.shape), gold)


def coverage_and_order(said: list[int], facts: list[int]) -> float:
    """Half the share of facts that are said, half the share of neighbouring facts said one after the other.

    Example:
        >>> coverage_and_order([3, 1, 2], [1, 2, 3])
        0.75
    """
    order = {*pairwise(facts)} & {*pairwise(said)}
    return 0.5 * len({*facts} & {*said}) / len(facts) + 0.5 * len(order) / (len(facts) - 1)


def _say(style: str, facts: list[int], keeps: float, rng: np.random.Generator) -> list[int]:
    kind, luck = STYLES.index(style), rng.random(len(facts))
    other: list[int] = rng.integers(0, VOCABULARY, _OTHERS[-1]).tolist()
    chance = keeps if style == "key words" else _KEEPS[kind]
    kept = [fact for fact, x in zip(facts, luck, strict=True) if x < chance]
    if style == "key words":
        kept = [kept[i] for i in rng.permutation(len(kept))]
    return kept + other[: _OTHERS[kind]]
