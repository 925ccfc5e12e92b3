"""Branch and bound against enumeration, and what it records of its tree."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.tasks.branching import FEATURES, Knapsack, Relaxations, branch, knapsack, shifted_mean


def best_by_enumeration(problem: Knapsack) -> float:
    choices = np.array(list(itertools.product((0.0, 1.0), repeat=len(problem.values))))
    fits = (choices @ problem.weights.T <= problem.capacity).all(1)
    return float((choices[fits] @ problem.values).max())


@pytest.mark.parametrize("seed", range(6))
def test_it_finds_the_best_solution_whatever_the_policy(seed: int) -> None:
    problem = knapsack(seed, items=8, rows=3)
    relaxed, rng = Relaxations(problem), np.random.default_rng(seed)
    expected = best_by_enumeration(problem)
    for weights, draws in (
        (np.eye(6)[0], None),
        (np.eye(6)[4], None),
        (-np.eye(6)[2], None),
        (np.zeros(6), rng),
    ):
        tree = branch(relaxed, weights, draws)
        assert tree.complete
        assert tree.best == expected
        assert tree.nodes == 1 + 2 * len(tree.chosen)


def test_the_relaxation_against_scipy() -> None:
    from scipy.optimize import linprog

    problem = knapsack(3, items=8, rows=3)
    relaxed, rng = Relaxations(problem), np.random.default_rng(0)
    for _ in range(20):
        fixed = rng.integers(-1, 2, 8).astype(np.int8)
        bounds = np.stack([fixed == 1, fixed != 0], axis=1).astype(float)
        other = linprog(-problem.values, A_ub=problem.weights, b_ub=problem.capacity, bounds=bounds)
        found = relaxed.solve(fixed)
        assert (found is None) == (other.status == 2)
        if found is not None:
            assert found[0] == pytest.approx(-other.fun)


def test_what_a_tree_records() -> None:
    relaxed = Relaxations(knapsack(1, items=10, rows=3))
    tree = branch(relaxed, np.zeros(6), np.random.default_rng(0))
    again = branch(Relaxations(knapsack(1, items=10, rows=3)), np.zeros(6), np.random.default_rng(0))
    assert tree.chosen.tolist() == again.chosen.tolist()  # what was solved before does not matter
    size = len(tree.chosen)
    assert tree.parent[0] == -1
    assert (tree.parent < np.arange(size)).all()
    assert all(tree.depth[i] == tree.depth[tree.parent[i]] + 1 for i in range(1, size))
    # oracle: two nodes for each decision at or below
    at_or_below = tree.summed_below(np.ones(size))
    assert (tree.below == 2 * at_or_below).all()
    assert tree.below[0] == tree.nodes - 1
    batch = tree.batch()
    assert batch["first"][0].tolist() == [True] + [False] * (size - 1)
    assert batch["terminated"][0, -1]
    assert all(features.shape[1] == len(FEATURES) for features in tree.candidates)
    assert all(features[:, 4].max() == 1.0 for features in tree.candidates)


def test_a_tree_that_was_cut_off_says_so() -> None:
    tree = branch(Relaxations(knapsack(1, items=12, rows=3)), np.eye(6)[0], limit=5)
    assert not tree.complete
    assert tree.batch()["truncated"][0, -1]
    assert not tree.batch()["terminated"].any()


def test_nothing_to_decide() -> None:
    easy = Knapsack(np.array([3.0, 2.0]), np.ones((1, 2)), np.array([5.0]))
    tree = branch(Relaxations(easy), np.zeros(6))
    assert (tree.nodes, tree.best, len(tree.chosen)) == (1, 5.0, 0)


def test_the_shifted_mean() -> None:
    assert shifted_mean(np.array([10.0, 70.0])) == pytest.approx(np.sqrt(20 * 80) - 10)
    with pytest.raises(BadInput, match="shapes"):
        Knapsack(np.ones(2), np.ones((1, 3)), np.ones(1))
    with pytest.raises(BadInput, match="whole values"):
        Knapsack(np.full(2, 0.5), np.ones((1, 2)), np.ones(1))
