"""Success: what is really wanted, as a number between 0 and 1 per episode."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ..core.algebra import Reward
from ..core.arrays import Array, xp
from ..core.errors import BadInput

Reduce = Literal["mean", "any", "final"]


@dataclass(frozen=True)
class Success:
    """How one episode is judged: a signal per step, reduced over a window of the horizon.

    ``mean``  = sum of the signal over steps in the window that happened / number of steps in the window;
    ``any``   = greatest signal in the window;
    ``final`` = signal of the last step that happened, 0 if that lies outside the window.
    Steps that did not happen (the episode had ended) count 0, so falling early is never rewarded.

    Args:
        signal: a reward over named fields, twins allowed, with values in 0..1 per step; NaN means
            "no verdict".
        meaning: one sentence for people.
        reduce: how steps become one number.
        window: the share of the horizon that counts, e.g. ``(0.75, 1.0)`` is the last quarter.

    Raises:
        BadInput: for an unknown reduction, an empty window, or (in ``episode``) arrays that do not fit.

    Example:
        >>> import numpy as np
        >>> last_half = Success(signal=rs.success, meaning="...", window=(0.5, 1.0))  # doctest: +SKIP
        >>> last_half.episode(np.array([0.0, 0.0, 1.0, 1.0]), np.array([1, 1, 1, 0]) > 0)  # doctest: +SKIP
        0.5
    """

    signal: Reward
    meaning: str = ""
    reduce: Reduce = "mean"
    window: tuple[float, float] = (0.0, 1.0)

    def __post_init__(self) -> None:
        if self.reduce not in ("mean", "any", "final"):
            raise BadInput("reduce of Success", repr(self.reduce), "'mean', 'any' or 'final'")
        start, stop = self.window
        if not (math.isfinite(start) and math.isfinite(stop) and 0.0 <= start < stop <= 1.0):
            raise BadInput("window of Success", self.window, "0 <= start < stop <= 1, shares of the horizon")
        if not isinstance(self.signal, Reward):
            raise BadInput("signal of Success", type(self.signal).__name__, "a reward over named fields")

    def steps(self, horizon: int) -> tuple[int, int]:
        """First step of the window and the step after its last one; at least one step long."""
        start = min(round(self.window[0] * horizon), horizon - 1)
        return start, max(round(self.window[1] * horizon), start + 1)

    def episode(self, signal: Array, alive: Array) -> Array:
        """Judge episodes: arrays ``(..., T)``, T = horizon, give ``(...)``; ``alive``: this step happened."""
        if signal.shape != alive.shape or not signal.shape:
            raise BadInput(
                "success of an episode", f"signal {signal.shape}, alive {alive.shape}", "one shape (..., T)"
            )
        np_ = xp(signal, alive)
        alive = alive != 0
        start, stop = self.steps(signal.shape[-1])
        signal = np_.where(alive, signal, 0.0)
        inside = signal[..., start:stop]
        if self.reduce == "mean":
            return np_.sum(inside, axis=-1) / (stop - start)
        if self.reduce == "any":
            return np_.max(inside, axis=-1)
        following = np_.concat([alive[..., 1:], np_.zeros_like(alive[..., :1])], axis=-1)
        last = (alive & ~following)[..., start:stop]
        return np_.sum(np_.where(last, inside, 0.0), axis=-1)
