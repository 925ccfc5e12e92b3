"""GeometryZero: a behaviour is paid where the group shows that it helps, and charged where it hurts.

Differs from the paper: a policy that decides per problem type whether to draw the auxiliary line, with a fixed
accuracy for each decision, instead of a language model that has to learn to draw.  One set of samples is split
by what they show.  Margin, bonus and least number are ours.  The learning rate of every arm is chosen on seeds
that are not reported.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import rewardsmith as rs
from rewardsmith.core.cite import Paper
from rewardsmith.core.groups import Groups
from rewardsmith.optimize.bandit import Arms, PolicyGradient, learn_bandit
from rewardsmith.optimize.gibbs import expected
from rewardsmith.transforms import ContrastiveBonus, GroupNormalize, contrastive_mask
from rewardsmith.zoo.claims import Check, Meter, Verdict, bound, compare_paired, control, share, tune, verdict

PAPER = Paper(
    key="wang2025geometryzero",
    title="GeometryZero: Improving Geometry Solving for LLM with Group Contrastive Policy Optimization",
    authors="Wang, Yikun and Wang, Yibin and others",
    year=2025,
    where="arXiv",
    arxiv="2506.07160",
)
ACCURACY = np.array([[0.4, 0.8], [0.5, 0.6], [0.6, 0.3], [0.45, 0.45]])  # per type: without, with the behaviour
LUCK = 20  # equally likely outcomes of an attempt, so that accuracies are exact multiples of 1 / LUCK
TYPES = len(ACCURACY)


@rs.term
def behaviour(behaviour: np.ndarray) -> np.ndarray:
    """Does the answer draw the auxiliary line?"""
    return behaviour


def build(bonus: float = 0.5) -> rs.Reward:
    """Accuracy, the contrastive bonus, and the advantage of GRPO."""
    return rs.success | ContrastiveBonus(bonus=bonus, correct="success") | GroupNormalize()


def arms() -> dict[str, rs.Reward]:
    """GCPO and what it is compared with."""
    always = rs.success + 0.5 * behaviour | GroupNormalize()
    return {"GCPO": build(), "GRPO": rs.success | GroupNormalize(), "unconditional": always}


def world(seeds: Sequence[int], accuracy: np.ndarray = ACCURACY) -> Arms:
    """Every seed has the four types; a policy is P(use | type), near a half at first."""
    use, luck = np.repeat([0.0, 1.0], LUCK), np.tile(np.arange(LUCK), 2)
    right = (luck < np.rint(accuracy * LUCK)[:, use.astype(int)]).astype(float)
    count = len(seeds) * TYPES
    start = np.concatenate([0.5 * np.random.default_rng(seed).normal(size=TYPES) for seed in seeds])
    fields = {"success": np.tile(right, (len(seeds), 1)), "behaviour": np.broadcast_to(use, (count, 2 * LUCK))}
    features = np.broadcast_to(use[:, None], (count, 2 * LUCK, 1))
    return Arms(fields, start[:, None] * use, features, shared=False)


def learn(reward: rs.Reward, rate: float, place: Arms, seed: int, updates: int) -> list[np.ndarray]:
    """Accuracy of each seed, ``(S,)``, and P(use | type), ``(S, types)``."""
    config = PolicyGradient(updates=updates, samples=8, learning_rate=rate, record=updates)
    log_policy = learn_bandit([place], reward, [seed], config).log_policy[0]
    right, use = (expected(log_policy, place.fields[n]).reshape(-1, TYPES) for n in ("success", "behaviour"))
    return [right.mean(1), use]


def wrong_signs(samples: int, least: int, groups: int = 20_000) -> list[float]:
    """Per type, the share of non-zero masks with the wrong sign, when half of the samples use it."""
    rng, found = np.random.default_rng(7), list[float]()
    for without, used in ACCURACY[: TYPES - 1]:
        use = rng.integers(0, 2, (groups, samples)).astype(float)
        right = (rng.random(use.shape) < np.where(use == 1, used, without)).astype(float)
        ids = Groups(np.arange(groups)[:, None] + np.zeros(use.shape, int), groups)
        mask = contrastive_mask(ids, right, use, 0.05, least)[:, 0]
        found.append(round(float(np.mean(mask[mask != 0] == -np.sign(used - without))), 3))
    return found


def claim(full: bool = False) -> Verdict:
    """Where the behaviour ends up, what that is worth, and how often the mask is wrong."""
    seeds, trial = (range(64), range(1000, 1032)) if full else (range(16), range(1000, 1008))
    soon, accuracy, use, idle, rates = ({} for _ in range(5))
    nothing = world(seeds, np.full(ACCURACY.shape, 0.45))  # the behaviour does nothing
    with Meter() as meter:
        for arm, reward in arms().items():

            def early(rate: float, some: Sequence[int], reward: rs.Reward = reward) -> np.ndarray:
                return learn(reward, rate, world(some), some[0], 60)[0]

            rates[arm] = tune(early, (0.1, 0.3, 1.0, 3.0, 10.0), trial, seeds).setting
            soon[arm] = early(rates[arm], seeds)
            accuracy[arm], use[arm] = learn(reward, 0.3, world(seeds), 0, 400)
            idle[arm] = learn(reward, 0.3, nothing, 0, 100)[1].mean(1)
        few, many = wrong_signs(samples=4, least=1), wrong_signs(samples=8, least=2)
        start = expected(nothing.log_policy(np.zeros((len(seeds) * TYPES, 1))), nothing.fields["behaviour"])
    ours, always = accuracy["GCPO"], accuracy["unconditional"]
    checks: list[Check] = [
        compare_paired("beats the unconditional bonus by 0.04", ours, always, 0.04),
        compare_paired("ahead of GRPO after 60 updates", soon["GCPO"], soon["GRPO"]),
        share("used where it helps much (P > 0.8)", use["GCPO"][:, 0] > 0.8, low=0.8),
        share("not used where it hurts (P < 0.2)", use["GCPO"][:, 2] < 0.2, low=0.8),
        bound("less than half of the signs are wrong", [*few, *many], high=0.5),
        compare_paired("always paid, an idle behaviour spreads", idle["unconditional"], idle["GCPO"], 0.2),
        control("with GCPO it does not", idle["GCPO"], start.reshape(-1, TYPES).mean(1), sees=0.15),
    ]
    figures = {
        "accuracy after 400 updates": {arm: float(value.mean()) for arm, value in accuracy.items()},
        "accuracy after 60 updates": {arm: float(value.mean()) for arm, value in soon.items()},
        "P(use) per type": {arm: value.mean(0).round(2).tolist() for arm, value in use.items()},
        "wrong signs per type": {"4 samples, 1 a side": few, "8 samples, 2 a side": many},
        "learning rates for 60 updates": rates,
    }
    missing = "a gain over GRPO in the end (both reach the best policy); learning to draw; length reward"
    return verdict(checks, seeds, missing, figures, meter.cost)
