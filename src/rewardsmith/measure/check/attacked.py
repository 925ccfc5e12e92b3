"""Attackers: agents that were trained on the reward for a short while, and what they did instead."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..exploit.attack import ATTACKER
from ..exploit.behaviour import Contrast, contrast, saturated
from .finding import Code, Example, Finding, Level
from .incentives import told
from .protocol import Check
from .scene import Scene

HACKED = Code(
    "R201",
    "hacked",
    Level.ERROR,
    why="This is what training on the reward leads to: a high return, and not what is wanted.",
    fix="Watch the film, then pay for what it lacks, or charge for what it does; check again.",
    how="Three agents (two on simulators) are trained on the reward for 150,000 (60,000) steps, others on "
    "success, with a success bonus and on the task's own rewards. An attacker hacks when it reaches at most "
    "a third of the best success known and yet gains at least 95 % of what the best-paid success gains over "
    "random actions. A warning where only a minority of the attackers do.",
    source="Pan, Bhatia and Steinhardt (2022), arXiv:2201.03544; Skalse et al. (2022), arXiv:2209.13085",
    example=Example("pendulum", "abs(next_angular_velocity)", "next_upright", fast=False),
)


def find(scene: Scene) -> Iterator[Finding]:
    """Judge the attackers among all behaviour that is known."""
    found = scene.ranking
    trained = found.named(ATTACKER + ",")
    good = [one for one in found.incomes if one.success >= 0.8 * found.best_success]
    hacks: list[Contrast] = []
    for one in trained:
        seen = contrast([*good, one], found.idle)
        if found.best_success < 0.5:
            seen = saturated(scene.task, scene.reward, found.found, [one, found.idle])
        if seen is not None and seen.hack == one:
            hacks.append(seen)
    if not hacks:
        return
    worst = max(hacks, key=lambda seen: seen.hack.discounted)
    best = max(found.behaviour(worst.hack.name).episodes, key=lambda one: float(np.nansum(scene.values(one))))
    yield Finding(
        HACKED,
        f"{len(hacks)} of {len(trained)} trained agents earn {worst.hack.plain:.3g} per step of an episode at "
        f"success {worst.hack.success:.2f}; succeeding ({worst.reference.success:.2f}) pays "
        f"{worst.reference.plain:.3g}",
        evidence={"attackers": [vars(one) for one in trained]} | told(worst),
        level=None if 2 * len(hacks) > len(trained) else Level.WARNING,
        episode=best["obs"][0],
    )


CHECK = Check("attacked", (HACKED,), find, trains=True)
