"""Go to an object: a small grid with two objects, instructions in words, and an explorer of little competence.

Moves are those of MiniGrid: turn left, turn right, one step forward, which walls and objects stop.  The
instruction ``go to the red ball`` is fulfilled where the last move leaves the agent facing that object.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import BadInput

COLOURS = ("red", "green", "blue", "purple", "yellow", "grey")
SHAPES = ("key", "ball", "box")
THINGS = tuple(f"{colour} {shape}" for colour in COLOURS for shape in SHAPES)
LEFT, RIGHT, FORWARD = range(3)
_WAYS = ((1, 0), (0, 1), (-1, 0), (0, -1))  # right, down, left, up, as in MiniGrid
Cell = tuple[int, int]


@dataclass(frozen=True)
class Layout:
    """Where the agent starts, how it looks, and where two different things are; cells from 1 to size - 2."""

    size: int
    start: Cell
    facing: int
    things: tuple[tuple[Cell, int], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What the things are."""
        return tuple(THINGS[kind] for _, kind in self.things)


@dataclass(frozen=True)
class Walk:
    """What was done in a layout and what was faced after each move: the number of a kind, or -1."""

    layout: Layout
    actions: tuple[int, ...]
    faced: tuple[int, ...]


def draw_layout(rng: np.random.Generator, size: int = 8, kinds: Any = None) -> Layout:
    """A random layout; ``kinds`` are the numbers of ``THINGS`` that may lie there."""
    allowed = np.arange(len(THINGS)) if kinds is None else np.asarray(kinds)
    if len(allowed) < 2 or size < 5:
        raise BadInput("draw_layout", f"{len(allowed)} kinds, size {size}", "two kinds, size 5 or more")
    cells = rng.choice((size - 2) ** 2, 3, replace=False)
    start, *places = ((1 + int(c) % (size - 2), 1 + int(c) // (size - 2)) for c in cells)
    chosen = rng.choice(allowed, 2, replace=False)
    things = tuple((cell, int(kind)) for cell, kind in zip(places, chosen, strict=True))
    return Layout(size, start, int(rng.integers(4)), things)


def walk(layout: Layout, actions: tuple[int, ...]) -> Walk:
    """Execute some moves."""
    place, way, faced = layout.start, layout.facing, list[int]()
    for action in actions:
        ahead = (place[0] + _WAYS[way][0], place[1] + _WAYS[way][1])
        if action == FORWARD:
            place = ahead if _free(layout, ahead) else place
        else:
            way = (way + (1 if action == RIGHT else -1)) % 4
        ahead = (place[0] + _WAYS[way][0], place[1] + _WAYS[way][1])
        faced.append(next((kind for cell, kind in layout.things if cell == ahead), -1))
    return Walk(layout, tuple(actions), tuple(faced))


def describe(way: Walk) -> str | None:
    """The instruction that a walk fulfils, or None."""
    return f"go to the {THINGS[way.faced[-1]]}" if way.faced and way.faced[-1] >= 0 else None


def perturb(way: Walk, rng: np.random.Generator) -> Walk:
    """One to three moves changed, and the walk executed anew; it is as long as before."""
    actions = list(way.actions)
    for i in rng.choice(len(actions), min(int(rng.integers(1, 4)), len(actions)), replace=False):
        actions[i] = int((actions[i] + rng.integers(1, 3)) % 3)
    return walk(way.layout, tuple(actions))


def explore(
    layout: Layout, rng: np.random.Generator, competence: float = 0.25, epsilon: float = 0.1, steps: int = 14
) -> Walk:
    """A walk: with probability ``competence`` towards one of the things, else random; ``epsilon`` of slips."""
    goal = layout.things[int(rng.integers(len(layout.things)))][0] if rng.random() < competence else None
    place, way, actions = layout.start, layout.facing, list[int]()
    for _ in range(steps):
        action = int(rng.integers(3)) if goal is None or rng.random() < epsilon else _towards(place, way, goal)
        actions.append(action)
        ahead = (place[0] + _WAYS[way][0], place[1] + _WAYS[way][1])
        if action == FORWARD:
            place = ahead if _free(layout, ahead) else place
        else:
            way = (way + (1 if action == RIGHT else -1)) % 4
    return walk(layout, tuple(actions))


def features(way: Walk, instruction: str, misread: float, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """What a reward model sees of a walk and an instruction, ``(6,)``.

    Whether the last thing faced has the colour, the shape, both; how often the right thing was faced; whether
    anything is faced at the end; how often anything was.  Colour and shape are each wrong with ``misread``.
    """
    wanted = instruction.removeprefix("go to the ").split()
    if " ".join(wanted) not in THINGS:
        raise BadInput("instruction", repr(instruction), "go to the COLOUR SHAPE")
    seen: dict[int, list[str]] = {}
    for kind in sorted(set(way.faced) - {-1}):
        colour, shape = THINGS[kind].split()
        colour = str(rng.choice(COLOURS)) if rng.random() < misread else colour
        seen[kind] = [colour, str(rng.choice(SHAPES)) if rng.random() < misread else shape]
    last = seen.get(way.faced[-1], ["", ""]) if way.faced else ["", ""]
    right = sum(seen[kind] == wanted for kind in way.faced if kind >= 0) / max(len(way.faced), 1)
    some = sum(kind >= 0 for kind in way.faced) / max(len(way.faced), 1)
    same = [last[0] == wanted[0], last[1] == wanted[1], last == wanted]
    return np.array([*same, right, last != ["", ""], some], np.float64)


def _free(layout: Layout, cell: Cell) -> bool:
    inside = all(1 <= each <= layout.size - 2 for each in cell)
    return inside and all(cell != place for place, _ in layout.things)


def _towards(place: Cell, way: int, goal: Cell) -> int:
    """The move that leads to facing the goal: along the longer side first; at it, another look at it."""
    apart = (goal[0] - place[0], goal[1] - place[1])
    side = 0 if abs(apart[0]) >= abs(apart[1]) else 1
    wanted = (0 if apart[0] > 0 else 2) if side == 0 else (1 if apart[1] > 0 else 3)
    if way == wanted:
        return FORWARD
    return RIGHT if (wanted - way) % 4 == 1 else LEFT
