"""Occupancy programs against policy iteration, and against all policies of tiny MDPs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from rewardsmith.core import mdp as tables
from rewardsmith.core.errors import BadInput
from rewardsmith.optimize.occupancy import pareto_extend, solve_constrained


def random_problem(seed, states=4, actions=2):
    rng = np.random.default_rng(seed)
    mdp = tables.random_mdp(rng, states, actions, discount=0.8)
    return mdp, rng.normal(size=(states, actions)), rng.normal(size=(states, actions))


def all_returns(mdp, *rewards):
    """Returns of every deterministic policy, (policies, rewards)."""
    return np.array(
        [
            [tables.performance(mdp.with_reward(reward), np.array(policy)) for reward in rewards]
            for policy in itertools.product(range(mdp.actions), repeat=mdp.states)
        ]
    )


@pytest.mark.parametrize("seed", range(5))
def test_without_floors_it_is_policy_iteration(seed):
    mdp, reward, _ = random_problem(seed, 7, 3)
    found = solve_constrained(mdp, reward)
    best = tables.policy_iteration(mdp.with_reward(reward))[1] @ mdp.initial
    assert found.value == pytest.approx(best)
    assert tables.performance(mdp.with_reward(reward), found.policy) == pytest.approx(best)
    np.testing.assert_allclose(tables.occupancy(mdp, found.policy), found.occupancy, atol=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_with_a_floor_it_is_the_best_mixture_of_all_policies(seed):
    """Returns that can be reached are mixtures of deterministic policies; with one floor two are enough."""
    mdp, reward, other = random_problem(seed)
    points = all_returns(mdp, reward, other)
    floor = float(np.quantile(points[:, 1], 0.9))
    best = max(a for a, b in points if b >= floor)
    for (a, b), (c, d) in itertools.permutations(points, 2):
        if b < floor <= d:
            share = (floor - b) / (d - b)
            best = max(best, (1 - share) * a + share * c)
    found = solve_constrained(mdp, reward, [other], [floor])
    assert found.feasible
    assert found.value == pytest.approx(best)
    assert found.returns[0] >= floor - 1e-9
    assert tables.performance(mdp.with_reward(other), found.policy) == pytest.approx(found.returns[0])
    # strong duality: with the multiplier as a fixed weight nothing better can be had
    total = reward + found.multipliers[0] * other
    lagrangian = tables.policy_iteration(mdp.with_reward(total))[1] @ mdp.initial
    assert lagrangian == pytest.approx(found.value + found.multipliers[0] * floor)
    if found.returns[0] > floor + 1e-6:
        assert found.multipliers[0] == pytest.approx(0.0, abs=1e-9)


def test_what_cannot_be_reached_is_infeasible():
    mdp, reward, other = random_problem(0)
    top = all_returns(mdp, other).max()
    found = solve_constrained(mdp, reward, [other], [top + 0.01])
    assert not found.feasible
    assert np.isnan(found.value)
    assert np.isnan(found.policy).all()
    assert solve_constrained(mdp, reward, [other], [top - 1e-6]).feasible
    with pytest.raises(BadInput, match="a floor for each"):
        solve_constrained(mdp, reward, [other])


def test_extending_a_point_of_three_objectives():
    mdp, first, second = random_problem(3)
    objectives = np.array([first, second, np.random.default_rng(9).normal(size=first.shape)])
    start = solve_constrained(mdp, objectives.sum(0))
    point = (start.occupancy * objectives).sum((1, 2))
    slack = np.array([0.5, 0.2, 0.0])
    for index in range(3):
        found = pareto_extend(mdp, objectives, point, index, slack)
        reached = (found.occupancy * objectives).sum((1, 2))
        others = np.arange(3) != index
        assert (reached[others] >= (point - slack)[others] - 1e-9).all()
        assert reached[index] == pytest.approx(found.value)
        assert found.value >= point[index] - 1e-9  # the point itself keeps its floors
    # without slack an optimum of the sum cannot rise in one objective and keep the others
    assert pareto_extend(mdp, objectives, point, 0, 0.0).value == pytest.approx(point[0])
    with pytest.raises(BadInput, match="0 <= index < K"):
        pareto_extend(mdp, objectives, point, 3, 0.0)
