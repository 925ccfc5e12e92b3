"""Introspective search: the blend, what siblings teach, main effects by least squares, and its budget."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.optimize.introspective import (
    Insight,
    MainEffects,
    StagedSearch,
    fit_main_effects,
    hybrid_q,
    introspect,
    random_effects,
    staged_search,
)

SIZES = (3, 4, 2)


def table(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(SIZES)


@pytest.mark.parametrize("n", [1, 2, 7])
def test_the_blend_is_a_mean_with_the_estimate_counted_c_v_times(n):
    scores = np.random.default_rng(n).random(n)
    expected = np.average([0.9, *scores], weights=[0.2, *np.ones(n)])
    assert hybrid_q(0.9, n, float(scores.mean()), 0.2) == pytest.approx(expected)
    assert hybrid_q(0.9, n, 0.4, 0.0) == 0.4


def test_the_blend_without_measurements():
    assert hybrid_q(0.3, 0, math.nan) == 0.3
    assert hybrid_q(0.3, 0, math.nan, 0.0) == 0.0
    with pytest.raises(BadInput):
        hybrid_q(0.3, -1, 0.0)


def test_introspection_reads_only_what_is_below_the_parent():
    scored = {(0, 1, 1): 0.5, (0, 3, 0): 0.7, (0, 2, 0): math.nan, (1, 0, 0): 0.9}
    assert introspect((0,), [(0, 1), (0, 3)], scored) == Insight(frozenset({1, 3}), 3, (0,))
    assert introspect((2,), [], scored) == Insight(frozenset(), -1, ())


def test_main_effects_are_least_squares_on_one_hots():
    scores = table() * 0.1 + 0.4
    points = list(np.ndindex(*SIZES))
    hot = np.array([[1.0] + [float(p[k] == o) for k in range(3) for o in range(SIZES[k])] for p in points])
    fitted = hot @ np.linalg.lstsq(hot, scores.ravel(), rcond=None)[0]
    estimate = fit_main_effects(scores)
    np.testing.assert_allclose([estimate(p) for p in points], fitted)
    # a node's estimate is the mean over its completions
    assert estimate((1,)) == pytest.approx(np.mean([estimate(p) for p in points if p[0] == 1]))
    assert MainEffects(0.9, ((0.5,),))((0,)) == 1.0


@pytest.mark.parametrize("proposals", ["introspective", "random"])
@pytest.mark.parametrize("c_v", [0.0, 0.2])
def test_every_point_of_the_budget_is_another_one(proposals, c_v):
    scores, rng = table(), np.random.default_rng(0)
    config = StagedSearch(budget=24, proposals=proposals, c_v=c_v)
    found = staged_search(SIZES, scores.__getitem__, fit_main_effects(scores), config, rng)
    assert set(found.scored) == set(np.ndindex(*SIZES))
    assert scores[found.best] == scores.max()


def test_a_perfect_estimate_finds_the_best_at_once():
    effects = random_effects((4, 4, 4), np.random.default_rng(3))
    scores = np.array([effects(p) for p in np.ndindex(4, 4, 4)]).reshape(4, 4, 4)
    config = StagedSearch(budget=12, width=4, exploration=0.0)
    regrets = [
        scores.max() - scores[staged_search((4, 4, 4), scores.__getitem__, effects, config, rng).best]
        for rng in map(np.random.default_rng, range(10))
    ]
    drawn = [
        scores.max() - np.random.default_rng(s).choice(scores.ravel(), 12, replace=False).max()
        for s in range(10)
    ]
    assert np.mean(regrets) < 0.5 * np.mean(drawn)


def test_failed_runs_are_counted_and_teach_nothing():
    scores = table()
    scores[0] = np.nan
    found = staged_search(
        SIZES, scores.__getitem__, lambda _: 0.5, StagedSearch(budget=24), np.random.default_rng(0)
    )
    assert found.failed == 8
    assert scores[found.best] == np.nanmax(scores)
    with pytest.raises(BadInput, match="NaN only"):
        staged_search((2,), lambda _: math.nan, lambda _: 0.5, StagedSearch(budget=2), np.random.default_rng(0))


def test_bad_input():
    with pytest.raises(BadInput, match="24"):
        staged_search(SIZES, lambda _: 0.0, lambda _: 0.0, StagedSearch(budget=25), np.random.default_rng(0))
    with pytest.raises(BadInput):
        StagedSearch(width=0)
    with pytest.raises(BadInput):
        StagedSearch(proposals="clever")
