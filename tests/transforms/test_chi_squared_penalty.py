"""The penalty against finite differences of its objective; what it trains against the exact optimum."""

from __future__ import annotations

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith.core.errors import BadInput
from rewardsmith.optimize.bandit import Arms, PolicyGradient, learn_bandit
from rewardsmith.optimize.chi_squared import chi_squared, root_chi2_regularised
from rewardsmith.transforms import ChiSquaredPenalty


@rs.term
def proxy(proxy):
    """What the policy is paid."""
    return proxy


def softmax(logits):
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


def test_its_policy_gradient_is_that_of_the_objective():
    counts, base = np.array([10, 6, 3, 1]), np.array([0.3, 0.2, 0.1, 0.4])
    score, price = np.array([1.0, -0.5, 2.0, 0.3]), 0.7
    policy = counts / counts.sum()
    at = np.repeat(np.arange(4), counts)  # a batch that is exactly the policy
    paid = ChiSquaredPenalty(price, floor=1e-9).apply(score[at], {"log_ratio": np.log(policy / base)[at]}, ())[
        0
    ]
    gradient = ((np.eye(4)[at] - policy) * paid[:, None]).mean(0)

    def objective(logits):
        p = softmax(logits)
        return p @ score - price * np.sqrt(chi_squared(p, base))

    steps = 1e-6 * np.eye(4)
    expected = [(objective(np.log(policy) + s) - objective(np.log(policy) - s)) / 2e-6 for s in steps]
    np.testing.assert_allclose(gradient, expected, atol=1e-7)


def test_a_policy_trained_with_it_is_the_exact_optimum():
    rng = np.random.default_rng(0)
    base, score = rng.dirichlet(np.ones(6)), rng.normal(size=6)
    fields = {"proxy": score[None]}
    world = Arms(fields, np.log(base)[None])
    reward = proxy | ChiSquaredPenalty(0.6)
    config = PolicyGradient(updates=1_500, samples=256, learning_rate=0.2)
    found = np.exp(learn_bandit([world], reward, [0], config).log_policy[0, 0])
    np.testing.assert_allclose(found, root_chi2_regularised(base, score, 0.6), atol=0.04)
    greedy = np.exp(learn_bandit([world], 1.0 * proxy, [0], config).log_policy[0, 0])
    assert greedy[score.argmax()] > 0.95  # without it the same training goes to the end


def test_bounds_and_missing_verdicts():
    batch = {"log_ratio": np.array([0.0, 1e4, np.log(3.0), np.nan])}
    found = ChiSquaredPenalty(1.0, most=4.0).apply(np.array([0.0, 0.0, np.nan, 0.0]), batch, ())[0]
    apart = (0.0 + 3.0) / 2  # of the two with a verdict
    np.testing.assert_allclose(found, [0.0, -3.0 / np.sqrt(apart), np.nan, np.nan])
    same = ChiSquaredPenalty(1.0).apply(np.ones(3), {"log_ratio": np.zeros(3)}, ())[0]
    np.testing.assert_array_equal(same, 1.0)  # at the base nothing is charged


@pytest.mark.parametrize(
    "kwargs", [{"coefficient": -1.0}, {"most": 0.5}, {"floor": 0.0}, {"coefficient": np.inf}]
)
def test_refusals(kwargs):
    with pytest.raises(BadInput):
        ChiSquaredPenalty(**kwargs)
