"""Profile: how a reward runs along one field: does it rise, where does it jump, how much of it is cut off?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..core.algebra import Reward
from ..core.errors import BadInput

Floats = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Profile:
    """What was found on a grid.

    Args:
        course: ``rising`` (never falls), ``falling``, ``flat``, or ``neither``.
        turns: places where it changes between rising and falling.
        jumps: places where it changes by more than a fifth of its span within a billionth of the range.
        saturated: share of the range on which a limit cuts it off, so that nothing can be learned there.
    """

    course: Literal["rising", "falling", "flat", "neither"]
    turns: tuple[float, ...]
    jumps: tuple[float, ...]
    saturated: float

    @property
    def flags(self) -> tuple[str, ...]:
        """What a person should look at: ``not monotone``, ``jumps``, ``saturated`` (over a tenth of it)."""
        found = {"not monotone": self.course == "neither", "jumps": bool(self.jumps)}
        return tuple(name for name, said in (found | {"saturated": self.saturated > 0.1}).items() if said)


def profile(
    reward: Reward,
    field: str,
    low: float,
    high: float,
    others: Mapping[str, Any] | None = None,
    bounds: tuple[float, float] = (-math.inf, math.inf),
    points: int = 1001,
) -> Profile:
    """Move one field from ``low`` to ``high`` and look at what a term pays.

    Args:
        reward: the term as it enters the sum, its weight included.
        others: the other fields that it reads, one number each.
        bounds: of the clip that the sum goes through; a term that alone reaches them hides all others.

    Example:
        >>> from rewardsmith.terms import value
        >>> from rewardsmith.transforms import Piecewise
        >>> bands = Piecewise(((3.0, 4.0, 5.0, 5.0), (4.0, 8.0, -5.0, 0.0)))
        >>> profile(value(value="gap") | bands, "gap", 0.0, 10.0, bounds=(-1.0, 1.0)).flags
        ('not monotone', 'jumps', 'saturated')
    """
    if not low < high or not math.isfinite(low + high) or points < 3:
        raise BadInput("profile", f"low {low}, high {high}, {points} points", "finite low < high, 3 points")
    grid = np.linspace(low, high, points) + (high - low) * 1e-7 * math.pi  # beside round numbers
    values = _along(reward, field, grid, others or {})
    if np.isnan(values).any():
        raise BadInput("profile", f"no verdict of {reward.label} along {field}", "a verdict everywhere")
    span = float(np.ptp(values))
    steps = np.diff(values)
    moved = np.abs(steps) > 1e-12 * max(span, 1e-300)
    signs, places = np.sign(steps[moved]), grid[1:][moved]
    turns = tuple(float(each) for each in places[1:][signs[1:] != signs[:-1]])
    ways = set(signs.tolist())
    course = "flat" if not ways else "neither" if len(ways) > 1 else "rising" if ways == {1.0} else "falling"
    steep = np.flatnonzero(np.abs(steps) > 0.2 * span) if span > 0 else np.zeros(0, np.int64)
    found = (_jump(reward, field, grid[i], grid[i + 1], others or {}, 0.2 * span) for i in steep)
    cut = (values <= bounds[0]) | (values >= bounds[1])
    return Profile(course, turns, tuple(place for place in found if place is not None), float(cut.mean()))


def _along(reward: Reward, field: str, grid: Floats, others: Mapping[str, Any]) -> Floats:
    batch = {name: np.full(len(grid), value) for name, value in others.items()} | {field: grid}
    return np.asarray(reward(batch), np.float64)


def _jump(
    reward: Reward, field: str, low: float, high: float, others: Mapping[str, Any], least: float
) -> float | None:
    """Where a steep change is, halved to a billionth; None where it is a slope."""
    close = 1e-9 * max(abs(low), abs(high), 1e-9)
    while high - low > close:
        ends = np.array([low, 0.5 * (low + high), high])
        first, middle, last = _along(reward, field, ends, others)
        if abs(last - first) < least:
            return None
        low, high = (low, ends[1]) if abs(middle - first) > abs(last - middle) else (ends[1], high)
    return round(float(high), 6)
