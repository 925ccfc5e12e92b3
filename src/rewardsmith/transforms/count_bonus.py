"""CountBonus: pay for what was seen rarely, in all experience or in this episode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np

from ..core.algebra import Reward, Scope, Shares
from ..core.arrays import Array, Batch, to_numpy, xp
from ..core.columns import columns, field_names
from ..core.errors import BadInput
from ..core.node import Node, number

Ints = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, repr=False)
class CountBonus(Reward):
    r"""1 / \sqrt{N(k)}, N the visits so far to the cell k of the named fields, this one included.

    ``global`` counts all experience and fades as cells become known; ``episodic`` counts within the episode and
    never fades over training; ``both`` is the product.  Use global bonuses where episodes share one world,
    episodic ones where every episode is a new world, the product where you do not know.

    A bonus is a reward of its own, so it is weighted, normalised and added as any other:
    ``success + 0.1 * (CountBonus("next_cell") | Normalize(center=False))``.  It changes what is optimal: anneal
    it, and report the return without it.  Dividing by a running deviation keeps a global bonus from fading.

    The choice of the cell decides everything: if every observation is a new cell the bonus is a constant;
    ``entropy(state)`` tells how the visits spread.  A batch counts time step by time step, row after row
    within a step, so episodes in pieces are counted as whole ones are.

    Args:
        of: fields that make the cell: numbers, or columns.  Those of the next state pay for where an action
            led.
        memory: ``global``, ``episodic`` or ``both``.
        width: numbers are cut into cells of this width.
        first_only: within an episode pay 1 for the first visit and 0 afterwards, instead of 1 / \sqrt{n}.

    State: cells and counts of all experience, and of the episode that goes on in each row.  The field ``first``
    marks starts; without it each row of a batch is one episode.

    Source: Strehl and Littman, "An analysis of model-based interval estimation", JCSS 74 (2008); episodic and
    combined counts: Henaff et al., "A Study of Global and Episodic Bonuses", arXiv:2306.03236.
    Differs from the paper: one table for all rows, not one for each process.

    Example:
        >>> CountBonus("cell")({"cell": np.array([7, 7, 3, 7])}).round(3).tolist()
        [1.0, 0.707, 1.0, 0.577]
    """

    of: tuple[str, ...] | str
    memory: Literal["global", "episodic", "both"] = "global"
    width: float = number(default=1.0)
    first_only: bool = False
    written: ClassVar[str] = "CountBonus"

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        object.__setattr__(self, "of", field_names(self.of, "CountBonus"))
        if self.memory not in ("global", "episodic", "both"):
            raise BadInput("CountBonus memory", repr(self.memory), "global, episodic or both")
        if isinstance(self.width, float) and not self.width > 0:
            raise BadInput("CountBonus width", self.width, "above 0")

    @classmethod
    def called(cls, *arguments: Any, **settings: Any) -> Self:
        """As the class itself: how texts are read."""
        return cls(*arguments, **settings)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return (
            cls(("cell",)),
            cls(("position", "velocity"), "episodic", 0.5),
            cls(("cell",), "both", first_only=True),
        )

    @property
    def fields(self) -> frozenset[str]:
        return frozenset(self.of)

    @property
    def scope(self) -> Scope:
        return Scope.STEP if self.memory == "global" else Scope.EPISODE

    def init(self, batch: Batch) -> Any:
        width = columns(batch, self.of, "CountBonus").shape[-1]
        nothing = np.zeros((0, width), np.int64), np.zeros(0, np.int64)
        return (*nothing, np.zeros((0, width + 2), np.int64), np.zeros(0, np.int64))

    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        seen = columns(batch, self.of, "CountBonus")
        shape = tuple(seen.shape[:-1])
        steps = shape[-1] if shape else 1
        # time first: what happened earlier counts earlier, in whatever pieces it arrives
        numbers = np.floor(to_numpy(seen) / self.width).reshape(-1, steps, seen.shape[-1]).swapaxes(0, 1)
        known = np.isfinite(numbers).all(-1)
        cells = numbers[known].astype(np.int64)
        bonus = np.full(known.shape, np.nan)
        bonus[known] = 1.0
        cells_all, counts, cells_now, counts_now = state
        if self.memory != "episodic":
            visits, cells_all, counts = _count(cells, cells_all, counts)
            bonus[known] /= np.sqrt(visits)
        if self.memory != "global":
            place = _places(batch, known.shape)
            visits, cells_now, counts_now = _count(
                np.concatenate([place[known], cells], 1), cells_now, counts_now
            )
            bonus[known] *= (visits == 1) if self.first_only else 1 / np.sqrt(visits)
            cells_now, counts_now = _of_the_last(cells_now, counts_now, place)
        total = _like(bonus.swapaxes(0, 1).reshape(shape), seen)
        return Shares(total, {self.label: total}), (cells_all, counts, cells_now, counts_now)

    def entropy(self, state: Any) -> float:
        """Entropy in bits of how all visits spread over the cells; log2 of their number if evenly."""
        counts = state[1]
        if not counts.size:
            raise BadInput(
                "state of CountBonus", "no visits", "the state after a batch, with memory global or both"
            )
        shares = counts / counts.sum()
        return float(-(shares * np.log2(shares)).sum())


def _count(cells: Ints, known: Ints, counts: Ints) -> tuple[Ints, Ints, Ints]:
    """Visits up to and including each row of ``cells``, and the table afterwards."""
    together = np.concatenate([known, cells])
    if together.shape[1] == 1:
        table, index = np.unique(together[:, 0], return_inverse=True)
        table = table[:, None]
    else:
        table, index = np.unique(together, axis=0, return_inverse=True)
    index = index.ravel()
    old, new = index[: len(known)], index[len(known) :]
    before = np.zeros(len(table), np.int64)
    before[old] = counts
    order = np.argsort(new, kind="stable")
    opens = np.flatnonzero(np.diff(new[order], prepend=-1))
    rank = np.empty(len(new), np.int64)
    rank[order] = np.arange(len(new)) - np.repeat(opens, np.diff(opens, append=len(new)))
    return before[new] + rank + 1, table, before + np.bincount(new, minlength=len(table))


def _places(batch: Batch, shape: tuple[int, ...]) -> Ints:
    """Row and episode of each step, time first: ``(T, rows, 2)``; episode 0 is the one that was going on."""
    steps, rows = shape
    if "first" in batch:
        first = to_numpy(batch["first"]).reshape(rows, steps).T != 0
    else:
        first = np.zeros(shape, bool)
        first[:1] = True
    return np.stack([np.broadcast_to(np.arange(rows), shape), np.cumsum(first, axis=0)], axis=-1)


def _of_the_last(cells: Ints, counts: Ints, place: Ints) -> tuple[Ints, Ints]:
    """Only what belongs to the last episode of its row, which is episode 0 of the next batch."""
    if not len(place):
        return cells, counts
    kept = cells[:, 1] == place[-1, cells[:, 0], 1]
    cells = cells[kept]
    cells[:, 1] = 0
    return cells, counts[kept]


def _like(values: np.ndarray[Any, Any], array: Array) -> Array:
    lib = xp(array)
    return values if lib is np else lib.asarray(values, dtype=array.dtype)
