"""Strip: fields of one episode over time, one row each; what is shown where there is no film."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np

MOST = 12  # rows; more cannot be read


def strip(curves: Mapping[str, Any]) -> bytes:
    """A PNG with a row for each curve ``(L,)``; where there are many, those that move most for their size."""
    from matplotlib.figure import Figure

    def moves(values: Any) -> float:
        return float(np.ptp(values)) / (float(np.abs(values).max()) + 1e-9)

    names = sorted(sorted(curves, key=lambda name: -moves(curves[name]))[:MOST], key=list(curves).index)
    figure = Figure(figsize=(5.2, 0.55 * len(names) + 0.5), dpi=110)
    axes = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    for axis, name in zip(axes, names, strict=True):
        axis.plot(curves[name], color="#0a6cb0", linewidth=1.2)
        axis.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=7)
        axis.tick_params(labelsize=6)
        for edge in ("top", "right"):
            axis.spines[edge].set_visible(False)
    axes[-1].set_xlabel("step", fontsize=7)
    figure.tight_layout(h_pad=0.2)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()
