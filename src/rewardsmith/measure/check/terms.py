"""The parts of a reward against each other: dead, redundant, drowned, or against what is wanted."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...core.algebra import Transform
from ...core.fields import NEXT
from ...core.node import walk
from ...core.nodes import Piped, Scale
from .finding import Code, Example, Finding, Level
from .protocol import Check
from .scene import Numbers, Sample, Scene

DEAD = Code(
    "R101",
    "dead term",
    Level.WARNING,
    why="A part that never pays is not what its author thinks it is: a threshold, a name or a sign is wrong.",
    fix="Evaluate the term at a state where it should pay; compare its thresholds with the bounds of the "
    "fields.",
    how="0 at every recorded and probed step; probes draw every field within its bounds and beside the "
    "numbers that it is compared with. A note where the weight is 0, and where only random episodes were seen.",
    example=Example(
        "pendulum",
        "{'up': upright, 'bonus': where(upright > 1.5, 10, 0)}",
        "{'up': upright, 'bonus': where(upright > 0.95, 10, 0)}",
    ),
)
REDUNDANT = Code(
    "R102",
    "redundant term",
    Level.WARNING,
    why="The part is a fixed combination of others: it is counted twice, and its weight means nothing alone.",
    fix="Leave it out and change the weights of the others.",
    how="Least squares of each part on the others over recorded and probed steps leaves less than 1e-9 of "
    "its spread.",
    example=Example(
        "pendulum",
        "{'up': upright, 'fall': -0.5 * (1 - upright), 'cost': -1 * torque ** 2, 'alive': 1 + 0 * torque}",
        "{'up': upright, 'calm': -0.1 * angular_velocity ** 2, 'cost': -1 * torque ** 2}",
    ),
)
DOMINATED = Code(
    "R110",
    "dominated term",
    Level.WARNING,
    why="What a part pays is lost beside the others: no policy is chosen because of it.",
    fix="Bring the parts to a common scale first (a typical value of each near 1), then choose weights.",
    how="Standard deviation and range of the part are below 1 % of the whole reward's, on random and "
    "probed steps alike. A warning for parts that can pay; a note for pure costs, which are often "
    "meant to be small.",
    example=Example(
        "pendulum",
        "{'up': upright, 'cost': -1000 * torque ** 2}",
        "{'up': upright, 'cost': -0.1 * torque ** 2}",
    ),
)
AGAINST = Code(
    "R111",
    "against success",
    Level.ERROR,
    why="The reward pays less where the task is solved than elsewhere: learning leads away from it.",
    fix="Look at the sign of each part; costs are negative, and a distance is a cost.",
    how="The fields that success reads are copied from successful into 2,000 unsuccessful steps, those of "
    "later alone and those of now and later, and potentials are left out; the share of steps that pay more "
    "then, ties counting half. An error where it is below 0.05 in both (where anything changes), a warning "
    "below 0.15.",
    example=Example("Reacher-v5", "next_distance", "-next_distance"),
)
_NOTHING, _DROWNED, _DEPENDENT, _PAIRS = 1e-12, 0.01, 1e-9, 2000


def find(scene: Scene) -> Iterator[Finding]:
    """Compare the parts on everything recorded and probed."""
    populations = [scene.gathered(scene.batches)]
    if scene.by_step:
        populations += [scene.gathered([scene.probes]), scene.gathered([scene.wide])]
    corrections = {node.label for node in walk(scene.reward) if isinstance(node, Transform)}
    names = [name for name in populations[0][1] if name not in corrections]
    dead = [name for name in names if all(_size(parts[name]) <= _NOTHING for _, parts in populations)]
    for name in dead:
        yield _dead(scene, name)
    alive = [name for name in names if name not in dead]
    if len(alive) > 1:
        yield from _redundant(alive, [parts for _, parts in populations])
        yield from _dominated(alive, populations)
    yield from _against(scene)


def _dead(scene: Scene, name: str) -> Finding:
    weights = [n for n in walk(scene.reward) if isinstance(n, Piped) and isinstance(n.transform, Scale)]
    if any(each.label == name and float(each.numbers()[f"{name}.weight"]) == 0.0 for each in weights):
        return Finding(DEAD, f"{name} pays nothing: its weight is 0", name, {"weight": 0.0}, Level.NOTE)
    sure = scene.by_step and not scene.trace.unseen and not isinstance(scene, Sample)
    where = "at any recorded or probed step" if scene.by_step else "in any of 16 random episodes"
    return Finding(DEAD, f"{name} pays nothing {where}", name, level=None if sure else Level.NOTE)


def _redundant(names: list[str], populations: list[dict[str, Numbers]]) -> Iterator[Finding]:
    parts = {name: np.concatenate([each[name] for each in populations]) for name in names}
    varying = [name for name in names if np.ptp(parts[name]) > 0.0 and np.count_nonzero(parts[name]) >= 50]
    constant = [name for name in names if np.ptp(parts[name]) == 0.0]
    for name in reversed(varying):  # the later one is the superfluous one
        others = [other for other in (*varying, *constant[:1]) if other != name]
        if not others:
            return
        matrix = np.stack([parts[other] / (_size(parts[other]) or 1.0) for other in others], axis=1)
        target = parts[name]
        found, *_ = np.linalg.lstsq(matrix, target, rcond=None)
        if float(np.std(target - matrix @ found)) > _DEPENDENT * float(np.std(target)):
            continue
        weights = {
            other: float(weight) / (_size(parts[other]) or 1.0)
            for other, weight in zip(others, found, strict=True)
        }
        said = " ".join(f"{w:+.3g} * {other}" for other, w in weights.items() if abs(w) > 1e-9)
        yield Finding(REDUNDANT, f"{name} = {said.lstrip('+')} at every step", name, {"combination": weights})
        varying.remove(name)


def _dominated(names: list[str], populations: list[tuple[Numbers, dict[str, Numbers]]]) -> Iterator[Finding]:
    for name in names:
        shares = [_share(parts[name], total) for total, parts in populations if np.ptp(total) > 0.0]
        spread = max((share for share, _ in shares), default=1.0)
        reach = max((reach for _, reach in shares), default=1.0)
        if not 0.0 < reach < _DROWNED or spread >= _DROWNED:
            continue
        pays = max(float(np.max(parts[name])) for _, parts in populations) > 0.0
        said = f"{name} spans at most {_percent(reach)} of what the reward spans"
        said += f", and is {_percent(spread**2)} of its variance"
        evidence = {"range": reach, "deviation": spread}
        yield Finding(DOMINATED, said, name, evidence, None if pays else Level.NOTE)


def _share(part: Numbers, total: Numbers) -> tuple[float, float]:
    """Deviation and range of a part as shares of the whole reward's."""
    return float(np.std(part) / np.std(total)), float(np.ptp(part) / np.ptp(total))


def _against(scene: Scene) -> Iterator[Finding]:
    """Put what success reads into unsuccessful steps, later alone or now too: does that ever pay more?"""
    if not scene.by_step or isinstance(scene, Sample) or "success" in scene.reward.fields:
        return
    batches = (scene.steps, scene.probes)
    rows = {
        name: np.concatenate([each[name] for each in batches]) for name in scene.probes if name in scene.steps
    }
    good, bad = np.flatnonzero(rows["success"] > 0.5), np.flatnonzero(rows["success"] <= 0.5)
    if min(len(good), len(bad)) < 20:
        return
    rng = np.random.default_rng([scene.seed, 0xA6])
    before = {name: value[rng.choice(bad, _PAIRS)] for name, value in rows.items()}
    chosen = rng.choice(good, _PAIRS)
    later = {name: rows[name][chosen] for name in scene.task.success.signal.fields & set(rows)}
    always = {
        n: v for name, v in later.items() for n in (name, name.removeprefix(NEXT), NEXT + name) if n in rows
    }
    paid = _unshaped(scene, before)
    gains = [_unshaped(scene, {**before, **moved}) - paid for moved in (later, always)]
    gains = [gain[np.isfinite(gain)] for gain in gains]
    chances = [chance_above_zero(gain) for gain in gains if np.any(gain != 0.0)]
    if not chances or max(chances) >= 0.15:
        return
    said = (
        f"making a step successful, all else equal, pays more in {_percent(max(chances))} of cases and less in "
    )
    said += _percent(float(max(np.mean(gain < 0.0) for gain in gains)))
    level = Level.ERROR if max(chances) < 0.05 else Level.WARNING
    yield Finding(AGAINST, said, None, {"chance": max(chances)}, level)


def _unshaped(scene: Scene, batch: dict[str, Numbers]) -> Numbers:
    """What is paid without what cannot change the best policies: a potential falls to 0 at an end, and may."""
    total, parts = scene.unchecked(batch)
    shaping = {n.label for n in walk(scene.reward) if isinstance(n, Transform) and n.laws.policy_invariant}
    return total - sum((parts[name] for name in shaping & set(parts)), np.zeros(total.shape))


def chance_above_zero(gains: Numbers) -> float:
    """The share of gains above 0; those that are 0 count half.

    Example:
        >>> chance_above_zero(np.array([1.0, 0.0, -1.0, 2.0]))
        0.625
    """
    return float(np.mean(gains > 0.0) + 0.5 * np.mean(gains == 0.0))


def _size(values: Numbers) -> float:
    return float(np.max(np.abs(values), initial=0.0))


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"


CHECK = Check("terms", (DEAD, REDUNDANT, DOMINATED, AGAINST), find, needs_task=False)
