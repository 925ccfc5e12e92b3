"""The picture of docs/transforms/products.md:  python docs/pictures/products.py"""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import rewardsmith as rs
from rewardsmith import terms
from rewardsmith.transforms import Latched, geometric_mean, soft_minimum

A, B = terms.value(value="a"), terms.value(value="b")
WAYS = {
    "mean": 0.5 * A + 0.5 * B,
    "product": A * B,
    "minimum": rs.minimum(A, B),
    "soft_minimum, 0.3": soft_minimum(A, B, temperature=0.3),
    "geometric_mean": geometric_mean(A, B),
    "gate(a, when=b)": rs.gate(A, when=B, above=0.0),
}


def main() -> None:
    """Maps of six ways over two rewards in [-1, 1], slices, and a latch over time."""
    figure, axes = plt.subplots(2, 4, figsize=(12, 6), layout="constrained")
    grid = np.linspace(-1, 1, 201)
    x, y = np.meshgrid(grid, grid)
    places = [axes[row, column] for row in range(2) for column in range(3)]
    for place, (name, way) in zip(places, WAYS.items(), strict=True):
        values = way({"a": x, "b": y})
        shown = place.pcolormesh(x, y, values, cmap="RdBu", vmin=-1, vmax=1, rasterized=True)
        place.contour(x, y, values, levels=[-0.5, 0.0, 0.5], colors="k", linewidths=0.6)
        place.set(title=name, xlabel="a", ylabel="b", aspect="equal")
    figure.colorbar(shown, ax=places, shrink=0.7, label="reward")
    for name, way in WAYS.items():
        axes[0, 3].plot(grid, way({"a": grid, "b": np.full(201, 0.25)}), label=name)
    axes[0, 3].set(title="b = 0.25", xlabel="a")
    axes[0, 3].legend(fontsize=6)
    event = np.zeros((1, 24))
    event[0, [5, 8]] = 1.0
    held = Latched(ticks=6, factor=0.5).apply(event, {}, ())[0]
    axes[1, 3].step(np.arange(24), held[0], where="mid")
    axes[1, 3].plot([5, 8], [1.05, 1.05], "rv", label="event")
    axes[1, 3].set(title="Latched(6, 0.5)", xlabel="step", ylim=(0, 1.15))
    axes[1, 3].legend(fontsize=7, loc="lower right")
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=110)


if __name__ == "__main__":
    main()
