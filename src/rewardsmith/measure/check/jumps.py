"""Jumps: a step in the reward where the state hardly changes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

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
    "than 20 % of what the reward spans, in less than 1e-9 of the range, is a jump. A warning where "
    "no comparison in the reward is at that place but a function with a seam (arctan2, %, floor, "
    "round, sign) is used; else a note.",
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
    """Every field that the reward reads and that can change a little."""
    if not scene.by_step:
        return
    values, _ = scene.gathered([scene.steps, scene.probes])
    if len(np.unique(values)) <= 20:
        return  # an event that pays: its step is what it is
    span = float(np.ptp(values))
    base = _states(scene)
    written = scene.trace.critical
    seams = bool(scene.trace.of("cut"))
    for name in _movable(scene):
        low, high = reach(scene.fields[name], np.concatenate([scene.steps[name], scene.probes[name]]))
        jump = _largest(scene, base, name, low, high, _LEAST * span) if high > low else None
        if jump is None:
            continue
        near = 1e-6 * (high - low)
        known = any(abs(jump.at - number) <= near for number in written.get(name, ()))
        said = f"{jump.before:.3g} becomes {jump.after:.3g} where {name} passes {jump.at:.4g}"
        said += f", {100 * jump.size / span:.0f} % of what the reward spans"
        evidence = {
            "field": name,
            "at": jump.at,
            "before": jump.before,
            "after": jump.after,
            "state": jump.state,
        }
        yield Finding(JUMP, said, None, evidence, Level.WARNING if seams and not known else Level.NOTE)


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
    values = scene.unchecked(_with(everywhere, name, moved))[0].reshape(_STATES, _GRID)
    steps = np.nan_to_num(np.abs(np.diff(values, axis=1)), nan=0.0, posinf=0.0)
    state, at = np.unravel_index(int(np.argmax(steps)), steps.shape)
    if steps[state, at] < least:
        return None
    row = {key: value[state : state + 1] for key, value in base.items()}
    a, b = float(grid[at]), float(grid[at + 1])
    first, last = float(values[state, at]), float(values[state, at + 1])
    while abs(b - a) > _CLOSE * (high - low):
        middle = (a + b) / 2
        value = float(scene.unchecked(_with(row, name, np.array([middle])))[0][0])
        if abs(value - first) > abs(last - value):
            b, last = middle, value
        else:
            a, first = middle, value
    names = sorted(scene.reward.fields & set(base))
    return _Jump(name, b, first, last, state_at(row, names, 0)) if abs(last - first) >= least else None


def _with(batch: dict[str, Numbers], name: str, values: Numbers) -> dict[str, Numbers]:
    """The field moved; alone, because a step in the reward of now is no step in the reward of later."""
    return {**batch, name: values}


CHECK = Check("jumps", (JUMP,), find)
