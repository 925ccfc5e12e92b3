"""Auto MC-Reward: a designer chooses only signs, and an analysis of failed episodes says what to add.

Differs from the paper: a scripted designer with ten terms and an analysis that counts how episodes end stand in
for language models; a 7 x 7 grid with lava and slips, learned by Q-learning, instead of Minecraft.  Success is
the expected discounted return under the sparse reward as a share of the best, on fresh seeds.  A training whose
revision is worse is dropped.  Both designers may add the same terms and have as many trainings.  The grid was
chosen on other seeds: on a first one, with long barriers of lava, no reward was learned at all.  The control
was that both designers do as well without lava; as neither adds anything there, it says that now.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rewardsmith.core.cite import Paper
from rewardsmith.design.failures import TIME
from rewardsmith.design.revise import Remedy, Reviser, Sketch, revise
from rewardsmith.design.tabular import TabularTask, baseline, grid_task
from rewardsmith.optimize.tabular import QLearning
from rewardsmith.zoo.claims import Meter, Verdict, compare_paired, control, verdict

PAPER = Paper(
    key="li2024auto",
    title="Auto MC-Reward: Automated Dense Reward Design with Large Language Models for Minecraft",
    authors="Li, Hao and others",
    year=2024,
    where="CVPR",
    arxiv="2312.09238",
    kind="inproceedings",
)
LAVA = "S.H....\n..H.H..\n.......\n.HH.HH.\n.......\nH.H..H.\n......G"
OPEN = "S......\n.......\n.......\n.......\n.......\n.......\n......G\n.......\nH......"
REMEDIES = (
    Remedy("sparse", "-(next_hole < 0.5)", "lava"),
    Remedy("dense", "-0.5 * (next_hole < 1.5)", "lava"),
    Remedy("dense", "-2 * (next_far == far)", TIME),
    Remedy("dense", "hole - next_hole"),
    Remedy("dense", "row - next_row"),
    Remedy("dense", "next_row - row"),
    Remedy("dense", "column - next_column"),
    Remedy("dense", "next_column - column"),
    Remedy("sparse", "-(next_row == row)"),
    Remedy("sparse", "terminated"),
)
FRESH = 4


def build(analyzer: bool = True) -> Reviser:
    """The designer, who starts from "nearer to the goal is good"."""
    start = Sketch(("next_far < 0.5",), ("far - next_far",))
    return Reviser(start, (("lava", "next_hole < 0.5"),), REMEDIES, analyzer=analyzer)


def claim(full: bool = False) -> Verdict:
    """With lava: against the sparse reward, against terms added at random, and with a wrong scale."""
    seeds = range(20 if full else 8)
    lava, plain = (
        grid_task(name, text, QLearning(150, 50), slip=0.05) for name, text in (("lava", LAVA), ("open", OPEN))
    )
    with Meter() as meter:
        found = {flag: revise(lava, build(flag), seeds) for flag in (True, False)}
        ours, chance = ([each.sketch for each in found[flag]] for flag in (True, False))
        easy = {flag: revise(plain, build(flag), seeds) for flag in (True, False)}
        meter.count("trainings", 4 * (build().rounds + 1) * len(seeds))
        start = [build().start] * len(seeds)
        rows = {
            "loop": reached(lava, ours, seeds),
            "random term": reached(lava, chance, seeds),
            "sparse": reached(lava, [Sketch(build().start.sparse)] * len(seeds), seeds),
            "start": reached(lava, start, seeds),
            "signs x 100": reached(lava, ours, seeds, scale=100.0),
            "sum": reached(lava, ours, seeds, "sum"),
            "sum x 100": reached(lava, ours, seeds, "sum", 100.0),
            "open, loop": reached(plain, [each.sketch for each in easy[True]], seeds),
            "open, random term": reached(plain, [each.sketch for each in easy[False]], seeds),
        }
    checks = [
        compare_paired("the loop gains 20 points over the sparse reward", rows["loop"], rows["sparse"], 0.2),
        compare_paired("analysis beats terms at random", rows["loop"], rows["random term"]),
        compare_paired("a scale of 100 costs signs at most 5 points", rows["signs x 100"], rows["loop"], -0.05),
        compare_paired(
            "it costs a plain sum more", rows["sum"] - rows["sum x 100"], rows["loop"] - rows["signs x 100"]
        ),
        control(
            "without lava on the way nothing fails, and nothing is added",
            [len("".join(each.added)) for flag in (True, False) for each in easy[flag]],
            [0] * (2 * len(seeds)),
            1e-9,
            exact=True,
        ),
    ]
    figures: dict[str, Any] = {
        "success": {name: round(float(row.mean()), 4) for name, row in rows.items()},
        "added": [list(each.added) for each in found[True]],
    }
    missing = "the critic, memory slots, imitation before training, language models, MiniGrid, and Minecraft"
    return verdict(checks, seeds, missing, figures, meter.cost)


def reached(
    task: TabularTask, sketches: list[Sketch], seeds: range, compose: Any = "signs", scale: float = 1.0
) -> np.ndarray:
    """Success on fresh seeds, one sketch per seed."""
    tables = [task.tables(each.program(task, compose, scale)) or {} for each in sketches]
    return baseline(task, np.stack([sum(parts.values(), np.zeros(())) for parts in tables]), seeds, FRESH)
