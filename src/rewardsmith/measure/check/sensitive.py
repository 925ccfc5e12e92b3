"""Policy cliffs: numbers of a reward that decide what the best behaviour is, within a few per cent."""

from __future__ import annotations

from collections.abc import Iterator

from ..exploit.search import graphs
from ..exploit.sensitivity import FACTORS, Variant, sensitivity
from .finding import Code, Example, Finding, Level
from .protocol import Check
from .scene import Scene

CLIFF = Code(
    "R502",
    "policy cliff",
    Level.NOTE,
    why="Near such a value small errors decide: another seed or a rounded weight gives another behaviour.",
    fix="Move the number away from the cliff, to the side whose behaviour is wanted; an entropy bonus smooths "
    "it, at a price.",
    how="Each number of the reward (up to 6) is multiplied by 0.7, 0.9, 1.1 and 1.4, behaviour is planned anew "
    "and played. A cliff is where half of the time or more is spent in other places (total variation), or "
    "success changes by 0.4 or more, from the value to 0.9 or 1.1 of it, and further on. The latter is a "
    "warning.",
    source="Xu (2025), arXiv:2507.20150",
    example=Example(
        "pendulum",
        "2.0 * next_upright - 1.25 * torque ** 2",
        "next_upright - 0.01 * torque ** 2",
        fast=False,
    ),
)

_MOVED, _TURN = 0.5, 0.4  # total variation; success


def find(scene: Scene) -> Iterator[Finding]:
    """Multiply numbers, plan and compare."""
    if not scene.task.is_array or not scene.by_step or not scene.reward.numbers():
        return
    graph = graphs(scene.task, scene.seed)[:2][-1]
    success, variants = sensitivity(graph, scene.reward, seed=scene.seed)
    for number in dict.fromkeys(one.number for one in variants):
        own = [one for one in variants if one.number == number]
        for near, far in ((own[1], own[0]), (own[2], own[3])):
            turn = min(abs(near.success - success), abs(far.success - success))
            if min(near.moved, far.moved) >= _MOVED or turn >= _TURN:
                yield _told(float(scene.reward.numbers()[number]), success, near)
                break


def _told(value: float, success: float, near: Variant) -> Finding:
    turns = abs(near.success - success) >= _TURN
    return Finding(
        CLIFF,
        f"the best behaviour changes ({near.moved:.0%} of its time is spent elsewhere) between {near.number} = "
        f"{min(value, near.value):.4g} and {max(value, near.value):.4g}; success {success:.2f} at {value:.4g}, "
        f"{near.success:.2f} at {near.value:.4g}",
        part=near.number,
        evidence=vars(near) | {"from": value, "success_from": success, "factors": list(FACTORS)},
        level=Level.WARNING if turns else None,
    )


CHECK = Check("sensitive", (CLIFF,), find, trains=True)
