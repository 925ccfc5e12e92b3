"""RewardMATH: one right answer against nine wrong ones of its style foretells best-of-n; one odd pair does not.

Differs from the paper: problems, solutions and 24 reward models are drawn at random instead of being language
models on MATH.  A model scores ``a correct + b style`` plus noise whose tails differ between models, and a
third of them love 1 to 3 % of the wrong solutions.  Two controls of the mechanism are always measured: one
pair of matched style, and nine such pairs averaged instead of the hardest of nine, which costs as many
comparisons.  The design was fixed on the seeds from 1000 on, which are not reported; the order of the random
draws alone was changed after a first run, which gave 0.50 (one to nine), 0.08 (odd pair) and 0.40 (matched).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rewardsmith.core.cite import Paper
from rewardsmith.measure.model import bon_curve, mrr, one_to_many_accuracy, pairwise_accuracy, spearman
from rewardsmith.zoo.claims import Meter, Verdict, compare_paired, control, verdict

PAPER = Paper(
    key="kim2024rewardmath",
    title="Evaluating Robustness of Reward Models for Mathematical Reasoning",
    authors="Kim, Sunghwan and others",
    year=2024,
    where="arXiv",
    arxiv="2410.01729",
)
MODELS, POOL, WRONG = 24, 256, 9
NS = (1, 4, 16, 64, 256)
TAILS = (1.5, 2.0, 3.0, 5.0, 30.0)  # degrees of freedom


@dataclass(frozen=True)
class Benchmark:
    """How reward models are tested, and whether they are blind to style."""

    style: float = 1.5  # of the chosen answer of the odd pair; the rejected one has the opposite
    spread: float = 0.3  # of style between problems; matched answers to one problem have the same
    right: float = 0.3  # share of right solutions in the pool that is optimised over
    blind: bool = False


@dataclass(frozen=True)
class Model:
    """A reward model: what it likes, the tails of its noise, and the share of wrong solutions that it loves."""

    right: float
    style: float
    tail: float
    loved: float

    def score(self, right: np.ndarray, style: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Scores of solutions."""
        spike = (rng.random(right.shape) < self.loved) & (right == 0)
        return self.right * right + self.style * style + rng.standard_t(self.tail, right.shape) + 6.0 * spike


def build() -> Benchmark:
    """The setting in which models like a style."""
    return Benchmark()


def models(seed: int, problems: int, setting: Benchmark) -> dict[str, np.ndarray]:
    """Every benchmark's score of 24 reward models ``(24,)``, and their best-of-n accuracies ``(24, 5)``."""
    rng = np.random.default_rng(seed)
    correct = (rng.random((problems, POOL)) < setting.right).astype(float)
    style = rng.normal(size=correct.shape)
    found: dict[str, list[object]] = {}
    for k in range(MODELS):
        likes, tail, loved = 0.0 if setting.blind else rng.normal(), rng.choice(TAILS), rng.uniform(0.01, 0.03)
        model = Model(rng.uniform(0.3, 2.0), likes, tail, loved if k % 3 == 0 else 0.0)
        same = setting.spread * rng.normal(size=(problems, 1))
        chosen = model.score(np.ones((problems, 1)), same, rng)[:, 0]
        rejected = model.score(np.zeros((problems, WRONG)), np.tile(same, WRONG), rng)
        human = model.score(np.ones(problems), np.full(problems, setting.style), rng)
        machine = model.score(np.zeros(problems), np.full(problems, -setting.style), rng)
        numbers = {
            "one to nine": one_to_many_accuracy(chosen, rejected).mean,
            "mean reciprocal rank": mrr(chosen, rejected).mean,
            "odd pair": pairwise_accuracy(human, machine).mean,
            "matched pair": pairwise_accuracy(chosen, rejected[:, 0]).mean,
            "nine matched pairs": np.mean([pairwise_accuracy(chosen, each).mean for each in rejected.T]),
            "best of n": bon_curve(model.score(correct, style, rng), correct, NS).value,
        }
        for name, number in numbers.items():
            found.setdefault(name, []).append(number)
    return {name: np.array(numbers) for name, numbers in found.items()}


def claim(full: bool = False) -> Verdict:
    """Rank correlation over models with best-of-256 accuracy, paired over seeds."""
    seeds, problems = range(40 if full else 8), 300 if full else 100
    with Meter() as meter:
        runs = [models(seed, problems, build()) for seed in seeds]
        blind = [models(seed, problems, Benchmark(blind=True)) for seed in seeds]
        meter.count("reward_models", 2 * MODELS * len(seeds))
    names = [name for name in runs[0] if name != "best of n"]
    rho = {name: np.array([spearman(run[name], run["best of n"][:, -1]) for run in runs]) for name in names}
    same = {name: np.array([spearman(run[name], run["best of n"][:, -1]) for run in blind]) for name in names}
    many = rho["one to nine"]
    checks = [
        compare_paired("one to nine foretells 0.2 better than an odd pair", many, rho["odd pair"], 0.2),
        compare_paired(
            "a matched pair foretells better than an odd pair", rho["matched pair"], rho["odd pair"]
        ),
        compare_paired("the hardest of nine foretells better than their mean", many, rho["nine matched pairs"]),
        control(
            "odd pairs are no worse for models blind to style", same["odd pair"], same["matched pair"], 0.15
        ),
    ]
    curves = np.mean([run["best of n"] for run in runs], 0)
    figures = {
        "rank_correlation": {name: round(float(values.mean()), 3) for name, values in rho.items()},
        "rank_correlation_blind_to_style": {n: round(float(v.mean()), 3) for n, v in same.items()},
        "n": list(NS),
        "best_of_n_with_spikes": curves[::3].mean(0).round(3).tolist(),
        "best_of_n_without": np.delete(curves, np.s_[::3], 0).mean(0).round(3).tolist(),
    }
    return verdict(checks, seeds, "language models, and the released scores of RewardMATH", figures, meter.cost)
