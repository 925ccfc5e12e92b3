"""Tanh, Sigmoid and MinMax against their formulas, in three array libraries."""

from __future__ import annotations

import math

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith.core.arrays import to_numpy
from rewardsmith.core.errors import BadInput
from rewardsmith.transforms import MinMax, Sigmoid, Tanh

REWARD = np.array([-40.0, -2.0, -0.1, 0.0, 0.5, 3.0, 700.0, np.nan])


def applied(transform, values):
    return transform.apply(values, {}, transform.init({}))[0]


def slow(transform, r):
    if isinstance(transform, Tanh):
        return transform.scale * math.tanh(r / transform.scale)
    x = (r - transform.center) / transform.scale
    if transform.log:
        return -math.log1p(math.exp(-x)) if x > -30 else x  # the remainder is below 1e-13 there
    return 1 / (1 + math.exp(-x)) if x > -30 else math.exp(x)


@pytest.mark.parametrize("transform", [*Tanh.examples(), *Sigmoid.examples(), Sigmoid(-1.0, 2.0, log=True)])
def test_formula_in_three_libraries(transform):
    import jax.numpy as jnp
    import torch

    expected = [slow(transform, r) for r in REWARD]
    np.testing.assert_allclose(applied(transform, REWARD), expected, rtol=1e-12, atol=1e-15)
    for array in (torch.asarray(REWARD), jnp.asarray(REWARD)):
        found = applied(transform, array)
        assert type(found) is type(array)
        np.testing.assert_allclose(to_numpy(found), expected, rtol=1e-5, atol=1e-6)


def test_slopes_by_automatic_differentiation():
    """Tanh has slope 1 at 0; a sigmoid 1 / (4 s) at its centre; the logarithm never loses the way up."""
    import torch

    def slope(transform, at):
        x = torch.tensor(at, dtype=torch.float64, requires_grad=True)
        applied(transform, x).backward()
        return float(x.grad)

    assert slope(Tanh(5.0), 0.0) == pytest.approx(1.0)
    assert slope(Sigmoid(2.0, 0.5), 2.0) == pytest.approx(0.5)
    assert slope(Sigmoid(), -50.0) == pytest.approx(0.0, abs=1e-12)
    assert slope(Sigmoid(log=True), -50.0) == pytest.approx(1.0)


def test_scales_that_mean_nothing_are_refused():
    for wrong in (0.0, -1.0):
        with pytest.raises(BadInput, match="> 0"):
            Tanh(wrong)
        with pytest.raises(BadInput, match="> 0"):
            Sigmoid(scale=wrong)


def test_minmax_over_everything_seen():
    """Oracle: the extremes of all verdicts so far, found again at every batch."""
    rng, transform, state = np.random.default_rng(0), MinMax(), MinMax().init({})
    seen = np.array([])
    for size in (3, 0, 5, 1, 40):
        values = rng.normal(size=size) * 3
        values[:1] = np.nan
        seen = np.concatenate([seen, values[~np.isnan(values)]])
        found, state = transform.apply(values, {}, state)
        np.testing.assert_allclose(found, (values - seen.min()) / (seen.max() - seen.min()))
    assert state == (seen.min(), seen.max())


def test_minmax_without_a_range_has_no_verdict():
    found, state = MinMax().apply(np.array([2.0, 2.0, np.nan]), {}, MinMax().init({}))
    assert np.isnan(found).all()
    assert np.isnan(MinMax().apply(np.full(3, np.nan), {}, MinMax().init({}))[0]).all()
    np.testing.assert_array_equal(MinMax().apply(np.array([3.0, 2.0]), {}, state)[0], [1.0, 0.0])


def test_minmax_in_other_libraries():
    import jax
    import torch

    values = np.array([[1.0, 5.0], [np.nan, 2.0]])
    expected = applied(MinMax(), values)
    np.testing.assert_allclose(applied(MinMax(), torch.asarray(values)), expected)
    jitted = jax.jit(lambda x, state: MinMax().apply(x, {}, state))
    found, state = jitted(values, MinMax().init({}))
    np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(jitted(values + 4, state)[0], (values + 4 - 1) / 8, rtol=1e-6)


def test_they_compose_with_the_algebra():
    @rs.term
    def score(score):
        return score

    reward = score | Tanh(2.0) | MinMax()
    batch = {"score": np.array([-9.0, 0.0, 9.0])}
    np.testing.assert_allclose(reward(batch), [0.0, 0.5, 1.0])
    assert reward.numbers() == {"tanh.scale": 2.0}
