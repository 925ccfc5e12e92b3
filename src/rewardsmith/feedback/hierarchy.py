r"""Preferences from a ranking of factors: nobody says how much a factor weighs, only which one comes first.

Two samples are compared by the most important factor on which they clearly differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.arrays import Batch
from ..core.errors import BadInput, RewardsmithError
from ..core.fields import read_field

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]
_NOISE = 1e-12  # a spread below this share of the values is rounding, not a factor


class Undecided(RewardsmithError, ValueError):
    """No pair could be decided, so there is nothing to learn from."""


@dataclass(frozen=True)
class Hierarchy:
    r"""Factors in order of importance, and how clearly each must differ to decide.

    Factor k decides that i is preferred to j if ``s_k (z_k(i) - z_k(j)) > \sigma_k d_k``, that j is if the
    negative is, and else the next one is asked; d_k is the standard deviation of z_k over the data at hand.
    What no factor decides has no label (NaN), which is not a tie.

    Labels do not change under ``z_k -> a z_k + b`` with a > 0, and at margin 0 under no increasing map.  At a
    larger margin a map that is not affine moves the deviation, and labels with it.

    Args:
        factors: names of fields, the most important first.
        margins: \sigma_k >= 0, one for each factor, or one number for all.
        better: +1 where more is better, -1 where less is; one for each, or one number for all.

    Source: Bukharin et al., "Deep RL from Hierarchical Preference Design", arXiv:2309.02632.
    Differs from the paper: the released code wraps a single margin in a list again on every pair and gives the
    third and later levels the margin of the second; here every level has its own, written once.

    Example:
        >>> order = Hierarchy(("safe", "fast"), margins=(0.0, 1.0))
        >>> first = {"safe": np.array([1.0, 1.0, 1.0]), "fast": np.array([0.0, 3.0, 0.1])}
        >>> second = {"safe": np.array([0.0, 1.0, 1.0]), "fast": np.array([9.0, 1.0, 0.0])}
        >>> order.label(first, second, spread=np.array([1.0, 1.0])).tolist()
        [1.0, 1.0, nan]
    """

    factors: tuple[str, ...]
    margins: tuple[float, ...] | float = 1.0
    better: tuple[int, ...] | int = 1

    def __post_init__(self) -> None:
        count = len(self.factors)
        if not count or len(set(self.factors)) != count:
            raise BadInput("Hierarchy.factors", self.factors, "one or more different names")
        for name in ("margins", "better"):
            given = getattr(self, name)
            wide = given if isinstance(given, tuple) else (given,) * count
            if len(wide) != count:
                raise BadInput(f"Hierarchy.{name}", given, f"one number, or {count}: one for each factor")
            object.__setattr__(self, name, wide)
        if not all(np.isfinite(margin) and margin >= 0 for margin in self._margins):
            raise BadInput("Hierarchy.margins", self.margins, "numbers >= 0, in standard deviations")
        if not set(self._better) <= {1, -1}:
            raise BadInput("Hierarchy.better", self.better, "1 (more is better) or -1")

    @property
    def _margins(self) -> tuple[float, ...]:
        return self.margins if isinstance(self.margins, tuple) else (self.margins,)

    @property
    def _better(self) -> tuple[int, ...]:
        return self.better if isinstance(self.better, tuple) else (self.better,)

    def values(self, batch: Batch) -> Floats:
        """The factors of N samples, ``(N, K)``, turned so that more is better."""
        columns = [
            np.asarray(read_field(batch, name, "Hierarchy"), np.float64).ravel() for name in self.factors
        ]
        found = np.stack(columns, axis=-1) * np.asarray(self._better, np.float64)
        if np.isinf(found).any():
            raise BadInput("factors", "infinity", "finite numbers, or NaN where a factor is not known")
        return found

    def spread(self, batch: Batch) -> Floats:
        """``d (K,)``: standard deviations over a batch; 0 where a factor does not vary beyond rounding."""
        values = self.values(batch)
        deviation = np.nanstd(values, axis=0)
        return np.where(deviation <= _NOISE * np.nanmax(np.abs(values), axis=0), 0.0, deviation)

    def label(self, first: Batch, second: Batch, spread: Floats) -> Floats:
        """``(N,)``: 1 the first is preferred, 0 the second, NaN undecided."""
        return self.decide(first, second, spread)[0]

    def decide(self, first: Batch, second: Batch, spread: Floats) -> tuple[Floats, Ints]:
        """Labels ``(N,)``, and which level decided ``(N,)``: 0 the first factor, K none of them."""
        return lexicographic_preference(
            self.values(first), self.values(second), np.asarray(self._margins), np.asarray(spread, np.float64)
        )


def lexicographic_preference(
    first: Floats, second: Floats, margins: Floats, spread: Floats
) -> tuple[Floats, Ints]:
    r"""Compare rows of ``(N, K)`` by the first column that differs by more than ``margins * spread``.

    Args:
        first, second: ``(N, K)``, more is better; NaN decides nothing.
        margins, spread: ``(K,)``; a column with spread 0 decides nothing.

    Returns:
        Labels ``(N,)``, 1 for the first, 0 for the second, NaN undecided; levels ``(N,)``, K where undecided.

    Example:
        >>> first, second = np.array([[1.0, 0.0], [2.0, 5.0]]), np.array([[0.0, 9.0], [2.0, 7.0]])
        >>> label, level = lexicographic_preference(first, second, np.zeros(2), np.ones(2))
        >>> label.tolist(), level.tolist()
        ([1.0, 0.0], [0, 1])
    """
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    shape = first.shape
    if len(shape) != 2 or second.shape != shape or margins.shape != shape[1:] or spread.shape != shape[1:]:
        received = f"{shape}, {second.shape}, margins {margins.shape}, spread {spread.shape}"
        raise BadInput("lexicographic_preference", received, "(N, K) twice, (K,) twice")
    gap = first - second
    clear = (np.abs(gap) > margins * spread) & (spread > 0)
    level = np.where(clear.any(1), clear.argmax(1), shape[1])
    deciding = np.take_along_axis(gap, np.minimum(level, shape[1] - 1)[:, None], axis=1)[:, 0]
    return np.where(level == shape[1], np.nan, np.where(deciding > 0, 1.0, 0.0)), level


def decided(level: Ints, factors: int) -> Ints:
    """How many pairs each level decided, ``(K + 1,)``, the last for none.

    Raises:
        Undecided: no pair was decided.
    """
    counts = np.bincount(level, minlength=factors + 1)
    if counts[:-1].sum() == 0:
        raise Undecided(
            f"received {counts[-1]} pairs of which no factor decides one; allowed: at least one: lower the "
            "margins, or collect data in which a factor varies"
        )
    return counts


def labels_changed(hierarchy: Hierarchy, before: Batch, after: Batch, pairs: Ints) -> float:
    """Share of pairs ``(2, N)`` of samples whose label differs between two batches of the same samples.

    Each batch has its own spread, as it would have in use.  Undecided in both is no difference.

    Example:
        >>> before, after = {"z": np.array([0.0, 1.0, 5.0])}, {"z": np.array([0.0, 1.0, 50.0])}
        >>> labels_changed(Hierarchy(("z",), 0.0), before, after, np.array([[0, 1], [1, 2]]))
        0.0
    """
    found: list[Floats] = []
    for batch in (before, after):
        values = hierarchy.values(batch)
        margins, spread = np.asarray(hierarchy.margins, np.float64), hierarchy.spread(batch)
        found.append(lexicographic_preference(values[pairs[0]], values[pairs[1]], margins, spread)[0])
    same = (found[0] == found[1]) | (np.isnan(found[0]) & np.isnan(found[1]))
    return float(1 - same.mean())
