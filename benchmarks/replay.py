"""Shared replay: environment steps to success with one buffer for five rewards, and the effect of scaling.

    python benchmarks/replay.py [seeds]

Four rooms, five rewards, double Q-learning.  A run has succeeded when the greedy policy of any of its agents
reaches the goal; that is asked every 256 environment steps.  Separate buffers are five runs of one reward each,
and their steps count together.  Figure D5: at most 40 % of the steps.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np

from rewardsmith.core.stats import paired_difference
from rewardsmith.core.term import term
from rewardsmith.optimize.control import evaluate
from rewardsmith.optimize.replay import ReplayConfig, SharedReplay
from rewardsmith.tasks.control.four_rooms import closer, four_rooms

MOST = 12_800  # environment steps of one run
ASKED = 256
CONFIG = ReplayConfig(envs=4, rollout=64, updates=64, hidden=(), learning_rate=0.03, explore_steps=3000)


@term
def hurry(next_row, next_column):
    return (next_row > 5.5) * 1.0 * (next_column > 5.5) - 0.02


@term
def corner(next_row, next_column):
    return (next_row < 0.5) * 1.0 * (next_column > 5.5)


@term
def downward(next_row, row):
    return next_row - row


@term
def constant(row):
    return row * 0.0 + 1.0


REWARDS = (four_rooms.native, hurry, closer, corner, downward)


def first_success(now: SharedReplay) -> np.ndarray:
    """For each seed the environment steps until any greedy policy reaches the goal; MOST if none does."""
    found = np.full(len(now.seeds), np.nan)
    while now.steps < MOST and np.isnan(found).any():
        now = now.advance(ASKED)
        best = succeeded(now).any(axis=0)
        found = np.where(np.isnan(found) & best, now.steps, found)
    return np.where(np.isnan(found), MOST, found)


def succeeded(now: SharedReplay) -> np.ndarray:
    """Whether each agent's greedy policy reaches the goal, ``(K, S)``."""
    judged = evaluate(four_rooms, now.policies(), 0, 1, keep=0).success
    return judged.reshape(len(now.rewards), -1) >= 1.0


def steps_to_success(seeds: list[int]) -> None:
    shared = first_success(SharedReplay.start(four_rooms, REWARDS, seeds, CONFIG))
    alone = np.stack([first_success(SharedReplay.start(four_rooms, [r], seeds, CONFIG)) for r in REWARDS])
    # run side by side, all five have played as long as the first that succeeds
    total = len(REWARDS) * alone.min(axis=0)
    excess = paired_difference(0.4 * total, shared)
    print(f"{len(seeds)} seeds; mean environment steps until one greedy policy succeeds")
    print(f"one buffer for five rewards    {shared.mean():8.0f}")
    print(
        f"five buffers, side by side     {total.mean():8.0f}   ratio {shared.mean() / total.mean():.2f}",
        flush=True,
    )
    print(f"0.4 x side by side - shared    {excess.mean:8.0f} +- {2 * excess.standard_error:.0f} (2 s.e.)")
    for reward, steps in zip(REWARDS, alone, strict=True):
        print(f"  alone, {reward.label:10s} {np.mean(steps < MOST):5.0%} succeed, {steps.mean():6.0f} steps")


def constant_control(seeds: list[int]) -> None:
    five = SharedReplay.start(four_rooms, [constant] * 5, seeds, CONFIG).advance(4000)
    one = SharedReplay.start(four_rooms, [constant], seeds, CONFIG).advance(4000)
    shares = [succeeded(each).mean() for each in (five, one)]
    print(f"control, a constant reward: greedy success {shares[0]:.2f} (five copies), {shares[1]:.2f} (one)")


def scaling(seeds: list[int]) -> None:
    """After 4000 steps a candidate 1000 times as large starts from the elite's networks."""
    first = SharedReplay.start(four_rooms, (closer, corner), seeds, replace(CONFIG, pull=0.0)).advance(4000)
    for factor in (1.0, 1000.0):
        new = first.with_rewards((closer, factor * hurry), elites=[0])
        plain = replace(new, factor=np.ones_like(new.factor), offset=np.zeros_like(new.offset))
        for name, each in (("scaled (Eq. 3)", new), ("not scaled", plain)):
            each = each.advance(ASKED)
            early = succeeded(each)[1].mean()
            late = succeeded(each.advance(2000 - ASKED))[1].mean()
            said = f"greedy success {early:.2f} after {ASKED}, {late:.2f} after 2000"
            print(f"new reward x {factor:6.0f}, {name:15s} {said}")


if __name__ == "__main__":
    chosen = list(range(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
    steps_to_success(chosen)
    constant_control(chosen)
    scaling(chosen)
