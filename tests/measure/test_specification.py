"""Specifications on a chain whose policies are known, and the ledger."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core import mdp as tables
from rewardsmith.core.errors import BadInput
from rewardsmith.measure.specification import Effort, Specification, specification_benchmark
from rewardsmith.optimize.tabular import QLearning


def test_the_ledger_is_a_sum():
    assert Effort(2, 30, 4, 5).units == 2 * 10 + 30 + 4 * 5 + 5 * 3
    assert Effort(comparisons=3, prices=(0.0, 0.5, 0.0, 0.0)).units == 1.5


def test_learners_are_judged_by_gold_and_by_cost():
    mdp = tables.chain(2, 2, discount=0.9, rewards=(0.0, 1.0))
    left, right = np.zeros((5, 2)), mdp.expected_reward
    left[1, 0] = 1.0
    cost = np.zeros((5, 2))
    cost[3] = 1.0  # the cell before the right end
    specs = [Specification("left", left), Specification("right", right, Effort(numbers=2))]
    found = specification_benchmark(mdp, specs, right, cost, range(4), QLearning(episodes=100, epsilon=0.3))
    assert [each.effort for each in found] == [0.0, 10.0]
    # right: cells 2 and 3 are visited once, at weights 1 and 0.9; left: never a cost, never a gain
    np.testing.assert_allclose(found[1].gold, 0.9)
    np.testing.assert_allclose(found[1].violations, 0.9 / 1.9)
    np.testing.assert_allclose(found[0].gold, 0.0, atol=1e-12)
    np.testing.assert_allclose(found[0].violations, 0.0, atol=1e-12)


def test_refusals():
    mdp, table = tables.chain(1, 1), np.zeros((3, 2))
    with pytest.raises(BadInput, match="name of its own"):
        specification_benchmark(mdp, [Specification("a", table)] * 2, table, table, [0])
    with pytest.raises(BadInput, match="shapes"):
        specification_benchmark(mdp, [Specification("a", table)], table[:2], table, [0])
