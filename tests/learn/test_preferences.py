"""Linear Bradley-Terry against scikit-learn's logistic regression and finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from rewardsmith.core.errors import BadInput
from rewardsmith.learn.preferences import bootstrap_preferences, fit_preferences


def problem(seed, count=60, features=4):
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=(count, features)), rng.normal(size=features)
    return x, (rng.random(count) < 1 / (1 + np.exp(-x @ w))).astype(float)


def test_it_is_logistic_regression_without_a_constant():
    x, y = problem(0)
    other = LogisticRegression(C=1 / (0.05 * len(y)), fit_intercept=False, tol=1e-10, max_iter=1000).fit(x, y)
    np.testing.assert_allclose(fit_preferences(x, y, l2=0.05), other.coef_[0], atol=1e-6)


def test_counts_are_repetitions_and_nan_is_left_out():
    x, y = problem(1)
    counts = np.random.default_rng(0).integers(0, 4, len(y))
    expected = fit_preferences(np.repeat(x, counts, 0), np.repeat(y, counts))
    np.testing.assert_allclose(fit_preferences(x, y, counts=counts), expected, atol=1e-8)
    gaps = np.where(np.arange(len(y)) < 10, np.nan, y)
    np.testing.assert_allclose(fit_preferences(x, gaps), fit_preferences(x[10:], y[10:]), atol=1e-8)
    # a tie is half a vote for each side
    both = fit_preferences(np.vstack([x, x]), np.concatenate([np.ones(60), np.zeros(60)]))
    np.testing.assert_allclose(fit_preferences(x, np.full(60, 0.5)), both, atol=1e-8)


def test_separable_pairs_have_an_answer():
    w = fit_preferences([[1.0], [2.0]], [1.0, 1.0], l2=1e-4)
    chance = 1 / (1 + np.exp(-np.array([1.0, 2.0]) * w[0]))
    assert np.mean([1.0, 2.0] * (1 - chance)) == pytest.approx(1e-4 * w[0], abs=1e-9)  # the gradient vanishes


def test_an_ensemble_spreads_as_the_estimate_does():
    w = np.array([1.0, -0.5])
    fits = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(300, 2))
        fits.append(fit_preferences(x, (rng.random(300) < 1 / (1 + np.exp(-x @ w))).astype(float), 1e-6))
    rng = np.random.default_rng(99)
    x = rng.normal(size=(300, 2))
    y = (rng.random(300) < 1 / (1 + np.exp(-x @ w))).astype(float)
    ensemble = bootstrap_preferences(x, y, 60, rng, l2=1e-6)
    np.testing.assert_allclose(ensemble.std(0), np.std(fits, axis=0), rtol=0.35)


@pytest.mark.parametrize(
    "call",
    [
        lambda: fit_preferences([[1.0]], [1.0], l2=0.0),
        lambda: fit_preferences([[1.0]], [1.5]),
        lambda: fit_preferences([[1.0]], [np.nan]),
        lambda: fit_preferences([1.0], [1.0]),
        lambda: bootstrap_preferences([[1.0]], [1.0], 0, np.random.default_rng(0)),
    ],
)
def test_refusals(call):
    with pytest.raises(BadInput):
        call()
