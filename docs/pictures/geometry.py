"""The picture of docs/geometry.md:  python docs/pictures/geometry.py"""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from rewardsmith import terms

GOLD = np.array([0.4, 0.4, 0.6, 0.5])  # a button, twice as wide as high
SHOWN = {
    "center_hit": terms.center_hit,
    "iou": terms.iou,
    "giou": terms.giou,
    "gaussian_point": terms.gaussian_point,
    "gaussian_coverage": terms.gaussian_coverage,
    "harmonic_agreement": terms.harmonic_agreement,
}


def main() -> None:
    """Every term as the box moves over the screen, and as its size changes at the right place."""
    figure, axes = plt.subplots(2, 4, figsize=(13, 6), layout="constrained")
    grid = np.linspace(0, 1, 161)
    x, y = np.meshgrid(grid, grid)
    half = (GOLD[2:] - GOLD[:2]) / 2
    box = np.stack([x - half[0], y - half[1], x + half[0], y + half[1]], axis=-1)
    places = [axes[row, column] for row in range(2) for column in range(3)]
    for place, (name, term) in zip(places, SHOWN.items(), strict=True):
        values = term({"box": box, "gold_box": np.broadcast_to(GOLD, box.shape)})
        low = min(0.0, term.info.low)
        shown = place.pcolormesh(x, y, values, cmap="viridis", vmin=low, vmax=1, rasterized=True)
        place.add_patch(plt.Rectangle(GOLD[:2], *(2 * half), fill=False, edgecolor="w"))
        place.set(title=name, xlabel="centre x", ylabel="centre y", aspect="equal")
        figure.colorbar(shown, ax=place, shrink=0.6)
    ratio = np.geomspace(0.25, 4, 200)
    center = (GOLD[:2] + GOLD[2:]) / 2
    sized = np.concatenate([center - half * ratio[:, None], center + half * ratio[:, None]], axis=1)
    away = grid * 0.5
    moved = GOLD + np.stack([away, 0 * away, away, 0 * away], axis=1)
    for name, term in SHOWN.items():
        for place, along, boxes in ((axes[0, 3], ratio, sized), (axes[1, 3], away, moved)):
            values = term({"box": boxes, "gold_box": np.broadcast_to(GOLD, boxes.shape)})
            place.plot(along, values, label=name)
    axes[0, 3].set(title="right place, wrong size", xlabel="side / true side", xscale="log")
    axes[0, 3].set_xticks([0.25, 0.5, 1, 2, 4], ["1/4", "1/2", "1", "2", "4"])
    axes[0, 3].minorticks_off()
    axes[1, 3].set(title="right size, moved aside", ylim=(-0.9, 1.05), xlabel="shift")
    axes[1, 3].legend(fontsize=6, loc="lower left")
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=110)


if __name__ == "__main__":
    main()
