"""Draws docs/pictures/potential.png: what potential-based shaping adds, and what it does to learning.

Run: python docs/pictures/potential.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt

import rewardsmith as rs
from rewardsmith.core import mdp as tables
from rewardsmith.optimize.tabular import QLearning, q_learning

GAMMA, CELLS = 0.95, 13


@rs.term
def guess(value):
    """A guess of how good a state is."""
    return value


def walk(rng: np.random.Generator, right: float) -> np.ndarray:
    """Cells from the second one to the end of a corridor, by a policy that goes right with this probability."""
    cells = [1]
    while cells[-1] < CELLS - 1 and len(cells) < 200:
        cells.append(max(1, cells[-1] + (1 if rng.random() < right else -1)))
    return np.array(cells)


def main() -> None:
    """Draw both panels."""
    near = np.arange(CELLS) / (CELLS - 1)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for chance, color in ((0.95, "#1f77b4"), (0.75, "#2ca02c"), (0.6, "#d62728")):
        cells = walk(np.random.default_rng(3), chance)
        batch = {"value": near[cells[:-1]], "next_value": near[cells[1:]]}
        batch["terminated"] = np.arange(len(cells) - 1) == len(cells) - 2
        extra = (rs.Constant(0.0) | rs.Potential(guess, GAMMA))(batch)
        total = np.cumsum(GAMMA ** np.arange(len(extra)) * extra)
        left.plot(total, color=color, label=f"goes right {chance:.0%} of the time")
    left.axhline(-near[1], color="black", linestyle=":", linewidth=1)
    left.annotate("-Phi(s0)", (len(total) * 0.75, -near[1] + 0.01))
    left.set(title="The extra sums to -Phi(s0), whoever walks", xlabel="step", ylabel="discounted extra so far")
    left.legend(fontsize=8)

    world = tables.chain(1, CELLS - 2, GAMMA, rewards=(0.0, 1.0), slip=0.1)
    shapes = {
        "no shaping": None,
        "nearness, 0 to 1": near,
        "minus the distance": near * (CELLS - 1) - (CELLS - 1),
    }
    rewards = [
        world.expected_reward
        if phi is None
        else world.with_reward(
            np.nan_to_num(tables.tabulate(rs.Constant(0.0) | rs.Potential(guess, GAMMA), world, {"value": phi}))
            + world.reward
        ).expected_reward
        for phi in shapes.values()
    ]
    curves = q_learning(world, np.stack(rewards), range(24), QLearning(episodes=200, horizon=200))
    best = float(world.initial @ tables.value_iteration(world))
    for name, curve in zip(shapes, curves.performance.mean(1), strict=True):
        right.plot(curves.episodes, curve / best, label=name)
    right.set(title="Q-learning from 0 in a corridor", xlabel="episode", ylabel="share of the best return")
    right.legend(fontsize=8)
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=110)


if __name__ == "__main__":
    main()
