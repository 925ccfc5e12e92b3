"""The soft policy against a general optimiser, and its limits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from rewardsmith.core import mdp as tables
from rewardsmith.core.errors import BadInput
from rewardsmith.core.soft import soft_policy


def test_a_general_optimiser_finds_the_same():
    rng = np.random.default_rng(0)
    mdp, base = tables.random_mdp(rng, 3, 2, 0.8), rng.dirichlet(np.ones(2), 3)

    def loss(logits):
        policy = np.exp(logits.reshape(3, 2))
        policy /= policy.sum(-1, keepdims=True)
        kl = np.log(policy / base)
        return -tables.performance(mdp.with_reward(mdp.expected_reward - 0.5 * kl), policy)

    found = minimize(loss, np.zeros(6), tol=1e-12).x.reshape(3, 2)
    expected = np.exp(found) / np.exp(found).sum(-1, keepdims=True)
    np.testing.assert_allclose(soft_policy(mdp, mdp.expected_reward, 0.5, base), expected, atol=1e-4)


def test_cheap_is_optimal_and_dear_is_the_base():
    rng = np.random.default_rng(1)
    mdp, base = tables.random_mdp(rng, 6, 3, 0.9), rng.dirichlet(np.ones(3), 6)
    greedy = soft_policy(mdp, mdp.expected_reward, 1e-4, base)
    np.testing.assert_allclose(greedy, np.eye(3)[tables.policy_iteration(mdp)[0]], atol=1e-6)
    np.testing.assert_allclose(soft_policy(mdp, mdp.expected_reward, 1e6, base), base, atol=1e-4)
    # an action that the base never takes is never taken
    base = np.tile([0.5, 0.5, 0.0], (6, 1))
    assert soft_policy(mdp, mdp.expected_reward, 1e-3, base)[:, 2].max() == 0.0


def test_refusals():
    mdp = tables.chain(1, 1)
    with pytest.raises(BadInput, match="temperature 0"):
        soft_policy(mdp, np.zeros((3, 2)), 0.0)
    with pytest.raises(BadInput, match="objective"):
        soft_policy(mdp, np.zeros((3, 3)), 1.0)
