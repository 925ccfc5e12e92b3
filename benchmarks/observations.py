"""What agents see: success by the fields that were chosen for them, and what a choice costs.

    python benchmarks/observations.py [STEPS]

The native reward of pendulum_hold, 8 seeds, all observations side by side in one population.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from rewardsmith import tasks
from rewardsmith.core.stats import mean_interval
from rewardsmith.optimize.control import PPO, Population, evaluate

SEEDS = range(100, 108)
CHOICES = (
    None,
    ("upright", "angle_sin", "angular_velocity"),
    ("upright", "angle_sin", "angular_velocity", "energy"),
    ("upright", "angle_sin"),
    ("angle_sin", "angular_velocity"),
    ("upright", "angular_velocity"),
    ("energy",),
)


def main(steps: int) -> None:
    task = tasks.load("pendulum_hold")
    config = PPO(steps=steps)
    for names in (None, CHOICES):  # compile both
        Population.start(task, [task.naive], [0], config, names and names[:1]).advance(config.batch)
    rewards = [task.native] * len(CHOICES)
    began = time.process_time()
    population = Population.start(task, rewards, SEEDS, config, CHOICES).advance(steps)
    chosen = time.process_time() - began
    began = time.process_time()
    Population.start(task, rewards, SEEDS, config).advance(steps)
    plain = time.process_time() - began
    success = evaluate(task, population.policies(), 7, 32).success.mean(axis=1)
    owners = np.asarray(population.owners)
    print(f"pendulum_hold, native reward, {steps} steps, {len(SEEDS)} seeds")
    for i, names in enumerate(CHOICES):
        found = mean_interval(success[owners == i].tolist())
        seen = "the task's observation" if names is None else ", ".join(names)
        print(f"{seen:46s} {found.mean:5.2f} [{found.low:.2f}, {found.high:.2f}]")
    print(f"CPU seconds of {len(population)} trainings: chosen {chosen:.1f}, nobody chose {plain:.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 150_000)
