"""ICPL: a person picks the best and the worst of six behaviours, and the next programs go away from the worst.

Differs from the paper: rules over a grammar write instead of a language model; the grammar holds priors,
as a model does, hence the rival that draws from it independently.  Exact grids and Q-learning; the person is
an oracle of hidden success.  A round is 9 comparisons (best and worst of 6).  The rival fits a reward table to
comparisons of trajectories in as many rounds; environment steps are counted beside labels.  After a first run
on other seeds the control got a rival of its own kind: what a coin picks from the last round, not the best.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rewardsmith.core.cite import Paper
from rewardsmith.core.grid import FOUR_ROOMS
from rewardsmith.design.preferred import Comparisons, preferred_rewards
from rewardsmith.design.propose.difference import DifferenceWriter
from rewardsmith.design.strategy import Best, Independent
from rewardsmith.design.tabular import Plan, TabularTask, baseline, grid_task, retrain, search
from rewardsmith.feedback.person import Oracle
from rewardsmith.optimize.tabular import QLearning
from rewardsmith.zoo.claims import Meter, Verdict, bound, compare_paired, control, verdict

PAPER = Paper(
    key="yu2024icpl",
    title="Few-shot In-Context Preference Learning Using Large Language Models",
    authors="Yu, Chao and others",
    year=2024,
    where="arXiv",
    arxiv="2410.17233",
    code="icpl-research/ICPL@5bc55c0",
)
GRIDS = {  # map, slip, episodes, horizon
    "rooms": (FOUR_ROOMS, 0.1, 120, 50),
    "hall": ("S.........G", 0.1, 60, 40),
    "crossing": ("S....\n.....\nHHHH.\n.....\n....G", 0.05, 120, 40),
}
ROUNDS, SHOWN, FRESH = 5, 6, 4
LABELS = ROUNDS * (2 * SHOWN - 3)


def build(noise: float = 0.0, seed: int = 0) -> tuple[Best, Oracle]:
    """The strategy that shows the best and the worst, and the person."""
    return Best(elitist=False, worst=True), Oracle(noise, seed)


def claim(full: bool = False) -> Verdict:
    """ICPL after 45 comparisons against reward tables from 45 and 450, and against independent programs."""
    seeds = range(10 if full else 8)
    names = list(GRIDS) if full else ["hall"]
    rows: dict[str, list[np.ndarray]] = {}
    with Meter() as meter:
        for name in names:
            text, slip, episodes, horizon = GRIDS[name]
            task = grid_task(name, text, QLearning(episodes, horizon), slip=slip)
            for noise in (0.0, 0.1, 0.3) if full else (0.0,):
                rows.setdefault(f"ICPL, noise {noise}", []).append(steered(task, seeds, noise, meter))
            rows.setdefault("coin", []).append(steered(task, seeds, 0.5, meter))
            best, last = independent(task, seeds)
            rows.setdefault("independent", []).append(best)
            rows.setdefault("random", []).append(last)
            for count in (LABELS, 10 * LABELS):
                tables, steps = preferred_rewards(task, Comparisons(count, ROUNDS), seeds)
                meter.count(f"steps_of_{count}_comparisons", steps)
                rows.setdefault(f"table, {count}", []).append(baseline(task, tables, seeds, FRESH))
            rows.setdefault("own reward", []).append(baseline(task, task.mdp.expected_reward, seeds, FRESH))
    pooled = {name: np.mean(row, axis=0) for name, row in rows.items()}
    ours, tenfold = rows["ICPL, noise 0.0"], rows[f"table, {10 * LABELS}"]
    ahead = sum(float(a.mean()) >= float(b.mean()) for a, b in zip(ours, tenfold, strict=True))
    checks = [
        bound("grids where ICPL reaches a table from ten times the comparisons", [ahead], low=2 if full else 1),
        compare_paired(
            "ICPL beats a table from as many comparisons", pooled["ICPL, noise 0.0"], pooled[f"table, {LABELS}"]
        ),
        compare_paired("ICPL beats independent programs", pooled["ICPL, noise 0.0"], pooled["independent"]),
        control(
            "answers by a coin gain nothing over one random program", pooled["coin"], pooled["random"], sees=0.3
        ),
    ]
    figures: dict[str, Any] = {
        "success": {
            arm: {name: round(float(values.mean()), 4) for name, values in zip(names, row, strict=True)}
            for arm, row in rows.items()
        }
    }
    missing = "a language model; tasks of the paper; MountainCar, Acrobot, MiniGrid; 100 times the comparisons"
    return verdict(checks, seeds, missing, figures, meter.cost)


def steered(task: TabularTask, seeds: range, noise: float, meter: Meter) -> np.ndarray:
    """Success of the good one of the last round."""
    writer = DifferenceWriter(task.grammar)
    plans = [
        Plan(strategy, seed, ("order", "terms"), ROUNDS, SHOWN, writer, person)
        for seed in seeds
        for strategy, person in [build(noise, seed)]
    ]
    found = search(task, plans)
    meter.count("comparisons_by_people", sum(each.pairs for each in found))
    return retrain(task, [each.last for each in found], seeds, FRESH)


def independent(task: TabularTask, seeds: range) -> tuple[np.ndarray, np.ndarray]:
    """The best of as many programs, picked by hidden success itself; and one that a coin picks in the end."""
    coins = [Plan(Independent(), seed, (), ROUNDS, SHOWN, person=build(0.5, seed)[1]) for seed in seeds]
    found = search(task, coins)
    best, last = ([getattr(each, name) for each in found] for name in ("best", "last"))
    return retrain(task, best, seeds, FRESH), retrain(task, last, seeds, FRESH)
