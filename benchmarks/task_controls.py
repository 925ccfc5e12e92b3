"""What four plain rewards reach on every shipped array task: the table in docs/tasks.md.

A task on which ``zero``, ``sparse``, ``native`` or ``naive`` already wins proves nothing about a reward that
wins there too.  Run:  python benchmarks/task_controls.py [--steps 300000] [--seeds 8] [TASK ...]
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from rewardsmith import tasks
from rewardsmith.core.algebra import Constant, Reward
from rewardsmith.core.term import success
from rewardsmith.optimize.control import PPO, train

FIRST_SEED = 1000  # disjoint from the seeds of searches and of their final reports
SOLVED = 0.8


def controls(task: tasks.Task) -> dict[str, Reward]:
    """The rewards to beat, by name."""
    rewards = {"zero": Constant(0.0), "sparse": success, "native": task.native, "naive": task.naive}
    return {name: reward for name, reward in rewards.items() if reward is not None}


def measure(task: tasks.Task, steps: int, seeds: int, episodes: int) -> tuple[dict[str, np.ndarray], float]:
    """Mean success of every training, ``(seeds,)`` per control, and seconds."""
    start = time.perf_counter()
    rewards = controls(task)
    chosen = range(FIRST_SEED, FIRST_SEED + seeds)
    found = train(task, list(rewards.values()), chosen, PPO(steps=steps), episodes=episodes).evaluation.success
    by_reward = found.mean(axis=1).reshape(len(rewards), seeds)
    return dict(zip(rewards, by_reward, strict=True)), time.perf_counter() - start


def main() -> None:
    """Measure and print the markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    array_tasks = [name for name in tasks.names() if tasks.load(name).is_array]
    parser.add_argument("tasks", nargs="*", default=array_tasks)
    parser.add_argument("--steps", type=int, default=300_000, help="environment steps per training")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--episodes", type=int, default=32, help="greedy episodes per training")
    args = parser.parse_args()
    print("| task | control | mean success | seeds >= 0.8 | per seed |\n|---|---|---|---|---|", flush=True)
    for name in args.tasks:
        results, seconds = measure(tasks.load(name), args.steps, args.seeds, args.episodes)
        for control, values in results.items():
            each = " ".join(f"{value:.2f}" for value in values)
            solved = f"{int((values >= SOLVED).sum())} of {args.seeds}"
            print(f"| {name} | {control} | {values.mean():.2f} | {solved} | {each} |", flush=True)
        print(f"<!-- {name}: {seconds:.0f} s -->", flush=True)


if __name__ == "__main__":
    main()
