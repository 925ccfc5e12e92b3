"""What four plain rewards reach on the shipped tasks: the tables in docs/tasks.md.

A task on which ``zero``, ``sparse``, ``native`` or ``naive`` already wins proves nothing about a reward that
wins there too.  Without task names: all tasks with array dynamics.  Run:

    python benchmarks/task_controls.py [--steps 300000] [--seeds 8] [--learning-rate 0.001] [TASK ...]
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from rewardsmith import tasks
from rewardsmith.core.algebra import Reward
from rewardsmith.core.arrays import Array, xp
from rewardsmith.core.nodes import Constant
from rewardsmith.core.term import success, term
from rewardsmith.optimize.control import PPO, train

FIRST_SEED = 1000  # disjoint from the seeds of searches and of their final reports
SOLVED = 0.8


@term
def slow_upright_centred(next_upright: Array, next_angular_velocity: Array, next_x: Array) -> Array:
    """Upright, slow and in the middle of the track."""
    slow = xp(next_upright).exp(-0.1 * next_angular_velocity**2)
    return 0.5 * (1 + next_upright) * slow * (1 - (next_x / 2.4) ** 2)


@term
def slow_and_high(next_tip_height: Array, next_velocity_1: Array, next_velocity_2: Array) -> Array:
    """High, and the slower the better."""
    return (next_tip_height + 2) * xp(next_tip_height).exp(-0.02 * (next_velocity_1**2 + next_velocity_2**2))


@term
def close_and_calm(next_distance: Array, effort: Array) -> Array:
    """Close on the scale that matters, with little effort."""
    return xp(next_distance).exp(-next_distance / 0.05) - 0.1 * effort


# One reward written by hand, where every control fails: it shows that there is something to find.
SHAPED = {
    "cartpole_swingup": slow_upright_centred,
    "acrobot_high": slow_and_high,
    "Reacher-v5": close_and_calm,
}


def controls(task: tasks.Task) -> dict[str, Reward]:
    """The rewards to beat, by name, and one written by hand where there is one."""
    rewards = {"zero": Constant(0.0), "sparse": success, "native": task.native, "naive": task.naive}
    rewards["shaped"] = SHAPED.get(task.name)
    return {name: reward for name, reward in rewards.items() if reward is not None}


def measure(task: tasks.Task, config: PPO, seeds: int, episodes: int) -> tuple[dict[str, np.ndarray], float]:
    """Mean success of every training, ``(seeds,)`` per control, and seconds."""
    start = time.perf_counter()
    rewards = controls(task)
    chosen = range(FIRST_SEED, FIRST_SEED + seeds)
    found = train(task, list(rewards.values()), chosen, config, episodes=episodes).evaluation.success
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
    parser.add_argument("--learning-rate", type=float, default=PPO(steps=1).learning_rate)
    args = parser.parse_args()
    config = PPO(steps=args.steps, learning_rate=args.learning_rate)
    print(f"<!-- {config} -->")
    print("| task | control | mean success | seeds >= 0.8 | per seed |\n|---|---|---|---|---|", flush=True)
    for name in args.tasks:
        results, seconds = measure(tasks.load(name), config, args.seeds, args.episodes)
        for control, values in results.items():
            each = " ".join(f"{value:.2f}" for value in values)
            solved = f"{int((values >= SOLVED).sum())} of {args.seeds}"
            print(f"| {name} | {control} | {values.mean():.2f} | {solved} | {each} |", flush=True)
        print(f"<!-- {name}: {seconds:.0f} s -->", flush=True)


if __name__ == "__main__":
    main()
