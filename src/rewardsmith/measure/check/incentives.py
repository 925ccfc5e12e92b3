"""Ending against going on: rewards for which it is best to fail soon, or never to reach the goal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...core.algebra import Scope
from ..exploit.attack import ATTACKER
from ..exploit.behaviour import Contrast, dies
from ..exploit.living import living
from ..exploit.search import Ranking
from .finding import Code, Example, Finding, Level
from .protocol import Check
from .scene import Scene

DIES = Code(
    "R301",
    "dies early",
    Level.ERROR,
    why="The end of the episode saves the agent from what further steps would cost: it learns to fail soon.",
    fix="Shift the reward so that steps of living are worth 0 or more, or charge the failure at least what the "
    "rest of the episode can cost.",
    how="Behaviour that is planned (and, without --fast, trained) for this reward is played in the task. An "
    "error where the best-paid one ends early by failing and a success is known that is paid less; a warning "
    "where no success is known, but a longer life is, or where trained attackers do not fall for it.",
    source="Saunders et al. (2018), arXiv:1707.05173",
    example=Example("cartpole", "-1.0 - angle ** 2", "1.0 - angle ** 2"),
)
LIVES = Code(
    "R302",
    "lives forever",
    Level.ERROR,
    why="Reaching the goal ends the income, so the agent learns to stay away from it.",
    fix="Pay a cost of time instead of a wage, or a bonus at the goal above wage / (1 - discount); a potential "
    "(`rs.Potential`) guides without a wage.",
    how="As R301, where the goal ends the episode: staying away from it is paid at least 95 % of what "
    "reaching it is, and nearly every step pays.",
    source="Ng, Harada and Russell (1999)",
    example=Example("mountain_car", "next_height", "next_height - 2.0"),
)


def find(scene: Scene) -> Iterator[Finding]:
    """Compare the best-paid behaviour with what lasts, or arrives."""
    found = scene.ranking
    seen, code = found.contrast, blame(scene, found)
    if seen is not None and (code == DIES.code or (code == LIVES.code and seen.agreed)):
        kind = DIES if code == DIES.code else LIVES
        batch = found.behaviour(seen.hack.name).episodes[0]
        words = (
            f"failing after {seen.hack.length:.0f} steps pays"
            if kind is DIES
            else "never reaching the goal pays"
        )
        yield Finding(
            kind,
            f"{words} {seen.hack.plain:.3g} per step of an episode, succeeding {seen.reference.plain:.3g}",
            evidence=told(seen),
            level=severity(found),
            episode=batch["obs"][0],
        )
        return
    if seen is not None:
        return
    if scene.task.ending == "failure" and not _succeeds(found):
        pair = dies(found.incomes[:-1], found.idle)
        if pair is not None:
            best, longer = pair
            yield Finding(
                DIES,
                f"of all behaviour found, the best paid fails after {best.length:.0f} steps; living for "
                f"{longer.length:.0f} steps is paid less (discounted {longer.discounted:.3g} per step, against "
                f"{best.discounted:.3g})",
                evidence={"best": vars(best), "longer": vars(longer)},
                level=None if _all_die(found) else Level.WARNING,
                episode=found.behaviour(best.name).episodes[0]["obs"][0],
            )
            return
    if scene.by_step and not _succeeds(found):
        yield from _sign(scene)


def _sign(scene: Scene) -> Iterator[Finding]:
    """What the sign of every step says alone, where no behaviour is known that succeeds."""
    half = {name: value[: len(value) // 2] for name, value in scene.steps.items()}
    found = living(scene.reward, half, scene.task.ending, scene.task.discount)
    if found is not None:
        dies_of_it = found.kind == "dies"
        each, end = ("costs", "failing") if dies_of_it else ("pays", "the goal")
        yield Finding(
            DIES if dies_of_it else LIVES,
            f"every step {each} {abs(found.step):.3g} or more; {end} pays {found.end:.3g}, going on "
            f"{found.forever:.3g} in all",
            evidence=vars(found),
            level=Level.WARNING,
        )


def blame(scene: Scene, found: Ranking) -> str | None:
    """The code of what makes an exploit pay: an early end, a wage at every step, or else a loop."""
    if found.contrast is None or scene.reward.scope > Scope.EPISODE:
        return None
    hack = found.contrast.hack
    if hack.ended >= 0.5 and scene.task.ending == "failure":
        return DIES.code
    if scene.task.ending == "goal" and hack.ended < 0.5 and _pays_always(scene):
        return LIVES.code
    return "R204"


def severity(found: Ranking) -> Level | None:
    """A warning where the learner's own discount decides, or where trained attackers missed the exploit."""
    trained = found.named(ATTACKER + ",")
    if trained:
        harmless = np.mean([one.success for one in trained]) >= 0.8 * found.best_success
        return Level.WARNING if harmless else None
    return None if found.contrast is not None and found.contrast.agreed else Level.WARNING


def told(seen: Contrast) -> dict[str, Any]:
    """The comparison as evidence."""
    return {"exploit": vars(seen.hack), "success": vars(seen.reference), "random": vars(seen.idle)}


def _all_die(found: Ranking) -> bool:
    """Whether there are attackers, and most of them end by failing."""
    trained = found.named(ATTACKER + ",")
    return bool(trained) and bool(np.median([one.ended for one in trained]) >= 0.5)


def _succeeds(found: Ranking) -> bool:
    return any(one.success >= 0.5 for one in found.incomes)


def _pays_always(scene: Scene) -> bool:
    """Whether all but 5 % of the random steps that go on are paid."""
    values = np.concatenate([scene.values(one)[0, :-1] for one in scene.episodes])
    return bool(np.mean(values > 0) >= 0.95) if len(values) else False


CHECK = Check("incentives", (DIES, LIVES), find)
