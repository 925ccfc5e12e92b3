"""Novelty-seeking recommender: one level picks how much novelty to aim at, the other picks the items.

Differs from the paper: only its abstract could be read, so the simulator, the states (two running means in
three bins), the rewards and the learner (REINFORCE on tables) are our choice; diversity is paid per item. The
rate (0.3) was chosen on other seeds, where two levels were about as good as the best single policy.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import rewardsmith as rs
from rewardsmith.core.cite import Paper
from rewardsmith.optimize.episodic import EpisodicGradient, learn_episodes
from rewardsmith.tasks.recommender import Recommender
from rewardsmith.zoo.claims import Meter, Verdict, compare_paired, control, tune, verdict

PAPER = Paper(
    key="li2023hierarchical",
    title="Hierarchical Reinforcement Learning for Modeling User Novelty-Seeking Intent in Recommender Systems",
    authors="Li, Pan and others",
    year=2023,
    where="arXiv",
    arxiv="2306.01476",
)


@rs.term
def clicks(click: np.ndarray) -> np.ndarray:
    """An item was accepted."""
    return click


@rs.term
def visits(returned: np.ndarray) -> np.ndarray:
    """The user came back."""
    return returned


@rs.term
def accepted_novelty(click: np.ndarray, novelty: np.ndarray) -> np.ndarray:
    """Novelty counts only if it is accepted."""
    return click * novelty


@rs.term
def shown_novelty(novelty: np.ndarray) -> np.ndarray:
    """Novelty without that gate."""
    return novelty


@rs.term
def diversity(diversity: np.ndarray) -> np.ndarray:
    """The item differs from the one before."""
    return diversity


@rs.term
def option(option: np.ndarray) -> np.ndarray:
    """The novelty that the high level aims at."""
    return option


def build() -> rs.Reward:
    """Below, novelty and diversity weighted by the option; above, the clicks of the segment, and visits."""
    return (
        clicks + option * (0.5 * accepted_novelty + 0.1 * diversity) + clicks(click="segment_clicks") + visits
    )


def flat(weight: float, novelty: rs.Reward = accepted_novelty) -> rs.Reward:
    """A single policy with fixed weights."""
    return clicks + visits + weight * novelty + 0.2 * weight * diversity


def train(
    reward: rs.Reward, seeds: Sequence[int], updates: int, levels: bool, alike: bool
) -> dict[str, np.ndarray]:
    """Clicks and visits per user at the end of training."""
    world = Recommender(levels=levels, mood=0.0 if alike else 0.3, tastes=not alike)
    discount = (0.9, 0.99) if levels else 0.95
    config = EpisodicGradient(updates=updates, episodes=32, learning_rate=0.3, discount=discount)
    found = learn_episodes(world, reward, seeds, config, {"clicks": clicks, "visits": visits})
    return {name: found.late(name, 0.2) for name in ("clicks", "visits")}


def claim(full: bool = False) -> Verdict:
    """Clicks and visits with two levels and with one, where users differ and where they are all alike."""
    seeds, updates = range(24 if full else 8), 200 if full else 8

    def score(weight: float, tuning: Sequence[int]) -> np.ndarray:
        return train(flat(weight), tuning, updates, levels=False, alike=False)["clicks"]

    with Meter() as meter:
        best = tune(score, (0.1, 0.25, 0.5, 0.75, 1.0), range(900, 908) if full else range(900, 902), seeds)
        ours, same = (train(build(), seeds, updates, True, alike) for alike in (False, True))
        rival, same_rival = (train(flat(best.setting), seeds, updates, False, alike) for alike in (False, True))
        plain = train(flat(0.0), seeds, updates, False, False)
        farmed = train(flat(1.0, shown_novelty), seeds, updates, False, False)
        gated = train(flat(1.0), seeds, updates, False, False)
    checks = [
        compare_paired(
            "two levels bring more clicks than the best single policy", ours["clicks"], rival["clicks"]
        ),
        compare_paired(
            "two levels bring more visits than the best single policy", ours["visits"], rival["visits"]
        ),
        compare_paired("two levels bring more clicks than no novelty reward", ours["clicks"], plain["clicks"]),
        compare_paired("novelty that must be accepted brings more clicks", gated["clicks"], farmed["clicks"]),
        control(
            "all users alike: the same clicks", same["clicks"] / same_rival["clicks"], np.ones(len(seeds)), 0.01
        ),
    ]
    runs = {"two levels": ours, "one level": rival, "no novelty": plain, "not gated": farmed, "gated": gated}
    figures = {name: {k: round(float(v.mean()), 3) for k, v in run.items()} for name, run in runs.items()}
    figures |= {"chosen": {"weight": best.setting}}
    return verdict(checks, seeds, "public data and the networks of the paper", figures, meter.cost)
