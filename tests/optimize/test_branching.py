"""The branching learner: its gradient by differences, its credit by loops, and that it learns."""

from __future__ import annotations

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith.core.errors import BadInput
from rewardsmith.optimize import branching as learner
from rewardsmith.tasks.branching import Relaxations, branch, knapsack
from rewardsmith.transforms import Redistribute


@rs.term
def size(nodes, terminated):
    return -np.log1p(nodes) * terminated


@rs.term
def below(below):
    return below


def test_score_gradients_by_differences() -> None:
    tree = branch(Relaxations(knapsack(0, 8, 3)), np.zeros(6), np.random.default_rng(0))
    weights = np.random.default_rng(1).normal(size=6)

    def log_chance(w: np.ndarray, i: int) -> float:
        scores = tree.candidates[i] @ w
        return float(scores[tree.chosen[i]] - np.log(np.exp(scores).sum()))

    found = learner.score_gradients(tree, weights)
    for i in range(len(tree.chosen)):
        slope = [(log_chance(weights + e, i) - log_chance(weights - e, i)) / 2e-5 for e in 1e-5 * np.eye(6)]
        np.testing.assert_allclose(found[i], slope, atol=1e-8)


def test_credit() -> None:
    tree = branch(Relaxations(knapsack(0, 8, 3)), np.zeros(6), np.random.default_rng(0))
    count = len(tree.chosen)
    terminal = learner.credit(tree, size, whole_order=True)
    np.testing.assert_allclose(terminal, -np.log1p(tree.nodes))  # everybody is credited with the end
    spread = learner.credit(tree, size | Redistribute(below), whole_order=False)
    assert spread[0] == pytest.approx(-np.log1p(tree.nodes))  # the root's subtree is the tree
    share = -np.log1p(tree.nodes) * tree.below / tree.below.sum()
    for i in range(count):
        mine = [j for j in range(count) if _is_below(tree.parent, j, i)]
        assert spread[i] == pytest.approx(share[mine].sum())


def _is_below(parent: np.ndarray, j: int, i: int) -> bool:
    while j > i:
        j = parent[j]
    return j == i


def test_it_learns_not_to_branch_badly() -> None:
    """Constant -1 per decision: after training the policy's trees are smaller than those of the uniform one."""
    problems = [Relaxations(knapsack(seed, 10, 2)) for seed in range(4)]
    config = learner.BranchingGradient(updates=15, problems=4, rollouts=4, learning_rate=3.0)
    weights = learner.learn_branching(problems, rs.Constant(-1.0), [0, 1], config)
    rng = np.random.default_rng(9)
    for row in weights:
        after = np.mean([branch(p, row).nodes for p in problems])
        before = np.mean([branch(p, np.zeros(6), rng).nodes for p in problems for _ in range(20)])
        assert after < before
    alone = learner.learn_branching(problems, rs.Constant(-1.0), [1], config)
    np.testing.assert_array_equal(weights[1], alone[0])


def test_one_rollout_has_no_baseline() -> None:
    with pytest.raises(BadInput, match="baseline"):
        learner.BranchingGradient(rollouts=1)
