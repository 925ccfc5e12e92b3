"""Progress: differences between two states that look like shaping and are none."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...core.algebra import Transform
from ...core.fields import NEXT
from ...core.node import walk
from .finding import Code, Example, Finding, Level
from .protocol import Check
from .scene import Numbers, Scene

UNDISCOUNTED = Code(
    "R120",
    "undiscounted progress",
    Level.NOTE,
    why="The difference of a quantity telescopes only without a discount: a learner with one is also paid "
    "(1 - discount) times the quantity at every step.",
    fix="Use `rs.Potential(term, discount=...)` with the discount of the learner; it also handles ends of "
    "episodes.",
    how="What a part pays for going there and back cancels exactly and adds up over a detour, on probed "
    "states, and the task's discount is below 1.",
    source="Ng, Harada, Russell, ICML 1999",
    example=Example("cartpole", "abs(x) - abs(next_x)", "cos(next_angle)"),
)
ONE_SIDED = Code(
    "R210",
    "one-sided progress",
    Level.WARNING,
    why="Going towards the goal is paid and going away costs nothing, so going there and back pays for ever.",
    fix="Charge for going back, too: the plain difference, or `rs.Potential`.",
    how="On probed pairs of states, staying pays 0, no pair pays less than 0 there and back, and at least "
    "5 % of the pairs pay more than 1 % of the largest amount.",
    source="Randlov and Alstrom, ICML 1998: the bicycle that rode in circles",
    example=Example("Reacher-v5", "maximum(distance - next_distance, 0)", "distance - next_distance"),
)
DISCOUNT = Code(
    "R121",
    "other discount",
    Level.NOTE,
    why="A potential leaves the optimal policies alone only with the discount of the learner.",
    fix="Give the potential the discount that you train with.",
    how="The discount of a `Potential` differs from the task's by more than 1e-6.",
    source="Ng, Harada, Russell, ICML 1999",
    example=Example(
        "cartpole",
        "import rewardsmith as rs\n\n\n@rs.term\ndef tilt(angle):\n    return -abs(angle)\n\n\n"
        "@rs.term\ndef centred(next_x):\n    return -abs(next_x)\n\n\n"
        "reward = centred | rs.Potential(tilt, discount=0.9)\n",
        "import rewardsmith as rs\n\n\n@rs.term\ndef tilt(angle):\n    return -abs(angle)\n\n\n"
        "@rs.term\ndef centred(next_x):\n    return -abs(next_x)\n\n\n"
        "reward = centred | rs.Potential(tilt, discount=0.99)\n",
    ),
)
_EXACT = 1e-9


def find(scene: Scene) -> Iterator[Finding]:
    """Walk probed states there, back and by a detour."""
    for node in walk(scene.reward):
        given = getattr(node, "discount", None) if hasattr(node, "potential") else None
        if isinstance(given, float) and abs(given - scene.task.discount) > 1e-6:
            said = f"{node.label} has the discount {given:g}, the task {scene.task.discount:g}"
            yield Finding(DISCOUNT, said, node.label, {"potential": given, "task": scene.task.discount})
    if scene.by_step and any(name.startswith(NEXT) for name in scene.reward.fields):
        yield from _progress(scene)


def _progress(scene: Scene) -> Iterator[Finding]:
    states = [_shuffled(scene, i) for i in range(3)]
    pay = {(i, j): scene.unchecked(_move(states[i], states[j]))[1] for i, j in _MOVES}
    corrections = {node.label for node in walk(scene.reward) if isinstance(node, Transform)}
    for name in (name for name in pay[0, 1] if name not in corrections):
        there, back, stay, on, far = (pay[move][name] for move in _MOVES)
        known = np.isfinite(there + back + stay + on + far)
        size = float(np.max(np.abs(there[known]), initial=0.0))
        if size == 0.0 or float(np.max(np.abs(stay[known]))) > _EXACT * size:
            continue
        both = (there + back)[known]
        if float(np.max(np.abs(both))) <= _EXACT * size:
            if scene.task.discount < 1.0 and float(np.max(np.abs(there + on - far)[known])) <= 1e-6 * size:
                said = f"{name} is a difference of two states without the discount {scene.task.discount:g}"
                yield Finding(UNDISCOUNTED, said, name, {"discount": scene.task.discount})
        elif float(np.min(both)) >= -_EXACT * size and float(np.mean(both > 0.01 * size)) >= 0.05:
            said = (
                f"{name} pays {np.mean(both):.3g} on average for going to another state and back, 0 for staying"
            )
            yield Finding(ONE_SIDED, said, name, {"there_and_back": float(np.mean(both)), "staying": 0.0})


_MOVES = ((0, 1), (1, 0), (0, 0), (1, 2), (0, 2))


def _shuffled(scene: Scene, index: int) -> dict[str, Numbers]:
    """Probed states in another order; what is no state stays in place."""
    count = len(scene.probes["terminated"])
    order = np.random.default_rng([scene.seed, 0x5AB, index]).permutation(count)
    found = {**scene.probes, "terminated": np.zeros(count)}
    return {name: value[order] if NEXT + name in found else value for name, value in found.items()}


def _move(start: dict[str, Numbers], end: dict[str, Numbers]) -> dict[str, Numbers]:
    return {**start, **{NEXT + name: value for name, value in end.items() if NEXT + name in end}}


CHECK = Check("shaping", (UNDISCOUNTED, ONE_SIDED, DISCOUNT), find)
