"""Planning: model steps per CPU-second, one reward after the other in NumPy against all side by side, compiled.

    python benchmarks/planning.py [decisions] [repeats]

Four random programs, two episodes each, as a round of ``language_to_rewards`` has them; 3,840 model steps per
decision.  Both ways in turn in one process, after one decision that compiles; the best of the repeats counts.
MuJoCo is stepped by the same code both ways: its row says what a simulator costs.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from rewardsmith import tasks
from rewardsmith.optimize.plan import Planner, control, control_each
from rewardsmith.program import Grammar, random_program

REWARDS, EPISODES = 4, 2
NAMES = ("acrobot_high", "cartpole_swingup", "pendulum_hold", "Reacher-v5")


def rewards(task: tasks.Task) -> list[Any]:
    """The same random programs each time."""
    grammar = Grammar.from_fields(task.table())
    return [random_program(grammar, np.random.default_rng(seed)) for seed in range(REWARDS)]


def alone(task: tasks.Task, planner: Planner) -> None:
    """One reward after the other."""
    for each in rewards(task):
        control(task, each, planner, (0,), EPISODES, keep=0)


def together(task: tasks.Task, planner: Planner) -> None:
    """All of them side by side."""
    control_each(task, rewards(task), planner, (0,), EPISODES, keep=0)


def rate(way: Callable[[tasks.Task, Planner], None], task: tasks.Task, planner: Planner) -> float:
    """Model steps per CPU-second."""
    begun = time.process_time()
    way(task, planner)
    return REWARDS * EPISODES * task.horizon * planner.simulated / (time.process_time() - begun)


def main(decisions: int = 25, repeats: int = 3) -> None:
    """Print the table."""
    planner = Planner()
    print(f"{'task':18} {'one by one':>12} {'side by side':>13} {'ratio':>6}   model steps per CPU-second")
    for name in NAMES:
        task = tasks.load(name)
        short = replace(task, horizon=1)
        together(short, planner)  # compiles
        task = replace(task, horizon=decisions if task.is_array else max(decisions // 10, 1))
        found = np.array([[rate(way, task, planner) for way in (alone, together)] for _ in range(repeats)])
        before, after = found.max(axis=0)
        print(f"{name:18} {before:12,.0f} {after:13,.0f} {after / before:6.1f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
