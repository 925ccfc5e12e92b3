"""Policy gradient for branching: which reward teaches a linear policy to make small trees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..core.algebra import Reward
from ..core.errors import BadInput
from ..core.mdp import Floats
from ..tasks.branching import FEATURES, Relaxations, Tree, branch


@dataclass(frozen=True)
class BranchingGradient:
    """How a branching policy learns.

    Args:
        updates: gradient steps.
        problems: problems per update, taken in turn.
        rollouts: trees of each problem per update; their mean is the baseline.
        learning_rate: step size on standardised advantages.
        limit: the most nodes of a tree while training.
        whole_order: what a decision is credited with: the rewards of all decisions from it on, in the order in
            which nodes were looked at; False for those of its own subtree.
    """

    updates: int = 25
    problems: int = 3
    rollouts: int = 4
    learning_rate: float = 0.5
    limit: int = 400
    whole_order: bool = False

    def __post_init__(self) -> None:
        if min(self.updates, self.problems) < 1 or self.rollouts < 2:
            received = f"updates={self.updates}, problems={self.problems}, rollouts={self.rollouts}"
            raise BadInput("BranchingGradient", received, "1 or more, and 2 or more rollouts for a baseline")


def learn_branching(
    problems: Sequence[Relaxations], reward: Reward, seeds: Sequence[int], config: BranchingGradient
) -> Floats:
    """Weights ``(S, 6)`` of the softmax policy, one row per seed, started at 0 (uniform).

    The reward sees the decisions of a tree as one episode (``Tree.batch``).  Problems that need no decision
    teach nothing, and so do trees that the limit cut off.
    """
    return np.stack([_train(problems, reward, np.random.default_rng(seed), config) for seed in seeds])


def _train(
    problems: Sequence[Relaxations], reward: Reward, rng: np.random.Generator, config: BranchingGradient
) -> Floats:
    weights = np.zeros(len(FEATURES))
    for update in range(config.updates):
        pushes: list[Floats] = []
        gains: list[Floats] = []
        for k in range(config.problems):
            problem = problems[(update * config.problems + k) % len(problems)]
            trees = [branch(problem, weights, rng, config.limit) for _ in range(config.rollouts)]
            trees = [tree for tree in trees if tree.complete and len(tree.chosen)]
            returns = [credit(tree, reward, config.whole_order) for tree in trees]
            for tree, gain in zip(trees, against_others(trees, returns), strict=True):
                pushes.append(score_gradients(tree, weights))
                gains.append(gain)
        if gains and (flat := np.concatenate(gains)).std() > 1e-12:
            weights = weights + config.learning_rate * flat / flat.std() @ np.concatenate(pushes) / len(flat)
    return weights


def credit(tree: Tree, reward: Reward, whole_order: bool) -> Floats:
    """What each decision of a tree is credited with, ``(D,)``."""
    paid = np.asarray(reward(tree.batch()))[0]
    return np.cumsum(paid[::-1])[::-1] if whole_order else tree.summed_below(paid)


def against_others(trees: Sequence[Tree], returns: Sequence[Floats]) -> list[Floats]:
    """Returns minus the mean return at the same depth in all trees of the problem."""
    if not trees:
        return []
    depth = np.minimum(np.concatenate([tree.depth for tree in trees]).astype(np.int64), 5)
    flat = np.concatenate(returns)
    mean = np.bincount(depth, flat, 6) / np.maximum(np.bincount(depth, minlength=6), 1)
    return np.split(flat - mean[depth], np.cumsum([len(tree.chosen) for tree in trees])[:-1])


def score_gradients(tree: Tree, weights: Floats) -> Floats:
    """Gradient of log pi of each decision in the weights, ``(D, 6)``."""
    found = np.empty((len(tree.chosen), len(weights)))
    for i, (features, pick) in enumerate(zip(tree.candidates, tree.chosen, strict=True)):
        scores = features @ weights
        chances = np.exp(scores - scores.max())
        found[i] = features[pick] - chances @ features / chances.sum()
    return found
