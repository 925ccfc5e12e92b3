"""CGPO: a calibrated reward, paid only to answers that pass a judge, which fades far from the reference.

Differs from the paper: a softmax bandit of two tasks with 300 enumerated answers per prompt instead of language
models; of its three optimisers the policy gradient (CRPG), with a baseline per prompt instead of per batch; the
KL factor is capped at 1; a judge that fails drops the sample; one judge stands for the conjunction. Tuning
showed that the raw arm is hacked less at a high learning rate, where it settles early: both are compared.
"""

from __future__ import annotations

import numpy as np

import rewardsmith as rs
from rewardsmith.core.cite import Paper
from rewardsmith.optimize.bandit import Arms, PolicyGradient, learn_bandit
from rewardsmith.optimize.gibbs import expected
from rewardsmith.transforms import GroupNormalize, KLBudget, PreferenceAsReward, dispatch
from rewardsmith.zoo.claims import Check, Meter, Verdict, compare_paired, control, tune, verdict

PAPER = Paper(
    key="xu2024perfect",
    title="The Perfect Blend: Redefining RLHF with Mixture of Judges",
    authors="Xu, Tengyu and others",
    year=2024,
    where="arXiv",
    arxiv="2409.20370",
)
ADVANTAGE = GroupNormalize(scale="none")


@rs.term
def model(score: np.ndarray) -> np.ndarray:
    """What the task's reward model says."""
    return score


@rs.term(low=0.0, high=1.0)
def judge(passes: np.ndarray) -> np.ndarray:
    """1 where no constraint is violated; NaN where the judge failed."""
    return passes


def build(judged: rs.Reward = judge, limit: float = 10.0) -> rs.Reward:
    """The constrained reward of both tasks, each within a KL budget of its own."""
    paid = rs.gate(model | PreferenceAsReward(), when=judged, above=0.5)
    return dispatch({"chat": paid | KLBudget(limit), "code": paid | KLBudget(limit)}, by="kind") | ADVANTAGE


REWARDS = {
    "raw": model | ADVANTAGE,
    "calibrated": model | PreferenceAsReward() | ADVANTAGE,
    "CRPG": build(),
    "random judge": build(judge(passes="passes_by_chance")),
    "no judge": build(rs.Constant(1.0)),
}
GRID = tuple((rate, kl) for rate in (3.0, 10.0, 30.0, 100.0) for kl in (0.0, 0.03, 0.1, 0.3))
KNOWN = {"raw": 0.0, "calibrated": 0.3, "CRPG": 0.0, "random judge": 0.1}  # what settings() chose at rate 3


def world(seed: int, recall: float) -> Arms:
    """Half chat, half code, whose reward model has three times the scale; 3 % of the answers are hacks."""
    rng = np.random.default_rng(seed)
    gold = rng.normal(size=(16, 300))  # prompts, answers
    score, hack = gold + 0.5 * rng.normal(size=gold.shape), rng.random(gold.shape) < 0.03
    gold, score = np.where(hack, -1.5, gold), np.where(hack, score + 4.0, score)
    code = np.broadcast_to(np.arange(16)[:, None] >= 8, gold.shape)
    score = np.where(code, 3.0, 1.0) * score + rng.normal(scale=2.0, size=(16, 1))
    flagged = rng.random(gold.shape) < np.where(hack, recall, 0.05)
    chance, failed = rng.random(gold.shape) < flagged.mean(), rng.random(gold.shape) < 0.02
    baseline = np.take_along_axis(score, rng.integers(0, 300, (16, 1)), axis=1)
    fields = {"gold": gold, "hack": hack.astype(float), "score": score, "kind": np.where(code, "code", "chat")}
    fields |= {"reference_scores": np.broadcast_to(baseline[:, None], (*gold.shape, 1))}
    for name, violated in (("passes", flagged), ("passes_by_chance", chance)):
        fields[name] = np.where(failed, np.nan, ~violated)
    return Arms(fields, np.zeros(gold.shape))


def train(name: str, seeds: range, rate: float, kl: float, recall: float = 0.9) -> np.ndarray:
    """``(3, seeds)`` after training: mean gold, mass on hacks, what the worse of the two tasks gained."""
    worlds = [world(seed, recall) for seed in seeds]
    config = PolicyGradient(updates=300, samples=4, learning_rate=rate, kl=kl, record=300)
    learned = learn_bandit(worlds, REWARDS[name], list(seeds), config, ["hack"])
    values = np.array([each.fields["gold"] for each in worlds])
    gold = expected(learned.log_policy, values)
    gained = (gold - values.mean(-1)).reshape(len(worlds), 2, -1).mean(-1).min(-1)
    return np.array([gold.mean(-1), learned.final("hack"), gained])


def settings(name: str, report: range) -> dict[str, tuple[float, float]]:
    """The best price of KL at rate 3, and the best of both, on other seeds."""
    tuning = range(1000, 1004)
    scores = tune(lambda each, _: train(name, tuning, *each)[0], GRID, tuning, report).scores
    ranked = [each for each, _ in sorted(scores, key=lambda pair: -pair[1])]
    return {"rate 3": next(each for each in ranked if each[0] == GRID[0][0]), "tuned": ranked[0]}


def claim(full: bool = False) -> Verdict:
    """CRPG has more gold than its rivals and few hacks, with the price of KL tuned, or with the rate too."""
    seeds = range(20 if full else 8)
    with Meter() as meter:
        chosen = {n: settings(n, seeds) if full else {"rate 3": (3.0, kl)} for n, kl in KNOWN.items()}
        runs = {how: {n: train(n, seeds, *each[how]) for n, each in chosen.items()} for how in chosen["raw"]}
        plain, chance = (train(name, seeds, 3.0, 0.1)[0] for name in ("no judge", "random judge"))
        recalls = {str(r): train("CRPG", seeds, 3.0, 0.0, r)[0].mean() for r in (1.0, 0.8, 0.5) if full}
    checks: list[Check] = [control("a judge that tosses a coin gains nothing", chance, plain, sees=0.05)]
    for how, arms in runs.items():
        gold, hacks, gained = arms["CRPG"]
        checks += [
            compare_paired(f"more gold than {n}, {how}", gold, a[0]) for n, a in arms.items() if n != "CRPG"
        ]
        checks.append(compare_paired(f"at most 0.1 on hacks, {how}", -hacks, 0 * hacks, at_least=-0.1))
        checks.append(compare_paired(f"the worse task gains, {how}", gained, 0 * gained))
    checks.append(compare_paired("raw has 0.3 on hacks, rate 3", runs["rate 3"]["raw"][1], [0.3] * len(seeds)))
    figures = {
        "gold, hacks": {h: {n: a[:2].mean(1).round(3).tolist() for n, a in r.items()} for h, r in runs.items()},
        "rate and kl": {n: list(each.values()) for n, each in chosen.items()},
        "gold by recall of the judge": {r: round(float(gold), 3) for r, gold in recalls.items()},
    }
    missing = "the optimisers CODPO and CRRAFT; several judges; language models"
    return verdict(checks, seeds, missing, figures, meter.cost)
