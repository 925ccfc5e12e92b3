"""GUI-G1: hits leave the size of a box free, overlap and a box term fix it, weights help small targets.

Differs from the paper: a Gaussian policy over shift and log scale of boxes (and a linear one on noisy targets
for the weights) instead of a multimodal model.  The weight of an item is 1 / sqrt(area), mean 1, within 0.5 and
2, as the formula of the paper was not found.  The token-sum loss is left out: answers here have no length.
Overlap alone fixes the size, so the box term is tested where boxes miss and overlap is flat.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

import rewardsmith as rs
from rewardsmith import terms
from rewardsmith.core.cite import Paper
from rewardsmith.optimize.bandit import PolicyGradient
from rewardsmith.optimize.gaussian import Floats, GaussianArms, learn_gaussian
from rewardsmith.transforms import GroupNormalize
from rewardsmith.zoo.claims import Check, Meter, Verdict, compare_paired, control, tune, verdict

PAPER = Paper(
    key="zhou2025gui",
    title="GUI-G1: Understanding R1-Zero-Like Training for Visual Grounding in GUI Agents",
    authors="Zhou, Yuqi and others",
    year=2025,
    where="arXiv",
    arxiv="2505.15810",
)
HIT, OVERLAP, BOX = terms.center_hit, 0.25 * terms.iou, 0.125 * terms.harmonic_agreement
RATES, RATE, MEAN = (2.0, 4.0, 8.0, 16.0), 4.0, GroupNormalize(scale="none")


def build() -> rs.Reward:
    """Hit, overlap and box term, minus the mean of the group, times the weight of the item."""
    return (HIT + OVERLAP + BOX | MEAN) * terms.value(value="rate")


def scaled(action: Floats, fields: Mapping[str, Floats]) -> dict[str, Floats]:
    """The gold box, shifted and scaled."""
    gold = fields["gold_box"]
    center = (gold[:, :2] + gold[:, 2:]) / 2 + action[:, :2]
    half = (gold[:, 2:] - gold[:, :2]) * np.exp(action[:, 2:3]) / 2
    return {"box": np.concatenate([center - half, center + half], axis=1)}


def free(action: Floats, _: Mapping[str, Floats]) -> dict[str, Floats]:
    """Centre and log sides."""
    half = np.exp(action[:, 2:]) / 2
    return {"box": np.concatenate([action[:, :2] - half, action[:, :2] + half], axis=1)}


def biased(seed: int, shift: float) -> GaussianArms:
    """One bias for all: boxes 1.49 times too large, and shifted."""
    rng = np.random.default_rng(seed)
    side, center = rng.uniform(0.04, 0.08, (500, 2)), rng.uniform(0.2, 0.8, (500, 2))
    gold = np.concatenate([center - side / 2, center + side / 2], axis=1)
    start, std = np.array([[shift, shift, 0.4]]), np.array([0.02, 0.02, 0.05])
    return GaussianArms({"gold_box": gold}, np.ones((500, 1)), start, std, scaled)


def mixed(seed: int) -> GaussianArms:
    """Half of the targets tiny, half large; a linear policy from the middle of the screen."""
    rng = np.random.default_rng(seed)
    tiny = np.arange(2000) % 2 == 0
    side = np.where(tiny, 0.03, 0.25)[:, None] * np.ones(2)
    center = rng.uniform(side / 2, 1 - side / 2)
    seen = [np.ones((2000, 1)), center - 0.5 + 0.005 * rng.normal(size=center.shape), np.log(side / 0.1)]
    start = np.zeros((5, 4))
    start[0] = [0.5, 0.5, np.log(0.1), np.log(0.1)]
    rate = 1 / np.sqrt(side.prod(1))
    fields = {"gold_box": np.concatenate([center - side / 2, center + side / 2], axis=1), "tiny": tiny * 1.0}
    fields["rate"] = np.clip(rate / rate.mean(), 0.5, 2.0)
    return GaussianArms(fields, np.concatenate(seen, 1), start, np.array([0.08, 0.08, 0.2, 0.2]), free)


def size_and_hits(reward: rs.Reward, seeds: Sequence[int], shift: float, updates: int) -> tuple[Floats, Floats]:
    """The final log ratio of the sizes, and the share of hits."""
    config = PolicyGradient(updates, samples=8, prompts=16, learning_rate=RATE, record=updates)
    worlds = [biased(seed, shift) for seed in seeds]
    learned = learn_gaussian(worlds, reward | MEAN, seeds, config)
    pairs = list(zip(worlds, learned.weights, strict=True))
    hits = np.array([HIT(w.mean_batch(x)).mean() for w, x in pairs])
    return np.array([w.mean(x)[0, 2] for w, x in pairs]), hits


def tiny_hits(reward: rs.Reward, seeds: Sequence[int], rate: float) -> Floats:
    """Hits on fresh tiny targets after 600 updates."""
    config = PolicyGradient(600, samples=8, prompts=32, learning_rate=rate, record=600)
    learned = learn_gaussian([mixed(seed) for seed in seeds], reward, seeds, config)
    batches = [mixed(s + 50_000).mean_batch(x) for s, x in zip(seeds, learned.weights, strict=True)]
    return np.array([HIT(batch)[batch["tiny"] == 1].mean() for batch in batches])


def claim(full: bool = False) -> Verdict:
    """Size and hits from boxes that overlap, hits from boxes that miss, hits on tiny targets; paired seeds."""
    seeds, checks, figures = range(16 if full else 8), list[Check](), dict[str, object]()
    whole = HIT + OVERLAP + BOX
    with Meter() as meter:
        near = {"hit": size_and_hits(HIT, seeds, 0.0, 300), "all": size_and_hits(whole, seeds, 0.0, 300)}
        (free_size, free_hits), (size, hits) = near["hit"], near["all"]
        checks.append(compare_paired("the whole reward fixes the size", -abs(size), -abs(free_size), 0.1))
        checks.append(compare_paired("and loses no hits", hits, free_hits, -0.01))
        checks.append(control("hits alone leave the size", free_size, 0 * size + 0.4, sees=0.05))
        if full:
            for name, arm in {"iou": OVERLAP, "box": BOX, "hit + iou": HIT + OVERLAP}.items():
                near[name] = size_and_hits(arm, seeds, 0.0, 300)
            far = [size_and_hits(arm, seeds, 0.12, 500)[1] for arm in (whole, HIT + OVERLAP)]
            checks.append(compare_paired("the box term helps boxes that miss", *far, at_least=0.2))
            runs = {"weighted": build(), "plain": whole | MEAN}
            tried = {n: lambda rate, s, x=x: tiny_hits(x, s, rate) for n, x in runs.items()}
            best = {n: tune(run, RATES, range(900, 904), seeds).setting for n, run in tried.items()}
            tiny = {n: tiny_hits(x, seeds, best[n]) for n, x in runs.items()}
            figures |= {"tiny_hits": {n: float(v.mean().round(3)) for n, v in tiny.items()}, "rates": best}
            checks.append(compare_paired("weights help tiny targets", tiny["weighted"], tiny["plain"]))
    figures["size_ratio"] = {name: float(np.exp(got[0]).mean().round(3)) for name, got in near.items()}
    return verdict(checks, seeds, "the language model and its token-sum loss", figures, meter.cost)
