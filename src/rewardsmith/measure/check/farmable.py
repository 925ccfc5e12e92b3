"""Farmable loops: going round without succeeding pays (nearly) as well as succeeding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..exploit.behaviour import Contrast
from ..exploit.loop import Loop, loop_in
from ..exploit.search import Ranking
from .finding import Code, Example, Finding, Level
from .incentives import blame, severity, told
from .protocol import Check
from .scene import Numbers, Scene, state_at

FARMABLE = Code(
    "R204",
    "farmable loop",
    Level.ERROR,
    why="A learner that is good enough finds the loop and stays in it: more training makes it worse.",
    fix="Pay for progress instead of presence: the difference of a potential (`rs.Potential`), or what is "
    "reached for the first time; charge for the way back what the way there paid.",
    how="The task's reachable states are made a graph; behaviour is planned for the reward with and without "
    "success and then really played from the same starts. An exploit succeeds at most a third as often as the "
    "best known, yet gains at least 95 % of what the best-paid success gains over random actions, "
    "both discounted as the learner does and in plain sums. A warning where trained attackers miss it (without "
    "--fast).",
    source="Randlov and Alstrom (1998); Ng, Harada and Russell (1999); Clark and Amodei (2016)",
    example=Example("pendulum_hold", "next_energy", "next_upright"),
)


def find(scene: Scene) -> Iterator[Finding]:
    """Plan, play and compare."""
    found = scene.ranking
    seen = found.contrast
    if seen is None or not seen.agreed or blame(scene, found) != FARMABLE.code:
        return
    batch = _richest(scene, found, seen)
    pay = np.nan_to_num(scene.values(batch))[0]
    loop = loop_in(batch, pay, _span(found))
    evidence = _evidence(scene, batch, pay, loop) | told(seen)
    yield Finding(
        FARMABLE,
        f"{_sentence(scene, batch, loop, seen)}; succeeding pays {seen.reference.plain:.3g}",
        evidence=evidence,
        level=severity(found),
        episode=batch["obs"][0],
    )


def _richest(scene: Scene, found: Ranking, seen: Contrast) -> dict[str, Numbers]:
    """The episode of the exploit that is paid best among those that fail."""
    episodes = found.behaviour(seen.hack.name).episodes
    return max(episodes, key=lambda one: (-float(one["success"].mean()), float(np.nansum(scene.values(one)))))


def _span(found: Ranking) -> Numbers:
    seen = np.concatenate([one["obs"][0] for behaviour in found.found for one in behaviour.episodes])
    low, high = np.quantile(seen, (0.005, 0.995), axis=0)
    return np.where(high - low > 1e-9, high - low, 1.0)


def _names(scene: Scene) -> tuple[str, ...]:
    """The fields that a reader wants to see: those that the reward reads, else all of the state."""
    states = [field.name for field in scene.task.fields if field.kind == "state" and not field.width]
    read = {name.removeprefix("next_") for name in scene.reward.fields}
    return tuple([name for name in states if name in read] or states)[:4]


def _evidence(scene: Scene, batch: Mapping[str, Any], pay: Numbers, loop: Loop | None) -> dict[str, Any]:
    steps = list(loop.steps) if loop else list(range(len(pay)))
    shown = [steps[i] for i in np.unique(np.linspace(0, len(steps) - 1, 8).astype(int))]
    names = (*_names(scene), "action")
    return {
        "loop": [state_at(batch, names, (0, step)) | {"pays": round(float(pay[step]), 6)} for step in shown],
        "steps": len(steps),
        "pay_per_step": loop.pay if loop else float(pay.mean()),
        "closed": loop is not None,
    }


def _sentence(scene: Scene, batch: Mapping[str, Any], loop: Loop | None, seen: Contrast) -> str:
    """What the exploit does, in one line."""
    earns = f"pays {seen.hack.plain:.3g} per step over an episode"
    if loop is None:
        return f"going on without succeeding {earns}"
    places: list[str] = []
    for name in _names(scene):
        values = np.asarray(batch[name][0], float)[list(loop.steps)]
        low, high = float(values.min()), float(values.max())
        near = high - low <= 0.02 * (float(np.ptp(batch[name][0])) + abs(high) + 1e-9)
        places.append(f"{name} = {high:.3g}" if near else f"{name} from {low:.3g} to {high:.3g}")
    what = "staying" if len(loop.steps) == 1 else f"a loop of {len(loop.steps)} steps"
    return f"{what} at {', '.join(places)} {earns} and avoids success"


CHECK = Check("farmable", (FARMABLE,), find)
