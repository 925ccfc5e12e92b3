"""Exact derivatives against central differences of independent code, and slow loops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rewardsmith.core import mdp as tables
from rewardsmith.core.errors import BadInput
from rewardsmith.optimize.softmax_mdp import softmax_policy


def problem(seed: int) -> tuple[tables.TabularMDP, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    mdp = tables.random_mdp(rng, 4, 3, discount=0.8)
    return mdp, mdp.expected_reward, rng.normal(size=(4, 3))


def softmax(theta: np.ndarray) -> np.ndarray:
    return np.exp(theta) / np.exp(theta).sum(-1, keepdims=True)


@pytest.mark.parametrize("seed", range(3))
def test_derivatives_are_central_differences_of_the_exact_return(seed: int) -> None:
    """``core.mdp.performance`` shares no line with what is tested."""
    mdp, reward, theta = problem(seed)
    at, step = softmax_policy(mdp, theta), 1e-5
    directions = np.eye(12).reshape(12, 4, 3)

    def slope(function, h: float = step) -> np.ndarray:
        return np.array([(function(theta + h * u) - function(theta - h * u)) / (2 * h) for u in directions])

    assert at.performance(reward) == pytest.approx(tables.performance(mdp, softmax(theta)), rel=1e-12)
    gradient = slope(lambda t: tables.performance(mdp, softmax(t)))
    np.testing.assert_allclose(at.gradient(reward).ravel(), gradient, atol=1e-8)
    hessian = slope(lambda t: softmax_policy(mdp, t).gradient(reward).ravel())
    np.testing.assert_allclose(at.curvature(reward, directions).reshape(12, 12), hessian, atol=1e-8)
    second = slope(lambda t: slope(lambda v: tables.performance(mdp, softmax(v + t - theta)), 1e-3), 1e-3)
    np.testing.assert_allclose(at.curvature(reward, directions).reshape(12, 12), second, atol=1e-4)


def test_several_rewards_at_once_are_each_by_itself() -> None:
    mdp, reward, theta = problem(5)
    at, both = softmax_policy(mdp, theta), np.stack([reward, reward**2])
    for name in ("performance", "gradient"):
        together = getattr(at, name)(both)
        np.testing.assert_allclose(together[1], getattr(at, name)(reward**2), atol=1e-12)


def test_the_sampled_curvature_is_the_average_of_many_recorded_steps() -> None:
    """Slow loop: derivative of psi times Q at every state and action, weighted by visits."""
    mdp, reward, theta = problem(1)
    at = softmax_policy(mdp, theta)
    _, q = at.values(reward)
    slow = np.zeros((4, 3, 4, 3))
    for s in range(4):
        for a in range(3):
            jacobian = -(np.diag(at.pi[s]) - np.outer(at.pi[s], at.pi[s]))  # of grad log pi(a|s), whatever a is
            slow[s, :, s, :] += at.visits[s] * at.pi[s, a] * q[s, a] * jacobian
    directions = np.eye(12).reshape(12, 4, 3)
    np.testing.assert_allclose(
        at.sampled_curvature(reward, directions).reshape(12, 12), slow.reshape(12, 12), atol=1e-12
    )


def test_the_discount_of_the_derivative_is_the_mdps() -> None:
    mdp, reward, theta = problem(2)
    step = 1e-6
    up, down = (softmax_policy(replace(mdp, discount=mdp.discount + h), theta) for h in (step, -step))
    slope = (up.gradient(reward) - down.gradient(reward)) / (2 * step)
    np.testing.assert_allclose(softmax_policy(mdp, theta).gradient_by_discount(reward), slope, atol=1e-7)


def test_refusals() -> None:
    mdp, _, theta = problem(0)
    with pytest.raises(BadInput, match="theta"):
        softmax_policy(mdp, theta[:2])
    with pytest.raises(BadInput, match="finite"):
        softmax_policy(mdp, np.full((4, 3), np.nan))
