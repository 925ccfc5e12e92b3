"""Triples: intents are what was done, rivals really fail, and a lazy explorer is refused."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.learn.hindsight import best_of, make_triples, other_intents


def describe(way: tuple[int, ...]) -> str | None:
    """The last number, if it is positive."""
    return f"reach {way[-1]}" if way and way[-1] > 0 else None


def perturb(way: tuple[int, ...], rng: np.random.Generator) -> tuple[int, ...]:
    """Another last number in a third of the tries."""
    return (*way[:-1], int(rng.choice([way[-1], way[-1], 0])))


def test_every_triple_is_an_intent_fulfilled_and_failed():
    rng = np.random.default_rng(0)
    ways = [tuple(int(each) for each in rng.integers(0, 4, 3)) for _ in range(200)]
    found = make_triples(ways, describe, perturb, rng)
    assert len(found.intents) == len(found.good) == len(found.bad) > 50
    for intent, good, bad in zip(found.intents, found.good, found.bad, strict=True):
        assert describe(good) == intent != describe(bad)
        assert len(good) == len(bad)
    assert found.nothing == sum(way[-1] == 0 for way in ways)
    assert found.still > 0  # near misses that fulfilled it after all are counted
    assert sum(found.histogram.values()) == len(found.intents)
    assert list(found.histogram.values()) == sorted(found.histogram.values(), reverse=True)
    easy = other_intents(found, rng)
    assert all(describe(way) != intent for way, intent in zip(easy, found.intents, strict=True))


def test_explorers_that_teach_nothing_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(BadInput, match="at most 80%"):
        make_triples([(1,)] * 9 + [(2,)], describe, lambda way, _: (0,), rng)
    with pytest.raises(BadInput, match="none with a near miss"):
        make_triples([(1,), (2,)], describe, lambda way, _: way, rng)
    two = make_triples([(1,), (2,)], describe, lambda way, _: (0,), rng)
    assert two.nothing == two.still == 0
    one = make_triples([(1,)], describe, lambda way, _: (0,), rng, most=1.0)
    with pytest.raises(BadInput, match="at least two"):
        other_intents(one, rng)


def test_best_of_against_a_loop():
    scores = np.random.default_rng(0).integers(0, 3, (40, 5)).astype(float)
    scores[np.random.default_rng(1).random(scores.shape) < 0.2] = np.nan
    scores[:, 4] = 1.0
    slow = [
        max(range(5), key=lambda i, row=row: (-np.inf if np.isnan(row[i]) else row[i], -i)) for row in scores
    ]
    assert best_of(scores).tolist() == slow
    with pytest.raises(BadInput, match="verdict"):
        best_of([[np.nan, np.nan]])
