"""Draws docs/pictures/novelty.png: what each bonus pays along five episodes of the same walk.

Run: python docs/pictures/novelty.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt

from rewardsmith.transforms import CountBonus, EllipticalBonus, RNDBonus


def main() -> None:
    """Draw one panel for each bonus."""
    once = np.array([0, 1, 2, 3, 4, 4, 4, 4])  # four cells on, then it stays
    again = np.array([0, 1, 2, 3, 4, 5, 6, 7])  # the last episode goes further
    cells = np.concatenate([*[once] * 4, again])[None]
    batch = {
        "cell": cells,
        "code": np.eye(8)[cells],
        "place": (cells - 3.5) / 3.5,
        "first": (np.arange(40) % 8 == 0)[None],
        "terminated": (np.arange(40) % 8 == 7)[None],
    }
    shown = {
        "CountBonus: global": CountBonus("cell"),
        "CountBonus: episodic, first visits": CountBonus("cell", "episodic", first_only=True),
        "CountBonus: both": CountBonus("cell", "both", first_only=True),
        "EllipticalBonus": EllipticalBonus("code", ridge=1.0),
        "RNDBonus": RNDBonus("place", learning_rate=1.0),
    }
    figure, axes = plt.subplots(len(shown), 1, figsize=(9, 7), layout="constrained", sharex=True)
    for panel, (name, bonus) in zip(axes, shown.items(), strict=True):
        panel.bar(np.arange(40), bonus(batch)[0], color=["#2ca02c" if c > 4 else "#1f77b4" for c in cells[0]])
        panel.set_title(name, fontsize=9, loc="left")
        for start in range(8, 40, 8):
            panel.axvline(start - 0.5, color="grey", linestyle=":", linewidth=1)
    axes[-1].set_xlabel("step; dotted lines between episodes; green: cells that were never seen before")
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=110)


if __name__ == "__main__":
    main()
