"""The picture of docs/measure/reward_models.md:  python docs/pictures/reward_models.py"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from rewardsmith.feedback import Annotator
from rewardsmith.measure.model import bon_curve, calibration, fit_overopt, pair_verdicts, slice_report
from rewardsmith.optimize.dpo import LINKS, dpo_weights
from rewardsmith.tasks.align import seq
from rewardsmith.zoo.measure import daa_overopt, rewardmath

COLOURS = ("tab:blue", "tab:orange", "tab:green", "tab:red")
SEEDS = range(12)


def overoptimisation(axes: Any) -> None:
    """Gold gain of direct alignment, one thin line per training, and two fitted forms."""
    for link, colour in zip(LINKS, COLOURS, strict=False):
        curves = [daa_overopt.train(seed, link)[0] for seed in SEEDS]
        for curve in curves:
            axes.plot(curve.distance, curve.gain, color=colour, alpha=0.15, lw=0.8)
        distance, gain, runs = daa_overopt.pooled(curves)
        fine = np.linspace(0.05, distance.max(), 100)
        for form, style in (("best_of_n", "-"), ("log", ":")):
            fit = fit_overopt(distance, gain, form, runs, draws=200)
            label = f"{daa_overopt.NAMES[link]}, {form}: R2 {fit.r2:.2f}, peak {fit.peak:.2f}"
            axes.plot(fine, fit(fine), style, color=colour, label=label)
    axes.set(xlabel="√KL from the reference", ylabel="gold reward gained", ylim=(-4, 2))
    axes.set_title("Direct alignment over-optimises")
    axes.legend(fontsize=6, loc="lower left")


def best_of_n(axes: Any) -> None:
    """Accuracy of the answer that is picked, for models that differ in one thing."""
    rng = np.random.default_rng(0)
    correct = (rng.random((300, 256)) < 0.3).astype(float)
    style, ns = rng.normal(size=correct.shape), (1, 2, 4, 8, 16, 32, 64, 128, 256)
    kinds = {
        "thin tails": rewardmath.Model(1.5, 0.0, 30.0, 0.0),
        "thick tails": rewardmath.Model(1.5, 0.0, 1.5, 0.0),
        "likes a style": rewardmath.Model(1.5, 1.5, 30.0, 0.0),
        "loves 2 % of the wrong": rewardmath.Model(1.5, 0.0, 30.0, 0.02),
    }
    for (name, model), colour in zip(kinds.items(), COLOURS, strict=True):
        curve = bon_curve(model.score(correct, style, rng), correct, ns)
        axes.plot(curve.kl, curve.value, ".-", color=colour, label=name)
        axes.fill_between(curve.kl, curve.low, curve.high, color=colour, alpha=0.15, lw=0)
    axes.plot(curve.kl, curve.oracle, "k--", lw=0.8, label="oracle")
    axes.set(xlabel="KL of best-of-n in nats (n = 1 to 256)", ylabel="right answers", ylim=(0, 1.02))
    axes.set_title("Best-of-n finds what is wrong with a model")
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(0, 0.98))


def reliability(axes: Any) -> None:
    """A reward model of few and of many pairs, on pairs it has not seen."""
    bed, rng = seq(0), np.random.default_rng(1)
    phi, test = bed.features[0], bed.pairs(4000, rng, Annotator("bt"))
    for count, colour in ((60, "tab:red"), (2000, "tab:blue")):
        data = bed.pairs(count, rng, Annotator("bt"))
        won = np.where(data.label == 1, 1, -1)[:, None] * (phi[data.first] - phi[data.second])
        margin = (phi[test.first] - phi[test.second]) @ dpo_weights(won, 0 * won, beta=1.0)
        got = calibration(1 / (1 + np.exp(-margin)), test.label, draws=200)
        bars = np.abs(np.stack([got.curve.low, got.curve.high]) - got.curve.observed)
        label = f"{count} pairs: ECE {got.ece.mean:.3f} (chance {got.floor:.3f}), Brier {got.brier.mean:.3f}"
        axes.errorbar(got.curve.predicted, got.curve.observed, bars, fmt=".-", color=colour, label=label)
    axes.plot([0, 1], [0, 1], "k--", lw=0.8)
    axes.set(xlabel="predicted", ylabel="observed", ylim=(-0.02, 1.18))
    axes.set_title("Probability that the first answer is preferred")
    axes.legend(fontsize=7, loc="upper left")


def slices(axes: Any) -> None:
    """Accuracy of a linear reward model by how often an answer flatters."""
    bed, rng = seq(0), np.random.default_rng(1)
    phi, count = bed.features[0], (bed.tokens == 3).sum(1)
    data, flat = bed.pairs(2000, rng, Annotator("bt")), np.full((1, bed.answers), -np.log(bed.answers))
    won = np.where(data.label == 1, 1, -1)[:, None] * (phi[data.first] - phi[data.second])
    weights = dpo_weights(won, 0 * won, beta=1.0)
    test = bed.pairs(1500, rng, Annotator("hard"), log_policy=flat)
    best, other = (np.where(test.label == x, test.first, test.second) for x in (1, 0))
    names = [f"{min(n, 4)}" for n in np.maximum(count[best], count[other])]
    report = slice_report(pair_verdicts(phi[best] @ weights, phi[other] @ weights), names)
    parts = sorted(report.slices, key=lambda part: str(part.name))
    for k, part in enumerate(parts):
        colour = "tab:red" if part.differs and part.behind > 0 else "tab:blue"
        bars = [[part.score.mean - part.score.low], [part.score.high - part.score.mean]]
        axes.errorbar([k], [part.score.mean], bars, fmt="o", color=colour)
        axes.annotate(f"n = {part.score.n}", (k, 0.02), ha="center", fontsize=7)
    axes.axhline(report.overall.mean, color="k", ls="--", lw=0.8, label=f"overall {report.overall.mean:.2f}")
    axes.set_xticks(range(len(parts)), [str(p.name).replace("4", "4 or 5") for p in parts])
    axes.set(xlabel="flattering tokens in the answer that has more", ylabel="pairwise accuracy", ylim=(0, 1.02))
    axes.set_title("An average hides a slice (red: behind, Holm)")
    axes.legend(fontsize=7, loc="lower left", bbox_to_anchor=(0, 0.1))


def main() -> None:
    """Draw and save it beside this file."""
    figure, axes = plt.subplots(2, 2, figsize=(10, 7.5), layout="constrained")
    for draw, each in zip((overoptimisation, best_of_n, reliability, slices), axes.ravel(), strict=True):
        draw(each)
        each.spines[["top", "right"]].set_visible(False)
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=110)


if __name__ == "__main__":
    main()
