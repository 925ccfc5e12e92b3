"""Best-of-n against every subset of the pool, and against its closed forms."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardsmith.core.errors import BadInput
from rewardsmith.core.stats import mean_interval
from rewardsmith.measure.model.best_of_n import best_of_n_kl, best_of_n_weights, bon_curve


def every_subset(scores, gold, n):
    """The mean over all subsets of n of the mean gold of the best-scored."""
    worth = []
    for subset in combinations(range(len(scores)), n):
        top = max(scores[i] for i in subset)
        worth.append(np.mean([gold[i] for i in subset if scores[i] == top]))
    return np.mean(worth)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0]), min_size=6, max_size=6),
    st.lists(st.floats(-5, 5), min_size=6, max_size=6),
)
def test_against_every_subset(scores, gold):
    curve = bon_curve(scores, gold, range(1, 7))
    for k, n in enumerate(range(1, 7)):
        assert curve.value[k] == pytest.approx(every_subset(scores, gold, n), abs=1e-9)
        assert curve.oracle[k] == pytest.approx(every_subset(gold, gold, n), abs=1e-9)
        assert best_of_n_weights(scores, n).sum() == pytest.approx(1)


def test_large_pools_stay_exact():
    """Of N = 4096 uniform ranks the best of n has mean rank n (N + 1) / (n + 1)."""
    ranks = np.random.default_rng(0).permutation(4096).astype(float) + 1
    ns = [1, 2, 16, 256, 4095, 4096]
    expected = [n * 4097 / (n + 1) for n in ns]
    np.testing.assert_allclose(bon_curve(ranks, ranks, ns).value, expected, rtol=1e-9)


def test_unbiased_for_the_policy_that_the_pool_was_drawn_from():
    """Answers drawn from a known distribution: the mean over pools of 8 is best-of-4 of that distribution."""
    rng = np.random.default_rng(1)
    chances, score = np.array([0.5, 0.3, 0.2]), np.array([0.0, 1.0, 2.0])
    gold = np.array([1.0, 5.0, -2.0])
    below = np.cumsum(chances)
    exact = gold @ (below**4 - (below - chances) ** 4)
    drawn = rng.choice(3, size=(4000, 8), p=chances)
    curve = bon_curve(score[drawn], gold[drawn], [4])
    assert curve.low[0] < exact < curve.high[0]
    assert curve.high[0] - curve.low[0] < 0.2


def test_kl():
    """Oracle: KL of the maximum of n uniforms, whose density is n x^(n-1), by quadrature."""
    x = (np.arange(200_000) + 0.5) / 200_000
    for n in (1, 2, 7, 64):
        density, log_density = n * x ** (n - 1), np.log(n) + (n - 1) * np.log(x)
        assert best_of_n_kl(n) == pytest.approx(np.mean(density * log_density), abs=1e-3)


def test_intervals_and_missing_answers():
    rng = np.random.default_rng(2)
    scores, gold = rng.normal(size=(2, 20, 10))
    curve = bon_curve(scores, gold, [3])
    each = [bon_curve(s, g, [3]).value[0] for s, g in zip(scores, gold, strict=True)]
    spread = mean_interval(each)
    assert (curve.value[0], curve.low[0], curve.high[0]) == pytest.approx(
        (spread.mean, spread.low, spread.high)
    )
    holes = scores.copy()
    holes[4, 7] = np.nan
    with pytest.raises(BadInput, match="NaN at item 4"):
        bon_curve(holes, gold, [3])
    curve = bon_curve(holes, gold, [1, 9], drop_nan=True)
    assert curve.missing == 1
    rest = np.delete(gold[4], 7)
    alone = bon_curve(holes[4:5], gold[4:5], [1], drop_nan=True)
    assert alone.value[0] == pytest.approx(rest.mean())
    assert np.isnan(alone.low).all()
    assert "KL" in str(curve)


@pytest.mark.parametrize(
    "call",
    [
        lambda: bon_curve([1.0, 2.0], [1.0, 2.0], [3]),
        lambda: bon_curve([1.0, 2.0], [1.0, 2.0], [0]),
        lambda: bon_curve([1.0, 2.0], [1.0, 2.0], []),
        lambda: bon_curve([1.0, 2.0], [1.0], [1]),
        lambda: bon_curve([1.0, 2.0], [1.0, np.nan], [1]),
        lambda: bon_curve([np.nan, np.nan], [1.0, 1.0], [1], drop_nan=True),
        lambda: best_of_n_kl(0),
    ],
)
def test_refusals(call):
    with pytest.raises(BadInput):
        call()
