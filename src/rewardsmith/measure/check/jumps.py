"""Jumps: a step in the reward where the state hardly changes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.fields import NEXT
from ...tasks import Box
from .finding import Code, Example, Finding, Level
from .probes import reach
from .protocol import Check
from .scene import Numbers, Scene, state_at

JUMP = Code(
    "R501",
    "jump",
    Level.NOTE,
    why="Two states that nobody can tell apart are paid very differently: a critic cannot fit the step, "
    "and noise decides what is learned beside it.",
    fix="Replace the threshold by a slope (`Sigmoid`, a difference from the threshold); for angles use "
    "sine and cosine, which have no seam.",
    how="Each field in turn runs through its range from 24 recorded and probed states; a change of more "
    "than 20 % of what the reward spans, in 1e-9 of the way, is a jump: a note where a comparison of "
    "the reward is there. Between recorded states and their successors, a jump that no comparison "
    "explains (the seam of arctan2, %, floor, round or sign) is a warning. A reward of at most 20 "
    "values is an event, and left alone.",
    example=Example(
        "pendulum", "-abs(arctan2(angle_sin, upright) - 1)", "-(angle_sin - 0.8) ** 2 - (upright - 0.5) ** 2"
    ),
)
_STATES, _GRID, _LEAST, _CLOSE = 24, 129, 0.2, 1e-9


@dataclass(frozen=True)
class _Jump:
    field: str
    at: float
    before: float
    after: float
    state: dict[str, Any]

    @property
    def size(self) -> float:
        return abs(self.after - self.before)


def find(scene: Scene) -> Iterator[Finding]:
    """Every field that the reward reads and that can change a little; then the ways between recorded states."""
    if not scene.by_step:
        return
    values, _ = scene.gathered([scene.steps, scene.probes])
    if len(np.unique(values)) <= 20:
        return  # an event that pays: its step is what it is
    span = float(np.ptp(values))
    base = _states(scene)
    for name in _movable(scene):
        low, high = reach(scene.fields[name], np.concatenate([scene.steps[name], scene.probes[name]]))
        jump = _largest(scene, base, name, low, high, _LEAST * span) if high > low else None
        if jump is not None and _written(scene, jump.state):
            said = f"{_change(jump, span)} where {name} passes {jump.at:.4g}"
            evidence = {"field": name, "at": jump.at, "before": jump.before, "after": jump.after}
            yield Finding(JUMP, said, None, {**evidence, "state": jump.state})
    jump = _between(scene, _LEAST * span) if scene.trace.of("cut") else None
    if jump is not None and not _written(scene, jump.state):
        where = ", ".join(
            f"{name} = {value:.4g}" for name, value in jump.state.items() if isinstance(value, float)
        )
        said = f"{_change(jump, span)} between two neighbouring recorded states, at {where}"
        evidence = {"before": jump.before, "after": jump.after, "state": jump.state}
        yield Finding(JUMP, said, None, evidence, Level.WARNING)


def _change(jump: _Jump, span: float) -> str:
    return (
        f"{jump.before:.3g} becomes {jump.after:.3g} ({100 * jump.size / span:.0f} % of what the reward spans)"
    )


def _written(scene: Scene, state: dict[str, Any]) -> bool:
    """Whether a field has a value that the reward compares it with: somebody wanted the step."""
    for name, numbers in scene.trace.critical.items():
        value, field = state.get(name), scene.fields.get(name)
        if isinstance(value, float) and field is not None:
            near = 2e-6 * max(1.0, *(abs(bound) for bound in (field.low, field.high) if math.isfinite(bound)))
            if any(abs(value - number) <= near for number in numbers):
                return True
    return False


def _between(scene: Scene, least: float) -> _Jump | None:
    """The largest step of the reward on the straight ways from recorded states to their successors."""
    pairs = {n: v for n, v in scene.steps.items() if NEXT + n in scene.steps}
    ends = (pairs, {n: scene.steps[NEXT + n] for n in pairs})
    rest = {n: v for n, v in scene.steps.items() if n not in pairs and n.removeprefix(NEXT) not in pairs}
    rest["terminated"] = np.zeros(len(rest["terminated"]))

    def at(share: float, rows: Any) -> dict[str, Numbers]:
        point = {n: (1.0 - share) * ends[0][n][rows] + share * ends[1][n][rows] for n in pairs}
        return {**{n: v[rows] for n, v in rest.items()}, **point, **{NEXT + n: v for n, v in point.items()}}

    shares = np.linspace(0.0, 1.0, 9)
    values = np.stack([scene.unchecked(at(float(share), slice(None)))[0] for share in shares])
    steps = np.nan_to_num(np.abs(np.diff(values, axis=0)), nan=0.0, posinf=0.0)
    where, row = (int(i) for i in np.unravel_index(int(np.argmax(steps)), steps.shape))
    if steps[where, row] < least:
        return None
    rows = slice(row, row + 1)
    place, first, last = _narrow(
        lambda share: float(scene.unchecked(at(share, rows))[0][0]),
        (float(shares[where]), float(shares[where + 1])),
        (float(values[where, row]), float(values[where + 1, row])),
    )
    names = sorted(n for n in scene.reward.fields if n in pairs or n.removeprefix(NEXT) in pairs)
    state = state_at(at(place, rows), names, 0)
    return _Jump("", place, first, last, state) if abs(last - first) >= least else None


def _narrow(
    value: Callable[[float], float], ends: tuple[float, float], values: tuple[float, float]
) -> tuple[float, float, float]:
    """Halve the way that holds the larger change, to 1e-9 of it: the place, and the values on both sides."""
    (a, b), (first, last) = ends, values
    close = _CLOSE * abs(b - a)
    while abs(b - a) > close:
        middle = (a + b) / 2
        found = value(middle)
        if abs(found - first) > abs(last - found):
            b, last = middle, found
        else:
            a, first = middle, found
    return b, first, last


def _movable(scene: Scene) -> list[str]:
    """Fields of one number that the reward reads; what follows from a choice does not move a little."""
    choices = not isinstance(scene.task.actions, Box)
    return [
        name
        for name in sorted(scene.reward.fields & set(scene.fields))
        if not scene.fields[name].width
        and scene.fields[name].kind != "flag"
        and not (choices and scene.fields[name].kind == "action")
    ]


def _states(scene: Scene) -> dict[str, Numbers]:
    """Some recorded and some probed states, in which the episode goes on."""
    half, rng = _STATES // 2, np.random.default_rng([scene.seed, 0x1AB])
    pick = [rng.integers(len(batch["terminated"]), size=half) for batch in (scene.steps, scene.probes)]
    batches = zip((scene.steps, scene.probes), pick, strict=True)
    rows = [{name: value[index] for name, value in batch.items()} for batch, index in batches]
    found = {name: np.concatenate([row[name] for row in rows]) for name in rows[0] if name in rows[1]}
    return {**found, "terminated": np.zeros(_STATES)}


def _largest(
    scene: Scene, base: dict[str, Numbers], name: str, low: float, high: float, least: float
) -> _Jump | None:
    grid = np.linspace(low, high, _GRID) + (high - low) * 1e-7 * math.pi  # beside round numbers
    everywhere = {key: np.repeat(value, _GRID, axis=0) for key, value in base.items()}
    moved = np.tile(grid, _STATES)
    values = scene.unchecked({**everywhere, name: moved})[0].reshape(_STATES, _GRID)
    steps = np.nan_to_num(np.abs(np.diff(values, axis=1)), nan=0.0, posinf=0.0)
    state, at = np.unravel_index(int(np.argmax(steps)), steps.shape)
    if steps[state, at] < least:
        return None
    row = {key: value[state : state + 1] for key, value in base.items()}
    place, first, last = _narrow(
        lambda at: float(scene.unchecked({**row, name: np.array([at])})[0][0]),
        (float(grid[at]), float(grid[at + 1])),
        (float(values[state, at]), float(values[state, at + 1])),
    )
    names = sorted(scene.reward.fields & set(base))
    seen = {**state_at(row, names, 0), name: place}
    return _Jump(name, place, first, last, seen) if abs(last - first) >= least else None


CHECK = Check("jumps", (JUMP,), find)
