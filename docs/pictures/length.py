"""The picture of docs/transforms/length.md:  python docs/pictures/length.py"""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from rewardsmith.transforms import CosineLength, LengthBand, OverlongPenalty, RelativeLength

LENGTHS = np.linspace(1.0, 1200.0, 300)


def main() -> None:
    """Draw and save it beside this file."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained", sharey=True)
    batch = {"length": LENGTHS}
    for name, transform in (
        ("CosineLength(1024)", CosineLength(limit=1024.0)),
        ("OverlongPenalty(1024, 400)", OverlongPenalty(limit=1024.0, buffer=400.0)),
    ):
        (line,) = axes[0].plot(LENGTHS, transform.apply(np.ones(300), batch, ())[0], label=name)
        wrong = transform.apply(np.zeros(300), batch, ())[0]
        axes[0].plot(LENGTHS, wrong, linestyle="--", color=line.get_color())
    axes[0].set(xlabel="length", ylabel="reward (right: solid, wrong: dashed)", title="Fixed limits")
    for name, transform in (
        ("RelativeLength(alpha=0.6)", RelativeLength(alpha=0.6)),
        ("LengthBand(penalty=0.5, tolerance=0.2)", LengthBand(penalty=0.5, tolerance=0.2)),
    ):
        axes[1].plot(LENGTHS, [beside_others(transform, length) for length in LENGTHS], label=name)
    axes[1].axvline(400, color="grey", linewidth=0.8)
    axes[1].set(xlabel="length of one more right answer", title="Relative to right answers of 300 to 500")
    axes[0].legend(fontsize=8, loc=(0.02, 0.34))
    axes[1].legend(fontsize=8, loc="lower left")
    for panel in axes:
        panel.spines[["top", "right"]].set_visible(False)
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=110, metadata={"Software": None})


def beside_others(transform: RelativeLength | LengthBand, length: float) -> float:
    """The reward of a right answer in a group of nine other right ones."""
    lengths = np.append(np.linspace(300.0, 500.0, 9), length)
    batch = {"group": np.zeros(10, int), "correct": np.ones(10), "length": lengths}
    return float(transform.apply(np.ones(10), batch, ())[0][-1])


if __name__ == "__main__":
    main()
