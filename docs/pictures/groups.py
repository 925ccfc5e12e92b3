"""The picture of docs/transforms/groups.md:  python docs/pictures/groups.py"""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import rewardsmith as rs
from rewardsmith.core.groups import Groups
from rewardsmith.transforms import GroupNormalize, contrastive_mask, normalize_then_sum


@rs.term
def right(right: np.ndarray) -> np.ndarray:
    """Is the answer right?"""
    return right


@rs.term
def formatted(formatted: np.ndarray) -> np.ndarray:
    """Is it well formed?"""
    return formatted


def main() -> None:
    """Draw and save it beside this file."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    answers = {"neither": (0, 0), "only formatted": (0, 1), "only right": (1, 0), "both": (1, 1)}
    counts = (7, 7, 1, 1)  # sixteen answers to one prompt
    pairs = np.repeat(np.array(list(answers.values()), float), counts, axis=0)
    batch = {"right": pairs[:, 0], "formatted": pairs[:, 1], "group": np.zeros(16, int)}
    first = np.cumsum((0, *counts[:-1]))
    both = right + formatted
    for shift, name, reward in (
        (-0.2, "sum, then normalise", both | GroupNormalize()),
        (0.2, "normalise, then sum (GDPO)", normalize_then_sum(both)),
    ):
        axes[0].bar(np.arange(4) + shift, reward(batch)[first], 0.4, label=name)
    axes[0].set_xticks(range(4), list(answers))
    axes[0].axhline(0, color="grey", linewidth=0.8)
    axes[0].set(ylabel="advantage", title="Of 16 answers, 8 are formatted and 2 right")
    axes[0].legend(fontsize=8)

    gaps = np.linspace(0.0, 0.6, 13)
    for samples, least in ((4, 1), (8, 2), (16, 2), (32, 2)):
        axes[1].plot(gaps, [wrong_sign(gap, samples, least) for gap in gaps], label=f"{samples} samples")
    axes[1].set(
        xlabel="true gain in accuracy by the behaviour",
        ylabel="share of masks with the wrong sign",
        title="ContrastiveBonus judges from few samples",
    )
    axes[1].legend(fontsize=8)
    for panel in axes:
        panel.spines[["top", "right"]].set_visible(False)
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=110, metadata={"Software": None})


def wrong_sign(gap: float, samples: int, least: int, groups: int = 20_000) -> float:
    """Of the groups with a non-zero mask, how many punish a behaviour that helps by ``gap``."""
    rng = np.random.default_rng(0)
    use = rng.integers(0, 2, (groups, samples)).astype(float)
    correct = (rng.random(use.shape) < 0.5 + gap * (use - 0.5)).astype(float)
    ids = Groups(np.arange(groups)[:, None] + np.zeros(use.shape, int), groups)
    mask = contrastive_mask(ids, correct, use, 0.05, least)[:, 0]
    return float(np.mean(mask[mask != 0] < 0))


if __name__ == "__main__":
    main()
