"""The picture of docs/transforms/ensembles.md:  python docs/pictures/ensembles.py"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from rewardsmith.optimize.gibbs import expected, gibbs_at_kl
from rewardsmith.transforms import ensemble

SEEDS, PROMPTS, ANSWERS, MEMBERS = range(20), 16, 128, 5
KLS = np.linspace(0.05, 3.0, 16)
SCORES: Any = "member_scores"
RULES = {
    "one member": None,
    "mean": ensemble(scores=SCORES, rule="mean"),
    "mean - 1 deviation": ensemble(scores=SCORES, rule="deviation", k=1.0),
    "mean - 2 deviations": ensemble(scores=SCORES, rule="deviation", k=2.0),
    "worst": ensemble(scores=SCORES, rule="worst"),
}


def world(seed: int, shared: bool) -> tuple[np.ndarray, np.ndarray]:
    """Gold ``(P, A)`` and member scores ``(P, A, K)``: bad answers are overrated by one member or all."""
    rng = np.random.default_rng(seed)
    gold = rng.normal(size=(PROMPTS, ANSWERS))
    scores = gold[..., None] + 0.5 * rng.normal(size=(*gold.shape, MEMBERS))
    fooled = rng.random(scores.shape) < 0.03
    if shared:
        fooled = np.broadcast_to(fooled[..., :1], fooled.shape)
    gold = np.where(fooled.any(-1), -1.5, gold)
    return gold, np.where(fooled, 5.0, np.where(fooled.any(-1, keepdims=True), -1.0, scores))


def main() -> None:
    """Draw and save it beside this file."""
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained", width_ratios=(2, 3, 3))
    gap = np.linspace(0, 4, 50)  # three members say 0, one says more
    opinions = np.stack([0 * gap, 0 * gap, 0 * gap, gap], axis=-1)
    for name, rule in RULES.items():
        axes[0].plot(*((gap, rule({SCORES: opinions})) if rule else ([], [])))
        for panel, shared in zip(axes[1:], (False, True), strict=True):
            curves = [curve(rule, *world(seed, shared)) for seed in SEEDS]
            panel.plot(KLS, np.mean(curves, axis=0), label=name)
    axes[0].set(xlabel="what the fourth member says", ylabel="the ensemble", title="Three members say 0")
    axes[1].set(xlabel="KL from the reference (nats)", ylabel="mean gold", title="Each with its own blind spot")
    axes[2].set(xlabel="KL from the reference (nats)", ylabel="mean gold", title="All with the same blind spot")
    axes[1].legend(fontsize=8)
    axes[2].sharey(axes[1])
    for panel in axes:
        panel.spines[["top", "right"]].set_visible(False)
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=110, metadata={"Software": None})


def curve(rule: Any, gold: np.ndarray, scores: np.ndarray) -> list[float]:
    """Mean gold of the policy that the rule buys, at each KL."""
    score = rule({SCORES: scores}) if rule else scores[..., 0]
    policies = [gibbs_at_kl(np.zeros_like(gold), score, float(kl)) for kl in KLS]
    return [float(expected(policy, gold).mean()) for policy in policies]


if __name__ == "__main__":
    main()
