"""The picture of docs/transforms/constraints.md:  python docs/pictures/constraints.py"""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from rewardsmith.optimize.bandit import PolicyGradient, learn_bandit
from rewardsmith.zoo.shape.constrained_rlhf import build, weighted, world

SEEDS = range(8)
ARMS = {
    "sum with fixed weights": (weighted(1.0, kl=0.2), "tab:red"),
    "'>=', sigmoid (mu-PPO)": (build(">="), "tab:blue"),
    "'==', tanh (xi-PPO)": (build("==", rate=0.02), "tab:green"),
}


def main() -> None:
    """Draw and save it beside this file."""
    learner = PolicyGradient(250, 64, None, 4.0, record=5)
    updates = np.append(np.arange(0, 250, 5), 250)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    for name, (reward, colour) in ARMS.items():
        run = learn_bandit([world(seed) for seed in SEEDS], reward, SEEDS, learner, ("gold", "first"))
        for axes, field in ((left, "first"), (right, "gold")):
            curves = run.curves[field]
            axes.plot(updates, curves.T, color=colour, alpha=0.15, linewidth=0.8)
            axes.plot(updates, curves.mean(0), color=colour, label=name)
    left.axhline(0.8, color="black", linestyle=":", label="limit")
    left.set(xlabel="update", ylabel="mean score of a reward model", title="What is constrained")
    right.set(xlabel="update", ylabel="mean gold score", title="What is wanted")
    left.legend(loc="upper right", bbox_to_anchor=(1.0, 0.82), fontsize=8)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=110, metadata={"Software": None})


if __name__ == "__main__":
    main()
