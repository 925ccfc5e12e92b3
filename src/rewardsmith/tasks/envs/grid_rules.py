"""Grid worlds with keys and doors, as pure functions of arrays: the rules of MiniGrid.

A state is ``x, y, direction, carried, steps, door x, door y`` and then the contents of all cells, row by row;
``x`` grows to the right, ``y`` downwards, direction 0 is right, 1 down, 2 left, 3 up.  Colours are left out,
because there is one key and one locked door in every world here.

Source: Chevalier-Boisvert et al. 2023, Minigrid & Miniworld, arXiv:2306.13831, version 3.2.0.
"""

from __future__ import annotations

from typing import Any

from ...core.arrays import Array, xp
from ..spaces import Discrete
from .protocol import Frame, Shape

EMPTY, WALL, KEY, BALL, GOAL, OPEN, CLOSED, LOCKED = (float(code) for code in range(8))
LEFT, RIGHT, FORWARD, PICKUP, DROP, TOGGLE, DONE = range(7)
MOVES = Discrete(7)
HEAD = 7  # columns of a state before its cells
SEEN = 20  # columns of an observation before its map


def step(state: Array, action: Array, width: int) -> Array:
    """The successor: turn, walk, pick up, drop, or toggle what is in the cell ahead.

    Args:
        state: ``(..., 7 + cells)``.
        action: ``(...)``, 0 to 6: left, right, forward, pick up, drop, toggle, nothing.
        width: cells in a row.
    """
    lib = xp(state)
    x, y, turn, carried, steps = (state[..., i] for i in range(5))
    cells = state[..., HEAD:]
    ahead, content = look_ahead(state, width)
    empty = content == EMPTY
    walks = (action == FORWARD) & (empty | (content == GOAL) | (content == OPEN))
    takes = (action == PICKUP) & ((content == KEY) | (content == BALL)) & (carried == EMPTY)
    drops = (action == DROP) & empty & (carried != EMPTY)
    after = lib.where(action == TOGGLE, _toggled(content, carried), content)
    after = lib.where(takes, EMPTY, lib.where(drops, carried, after))
    cells = lib.where(ahead, after[..., None], cells)
    carried = lib.where(takes, content, lib.where(drops, EMPTY, carried))
    turn = (turn + lib.where(action == RIGHT, 1.0, 0.0) + lib.where(action == LEFT, 3.0, 0.0)) % 4.0
    dx, dy = facing(state[..., 2])
    head = [x + dx * walks, y + dy * walks, turn, carried, steps + 1.0, state[..., 5], state[..., 6]]
    return lib.concatenate([lib.stack(head, axis=-1), cells], axis=-1)


def facing(turn: Array) -> tuple[Array, Array]:
    """Unit vector of a direction."""
    lib = xp(turn)
    return (
        lib.where(turn == 0, 1.0, 0.0) - lib.where(turn == 2, 1.0, 0.0),
        lib.where(turn == 1, 1.0, 0.0) - lib.where(turn == 3, 1.0, 0.0),
    )


def look_ahead(state: Array, width: int) -> tuple[Array, Array]:
    """Which cell is ahead, as a mask over cells ``(..., cells)``, and what is in it ``(...)``."""
    lib = xp(state)
    cells = state[..., HEAD:]
    dx, dy = facing(state[..., 2])
    place = (state[..., 1] + dy) * width + state[..., 0] + dx
    ahead = lib.arange(cells.shape[-1]) == place[..., None]
    return ahead, lib.sum(lib.where(ahead, cells, 0.0), axis=-1)


def observe(state: Array, width: int, horizon: int) -> Array:
    """What the agent sees: ``(..., 20 + cells)``, in the order of ``tasks.control.minigrid.fields``.

    Position, direction as a vector, what is carried, places of key, locked door and aim (goal or ball), what is
    ahead, the share of time used; then a map with 1 for every cell that cannot be walked on.
    """
    lib = xp(state)
    x, y, turn, carried, steps, door_x, door_y = (state[..., i] for i in range(HEAD))
    cells = state[..., HEAD:]
    index = lib.arange(cells.shape[-1])
    one, none = lib.ones_like(x), lib.zeros_like(x)

    def place(code: float, held: float) -> tuple[Array, Array]:
        there = lib.where(cells == code, one[..., None], 0.0)
        column, row = lib.sum(there * (index % width), axis=-1), lib.sum(there * (index // width), axis=-1)
        return lib.where(carried == held, x, column), lib.where(carried == held, y, row)

    key, goal, ball = place(KEY, KEY), place(GOAL, -1.0), place(BALL, BALL)
    aim = (goal[0] + ball[0], goal[1] + ball[1])
    at_door = index == (door_y * width + door_x)[..., None]
    door = lib.sum(lib.where(at_door, cells, 0.0), axis=-1)
    content = look_ahead(state, width)[1]
    shut = (content == CLOSED) | (content == LOCKED)
    blocked = (cells != EMPTY) & (cells != GOAL) & (cells != OPEN)
    seen = [x, y, *facing(turn), carried == KEY, carried == BALL, *key, door_x, door_y, door == OPEN]
    seen += [door == LOCKED, *aim, content == EMPTY, content == KEY, shut, content == OPEN]
    seen += [(content == GOAL) | (content == BALL), steps / horizon]
    head = lib.stack([lib.where(part, one, none) if part.dtype == bool else part for part in seen], axis=-1)
    return lib.concatenate([head, lib.where(blocked, one[..., None], 0.0)], axis=-1)


def frame(width: int, height: int) -> Frame:
    """The whole grid; ``y`` is drawn downwards."""
    return (-0.5, width - 0.5, 0.5 - height, 0.5)


def sketch(obs: Array, width: int) -> list[Shape]:
    """Blocked cells, door, goal, key and the agent with its direction; always the same shapes."""
    row: list[float] = [float(value) for value in obs]
    x, y, dx, dy = row[0], -row[1], row[2], -row[3]
    shapes: list[Shape] = []
    for index, blocked in enumerate(row[SEEN:]):
        shapes.append(("circle", float(index % width), -float(index // width), 0.48 * blocked, "ground"))
    door_x, door_y, is_open = row[8], -row[9], row[10]
    shapes.append(("line", door_x, door_y - 0.4, door_x, door_y + 0.4, 0.3 - 0.2 * is_open, "limb"))
    shapes.append(("circle", row[12], -row[13], 0.4, "goal"))
    shapes.append(("circle", x, y, 0.32, "body"))
    shapes.append(("line", x, y, x + 0.4 * dx, y + 0.4 * dy, 0.12, "joint"))
    shapes.append(("circle", row[6], -row[7], 0.2, "accent"))
    return shapes


def _toggled(content: Array, carried: Array) -> Array:
    """Doors open and close; the locked one only opens, and only with the key in hand."""
    lib = xp(content)
    opened = (content == CLOSED) | ((content == LOCKED) & (carried == KEY))
    return lib.where(opened, OPEN, lib.where(content == OPEN, CLOSED, content))


def floor(draw: Array, count: Any) -> Array:
    """A whole number from 0 to ``count - 1``, from a uniform draw in [0, 1)."""
    lib = xp(draw)
    return lib.minimum(lib.floor(draw * count), count - 1.0)
