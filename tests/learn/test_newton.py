"""The shared Newton loop against SciPy's optimisers, at scales and weights that break careless ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from rewardsmith.learn.newton import bradley_terry, separated


def problem(seed: int, count: int = 80, features: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=(count, features)), rng.normal(size=features)
    y = (rng.random(count) < 1 / (1 + np.exp(-x @ w))).astype(float)
    return x, y, rng.uniform(0.1, 3.0, count)


@pytest.mark.parametrize("l2", [0.0, 0.1])
@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e5])
def test_the_minimum_is_that_of_a_general_optimiser_at_every_scale(scale: float, l2: float) -> None:
    x, y, n = problem(0)
    ridge = l2 * scale**2  # w scales as 1 / x, so this is the same problem in other units

    def loss(v: np.ndarray) -> float:
        margin = x @ v
        return float(n @ (np.logaddexp(0, margin) - y * margin) / n.sum() + l2 / 2 * v @ v)

    expected = minimize(loss, np.zeros(3), method="BFGS", tol=1e-10).x
    found = bradley_terry(x * scale, y, n, ridge)
    assert found is not None
    np.testing.assert_allclose(found * scale, expected, atol=2e-6)


def test_no_minimum_is_none_and_a_ridge_gives_one() -> None:
    x = np.array([[1.0, 0.0], [2.0, 0.1], [-1.0, 0.2]])
    y = np.array([1.0, 1.0, 0.0])
    assert separated(x, y)
    assert bradley_terry(x, y, np.ones(3)) is None
    assert bradley_terry(x, y, np.ones(3), l2=1e-3) is not None
    # the opposite label of one copy is an exception to every direction
    x, y = np.vstack([x, x]), np.concatenate([y, 1 - y])
    assert not separated(x, y)
    np.testing.assert_allclose(bradley_terry(x, y, np.ones(6)), 0.0, atol=1e-12)


def test_a_large_estimate_is_not_taken_for_a_runaway() -> None:
    found = bradley_terry(np.ones((2, 1)), np.array([1.0, 0.0]), np.array([1e6, 1.0]))
    assert found is not None
    assert found[0] == pytest.approx(np.log(1e6), rel=1e-9)
