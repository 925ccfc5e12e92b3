"""Eureka: rewards are written, trained, and what their parts paid is read back to whoever writes the next.

Differs from the paper: a grammar writes instead of a language model (it follows the three rules of the
reflection), so this shows the loop and not how well a model writes.  Five exact grids and Q-learning instead
of 29 robots, 4 rounds of 4.  Success is the expected discounted return under the task's own sparse reward, as
a share of the best possible; the winner is trained again on 4 fresh seeds and judged after training.  On the
seeds used for setting up, the loop was worse than independent programs; nothing was changed for that.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rewardsmith.core.cite import Paper
from rewardsmith.core.grid import FOUR_ROOMS, FROZEN_LAKE
from rewardsmith.design.strategy import Best, Independent
from rewardsmith.design.tabular import Found, Plan, baseline, grid_task, retrain, search
from rewardsmith.optimize.tabular import QLearning
from rewardsmith.zoo.claims import Meter, Verdict, bound, compare_paired, control, verdict

PAPER = Paper(
    key="ma2024eureka",
    title="Eureka: Human-Level Reward Design via Coding Large Language Models",
    authors="Ma, Yecheng Jason and others",
    year=2024,
    where="ICLR",
    arxiv="2310.12931",
    code="eureka-research/Eureka@9eee428",
    kind="inproceedings",
)
GRIDS = {  # map, slip, episodes, horizon
    "rooms": (FOUR_ROOMS, 0.1, 120, 50),
    "lake": (FROZEN_LAKE, 2 / 3, 200, 50),
    "crossing": ("S....\n.....\nHHHH.\n.....\n....G", 0.05, 120, 40),
    "maze": ("S....\n####.\n.....\n.####\n....G", 0.1, 100, 50),
    "hall": ("S.........G", 0.1, 60, 40),
}
ALL, ORDER = ("order", "terms", "score"), ("order",)
FRESH = 4


def build() -> dict[str, tuple[Best | Independent, tuple[str, ...]]]:
    """The loop and its rivals: a strategy, and what it sees of trained candidates."""
    return {
        "loop": (Best(elitist=False), ALL),
        "elitist": (Best(elitist=True), ALL),
        "no reflection": (Best(elitist=False), ORDER),
        "independent": (Independent(), ()),
    }


def claim(full: bool = False) -> Verdict:
    """The loop against the tasks' own rewards and against as many programs drawn independently."""
    seeds = range(12 if full else 8)
    names = list(GRIDS) if full else ["rooms", "hall"]
    arms = build() if full else {name: arm for name, arm in build().items() if name in ("loop", "independent")}
    success: dict[str, list[np.ndarray]] = {name: [] for name in [*arms, "own reward"]}
    first, seen, lost = list[np.ndarray](), list[float](), list[bool]()
    with Meter() as meter:
        for name in names:
            text, slip, episodes, horizon = GRIDS[name]
            task = grid_task(name, text, QLearning(episodes, horizon), slip=slip)
            plans = [Plan(strategy, seed, sees) for strategy, sees in arms.values() for seed in seeds]
            found = dict(
                zip(arms, np.array_split(np.array(search(task, plans), object), len(arms)), strict=True)
            )
            meter.count("trainings", sum(len(each.trained) for row in found.values() for each in row))
            for arm, row in found.items():
                success[arm].append(retrain(task, [each.best for each in row], seeds, FRESH))
            success["own reward"].append(baseline(task, task.mdp.expected_reward, seeds, FRESH))
            first.append(np.array([[top(each, 0) for each in row] for row in found.values()]))
            seen += [top(each, None) for each in found["loop"]]
            lost += [
                top(each, r) < top(each, r - 1) for each in found["loop"] for r in range(1, len(each.rounds))
            ]
    pooled = {arm: np.mean(rows, axis=0) for arm, rows in success.items()}
    gains = [loop - own for loop, own in zip(success["loop"], success["own reward"], strict=True)]
    errors = [float(gain.std(ddof=1) / len(gain) ** 0.5) for gain in gains]
    beaten = sum(float(gain.mean()) > 2 * error for gain, error in zip(gains, errors, strict=True))
    opening = np.mean(first, axis=0)
    checks = [
        bound(f"grids of {len(names)} where the loop beats the own reward", [beaten], low=3 if full else 2),
        compare_paired("the loop beats independent programs, all grids", pooled["loop"], pooled["independent"]),
        control(
            "before the first reflection they are the same", opening[0], opening[-1], sees=1e-9, exact=True
        ),
    ]
    figures: dict[str, Any] = {
        "success": {
            arm: {name: round(float(row.mean()), 4) for name, row in zip(names, rows, strict=True)}
            for arm, rows in success.items()
        },
        "pooled": {arm: round(float(row.mean()), 4) for arm, row in pooled.items()},
        "winner_in_the_search": float(np.mean(seen)),
        "winner_on_fresh_seeds": float(pooled["loop"].mean()),
        "rounds_that_fell_behind": float(np.mean(lost)),
    }
    if full:
        difference = pooled["loop"] - pooled["no reflection"]
        figures["reflection_minus_plain_mutation"] = [
            float(difference.mean()),
            float(difference.std(ddof=1) / len(seeds) ** 0.5),
        ]
    missing = "a language model, people who correct, classic control, Taxi, and the tasks of the paper"
    return verdict(checks, seeds, missing, figures, meter.cost)


def top(found: Found, number: int | None) -> float:
    """The best checkpoint of one round, or of all."""
    rounds = found.rounds if number is None else found.rounds[number : number + 1]
    return max((found.trained[each.candidate.id].peak for round_ in rounds for each in round_), default=0.0)
