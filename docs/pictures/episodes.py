"""Draws docs/pictures/episodes.png: what the transforms of whole episodes do to one stream of rewards.

Run: python docs/pictures/episodes.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt

import rewardsmith as rs
from rewardsmith.transforms import Delay, Delta, FirstTime, GatedAccumulation, Redistribute


@rs.term
def outcome(solved):
    """The first episode is solved, the second is not."""
    return solved


@rs.term
def effort(work):
    """The importance of a step."""
    return work


def main() -> None:
    """Draw one panel for each transform."""
    reward = np.array([[0.0, 0.3, 0.3, 0.0, 1.0, 0.0, 0.4, 0.4, 0.6, 0.2]])
    first = np.isin(np.arange(10), (0, 5))[None]
    last = np.isin(np.arange(10), (4, 9))[None]
    solved = 1.0 * (np.arange(10) == 4)[None]
    work = np.array([[1.0, 3.0, 1.0, 1.0, 2.0, 0.0, 1.0, 1.0, 4.0, 2.0]])
    batch = {"first": first, "terminated": last, "truncated": last & False, "solved": solved, "work": work}
    shown = {
        "the reward": None,
        "GatedAccumulation(outcome, 0.5)": GatedAccumulation(outcome, 0.5),
        "Redistribute(effort)": Redistribute(effort),
        "Delay(2)": Delay(2),
        "Delay()": Delay(),
        "FirstTime(0.2)": FirstTime(0.2),
        "Delta()": Delta(),
    }
    figure, axes = plt.subplots(2, 4, figsize=(11, 4.4), layout="constrained", sharex=True, sharey=True)
    for panel, (name, transform) in zip(axes.ravel(), shown.items(), strict=False):
        after = reward if transform is None else transform.apply(reward, batch, transform.init(batch))[0]
        colors = ["#1f77b4"] * 5 + ["#ff7f0e"] * 5
        panel.bar(np.arange(10), after[0], color=colors)
        sums = after[0, :5].sum(), after[0, 5:].sum()
        panel.set_title(f"{name}\nreturns {sums[0]:.1f} and {sums[1]:.1f}", fontsize=9)
        panel.axhline(0, color="black", linewidth=0.6)
        panel.axvline(4.5, color="grey", linestyle=":", linewidth=1)
    axes[-1, -1].axis("off")
    axes[-1, -1].text(0, 0.5, "blue: an episode that is solved\norange: one that is not", fontsize=9)
    for panel in axes[-1]:
        panel.set_xlabel("step")
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=110)


if __name__ == "__main__":
    main()
