"""PU distillation: the student ranks its answers by likeness to one teacher answer, with no labels.

Differs from the paper: its formulas were not available, so the listwise label is our reading; answers have six
features, five that make quality and style, in which the teacher differs; the judge sees likeness in quality and
a bias for the student's own style.  DPO is compared at the KL that GRPO spent.  Settings are from seeds 0 to 3.
"""

from __future__ import annotations

import numpy as np

import rewardsmith as rs
from rewardsmith.core.cite import Paper
from rewardsmith.optimize.bandit import Arms, PolicyGradient, learn_bandit
from rewardsmith.optimize.dpo import dpo_weights
from rewardsmith.optimize.gibbs import expected, gibbs_at_kl, kl, log_softmax
from rewardsmith.transforms import GroupNormalize, LabelDistribution, fit_positive_unlabelled
from rewardsmith.zoo.claims import Meter, Verdict, compare_paired, control, verdict

PAPER = Paper(
    key="kou2026positive",
    title="Positive-Unlabeled Reinforcement Learning Distillation for On-Premise Small Models",
    authors="Kou, Zhiqiang and others",
    year=2026,
    where="arXiv",
    arxiv="2601.20687",
)
ANSWERS, FEATURES, STYLE, BIAS, ANCHOR = 8, 6, 1.5, 0.3, 1.645  # an anchor at the 95th percentile
World = dict[str, np.ndarray]
QUALITY = np.append(np.full(FEATURES - 1, (FEATURES - 1) ** -0.5), 0.0)
NOISE = (0.0, 0.25, 0.5, 1.0, 4.0, 16.0, 64.0)  # in sd of quality


@rs.term
def judge(score: np.ndarray) -> np.ndarray:
    """How like the anchor the student finds its own answer."""
    return score


def build(temperature: float = 0.5) -> rs.Reward:
    """LDL-GRPO: the scores of a group as a label distribution, relative to the group."""
    return judge | LabelDistribution(temperature) | GroupNormalize()


def world(seed: int, noise: float, prompts: int, anchor: str = "teacher", style: float = STYLE) -> World:
    """Features, quality and scores ``(P, A)`` of the student's answers; features and scores of the anchors."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(prompts, ANSWERS, FEATURES))
    anchors = rng.normal(size=(prompts, FEATURES))
    anchors += (ANCHOR - anchors @ QUALITY)[:, None] * QUALITY
    anchors[:, -1] += style
    target = rng.normal(size=prompts) if anchor == "random" else np.full(prompts, ANCHOR)
    likeness = -np.abs(features @ QUALITY - target[:, None]) if anchor != "none" else 0.0
    score = likeness - BIAS * features[..., -1] + noise * rng.normal(size=features.shape[:2])
    found = {"features": features, "gold": features @ QUALITY, "score": score, "anchors": anchors}
    return found | {"own": -BIAS * anchors[:, -1] + noise * rng.normal(size=prompts)}


def agreement(score: np.ndarray, gold: np.ndarray) -> tuple[float, float]:
    """Kendall's tau within prompts, and how often the top answer is one of the two best."""
    order = [np.sign(values[:, :, None] - values[:, None, :]) for values in (score, gold)]
    tau = (order[0] * order[1]).sum() / (len(gold) * ANSWERS * (ANSWERS - 1))
    above = (gold > np.take_along_axis(gold, score.argmax(1)[:, None], 1)).sum(1)
    return float(tau), float((above < 2).mean())


def train(seed: int, noise: float, prompts: int, updates: int, style: float = STYLE) -> dict[str, float]:
    """Mean gold of the policies that each method learns; the student starts at 0."""
    one = world(seed, noise, prompts, style=style)
    features, gold = one["features"], one["gold"]
    arms = Arms({"score": one["score"], "gold": gold}, np.zeros(gold.shape), features)
    learner = PolicyGradient(updates, 8, 32, 0.3, record=updates)
    run = learn_bandit([arms], build(), [seed], learner, ("gold",))
    reference = log_softmax(arms.logits)
    spent = float(kl(run.log_policy[0], reference).mean())
    winners, losers = np.repeat(one["anchors"], ANSWERS, axis=0), features.reshape(-1, FEATURES)
    pairs = fit_positive_unlabelled(one["own"], one["score"], prior=0.2).apply(one["score"], {}, ())[0]
    found = {"GRPO": float(run.final("gold")[0]), "kl": spent}
    for name, weights in (("DPO", None), ("DPO, PU weights", pairs.ravel())):
        aim = features @ dpo_weights(winners, losers, weights)
        found[name] = float(expected(gibbs_at_kl(reference, aim, spent), gold).mean())
    better = gold > ANCHOR
    return found | {"weight, worse": pairs[~better].mean(), "weight, better": pairs[better].mean()}


def claim(full: bool = False) -> Verdict:
    """Is the order right, and what is it worth; a judge that sees the anchor of nobody must know nothing."""
    seeds, prompts, updates = (range(100, 120), 500, 100) if full else (range(8), 100, 50)
    with Meter() as meter:
        runs = {eta: [train(seed, eta, prompts, updates) for seed in seeds] for eta in NOISE}
        alike = [train(seed, 0.5, prompts, updates, style=0.0) for seed in seeds]
        worlds = {eta: [world(seed, eta, prompts) for seed in seeds] for eta in NOISE}
        strange = {kind: [world(seed, 0.5, prompts, kind) for seed in seeds] for kind in ("random", "none")}
    order = {eta: np.array([agreement(w["score"], w["gold"]) for w in each]).T for eta, each in worlds.items()}
    chance = [np.array([agreement(w["score"], w["gold"])[0] for w in each]) for each in strange.values()]
    got = {eta: {name: np.array([run[name] for run in each]) for name in each[0]} for eta, each in runs.items()}
    none, half = np.zeros(len(seeds)), got[0.5]
    checks = [compare_paired(f"tau is above 0, noise {eta}", order[eta][0], none) for eta in NOISE[:3]]
    checks += [
        compare_paired(f"the top is of the best two, noise {eta}", order[eta][1], none, 0.5)
        for eta in NOISE[:3]
    ]
    checks += [
        compare_paired("GRPO gains 0.2 sd, noise 0.5", half["GRPO"], none, 0.2),
        compare_paired("GRPO is above DPO on anchors, noise 0.5", half["GRPO"], half["DPO"]),
        compare_paired(
            "pairs that the anchor should lose weigh less", half["weight, worse"], half["weight, better"]
        ),
        control("a random anchor is no anchor (tau)", chance[0], chance[1], sees=0.02),
    ]

    def mean(values: object) -> float:
        return round(float(np.mean(np.asarray(values))), 3)

    figures = {
        "tau, top of two": {str(eta): [mean(each[0]), mean(each[1])] for eta, each in order.items()},
        "gold": {str(eta): {name: mean(v) for name, v in each.items()} for eta, each in got.items()},
        "gold, teacher of the same style": {name: mean([run[name] for run in alike]) for name in alike[0]},
    }
    return verdict(checks, seeds, "language models as student, teacher and judge", figures, meter.cost)
