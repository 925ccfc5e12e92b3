"""Resume GRPO: large penalties teach a screening model to reject everybody; small bounded rewards do not.

Differs from the paper: applications are 20 numbers from two Gaussians instead of texts, so that the best
decision under every reward is known, and the model is a linear softmax over 66 answers (decision, score, form).
The sizes of penalties and steps are not in the paper.  Chosen on seeds 1000 and 1001: the
learning rate; that the division by the group's deviation removes the asymmetry was seen there, and is a check.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rewardsmith.core.algebra import Reward
from rewardsmith.core.cite import Paper
from rewardsmith.measure.collapse import decision_collapse
from rewardsmith.optimize.bandit import Arms, PolicyGradient, learn_bandit
from rewardsmith.optimize.polish import imitate, polish
from rewardsmith.tasks import applications as jobs
from rewardsmith.transforms import GroupNormalize
from rewardsmith.zoo.claims import Meter, Verdict, compare_paired, control, verdict

PAPER = Paper(
    key="jain2025mathematical",
    title="A Mathematical Framework for Custom Reward Functions in Job Application Evaluation using"
    " Reinforcement Learning",
    authors="Jain, Shreyansh and others",
    year=2025,
    where="arXiv",
    arxiv="2511.16073",
)
FAST = PolicyGradient(updates=300, samples=8, prompts=64, learning_rate=5.0, record=1000)


def build(selected: float = 0.0, rejected: float = 0.0, broken: float = 0.0) -> Reward:
    """Four bounded terms, and penalties for what must not happen."""
    if selected == rejected == broken == 0:
        return jobs.gentle_reward()
    return jobs.gentle_reward() + jobs.penalties(selected=selected, rejected=rejected, broken=broken)


GENTLE, HARSH, EVEN = build(), build(3.0, 1.0, 2.0), build(2.0, 2.0, 2.0)
GRPO, UNDIVIDED = GroupNormalize(), GroupNormalize(scale="none")
ARMS: dict[str, tuple[Reward, PolicyGradient]] = {
    "aggressive": (HARSH | GRPO, FAST),
    "aggressive, KL": (HARSH | GRPO, polish(FAST, slower=1.0)),
    "aggressive, polished": (HARSH | GRPO, polish(FAST)),
    "aggressive, undivided": (HARSH | UNDIVIDED, FAST),
    "even penalties": (EVEN | GRPO, FAST),
    "gentle, fast": (GENTLE | GRPO, FAST),
    "gentle, no KL": (GENTLE | GRPO, polish(FAST, kl=0.0)),
    "gentle": (GENTLE | GRPO, polish(FAST)),
}
MEASURES = ("accuracy", "balanced", "recall", "precision", "rejected")


def outcomes(seed: int, updates: int) -> dict[str, dict[str, float]]:
    """Held-out figures of the start, of each training, and of the best decisions under two rewards."""
    rng = np.random.default_rng(seed)
    shown, prompts, test = (jobs.draw_applications(n, rng) for n in (300, 1500, 1000))
    start = imitate(shown.contexts, shown.written(rng), jobs.ANSWERS)
    world = Arms(prompts.fields(), prompts.contexts @ start, contexts=prompts.contexts)
    held_out = Arms(test.fields(), test.contexts @ start, contexts=test.contexts)
    chances = {"SFT": jobs.decision_chances(np.exp(held_out.log_policy(held_out.weights())))}
    for name, (reward, config) in ARMS.items():
        learned = learn_bandit([world], reward, [seed], replace(config, updates=updates))
        chances[name] = jobs.decision_chances(np.exp(held_out.log_policy(learned.weights[0])))
    for name, reward in {"best, aggressive": HARSH, "best, gentle": GENTLE}.items():
        chances[name] = np.eye(2)[jobs.best_decisions(reward, test)]
    found = {name: decision_collapse(each, test.label) for name, each in chances.items()}
    return {
        name: dict(
            zip(
                (*MEASURES, "true"),
                map(
                    float,
                    (c.accuracy, c.balanced_accuracy, c.recall[1], c.precision[1], c.share[0], c.true_share[0]),
                ),
                strict=True,
            )
        )
        for name, c in found.items()
    }


def claim(full: bool = False) -> Verdict:
    """From one start: who collapses to REJECTED, beyond what the penalties make right, and who gets better."""
    seeds, updates = range(10 if full else 8), 300 if full else 40
    with Meter() as meter:
        runs = [outcomes(seed, updates) for seed in seeds]
        meter.count("answers", len(runs) * len(ARMS) * updates * FAST.samples * 64)
    got = {arm: {what: np.array([run[arm][what] for run in runs]) for what in runs[0][arm]} for arm in runs[0]}
    sft, harsh, gentle, best = (got[arm] for arm in ("SFT", "aggressive", "gentle", "best, aggressive"))
    lost = np.maximum((harsh["rejected"] - sft["true"]) / 0.20, (sft["recall"] - harsh["recall"]) / 0.15)
    undivided = got["aggressive, undivided"]["rejected"]
    even, fast = got["even penalties"]["rejected"], got["gentle, fast"]["rejected"]
    checks = [
        compare_paired(
            "aggressive: 20 points too many REJECTED or 15 of recall lost", lost, np.ones(len(runs))
        ),
        compare_paired("aggressive rejects more than is best under it", harsh["rejected"], best["rejected"]),
        compare_paired("gentle: a point more accurate than SFT", gentle["accuracy"], sft["accuracy"], 0.01),
        compare_paired("gentle: recall at most 2 points below SFT", gentle["recall"], sft["recall"], -0.02),
        compare_paired("gentle: higher recall than aggressive", gentle["recall"], harsh["recall"]),
        compare_paired("undivided advantages reject more", undivided, harsh["rejected"]),
        control("penalties of one size move no decision", even, fast, sees=0.05),
    ]
    figures = {
        "held_out": {
            arm: {what: round(float(v[what].mean()), 4) for what in MEASURES} for arm, v in got.items()
        },
        "true_rejected": round(float(sft["true"].mean()), 4),
    }
    return verdict(checks, seeds, "texts and a language model", figures, meter.cost)
