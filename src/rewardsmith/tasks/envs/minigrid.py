"""Two worlds of MiniGrid: DoorKey, and KeyCorridor.

Source: Chevalier-Boisvert et al. 2023, Minigrid & Miniworld, arXiv:2306.13831, version 3.2.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ...core.arrays import Array, xp
from ...core.errors import BadInput
from ..spaces import Discrete
from . import grid_rules as grid
from .grid_rules import BALL, CLOSED, EMPTY, GOAL, KEY, LOCKED, MOVES, SEEN, WALL, floor
from .protocol import Frame, Shape, uniform

LEVELS = 1024  # of KeyCorridor, drawn once
Numbers = np.ndarray[Any, Any]


@dataclass(frozen=True)
class DoorKey:
    """MiniGrid-DoorKey: take the key, open the door in the wall, walk to the goal in the corner.

    Args:
        size: cells along each side, walls included.
    """

    size: int = 5
    actions: Discrete = MOVES
    gym_id: str | None = None  # the rules are MiniGrid's, the observation is not

    def __post_init__(self) -> None:
        if self.size < 5:
            raise BadInput("size of DoorKey", self.size, "at least 5", "two rooms and a wall must fit")

    @property
    def horizon(self) -> int:
        """Steps of an episode."""
        return 10 * self.size**2

    @property
    def observation_size(self) -> int:
        """Columns of ``observe(state)``."""
        return SEEN + self.size**2

    @property
    def frame(self) -> Frame:
        """The whole grid."""
        return grid.frame(self.size, self.size)

    def reset(self, key: object, shape: tuple[int, ...]) -> Array:
        """Wall, door, agent with its direction, and key at random places, the last two left of the wall."""
        draw = uniform(key, shape, (0.0,) * 5, (1.0,) * 5)
        lib, n = xp(draw), self.size
        wall = 2.0 + floor(draw[..., 0], n - 4)
        door = 1.0 + floor(draw[..., 1], n - 3)
        left = wall - 1.0  # columns left of the wall
        agent = floor(draw[..., 2], left * (n - 2))
        place = floor(draw[..., 3], left * (n - 2) - 1.0)
        place = place + lib.where(place >= agent, 1.0, 0.0)
        x, y = 1.0 + agent % left, 1.0 + agent // left
        key_x, key_y = 1.0 + place % left, 1.0 + place // left
        column, row = lib.arange(n * n) % n, lib.arange(n * n) // n
        wall_, door_ = wall[..., None], door[..., None]
        walls = (column == 0) | (column == n - 1) | (row == 0) | (row == n - 1) | (column == wall_)
        cells = lib.where(walls, WALL, EMPTY * draw[..., :1])
        cells = lib.where((column == wall_) & (row == door_), LOCKED, cells)
        cells = lib.where((column == key_x[..., None]) & (row == key_y[..., None]), KEY, cells)
        cells = lib.where((column == n - 2) & (row == n - 2), GOAL, cells)
        nothing = lib.zeros_like(x)
        head = lib.stack([x, y, floor(draw[..., 4], 4), nothing, nothing, wall, door], axis=-1)
        return lib.concatenate([head, cells], axis=-1)

    def step(self, state: Array, action: Array) -> Array:
        """The rules of ``grid_rules.step``."""
        return grid.step(state, action, self.size)

    def observe(self, state: Array) -> Array:
        """The vector of ``grid_rules.observe``."""
        return grid.observe(state, self.size, self.horizon)

    def terminated(self, state: Array) -> Array:
        """The agent stands on the goal."""
        return (state[..., 0] == self.size - 2) & (state[..., 1] == self.size - 2)

    def sketch(self, obs: Array) -> list[Shape]:
        """Shapes of ``grid_rules.sketch``."""
        return grid.sketch(obs, self.size)


@dataclass(frozen=True)
class KeyCorridor:
    """MiniGrid-KeyCorridor: find the key behind a door on the left, open the locked door, pick up the ball.

    Hands hold one thing: the key must be dropped before the ball is taken.  Levels are drawn by the rules of
    MiniGrid, 1,024 of them once, and every episode starts in one of those.

    Args:
        room: cells along each side of a room, walls included (S of the name).
        rows: rooms on top of each other (R of the name).
    """

    room: int = 3
    rows: int = 1
    actions: Discrete = MOVES
    gym_id: str | None = None

    def __post_init__(self) -> None:
        if self.room < 3 or self.rows < 1:
            raise BadInput("KeyCorridor", f"room {self.room}, rows {self.rows}", "room >= 3, rows >= 1")

    @property
    def width(self) -> int:
        """Cells in a row."""
        return 3 * (self.room - 1) + 1

    @property
    def height(self) -> int:
        """Cells in a column."""
        return self.rows * (self.room - 1) + 1

    @property
    def horizon(self) -> int:
        """Steps of an episode."""
        return 30 * self.room**2

    @property
    def observation_size(self) -> int:
        """Columns of ``observe(state)``."""
        return SEEN + self.width * self.height

    @property
    def frame(self) -> Frame:
        """The whole grid."""
        return grid.frame(self.width, self.height)

    def reset(self, key: object, shape: tuple[int, ...]) -> Array:
        """One of the levels."""
        draw = uniform(key, shape, (0.0,), (1.0,))[..., 0]
        lib = xp(draw)
        table = lib.asarray(levels(self.room, self.rows), dtype=draw.dtype)
        return table[lib.asarray(floor(draw, LEVELS), dtype=int)]

    def step(self, state: Array, action: Array) -> Array:
        """The rules of ``grid_rules.step``."""
        return grid.step(state, action, self.width)

    def observe(self, state: Array) -> Array:
        """The vector of ``grid_rules.observe``."""
        return grid.observe(state, self.width, self.horizon)

    def terminated(self, state: Array) -> Array:
        """The agent carries the ball."""
        return state[..., 3] == BALL

    def sketch(self, obs: Array) -> list[Shape]:
        """Shapes of ``grid_rules.sketch``."""
        return grid.sketch(obs, self.width)


@lru_cache(maxsize=16)
def levels(room: int, rows: int) -> Numbers:
    """Start states of KeyCorridor, ``(1024, 7 + cells)``."""
    rng = np.random.default_rng([room, rows])
    return np.stack([_level(rng, room, rows) for _ in range(LEVELS)])


def _level(rng: np.random.Generator, room: int, rows: int) -> Numbers:
    side = room - 1
    cells = np.zeros((rows * side + 1, 3 * side + 1))
    cells[::side], cells[:, ::side] = WALL, WALL
    beside = rng.integers(1, side, (rows, 2))  # where a door right of column 0 and 1 would be
    below = rng.integers(1, side, (rows, 3))
    for j in range(1, rows):
        cells[j * side, side + 1 : 2 * side] = EMPTY  # the corridor
    locked = int(rng.integers(rows))
    door = (2 * side, locked * side + int(beside[locked, 1]))
    cells[door[1], door[0]] = LOCKED
    cells[_inside(rng, side, locked, 2)] = BALL
    cells[_inside(rng, side, int(rng.integers(rows)), 0)] = KEY
    x, y, turn = _start(rng, cells, side, rows // 2)
    _connect(rng, cells, side, locked, beside, below)
    return np.concatenate([[x, y, turn, EMPTY, 0.0, *door], cells.ravel()])


def _inside(rng: np.random.Generator, side: int, row: int, column: int) -> tuple[int, int]:
    """A cell of a room: row and column."""
    return row * side + int(rng.integers(1, side)), column * side + int(rng.integers(1, side))


def _start(rng: np.random.Generator, cells: Numbers, side: int, row: int) -> tuple[int, int, int]:
    """A free place of the corridor, walls of its room that were taken away included, not facing a door."""
    top, left = row * side, side
    while True:
        x, y, turn = left + rng.integers(side + 1), top + rng.integers(side + 1), rng.integers(4)
        if cells[y, x] != EMPTY:
            continue
        dx, dy = ((1, 0), (0, 1), (-1, 0), (0, -1))[turn]
        if cells[y + dy, x + dx] in (EMPTY, WALL):
            return int(x), int(y), int(turn)


def _connect(
    rng: np.random.Generator, cells: Numbers, side: int, locked: int, beside: Numbers, below: Numbers
) -> None:
    """Closed doors in random walls between rooms, until every room can be reached; in place."""
    rows = len(beside)
    rooms = [(i, j) for i in range(3) for j in range(rows)]
    joined = {frozenset([(1, j - 1), (1, j)]) for j in range(1, rows)} | {frozenset([(1, locked), (2, locked)])}
    while len(_reached(joined)) < len(rooms):
        i, j = rooms[rng.integers(len(rooms))]
        other = ((i + 1, j), (i, j + 1), (i - 1, j), (i, j - 1))[rng.integers(4)]
        wall = frozenset([(i, j), other])
        if other not in rooms or wall in joined or (2, locked) in wall:
            continue
        (a, b), (_, d) = sorted(wall)
        if b == d:
            cells[b * side + beside[b, a], (a + 1) * side] = CLOSED
        else:
            cells[(b + 1) * side, a * side + below[b, a]] = CLOSED
        joined.add(wall)


def _reached(joined: set[frozenset[tuple[int, int]]]) -> set[tuple[int, int]]:
    """Rooms that can be reached from the corridor."""
    found, size = {(1, 0)}, 0
    while len(found) > size:
        size = len(found)
        found |= {place for wall in joined if wall & found for place in wall}
    return found
