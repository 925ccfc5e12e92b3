"""Reward tables from comparisons: rollouts against exact returns, and a reward that is found."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core import mdp as m
from rewardsmith.core.errors import BadInput
from rewardsmith.design.preferred import Comparisons, preferred_rewards, rollouts
from rewardsmith.design.tabular import baseline, grid_task
from rewardsmith.optimize.tabular import QLearning

TASK = grid_task("short", "S..G", QLearning(episodes=30, horizon=30), slip=0.2)


def test_rollouts_have_the_exact_mean_return_and_visits() -> None:
    uniform = np.full((4, 4), 0.25)
    counts, truth = rollouts(TASK.mdp, uniform, 4000, 200, np.random.default_rng(0))
    exact = m.performance(TASK.mdp, uniform)
    assert truth.mean() == pytest.approx(exact, abs=4 * truth.std() / 4000**0.5)
    assert counts[:, 3].mean() == pytest.approx(1.0, abs=0.01)  # the goal is entered once, and ends it
    still = np.eye(4)[[3, 3, 3, 3]]  # up, into the wall, but for slips to either side
    counts, _ = rollouts(TASK.mdp, still, 5, 7, np.random.default_rng(0))
    assert (counts.sum(-1) <= 7).all()


def test_enough_comparisons_find_the_goal_and_coins_do_not() -> None:
    seeds = range(8)
    informed, steps = preferred_rewards(TASK, Comparisons(100, 2), seeds)
    assert informed.shape == (8, 4, 4)
    assert (informed[:, 3] == 0).all()
    assert 0 < steps <= 8 * (2 * 100 + 2 * 30) * 30
    assert baseline(TASK, informed, seeds, 1).mean() > 0.9
    coins, _ = preferred_rewards(TASK, Comparisons(100, 2, noise=1.0), seeds)
    assert baseline(TASK, coins, seeds, 1).mean() < 0.5


def test_at_least_one_comparison_each_round() -> None:
    with pytest.raises(BadInput, match="comparisons"):
        Comparisons(3, 4)
