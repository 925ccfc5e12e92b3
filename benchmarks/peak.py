"""The policy at the peak of its own return against the last one: does judging it raise success?

    python benchmarks/peak.py [TASK] [SEEDS] [STEPS]        # cartpole_swingup 12 100000, about 2 minutes

Six rewards that want the right thing and three that want a wrong one, each trained on the same seeds, as a
search trains them.  Both policies of a training play the same 32 episodes.  The error is the standard error of
the mean of the paired differences, over trainings.  A first six had no success to compare on most seeds; these
were chosen by that of the last policy alone, on four other seeds.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np

from rewardsmith import tasks
from rewardsmith.core.algebra import Reward
from rewardsmith.design.config import QUICK
from rewardsmith.design.race import CHUNKS
from rewardsmith.optimize.control import PPO, Population, evaluate
from rewardsmith.program import parse

EPISODES, STARTS, FIRST = 32, 1_200_000_000, 500
RIGHT = (
    "0.266 * exp(-square((upright - 1) / 0.327))",
    "exp(-square((upright - 1) / 0.2))",
    "exp(-square((upright - 1) / 0.327)) - 0.05 * abs(x)",
    "exp(-square((upright - 1) / 0.327)) * exp(-square(angular_velocity / 3))",
    "exp(3 * (upright - 1)) - 0.1 * square(x)",
    "exp(-square((upright - 1) / 0.327)) - 0.1 * square(x)",
)
WRONG = ("-upright", "0.1 * square(angular_velocity)", "-abs(x) - 0.1 * square(angular_velocity)")


def trained(task: Any, rewards: list[Reward], seeds: range, config: PPO) -> Population:
    """In checkpoints as of a search."""
    total = -(-config.steps // config.batch)
    chunk = max(1, total // CHUNKS)
    population = Population.start(task, rewards, seeds, config)
    while (done := population.steps // config.batch) < total:
        population = population.advance(min(chunk, total - done) * config.batch).with_peak(chunk)
    return population


def main(name: str = "cartpole_swingup", count: str = "12", steps: str = "100000") -> None:
    task, config = tasks.load(name), PPO(int(steps), **QUICK)
    texts, seeds = (*RIGHT, *WRONG), range(FIRST, FIRST + int(count))
    population = trained(task, [parse(text, task) for text in texts], seeds, config)
    assert population.peak is not None
    starts = [STARTS + seed for seed in population.seeds]
    success = [
        evaluate(task, each.policies(), starts, EPISODES, keep=0).success.mean(axis=1).reshape(len(texts), -1)
        for each in (replace(population, peak=None), population)
    ]
    other = (population.peak.steps != population.steps).reshape(len(texts), -1)
    print(f"{name}, {len(seeds)} seeds x {config.steps:,} steps; failed members: {population.failures()}")
    print("last   peak   difference        other  better  worse  reward")
    groups = [(text, [i]) for i, text in enumerate(texts)]
    groups += [
        ("all that are right", [*range(len(RIGHT))]),
        ("all that are wrong", [*range(len(RIGHT), len(texts))]),
    ]
    for text, rows in groups:
        last, peak = (each[rows].ravel() for each in success)
        gain = peak - last
        error = gain.std(ddof=1) / np.sqrt(len(gain))
        differ = f"{other[rows].sum():>3}/{len(gain):<3}  {(gain > 0).sum():>4}  {(gain < 0).sum():>6}"
        print(f"{last.mean():.3f}  {peak.mean():.3f}  {gain.mean():+.3f} +- {error:.3f}  {differ}   {text}")


if __name__ == "__main__":
    main(*sys.argv[1:])
