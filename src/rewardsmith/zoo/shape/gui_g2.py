"""GUI-G2: Gaussian rewards for pointing at boxes, with the scale of the target.

Differs from the paper: a linear Gaussian policy on noisy centres instead of a multimodal model on
screenshots; the format term is left out, because every action is a box.  The learning rate of every reward is
tuned for itself, at each number of updates, on seeds that are not reported; the sheet's own run used one rate
for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

import rewardsmith as rs
from rewardsmith import terms
from rewardsmith.core.cite import Paper
from rewardsmith.optimize.bandit import PolicyGradient
from rewardsmith.optimize.gaussian import GaussianArms, learn_gaussian
from rewardsmith.transforms import GroupNormalize
from rewardsmith.zoo.claims import Check, Meter, Verdict, compare_paired, control, tune, verdict

PAPER = Paper(
    key="tang2025gui",
    title="GUI-G2: Gaussian Reward Modeling for GUI Grounding",
    authors="Tang, Fei and others",
    year=2025,
    where="arXiv",
    arxiv="2507.15846",
)
Seeds = Sequence[int]
RATES = (0.5, 1.0, 2.0, 4.0)
HIT, POINT = terms.point_hit, terms.gaussian_click
FIXED = terms.tracking(velocity="point", command="center", scale=2 * 0.05**2)  # sigma 0.05 for every target
QUICK = {"hit": 4.0, "adaptive": 2.0, "fixed": 2.0}  # the rates that the full run chose for 100 updates


def build() -> rs.Reward:
    """How near the centre is, and how well the box covers, as group-relative advantages."""
    return terms.gaussian_point + terms.gaussian_coverage | GroupNormalize()


def answer(action: np.ndarray, _: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Two numbers are a click; four are the centre and the log sides of a box."""
    half = 0.5 * np.exp(action[:, 2:]) if action.shape[1] == 4 else 0.0
    corners = np.concatenate([action[:, :2] - half, action[:, :2] + half], axis=1)
    return {"point": action[:, :2], "box": corners}


def world(seed: int, kind: str) -> GaussianArms:
    """4000 targets in the unit square, seen with noise; the policy starts at the middle of the screen."""
    rng, wide = np.random.default_rng(seed), 4 if kind == "box" else 2
    side = rng.uniform(*((0.1, 0.1) if kind == "click, one size" else (0.03, 0.25)), size=(4000, 2))
    center = rng.uniform(side / 2, 1 - side / 2)
    gold = np.concatenate([center - side / 2, center + side / 2], axis=1)
    seen = [np.ones((4000, 1)), center - 0.5 + 0.02 * rng.normal(size=center.shape)]
    seen += [np.log(side / 0.12) + 0.1 * rng.normal(size=side.shape)] if wide == 4 else []
    features = np.concatenate(seen, axis=1)
    start, std = np.zeros((features.shape[1], wide)), np.array([0.08, 0.08, 0.2, 0.2])[:wide]
    start[0] = [0.5, 0.5, np.log(0.12), np.log(0.12)][:wide]
    return GaussianArms({"gold_box": gold, "center": center}, features, start, std, answer)


def train(reward: rs.Reward, seeds: Seeds, updates: int, rate: float, kind: str = "click") -> np.ndarray:
    """How often the mean action hits one of 4000 fresh targets, for every seed; for boxes also the IoU."""
    config = PolicyGradient(updates, samples=8, prompts=32, learning_rate=rate, record=updates)
    worlds = [world(seed, kind) for seed in seeds]
    learned = learn_gaussian(worlds, reward | GroupNormalize(), seeds, config)
    fresh = [world(seed + 50_000, kind) for seed in seeds]
    batches = [each.mean_batch(weights) for each, weights in zip(fresh, learned.weights, strict=True)]
    if kind == "box":
        return np.array([[HIT(batch).mean(), terms.iou(batch).mean()] for batch in batches])
    return np.array([HIT(batch).mean() for batch in batches])


def clicks(updates: int, seeds: Seeds, full: bool) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Hit rates of the three rewards at their best learning rates, and these rates."""
    rewards, rates = {"hit": HIT, "adaptive": POINT, "fixed": FIXED}, dict(QUICK)
    for name, reward in rewards.items() if full else ():

        def run(rate: float, chosen: Seeds, reward: rs.Reward = reward) -> np.ndarray:
            return train(reward, chosen, updates, rate)

        rates[name] = tune(run, RATES, range(900, 904), seeds).setting
    return {name: train(reward, seeds, updates, rates[name]) for name, reward in rewards.items()}, rates


def boxes(seeds: Seeds, figures: dict[str, object]) -> list[Check]:
    """The ablation of the paper: both parts against each alone, for policies that choose a box."""
    point, cover = terms.gaussian_point, terms.gaussian_coverage
    rewards: dict[str, rs.Reward] = {"point": point, "coverage": cover, "both": point + cover}
    got = {name: train(reward, seeds, 400, 0.5, "box") for name, reward in rewards.items()}
    figures["box_hit_and_iou_400"] = {name: v.mean(0).round(3).tolist() for name, v in got.items()}
    both = got["both"]
    return [
        compare_paired("both parts beat the point alone, hits", both[:, 0], got["point"][:, 0]),
        compare_paired("both parts beat coverage alone, hits", both[:, 0], got["coverage"][:, 0]),
        compare_paired("coverage gives boxes their size, IoU", both[:, 1], got["point"][:, 1]),
    ]


def claim(full: bool = False) -> Verdict:
    """Hit rate on fresh targets after 100 and 400 updates, paired over seeds; boxes judged by their IoU."""
    seeds, checks, figures = range(16 if full else 8), list[Check](), dict[str, object]()
    with Meter() as meter:
        hits, figures["rates_100"] = clicks(100, seeds, full)
        figures["hit_rate_100"] = {n: float(h.mean().round(3)) for n, h in hits.items()}
        title = "the target's scale beats hit or miss, 100 updates"
        checks.append(compare_paired(title, hits["adaptive"], hits["hit"], at_least=0.2))
        others = range(1000, 1000 + len(seeds))
        one, two = (train(r, s, 100, 1.0, "click, one size") for r, s in ((POINT, seeds), (FIXED, others)))
        checks.append(control("targets of one size need no scale of their own", one, two, sees=0.1))
        if full:
            hits, figures["rates_400"] = clicks(400, seeds, full)
            figures["hit_rate_400"] = {n: float(h.mean().round(3)) for n, h in hits.items()}
            for rival in ("hit", "fixed"):
                title = f"the target's scale beats {rival}, 400 updates"
                checks.append(compare_paired(title, hits["adaptive"], hits[rival]))
            checks += boxes(seeds, figures)
    return verdict(checks, seeds, "the vision-language model and ScreenSpot", figures, meter.cost)
