"""Text2Reward: one dense reward from a typed description of the environment, in names that are not the code's.

Differs from the paper: rules compile the reward from the description (a distance to each object, in stages) and
no language model does; three exact grids with places to visit in order and Q-learning instead of robots.  The
expert is the sparse reward shaped by its own optimal values.  Success is the expected discounted return under
the sparse reward as a share of the best, one training for each seed.  On other seeds it was tried with smaller
grids and fewer episodes first; renaming was compared as text then, and as programs now.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rewardsmith.core import mdp as tables
from rewardsmith.core.cite import Paper
from rewardsmith.design.errand import errand, staged
from rewardsmith.design.propose.abstraction import Abstraction, abstraction_of
from rewardsmith.design.tabular import TabularTask, baseline
from rewardsmith.optimize.tabular import QLearning
from rewardsmith.program import parse, random_program
from rewardsmith.zoo.claims import Meter, Verdict, bound, compare_paired, control, verdict

PAPER = Paper(
    key="xie2024text2reward",
    title="Text2Reward: Automated Dense Reward Function Generation for Reinforcement Learning",
    authors="Xie, Tianbao and others",
    year=2024,
    where="ICLR",
    arxiv="2309.11489",
    code="xlang-ai/text2reward@e7f57ef",
    kind="inproceedings",
)
TASKS = {  # map, places in order
    "reach": ("S.......\n" + "........\n" * 6 + ".......G", "G"),
    "carry": ("...S....\n........\nK.......\n........\n........\n.......G", "KG"),
    "door": ("S...#...\n....#...\n.K......\n....#...\n....#..G", "KG"),
}


def build(order: str = "KG", steps: float = 14.0, in_stages: bool = True) -> str:
    """The compiled reward, in abstract names: stages are done when the flag of their object is set."""
    costs = [f"after.to_{letter.lower()} / {steps}" for letter in order]
    done = [f"after.has_{letter.lower()} > 0.5" for letter in order[:-1]] + [""]
    return staged(list(zip(done, costs, strict=True))) if in_stages else " ".join(f"- {cost}" for cost in costs)


def claim(full: bool = False) -> Verdict:
    """Compiled against expert and sparse rewards; renaming there and back against replacing text."""
    seeds = range(20 if full else 8)
    rows: dict[str, list[np.ndarray]] = {name: [] for name in ("compiled", "no stages", "expert", "sparse")}
    with Meter() as meter:
        for name, (text, order) in TASKS.items():
            task = errand(name, text, order, QLearning(150, 60), slip=0.1)
            sparse, best = task.mdp.expected_reward, tables.value_iteration(task.mdp)
            expert = task.mdp.with_reward(tables.potential_shaping(task.mdp, best)).expected_reward
            written = [compiled(task, order, flag) for flag in (True, False)]
            for arm, reward in zip(rows, (*written, expert, sparse), strict=True):
                rows[arm].append(baseline(task, reward, seeds, 1))
            meter.count("trainings", len(rows) * len(seeds))
        broken, replaced = renamings(200)
    gaps = [mean_gain(ours, theirs) for ours, theirs in zip(rows["compiled"], rows["expert"], strict=True)]
    gains = [mean_gain(ours, theirs) for ours, theirs in zip(rows["compiled"], rows["sparse"], strict=True)]
    checks = [
        bound(
            "tasks of 3 where it is at most 5 points below the expert",
            [sum(m >= -0.05 for m, _ in gaps)],
            low=2,
        ),
        bound("tasks of 3 where it beats the sparse reward", [sum(m > 2 * e for m, e in gains)], low=2),
        compare_paired("stages help where order matters", rows["compiled"][1], rows["no stages"][1]),
        bound("of 200 programs, changed by renaming there and back", [broken], high=0),
        bound("of 200 programs, changed by replacing text", [replaced], low=1),
        control(
            "with one place stages are nothing", rows["compiled"][0], rows["no stages"][0], 1e-9, exact=True
        ),
    ]
    figures: dict[str, Any] = {
        arm: {name: round(float(row.mean()), 4) for name, row in zip(TASKS, values, strict=True)}
        for arm, values in rows.items()
    }
    missing = "a language model, solved examples, corrections in words, repair after errors, continuous tasks"
    return verdict(checks, seeds, missing, figures, meter.cost)


def names(task: TabularTask) -> Abstraction:
    """The classes and attributes of a task."""
    return abstraction_of(task.table)


def compiled(task: TabularTask, order: str, in_stages: bool) -> np.ndarray:
    """The table of the compiled reward, read in the names of the fields."""
    program = parse(names(task).to_fields(build(order, in_stages=in_stages)).text, task.table)
    (table,) = (task.tables(program) or {}).values()
    return table


def renamings(count: int) -> tuple[int, int]:
    """Programs that come back changed: by renaming on the syntax tree, and by replacing text, longest first."""
    task = errand("carry", *TASKS["carry"], QLearning())
    known, rng = names(task), np.random.default_rng(0)
    pairs = sorted(known.names.items(), key=lambda pair: -len(pair[1]))
    broken = replaced = 0
    for _ in range(count):
        program = random_program(task.grammar, rng)
        there = known.to_names(str(program)).text
        broken += parse(known.to_fields(there).text, task.table) != program
        naive = "\n".join(line.strip() for line in there.splitlines()[1:])  # the def line has other names
        for field, name in pairs:
            naive = naive.replace(name, field)
        replaced += parse(naive, task.table) != program
    return broken, replaced


def mean_gain(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    """Mean paired difference and its standard error."""
    gain = ours - theirs
    return float(gain.mean()), float(gain.std(ddof=1) / len(gain) ** 0.5)
