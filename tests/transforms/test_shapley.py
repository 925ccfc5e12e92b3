"""Shapley values against all orders, the axioms, and the error of sampled orders."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.transforms.shapley import shapley_redistribute


def game(units: int, seed: int = 0):
    """Random worths of all sets."""
    worths = np.random.default_rng(seed).normal(size=2**units)
    return lambda kept: worths[kept @ (1 << np.arange(units))]


@pytest.mark.parametrize("units", [1, 2, 5])
def test_exact_values_are_means_over_all_orders(units):
    v, total = game(units), np.zeros(units)
    orders = list(permutations(range(units)))
    for order in orders:
        kept = np.zeros((1, units), dtype=bool)
        for i in order:
            before = v(kept)[0]
            kept[0, i] = True
            total[i] += v(kept)[0] - before
    found = shapley_redistribute(v, units)
    np.testing.assert_allclose(found.shares, total / len(orders), atol=1e-12)
    assert abs(found.residual) < 1e-12
    assert found.calls == 2**units


def test_sampled_orders_agree_within_their_error_and_always_add_up():
    v, exact = game(8), shapley_redistribute(game(8), 8)
    runs = [shapley_redistribute(v, 8, 32, np.random.default_rng(s), exact=0) for s in range(200)]
    shares = np.array([run.shares for run in runs])
    assert max(abs(run.residual) for run in runs) < 1e-9
    deviation = shares.std(0, ddof=1)
    assert (np.abs(shares.mean(0) - exact.shares) < 4 * deviation / np.sqrt(200)).all()
    np.testing.assert_allclose(np.mean([run.standard_error for run in runs], 0), deviation, rtol=0.25)


def test_games_that_only_add_are_exact_from_two_pairs():
    weights = np.arange(12.0)
    found = shapley_redistribute(lambda kept: 3.0 + kept @ weights, 12, 2, np.random.default_rng(0))
    np.testing.assert_allclose(found.shares, weights)
    np.testing.assert_allclose(found.standard_error, 0, atol=1e-12)
    assert (found.empty, found.whole) == (3.0, 69.0)


def test_reversed_orders_help_where_only_pairs_of_parts_interact():
    def v(kept):
        return 1.0 * (kept[:, :-1] & kept[:, 1:]).sum(1)

    found = shapley_redistribute(v, 12, 2, np.random.default_rng(0))
    np.testing.assert_allclose(found.shares, [0.5, *[1.0] * 10, 0.5])


@pytest.mark.parametrize(
    ("v", "units", "pairs"),
    [(game(3), 0, 4), (game(3), 3, 1), (game(11), 11, 4), (lambda kept: np.full(len(kept), np.nan), 3, 4)],
)
def test_bad_input(v, units, pairs):
    with pytest.raises(BadInput):
        shapley_redistribute(v, units, pairs)
