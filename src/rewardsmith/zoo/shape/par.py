"""PAR: the probability of beating reference answers, as a reward that is hacked later than the raw score.

Differs from the paper: the policy is the exact KL-regularised optimum over 128 enumerated answers to each of
64 prompts instead of a language model trained by PPO, so shapings are compared at equal KL and without
training noise. The baselines meanstd, clip and minmax use the statistics of all scores at once.  That PAR
gains nothing where there are no hacks was first written as a two-sided control; it then lost a little, and is
an inequality now.
"""

from __future__ import annotations

import numpy as np

import rewardsmith as rs
from rewardsmith.core.cite import Paper
from rewardsmith.optimize.gibbs import expected, gibbs_at_kl
from rewardsmith.transforms import Clip, Normalize, PreferenceAsReward
from rewardsmith.zoo.claims import Check, Meter, Verdict, compare_paired, control, verdict

PAPER = Paper(
    key="fu2025reward",
    title="Reward Shaping to Mitigate Reward Hacking in RLHF",
    authors="Fu, Jiayi and others",
    year=2025,
    where="arXiv",
    arxiv="2502.18770",
)
PROMPTS, ANSWERS = 64, 128
KLS = (0.25, 0.5, 1.0, 1.5, 2.5)  # nats; the claim is made up to 1


@rs.term
def proxy(score: np.ndarray) -> np.ndarray:
    """What the reward model says."""
    return score


def build() -> rs.Reward:
    """The reward model's score as the probability of beating the references."""
    return proxy | PreferenceAsReward()


def rivals(scores: np.ndarray) -> dict[str, rs.Reward]:
    """What PAR is compared with."""
    low, high = float(scores.min()), float(scores.max())
    return {
        "raw": proxy,
        "meanstd": proxy | Normalize(),
        "clip": proxy | Normalize() | Clip(-1.0, 1.0),
        "minmax": (proxy + -low) / (high - low),
    }


def world(seed: int, hacks: float) -> dict[str, np.ndarray]:
    """Gold and proxy scores ``(P, A)``: a few answers that the proxy loves and people do not."""
    rng = np.random.default_rng(seed)
    gold = rng.normal(size=(PROMPTS, ANSWERS))
    score = gold + 0.5 * rng.normal(size=gold.shape)
    hacked = rng.random(gold.shape) < hacks
    gold = np.where(hacked, -1.5 + 0.1 * rng.normal(size=gold.shape), gold)
    score = np.where(hacked, 4.0 + rng.normal(size=gold.shape), score)
    score = score + rng.normal(scale=2.0, size=(PROMPTS, 1))  # every prompt has an offset of its own
    references = np.take_along_axis(score, rng.integers(0, ANSWERS, (PROMPTS, 8)), axis=1)
    wide = np.broadcast_to(references[:, None, :], (PROMPTS, ANSWERS, 8))
    return {"gold": gold, "score": score, "reference_scores": wide, "terminated": np.ones(gold.shape, bool)}


def measure(seed: int, hacks: float) -> dict[str, np.ndarray]:
    """Mean gold of the policy that each shaping buys, at each KL."""
    batch = world(seed, hacks)
    one = {**batch, "reference_scores": batch["reference_scores"][..., :1]}
    scores = {name: reward(batch) for name, reward in rivals(batch["score"]).items()}
    scores |= {"PAR": build()(batch), "PAR, one reference": build()(one)}
    uniform = np.zeros((PROMPTS, ANSWERS))
    policies = {name: [gibbs_at_kl(uniform, score, kl) for kl in KLS] for name, score in scores.items()}
    return {n: np.array([expected(p, batch["gold"]).mean() for p in each]) for n, each in policies.items()}


def claim(full: bool = False) -> Verdict:
    """Mean gold at equal KL, paired over seeds; affine shapings, and PAR without hacks, must gain nothing."""
    seeds = range(40 if full else 8)
    with Meter() as meter:
        runs = [measure(seed, hacks=0.03) for seed in seeds]
        clean = [measure(seed, hacks=0.0) for seed in seeds]
    gold = {name: np.array([run[name] for run in runs]) for name in runs[0]}
    without = {name: np.array([run[name] for run in clean]) for name in clean[0]}
    checks: list[Check] = [
        compare_paired(f"PAR beats {rival} at {kl:g} nats", gold["PAR"][:, k], gold[rival][:, k])
        for k, kl in enumerate(KLS)
        if kl <= 1.0
        for rival in ("raw", "meanstd", "clip", "minmax")
    ]
    checks.append(
        compare_paired(
            "one reference is worth it too, 1 nat", gold["PAR, one reference"][:, 2], gold["raw"][:, 2]
        )
    )
    affine = np.abs(gold["minmax"] - gold["raw"]).max(1)
    checks.append(
        control("an affine shaping is the raw score at equal KL", affine, 0 * affine, 1e-3, exact=True)
    )
    checks.append(
        compare_paired("without hacks PAR gains nothing, 1 nat", without["raw"][:, 2], without["PAR"][:, 2])
    )
    figures = {
        "kl": list(KLS),
        "mean_gold": {name: values.mean(0).round(3).tolist() for name, values in gold.items()},
        "mean_gold_without_hacks": {name: values.mean(0).round(3).tolist() for name, values in without.items()},
    }
    missing = "GRPO with an over-fitted reward model on a tiny language model"
    return verdict(checks, seeds, missing, figures, meter.cost)
