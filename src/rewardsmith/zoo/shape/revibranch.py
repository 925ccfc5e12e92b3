"""ReviBranch: a terminal reward for branch and bound, spread over the decisions by their importance.

Differs from the paper: only the reward is tried, on knapsacks of 12 items with linear policies over six classic
features; the graph network and the revived trajectories belong to the agent. Spread rewards are summed over a
decision's own subtree, the terminal one over all later decisions. The learning rate (3, the same for all) was
chosen on other problems and seeds; there importance was behind the other spread rewards. The names of the
authors could not be read.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import rewardsmith as rs
from rewardsmith.core.cite import Paper
from rewardsmith.optimize.branching import BranchingGradient, learn_branching
from rewardsmith.tasks.branching import Relaxations, branch, knapsack, shifted_mean
from rewardsmith.transforms import Redistribute, conservation
from rewardsmith.zoo.claims import Meter, Verdict, bound, compare_paired, control, verdict

PAPER = Paper(
    key="revibranch2025",
    title="ReviBranch: Deep Reinforcement Learning for Branch-and-Bound with Revived Trajectories",
    authors="Authors, not recorded",
    year=2025,
    where="arXiv",
    arxiv="2508.17452",
)
MOST_FRACTIONAL, PSEUDO_COST = np.eye(6)[0], np.eye(6)[4]


@rs.term
def tree_size(nodes: np.ndarray, terminated: np.ndarray) -> np.ndarray:
    """Minus the logarithm of the number of nodes, when the tree is complete."""
    return -np.log1p(nodes) * terminated


@rs.term
def nodes_below(below: np.ndarray) -> np.ndarray:
    """Importance of a decision: the nodes in the subtree below it."""
    return below


def build(importance: rs.Reward = nodes_below) -> rs.Reward:
    """The tree's size, spread over the decisions."""
    return tree_size | Redistribute(importance)


ARMS = {
    "terminal": tree_size,
    "uniform": build(rs.Constant(1.0)),
    "importance": build(),
    "minus one": rs.Constant(-1.0),
}


def claim(full: bool = False) -> Verdict:
    """Trees of policies that were taught by each reward, on problems that they did not see."""
    seeds = range(8)
    size = 12 if full else 7
    train = [Relaxations(knapsack(10_000 + k, size)) for k in range(16 if full else 3)]
    test = [Relaxations(knapsack(20_000 + k, size)) for k in range(30 if full else 6)]
    config = BranchingGradient(updates=20 if full else 4, problems=4 if full else 2, learning_rate=3.0)

    def trees(weights: np.ndarray) -> float:
        return float(shifted_mean(np.array([branch(problem, weights).nodes for problem in test])))

    def learned(reward: rs.Reward, whole_order: bool = False) -> np.ndarray:
        return learn_branching(train, reward, seeds, replace(config, whole_order=whole_order))

    with Meter() as meter:
        policies = {name: learned(reward, name == "terminal") for name, reward in ARMS.items()}
        same = learned(build(rs.Constant(7.0)))
        nodes = {name: np.array([trees(row) for row in rows]) for name, rows in policies.items()}
        draws = [np.random.default_rng(seed) for seed in seeds]
        chance = np.array(
            [shifted_mean(np.array([branch(p, np.zeros(6), rng).nodes for p in test])) for rng in draws]
        )
        grown = [branch(problem, np.zeros(6), draws[0]) for problem in test]
        batches = [tree.batch() for tree in grown if len(tree.chosen)]
        gaps = [conservation(tree_size(b), build()(b), b).max() for b in batches]
        signs = [float(build()(b).max()) for b in batches]
    fractional, pseudo = trees(MOST_FRACTIONAL), trees(PSEUDO_COST)
    ours = nodes["importance"]
    checks = [
        compare_paired("3 % smaller trees than the terminal reward", 0.97 * nodes["terminal"], ours),
        compare_paired("smaller trees than uniform redistribution", nodes["uniform"], ours),
        compare_paired("smaller trees than most-fractional branching", fractional + 0 * ours, ours),
        compare_paired("smaller trees than random branching", chance, ours),
        bound("the return is conserved", gaps, high=1e-9),
        bound("no share has the other sign", signs, high=0.0),
        control("equal importance is uniform", same.sum(1), policies["uniform"].sum(1), 1e-9, exact=True),
    ]
    figures = {"nodes": {name: round(float(each.mean()), 2) for name, each in nodes.items()}}
    figures["nodes"] |= {"random": round(float(chance.mean()), 2), "most fractional": round(fractional, 2)}
    figures["nodes"] |= {"pseudo-cost": round(pseudo, 2)}
    missing = "SCIP on set covering, the graph network and revived trajectories, learnt importance"
    return verdict(checks, seeds, missing, figures, meter.cost)
