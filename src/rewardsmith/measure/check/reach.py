"""What can be reached and felt: targets outside the bounds, saturation, flat and constant rewards."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ...core.algebra import Scope, holds
from ...core.node import walk
from ...core.nodes import Piped, Scale
from .finding import Code, Example, Finding, Level
from .protocol import Check
from .quantity import Event
from .scene import Numbers, Sample, Scene, copied

UNREACHABLE = Code(
    "R401",
    "unreachable",
    Level.WARNING,
    why="The best that the reward promises cannot be had, so it says nothing about how good is good enough.",
    fix="Aim at a value inside the bounds of the field; widen the clip, or scale what goes into the squash.",
    how="A part falls with the distance of a field from a number outside the field's bounds; or a bounded "
    "transform leaves 99 % of recorded steps (90 %: a note) and 80 % of probed ones at its bounds.",
    example=Example("pendulum", "-(upright - 3) ** 2", "-(upright - 1) ** 2"),
)
FLAT = Code(
    "R402",
    "flat",
    Level.WARNING,
    why="A learner that starts at random sees the same number at almost every step and has nothing to follow.",
    fix="Widen the bump, add a potential that leads to it, or pay progress; a sparse reward needs exploration.",
    how="99 % of random steps pay the same to within 1e-6 of what the reward spans. A warning where it takes "
    "many values elsewhere (a bump that is too narrow) and where at most 1 of 16 random episodes sees another "
    "value; a note where it is a rare event that pays.",
    example=Example("Reacher-v5", "exp(-50000 * next_distance ** 2)", "exp(-20 * next_distance ** 2)"),
)
CONSTANT = Code(
    "R403",
    "constant",
    Level.ERROR,
    why="Every policy earns the same, so nothing can be learned.",
    fix="Look which fields the reward reads, and whether a clip or a gate swallows them.",
    how="One value at every recorded and probed step, on a task without early ends, or 0 on any task.",
    example=Example("pendulum", "0 * upright", "upright"),
)
_SAME, _SHARE, _MANY = 1e-6, 0.99, 20


def find(scene: Scene) -> Iterator[Finding]:
    """Targets, saturation, then whether there is anything to follow."""
    for part, event in scene.trace.of("aimed"):
        yield from _aimed(scene, part, event)
    if scene.by_step:
        yield from _saturated(scene)
    yield from _flat(scene)


def _aimed(scene: Scene, part: str, event: Event) -> Iterator[Finding]:
    text, low, high, number = event.left.aim or ("", 0.0, 0.0, 0.0)
    if not (math.isfinite(low) and math.isfinite(high)) or not scene.by_step:
        return
    margin = 0.01 * (high - low)
    base = event.left.base
    if low - margin <= number <= high + margin or base not in scene.wide or not base:
        return
    total, parts = scene.unchecked(scene.wide)
    values = parts.get(part, total)
    if _falls(values, np.abs(scene.wide[base] - number)):
        said = f"{part} aims at {text} = {number:g}, but {text} lies within [{low:.4g}, {high:.4g}]"
        yield Finding(UNREACHABLE, said, part, {"target": number, "bounds": [low, high]})


def _falls(values: Numbers, distance: Numbers) -> bool:
    known = np.isfinite(values) & np.isfinite(distance)
    if np.ptp(values[known]) == 0.0 or np.ptp(distance[known]) == 0.0:
        return False
    return float(np.corrcoef(values[known], distance[known])[0, 1]) < -0.1


def _saturated(scene: Scene) -> Iterator[Finding]:
    for node in walk(scene.reward):
        if not isinstance(node, Piped) or isinstance(node.transform, Scale):
            continue
        bounds, start = node.transform.laws.bounds, node.transform.init(scene.steps)
        if not any(map(math.isfinite, bounds)) or node.transform.scope is not Scope.STEP or holds(start):
            continue
        seen, probed = (_at_bound(scene, node, batch, start, bounds) for batch in (scene.steps, scene.probes))
        if seen >= 0.9 and probed >= 0.8:  # of the probes, one in seven is zero
            said = f"{node.transform} leaves {100 * seen:.0f} % of random steps at one of its bounds"
            level = None if seen >= _SHARE else Level.NOTE
            evidence = {"share": seen, "share_of_probes": probed}
            yield Finding(UNREACHABLE, said, node.transform.label, evidence, level)


def _at_bound(
    scene: Scene, node: Piped, batch: dict[str, Numbers], start: object, bounds: tuple[float, float]
) -> float:
    """The share of steps that vary before the transform and are at a bound after it."""
    with np.errstate(all="ignore"):
        before = np.asarray(node.reward.total(copied(batch), node.reward.init(batch))[0], float)
        after = np.asarray(node.transform.apply(before.copy(), copied(batch), start)[0], float)
    known = np.isfinite(before) & np.isfinite(after)
    if not known.any() or np.ptp(before[known]) == 0.0 or len(np.unique(before[known])) <= _MANY:
        return 0.0
    near = _SAME * (bounds[1] - bounds[0] if all(map(math.isfinite, bounds)) else 1.0)
    return float(np.mean(np.any([np.abs(after[known] - bound) <= near for bound in bounds], axis=0)))


def _flat(scene: Scene) -> Iterator[Finding]:
    recorded, _ = scene.gathered(scene.batches)
    if not recorded.size:
        return
    probed = scene.gathered([scene.probes, scene.wide])[0] if scene.by_step else recorded
    every = np.concatenate([recorded, probed])
    span = float(np.ptp(every))
    if span <= 1e-12 * max(1.0, float(np.max(np.abs(every)))):
        yield from _constant(scene, float(every[0]))
        return
    middle = float(np.median(recorded))
    same = float(np.mean(np.abs(recorded - middle) <= _SAME * span))
    if same < _SHARE or isinstance(scene, Sample):
        return
    many = len(np.unique(np.round(probed / span, 9))) > _MANY
    seen = sum(bool(np.any(np.abs(scene.values(one) - middle) > _SAME * span)) for one in scene.episodes)
    kind = (
        "a bump that is too narrow" if many else f"an event that {seen} of {len(scene.episodes)} episodes met"
    )
    said = (
        f"{100 * same:.5g} % of {recorded.size} random steps pay {middle:.4g}, of a span of {span:.3g}: {kind}"
    )
    evidence = {"share": same, "value": middle, "span": span, "episodes": seen}
    yield Finding(FLAT, said, None, evidence, Level.WARNING if many or seen <= 1 else Level.NOTE)


def _constant(scene: Scene, value: float) -> Iterator[Finding]:
    endless = not isinstance(scene, Sample) and scene.task.ending in ("never", "unknown")
    if endless or value == 0.0:
        sure = scene.by_step and not scene.trace.unseen and not isinstance(scene, Sample)
        said = f"pays {value:.4g} at every step that was recorded or probed"
        yield Finding(CONSTANT, said, None, {"value": value}, None if sure else Level.NOTE)


CHECK = Check("reach", (UNREACHABLE, FLAT, CONSTANT), find, needs_task=False)
