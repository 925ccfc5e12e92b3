"""GRPO-lambda: only the groups that are solved best are paid for short answers.

Differs from the paper: five classes of problems with answers of eight lengths instead of a reasoning model; a
class needs a length, and accuracy rises as an answer gets longer than that.  Most of the policy is shared by
the classes, so that pressure on easy prompts leaks to hard ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

import rewardsmith as rs
from rewardsmith.core.cite import Paper
from rewardsmith.optimize.bandit import Arms, PolicyGradient, learn_bandit
from rewardsmith.transforms import GroupGate, GroupNormalize, RelativeLength
from rewardsmith.zoo.claims import Check, Meter, Verdict, compare_paired, control, tune, verdict

PAPER = Paper(
    key="dai2025stable",
    title="Stable Reinforcement Learning for Efficient Reasoning",
    authors="Dai, Muzhi and others",
    year=2025,
    where="arXiv",
    arxiv="2505.18086",
)
LENGTHS = 3.0 * np.arange(1, 9)
NEEDS = np.array([2.0, 5.0, 8.0, 12.0, 16.0])  # length at which half of the answers of a class are right
LUCK, PROMPTS, OWN = 20, 20, 0.3  # outcomes of an attempt; prompts per update; weight of the class's own part
SCALES: tuple[Literal["std", "none"], ...] = ("std", "none")
SHORTER = RelativeLength(alpha=0.6, correct="success")


def build(share: float = 0.2, correct: str = "success") -> rs.Reward:
    """1 - alpha sigmoid(z) for right answers in the top share of groups, 0/1 in the others; then GRPO."""
    return rs.success | GroupGate(SHORTER, share=share, correct=correct) | GroupNormalize()


def plain(alpha: float = 0.6, scale: Literal["std", "none"] = "std") -> rs.Reward:
    """The same penalty in every group; ``scale="none"`` does not divide by the deviation."""
    return rs.success | SHORTER.replace(alpha=alpha) | GroupNormalize(scale=scale)


def world(seed: int, needs: np.ndarray) -> Arms:
    """Twenty prompts, four of each class; start logits differ by seed."""
    rng = np.random.default_rng(seed)
    bins, luck = np.repeat(np.arange(8), LUCK), np.tile(np.arange(LUCK), 8)
    kind = np.arange(PROMPTS) % len(needs)
    chance = 0.98 / (1 + np.exp(-(LENGTHS[bins] - needs[kind][:, None]) / 2.0))
    right = (luck < np.rint(chance * LUCK)).astype(float)
    shared = np.broadcast_to(np.eye(8)[bins], (PROMPTS, 8 * LUCK, 8))
    own = OWN * np.eye(len(needs))[kind][:, None, :, None] * shared[:, :, None, :]
    features = np.concatenate([shared, own.reshape(PROMPTS, 8 * LUCK, -1)], axis=-1)
    logits = np.broadcast_to(0.3 * rng.normal(size=8)[bins], right.shape)
    length = np.broadcast_to(LENGTHS[bins], right.shape)
    return Arms({"success": right, "length": length, "alike": np.ones(right.shape)}, logits, features)


def learn(reward: rs.Reward, seeds: Sequence[int], updates: int, needs: np.ndarray = NEEDS) -> np.ndarray:
    """Accuracy and mean length of each seed after training, ``(2, S)``."""
    config = PolicyGradient(updates=updates, samples=8, learning_rate=3.0, record=updates)
    worlds = [world(seed, needs) for seed in seeds]
    run = learn_bandit(worlds, reward, list(seeds), config, track=["success", "length"])
    return np.stack([run.final("success"), run.final("length")])


def best(grid: Sequence[rs.Reward], trial: Sequence[int], seeds: Sequence[int], updates: int) -> rs.Reward:
    """The most accurate reward of the grid whose answers are no longer than GRPO-lambda's, on trial seeds."""
    limit = learn(build(), trial, updates)[1].mean()

    def score(reward: rs.Reward, some: Sequence[int]) -> np.ndarray:
        accuracy, length = learn(reward, some, updates)
        return accuracy if length.mean() <= limit else accuracy - 1.0

    return tune(score, grid, trial, seeds).setting


def claim(full: bool = False) -> Verdict:
    """Accuracy and length of every arm; the rivals' strength is chosen so that they are no longer."""
    seeds, trial, updates = (range(12), range(1000, 1008), 400) if full else (range(8), range(1000, 1002), 40)
    shares = (0.1, 0.4, 0.8, 1.0) if full else ()
    with Meter() as meter:
        penalties = [plain(a, scale) for a in (0.02, 0.05, 0.1, 0.2, 0.4) for scale in SCALES]
        by_chance = [build(share, correct="alike") for share in (0.2, 0.3, 0.4, 0.6)]
        arms = {
            "0/1": rs.success | GroupNormalize(),
            "lambda": build(),
            "plain": plain(),
            "plain, tuned": best(penalties, trial, seeds, updates),
            "groups by chance, tuned": best(by_chance, trial, seeds, updates),
            "0/1, mean only": plain(0.0, "none"),
            "plain, mean only": plain(0.6, "none"),
            **{f"lambda, share {share}": build(share) for share in shares},
        }
        found = {name: learn(reward, seeds, updates) for name, reward in arms.items()}
        easy = [learn(reward, seeds, 20, np.full(5, -60.0))[0] for reward in (build(), plain())]
    accuracy, length = ({name: value[i] for name, value in found.items()} for i in (0, 1))
    ours = accuracy["lambda"]
    checks: list[Check] = [
        compare_paired("0.05 more accurate than the plain penalty", ours, accuracy["plain"], 0.05),
        compare_paired("at least a fifth shorter than 0/1", 0.8 * length["0/1"], length["lambda"]),
        compare_paired("at most 0.05 less accurate than 0/1", ours, accuracy["0/1"], -0.05),
        compare_paired("more accurate than a weaker penalty of that length", ours, accuracy["plain, tuned"]),
        compare_paired("and than groups by chance", ours, accuracy["groups by chance, tuned"]),
        control("where no length is needed, none is missed", *easy, sees=1e-9, exact=True),
    ]
    figures = {
        "accuracy and length": {n: [round(float(x), 3) for x in v.mean(1)] for n, v in found.items()},
        "tuned": {name: str(arms[name]) for name in arms if "tuned" in name},
    }
    return verdict(checks, seeds, "a reasoning model; its training curves", figures, meter.cost)
