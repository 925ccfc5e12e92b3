"""Grid worlds from text maps, as tabular MDPs: rooms, lakes, mazes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .errors import BadInput
from .mdp import TabularMDP

# The order of Gymnasium's FrozenLake: left, down, right, up; neighbours in this list are perpendicular.
MOVES = ((0, -1), (1, 0), (0, 1), (-1, 0))

FOUR_ROOMS = """
S..#...
.......
...#...
#.###.#
...#...
.......
...#..G
"""

FROZEN_LAKE = """
SFFF
FHFH
FFFH
HFFG
"""


def cells(text: str) -> list[tuple[int, int, str]]:
    """Row, column and letter of every cell that is not a wall, in state order."""
    rows = text.split()
    if not rows or len({len(row) for row in rows}) != 1:
        raise BadInput("map", f"rows of lengths {[len(row) for row in rows]}", "rows of one length")
    return [(r, c, ch) for r, row in enumerate(rows) for c, ch in enumerate(row) if ch != "#"]


def gridworld(
    text: str,
    discount: float = 0.95,
    slip: float = 0.0,
    rewards: Mapping[str, float] | None = None,
    terminal: str = "GH",
) -> TabularMDP:
    """A grid with walls ``#``, starts ``S``, and letters that pay when entered.

    Args:
        text: one character per cell; every letter other than ``#`` is a cell to stand on.
        slip: probability of moving at a right angle instead, half to either side (FrozenLake: 2/3).
        rewards: what entering a letter pays; default ``{"G": 1.0}``.
        terminal: letters that end the episode.

    Actions are those of FrozenLake: left, down, right, up.  Moves into walls stay.

    Example:
        >>> gridworld("S.G", discount=0.5)
        TabularMDP(states=3, actions=4, discount=0.5)
    """
    if not 0 <= slip <= 1:
        raise BadInput("slip", slip, "0 <= slip <= 1")
    places = cells(text)
    pays: Mapping[str, float] = {"G": 1.0} if rewards is None else rewards
    unknown = set(pays) - {letter for _, _, letter in places}
    if unknown:
        raise BadInput("rewards", f"letters {sorted(unknown)}", "letters of the map")
    index = {(row, column): state for state, (row, column, _) in enumerate(places)}
    transition = np.zeros((len(places), 4, len(places)))
    for state, (row, column, _) in enumerate(places):
        for action in range(4):
            for turn, share in ((0, 1 - slip), (1, slip / 2), (3, slip / 2)):
                down, right = MOVES[(action + turn) % 4]
                transition[state, action, index.get((row + down, column + right), state)] += share
    paid = np.array([pays.get(letter, 0.0) for _, _, letter in places])
    starts = np.array([letter == "S" for _, _, letter in places], dtype=np.float64)
    if not starts.any():
        raise BadInput("map", "no start", "at least one cell S")
    ends = np.array([letter in terminal for _, _, letter in places])
    reward = np.broadcast_to(paid, transition.shape)
    return TabularMDP(transition, reward, discount, starts / starts.sum(), ends)


def coordinates(text: str) -> dict[str, np.ndarray[Any, Any]]:
    """Fields ``row`` and ``column`` of every state, for ``mdp.batch(fields)``."""
    places = cells(text)
    return {
        "row": np.array([row for row, _, _ in places], dtype=np.float64),
        "column": np.array([column for _, column, _ in places], dtype=np.float64),
    }


def four_rooms(discount: float = 0.95, slip: float = 0.1) -> TabularMDP:
    """Four rooms of 3 x 3 with doors, start and goal in opposite corners; reaching the goal pays 1."""
    return gridworld(FOUR_ROOMS, discount, slip)


def frozen_lake(discount: float = 0.95, slip: float = 2 / 3) -> TabularMDP:
    """Gymnasium's slippery FrozenLake-v1 (4 x 4) as exact tables."""
    return gridworld(FROZEN_LAKE, discount, slip)
