"""Four rooms: find the way through two doors to the opposite corner."""

from __future__ import annotations

import numpy as np

from ...core.arrays import Array, xp
from ...core.fields import Field
from ...core.grid import FOUR_ROOMS, cells
from ...core.term import term
from ..envs.grid import Grid
from ..success import Success
from ..task import Task

_PLACES = cells(FOUR_ROOMS)
ROWS = np.asarray([row for row, _, _ in _PLACES], np.float64)
COLUMNS = np.asarray([column for _, column, _ in _PLACES], np.float64)
LAST = 6.0


def row(obs: Array) -> Array:
    """Row of the agent, 0 is the top."""
    return obs @ xp(obs).asarray(ROWS, dtype=obs.dtype)


def column(obs: Array) -> Array:
    """Column of the agent, 0 is the left."""
    return obs @ xp(obs).asarray(COLUMNS, dtype=obs.dtype)


@term
def at_goal(next_row: Array, next_column: Array) -> Array:
    """1 on entering the bottom right corner."""
    return xp(next_row).where((next_row > LAST - 0.5) & (next_column > LAST - 0.5), 1.0, 0.0)


@term
def closer(next_row: Array, next_column: Array) -> Array:
    """Minus the number of moves to the goal without walls, over 12: the obvious dense reward."""
    return (next_row + next_column - 2.0 * LAST) / (2.0 * LAST)


four_rooms = Task(
    name="four_rooms",
    text="Walk from the top left corner through the doors to the bottom right corner.",
    env=Grid(FOUR_ROOMS),
    fields=(
        Field("row", "1", 0.0, LAST, "row of the agent, 0 is the top", read=row),
        Field("column", "1", 0.0, LAST, "column of the agent, 0 is the left", read=column),
    ),
    horizon=40,
    success=Success(at_goal, "the corner is reached within 40 steps", reduce="any"),
    native=at_goal,
    naive=closer,
    discount=0.95,
    ending="goal",
)
