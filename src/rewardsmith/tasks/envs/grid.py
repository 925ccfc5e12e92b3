"""A grid with walls, as array dynamics: four moves, one observation column per cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...core.arrays import Array, xp
from ...core.grid import FOUR_ROOMS, MOVES, cells
from ..spaces import Discrete
from .protocol import Frame, Shape, uniform

FOUR_MOVES = Discrete(4)


@dataclass(frozen=True)
class Grid:
    """A map of ``core.grid`` without slipping: left, down, right, up; entering a ``G`` ends the episode.

    State: the number of the cell.  Observation: 1 in the column of the cell, 0 elsewhere.

    Args:
        text: the map; episodes start at its ``S``.
    """

    text: str = FOUR_ROOMS
    actions: Discrete = FOUR_MOVES
    gym_id: str | None = None

    @property
    def observation_size(self) -> int:
        """Cells that are no wall."""
        return len(cells(self.text))

    @property
    def frame(self) -> Frame:
        """The whole map, one unit per cell."""
        rows = self.text.split()
        return (-0.5, len(rows[0]) - 0.5, 0.5 - len(rows), 0.5)

    def reset(self, key: object, shape: tuple[int, ...]) -> Array:
        """One of the starts."""
        starts = np.flatnonzero([letter == "S" for _, _, letter in cells(self.text)])
        drawn = uniform(key, shape, (0.0,), (float(len(starts)),))
        lib = xp(drawn)
        return _take(drawn, np.asarray(starts, np.float32), lib.floor(drawn[..., 0]))[..., None]

    def step(self, state: Array, action: Array) -> Array:
        """Move; walls stop."""
        lib = xp(state)
        table = self._successors().ravel()
        return _take(state, table, 4 * state[..., 0] + lib.asarray(action, dtype=state.dtype))[..., None]

    def observe(self, state: Array) -> Array:
        """One-hot over cells."""
        lib = xp(state)
        columns = lib.arange(self.observation_size, dtype=state.dtype)
        return lib.where(state == columns, 1.0, 0.0 * columns)

    def terminated(self, state: Array) -> Array:
        """The goal was entered."""
        goal = np.asarray([float(letter == "G") for _, _, letter in cells(self.text)], np.float32)
        return _take(state, goal, state[..., 0]) > 0.5

    def sketch(self, obs: Array) -> list[Shape]:
        """Cells, the goal, and where the agent is."""
        shapes: list[Shape] = []
        for number, (row, column, letter) in enumerate(cells(self.text)):
            role = "goal" if letter == "G" else "ground"
            shapes.append(("circle", float(column), float(-row), 0.1, role))
            if float(obs[number]) > 0.5:
                shapes.append(("circle", float(column), float(-row), 0.35, "body"))
        return shapes

    def _successors(self) -> np.ndarray:
        places = cells(self.text)
        index = {(row, column): number for number, (row, column, _) in enumerate(places)}
        moved = [
            [index.get((row + down, column + right), number) for down, right in MOVES]
            for number, (row, column, _) in enumerate(places)
        ]
        return np.asarray(moved, np.float32)


def _take(like: Array, table: np.ndarray, where: Array) -> Array:
    lib = xp(like)
    return lib.asarray(table, dtype=like.dtype)[lib.asarray(where, dtype=lib.int32)]
