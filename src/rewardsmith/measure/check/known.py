"""Exploit-regression: exploits that were caught before must not pay again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...core.algebra import Scope
from ..exploit.known import keep, known, replay, scripted
from .finding import Code, Example, Finding, Level
from .incentives import told
from .protocol import Check
from .scene import Scene

AGAIN = Code(
    "R202",
    "known exploit pays",
    Level.ERROR,
    why="Somebody has been here before: what broke an earlier reward earns more than succeeding again.",
    fix="Compare the two rewards on the recording; what stopped the exploit last time is missing now.",
    how="Recordings below .rewardsmith/exploits/<task>/ and the library's own scripts (a rod that spins, a "
    "cart that only pushes right) are paid by the reward. An error where one that fails gains at least 95 % of "
    "what the best-paid known success gains over random actions.",
    example=Example("pendulum", "abs(next_angular_velocity)", "next_upright"),
)


def find(scene: Scene) -> Iterator[Finding]:
    """Pay every known exploit."""
    if scene.reward.scope > Scope.EPISODE or not scene.reward.fields <= set(scene.episodes[0]):
        return
    kept = (*known(scene.exploits.path, scene.task), *scripted(scene.task, scene.seed))
    for one in kept:
        found = scene.ranking
        seen = replay(scene.reward, scene.task, one, found.incomes, found.idle)
        if seen is not None and seen.agreed:
            yield Finding(
                AGAIN,
                f"the exploit {one.name!r} ({one.story.rstrip('.')}) pays {seen.hack.plain:.3g} per step of an "
                f"episode, succeeding {seen.reference.plain:.3g}",
                evidence={"name": one.name, "broke": one.reward} | told(seen),
                episode=one.exploit.episodes[0]["obs"][0],
            )


def keep_found(scene: Scene) -> Path | None:
    """Keep the exploit of a scene beside the best-paid success, for every later reward on its task."""
    seen = scene.ranking.contrast
    if seen is None or not seen.agreed:
        return None
    good = [one for one in scene.ranking.found if one.name == seen.reference.name]
    hack = scene.ranking.behaviour(seen.hack.name)
    return keep(scene.exploits.path, scene.task, scene.reward, hack, good[0] if good else None, seen.hack.name)


CHECK = Check("known", (AGAIN,), find)
