"""Steps that may never have happened, drawn within the bounds of a task: what fuzzing evaluates rewards on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...core.fields import NEXT, Field
from ...tasks import Box, Task

Numbers = np.ndarray[Any, Any]

COUNT = 4096
_STRETCH = 0.5  # of the observed range, added on each side where a field has no bounds


def probe_observations(
    task: Task, steps: Mapping[str, Numbers], seed: int, count: int = COUNT
) -> dict[str, Numbers]:
    """Observations and actions anywhere within bounds, as a batch of all fields, leading shape ``(count,)``.

    A column of ``obs`` has the bounds of the field that reads it, widened to what was seen; one without bounds
    has the seen range and half of it on each side.  Of all values 60 % are uniform, 15 % seen, 10 % at a bound
    and 15 % zero; the first rows are zero, lowest and highest in every column.  A third of the next
    observations follow by a seen difference, a third are drawn for themselves, and a third are equal to the
    first.  One step in ten ends its episode.
    """
    rng = np.random.default_rng([seed, 0xB0B])
    low, high = _columns(task, steps["obs"])
    obs = _draw(rng, steps["obs"], low, high, count)
    change = (steps["next_obs"] - steps["obs"])[rng.integers(len(steps["obs"]), size=count)]
    fresh = _draw(rng, steps["obs"], low, high, count)
    kind = rng.integers(0, 3, (count, 1))
    after = np.where(kind == 0, obs + change, np.where(kind == 1, fresh, obs))
    action = _actions(task, rng, count)
    batch = task.batch(obs, action, np.clip(after, low, high), rng.random(count) < 0.1)
    return {name: np.asarray(value, float) for name, value in batch.items()}


def probe_fields(
    fields: Mapping[str, Field],
    probes: Mapping[str, Numbers],
    critical: Mapping[str, tuple[float, ...]],
    seed: int,
    count: int = 2 * COUNT,
) -> dict[str, Numbers]:
    """Every field for itself: half of its values as in ``probes``, a quarter uniform within its bounds and a
    quarter beside a number that it is compared with; every field that no task describes as in ``probes``.
    """
    rng = np.random.default_rng([seed, 0xF1E])
    found: dict[str, Numbers] = {}
    size = len(probes["terminated"])
    for name, values in probes.items():
        drawn = values[rng.integers(size, size=count)]
        field = fields.get(name)
        if field is not None and field.kind != "flag" and drawn.ndim == 1:
            low, high = reach(field, values)
            drawn = np.where(rng.random(count) < 0.25, rng.uniform(low, high, count), drawn)
            numbers = [c for c in critical.get(name, ()) if low <= c <= high]
            if numbers:
                beside = np.asarray(numbers)[rng.integers(len(numbers), size=count)]
                beside = beside + (high - low) * rng.choice([-0.02, -1e-3, -1e-6, 0.0, 1e-6, 1e-3, 0.02], count)
                drawn = np.where(rng.random(count) < 0.25, np.clip(beside, low, high), drawn)
        found[name] = drawn
    stay = rng.random(count) < 0.2  # steps on which nothing moves
    for name in [name for name in found if name.startswith(NEXT) and name.removeprefix(NEXT) in found]:
        shape = (count,) + (1,) * (found[name].ndim - 1)
        found[name] = np.where(stay.reshape(shape), found[name.removeprefix(NEXT)], found[name])
    return found


def reach(field: Field, values: Numbers) -> tuple[float, float]:
    """The range of a field: its bounds, widened to what was seen; what was seen where it has none."""
    low, high = float(np.min(values)), float(np.max(values))
    return (
        min(field.low, low) if math.isfinite(field.low) else low,
        max(field.high, high) if math.isfinite(field.high) else high,
    )


def _columns(task: Task, obs: Numbers) -> tuple[Numbers, Numbers]:
    low, high = obs.min(axis=0), obs.max(axis=0)
    spread = _STRETCH * (high - low)
    bounded = {f.read: f for f in task.fields if f.kind == "state" and isinstance(f.read, int)}
    for column in range(obs.shape[1]):
        field = bounded.get(column)
        known = (field.low, field.high) if field is not None else (-math.inf, math.inf)
        low[column] = min(known[0], low[column]) if math.isfinite(known[0]) else low[column] - spread[column]
        high[column] = max(known[1], high[column]) if math.isfinite(known[1]) else high[column] + spread[column]
    return low, high


def _draw(rng: np.random.Generator, seen: Numbers, low: Numbers, high: Numbers, count: int) -> Numbers:
    size = (count, seen.shape[1])
    chance = rng.random(size)
    drawn = rng.uniform(low, high, size)
    observed = np.take_along_axis(seen, rng.integers(len(seen), size=size), axis=0)
    drawn = np.where(chance < 0.4, observed, drawn)
    drawn = np.where(chance < 0.25, np.where(rng.random(size) < 0.5, low, high), drawn)
    drawn = np.where(chance < 0.15, 0.0, drawn)
    drawn[0], drawn[1], drawn[2] = 0.0, low, high
    return np.clip(drawn, low, high)


def _actions(task: Task, rng: np.random.Generator, count: int) -> Numbers:
    space = task.actions
    if not isinstance(space, Box):
        return rng.integers(0, space.n, count).astype(float)
    low, high = np.asarray(space.low), np.asarray(space.high)
    drawn = rng.uniform(low, high, (count, len(low)))
    chance = rng.random(drawn.shape)
    drawn = np.where(chance < 0.1, 0.0, np.where(chance < 0.15, low, np.where(chance < 0.2, high, drawn)))
    return np.clip(drawn, low, high)
