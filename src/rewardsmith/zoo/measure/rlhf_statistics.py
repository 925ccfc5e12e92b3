"""RLHF as statistics: intervals of learned rewards cover, also for clustered labels; chosen pairs save labels.

Differs from the paper: it is a survey without experiments of its own; the claims are those of its methods.
Annotators who err together have a taste each, added to the true reward.  Designs start from 20 random pairs
and are refitted after every 10.  Pairs "cover little" where they hardly differ in half of the features.
"""

import numpy as np

from rewardsmith.core.cite import Paper
from rewardsmith.feedback.annotator import Annotator
from rewardsmith.learn import btl_inference, fit_preferences, item_differences, next_pairs
from rewardsmith.tasks.align import lin
from rewardsmith.zoo.claims import Meter, Verdict, bound, compare_paired, control, verdict

PAPER = Paper(
    key="liu2026rlhf",
    title="Reinforcement Learning from Human Feedback: A Statistical Perspective",
    authors="Liu, Pangpang and others",
    year=2026,
    where="survey; first author by the repository Pangpang-Liu/RLHF_demo",
)
ITEMS, PAIRS, WHOLE, POOL, START, STEP = 10, 1000, 400, 2000, 20, 10
DESIGNS = ("random", "uncertain", "D-optimal")


def build() -> Annotator:
    """Who labels: Bradley-Terry, independent from pair to pair."""
    return Annotator("bt")


def coverage(seed: int, repetitions: int, taste: float) -> np.ndarray:
    """Share of the 95 % intervals of all reward differences that cover, ``(2,)``: model-based, clustered."""
    rng, hits = np.random.default_rng([seed, 1]), np.zeros((repetitions, 2))
    contrasts = item_differences(*np.triu_indices(ITEMS, 1), ITEMS)
    for r in range(repetitions):
        theta, (first, step) = rng.normal(size=ITEMS), rng.integers(ITEMS, size=(2, PAIRS))
        second, who = (first + 1 + step % (ITEMS - 1)) % ITEMS, rng.integers(40, size=PAIRS)
        own = theta + taste * rng.normal(size=(40, ITEMS))
        label = build().label(own[who, first] - own[who, second], rng)
        fit = btl_inference(item_differences(first, second, ITEMS), label, who)
        truth = contrasts @ _nearest(theta, taste)
        for k in (0, 1):
            low, high = np.array([fit.interval(c, robust=bool(k))[1:] for c in contrasts]).T
            hits[r, k] = np.mean((low <= truth) & (truth <= high))
    return hits.mean(0)


def _nearest(theta: np.ndarray, taste: float) -> np.ndarray:
    """The Bradley-Terry model nearest to the mean choice of all tastes, which is what a fit estimates."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    first, second = np.nonzero(~np.eye(ITEMS, dtype=bool))
    gap = (theta[first] - theta[second])[:, None] + np.sqrt(2) * taste * nodes
    mean = (0.5 + 0.5 * np.tanh(0.5 * gap)) @ weights / weights.sum()
    return btl_inference(item_differences(first, second, ITEMS), mean).theta


def errors(seed: int, how: str, labels: int) -> np.ndarray:
    """Root mean square error of the learned reward after 20, 30, ... labels, constants apart."""
    bed, rng = lin(seed, features=8, norm=3.0), np.random.default_rng([seed, 2])
    pool = bed.pairs(POOL, rng, build())
    phi, chosen, found = np.asarray(bed.features)[0], list(range(START)), []
    x = phi[pool.first] - phi[pool.second]
    while True:
        theta = fit_preferences(x[chosen], pool.label[chosen], l2=1.0 / len(chosen))
        found.append(np.std(phi @ theta - bed.gold[0]))
        if len(chosen) >= labels:
            return np.array(found)
        left = np.setdiff1d(np.arange(POOL), chosen)
        best = np.argsort(np.abs(x[left] @ theta)) if how == "uncertain" else np.arange(len(left))
        if how == "D-optimal":
            best = next_pairs(x[left], theta, x[chosen], STEP, ridge=1.0)
        chosen += left[best[:STEP]].tolist()


def choices(seed: int, covered: float) -> np.ndarray:
    """Gold of what the plug-in and the pessimistic estimate choose, ``(2,)``: means of five worlds."""
    found = np.zeros((5, 2))
    for i in range(5):
        bed, rng = lin(5 * seed + i, features=8, norm=3.0), np.random.default_rng([seed, i, 3])
        phi, gold, pairs = np.asarray(bed.features)[0], bed.gold[0], bed.pairs(300, rng)
        x = (phi[pairs.first] - phi[pairs.second]) * np.where(np.arange(8) < 4, 1.0, covered)
        fit = btl_inference(x, build().label(x @ np.linalg.lstsq(phi, gold, rcond=None)[0], rng))
        found[i] = [gold[np.argmax(fit.pessimistic(phi - phi.mean(0), k))] for k in (0.0, 1.0)]
    return found.mean(0)


def claim(full: bool = False) -> Verdict:
    """Coverage of the intervals, labels saved by design, and pessimism where the data cover little."""
    seeds, repetitions, labels = (range(40), 10, WHOLE) if full else (range(8), 3, 120)
    with Meter() as meter:
        plain = np.mean([coverage(seed, repetitions, 0.0) for seed in seeds], 0)
        tasted = np.mean([coverage(seed, repetitions, 1.0) for seed in seeds], 0)
        curve = {how: np.array([errors(seed, how, labels) for seed in seeds]) for how in DESIGNS}
        little, much = (np.array([choices(seed, covered) for seed in seeds]) for covered in (0.05, 1.0))
        meter.count("fits", 2 * len(seeds) * repetitions)
    early = (int(0.6 * labels) - START) // STEP
    d, whole = curve["D-optimal"], curve["random"][:, -1]
    checks = [
        bound("independent labels: model intervals cover 94 to 96 %", plain[:1], 0.94, 0.96),
        bound("tastes: model intervals cover less than 93 %", tasted[:1], high=0.93),
        bound("tastes: clustered intervals cover 93 to 97 %", tasted[1:], 0.93, 0.97),
        compare_paired("60 % of the labels, D-optimal, beat all at random", whole, d[:, early]),
        compare_paired("D-optimal beats the most uncertain pairs", curve["uncertain"][:, -1], d[:, -1]),
        compare_paired("pessimism wins where pairs cover little", little[:, 1], little[:, 0]),
        control("pessimism changes nothing where they cover all", much[:, 1], much[:, 0], 0.5),
    ]
    needed = {how: np.flatnonzero(each.mean(0) <= whole.mean()) for how, each in curve.items()}
    figures = {
        "coverage": {"independent": plain.round(3).tolist(), "tastes": tasted.round(3).tolist()},
        "labels_to_the_error_of_all_random": {h: START + STEP * int(n[0]) for h, n in needed.items() if len(n)},
        "gold_plug_in_and_pessimistic": little.mean(0).round(2).tolist(),
    }
    missing = "sequential intervals after active selection, ties, random effects"
    return verdict(checks, seeds, missing, figures, meter.cost)
