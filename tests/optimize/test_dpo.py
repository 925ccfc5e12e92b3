"""DPO against a general minimiser, and on preferences whose weights are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from rewardsmith.core.errors import BadInput
from rewardsmith.optimize.dpo import dpo_weights


@pytest.mark.parametrize(("beta", "ridge"), [(0.1, 1e-3), (2.0, 0.5)])
def test_it_is_the_minimum_of_the_loss(beta, ridge):
    rng = np.random.default_rng(0)
    winners, losers = rng.normal(size=(40, 3)) + 0.3, rng.normal(size=(40, 3))
    counts = rng.random(40)
    counts[3] = np.nan
    known = np.nan_to_num(counts)

    def loss(w):
        margin = beta * (winners - losers) @ w
        return np.mean(known * np.logaddexp(0, -margin)) + ridge * beta**2 * (w @ w) / 2

    found = dpo_weights(winners, losers, counts, beta, ridge)
    best = minimize(loss, np.zeros(3), method="BFGS", options={"gtol": 1e-10})
    np.testing.assert_allclose(found, best.x, rtol=1e-3, atol=1e-3)
    assert loss(found) <= best.fun + 1e-12


def test_it_finds_the_weights_behind_bradley_terry_preferences():
    rng = np.random.default_rng(1)
    truth = np.array([1.0, -0.5, 0.0])
    first, second = rng.normal(size=(20_000, 3)), rng.normal(size=(20_000, 3))
    wins = rng.random(20_000) < 1 / (1 + np.exp(-(first - second) @ truth))
    winners, losers = np.where(wins[:, None], first, second), np.where(wins[:, None], second, first)
    np.testing.assert_allclose(dpo_weights(winners, losers, beta=1.0, ridge=1e-6), truth, atol=0.05)


def test_pairs_that_can_be_separated_stay_finite():
    assert np.isfinite(dpo_weights(np.ones((5, 2)), np.zeros((5, 2)))).all()
    with pytest.raises(BadInput, match=">= 0"):
        dpo_weights(np.ones((2, 1)), np.zeros((2, 1)), [1.0, -1.0])
    with pytest.raises(BadInput, match="both > 0"):
        dpo_weights(np.ones((2, 1)), np.zeros((2, 1)), beta=0.0)
