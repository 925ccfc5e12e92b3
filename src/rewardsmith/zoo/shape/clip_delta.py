"""Clip and Delta: a process reward that cannot be farmed by repeating correct but useless steps.

Differs from the paper: a solver of four states with a policy table and a synthetic process reward model,
instead of a language model on mathematics; one baseline for all steps instead of one per step. Tuned on other
seeds, where the control was made exact: every seed must lie within 0.05. That Clip + Delta ends above the
outcome alone, as the paper reports, is not seen: it ends slightly below.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import rewardsmith as rs
from rewardsmith.core.cite import Paper
from rewardsmith.optimize.episodic import EpisodicGradient, learn_episodes
from rewardsmith.transforms import StepDelta, StepPenalty, trajectory_bound
from rewardsmith.zoo.claims import Meter, Verdict, bound, compare_paired, control, verdict

PAPER = Paper(
    key="gao2024designing",
    title="On Designing Effective RL Reward at Training Time for LLM Reasoning",
    authors="Gao, Jiaxuan and others",
    year=2024,
    where="arXiv",
    arxiv="2410.15115",
)
ADVANCE, RESTATE, ANSWER = range(3)
STEPS, NEEDED, ALPHA, ETA = 16, 3, 0.3, 0.7


@rs.term(low=0.0, high=1.0)
def prm(score: np.ndarray) -> np.ndarray:
    """What the process reward model says of the step."""
    return score


@rs.term(low=0.0, high=1.0)
def outcome(solved: np.ndarray) -> np.ndarray:
    """1 at a right answer."""
    return solved


def build(alpha: float = ALPHA, eta: float = ETA) -> rs.Reward:
    """The outcome, and the process reward with Clip, then Delta."""
    return outcome + alpha * (prm | StepPenalty(eta) | StepDelta())


ARMS = {
    "outcome": 1.0 * outcome,
    "prm": outcome + ALPHA * prm,
    "clip": outcome + ALPHA * (prm | StepPenalty(ETA)),
    "delta": outcome + ALPHA * (prm | StepDelta()),
    "clip+delta": build(),
}


@dataclass(frozen=True)
class Solver:
    """A task of three advances, each right in 17 of 20 tries; one wrong one spoils the answer.

    ``useless``: what the process reward model pays for a step that brings nothing nearer.  States are
    (advances, all right, solved, score in thousandths); the policy sees the number of advances.
    """

    useless: float = 0.9
    observations: int = NEEDED + 1
    actions: int = 3
    horizon: int = STEPS
    draws: int = 3

    def start(self, uniform: np.ndarray) -> np.ndarray:
        return np.tile([0, 1, 0, 0], (len(uniform), 1))

    def observe(self, state: np.ndarray) -> np.ndarray:
        return state[:, 0]

    def step(self, state: np.ndarray, action: np.ndarray, uniform: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        advance, ended = action == ADVANCE, action == ANSWER
        right = ~advance | (uniform[:, 0] < 0.85)
        sound, idle = state[:, 1] * right, (action == RESTATE) | (advance & (state[:, 0] == NEEDED))
        solved = ended & (state[:, 0] == NEEDED) & (sound == 1)
        score = np.where(idle, self.useless, np.where((advance & right) | solved, 0.85, 0.35))
        noise = np.sqrt(-2 * np.log(1 - uniform[:, 1])) * np.cos(2 * np.pi * uniform[:, 2])
        score = np.rint(1000 * np.clip(score + 0.15 * noise * (score > 0), 0, 1)).astype(int)
        return np.stack([np.minimum(state[:, 0] + advance, NEEDED), sound, solved, score], 1), ended

    def fields(self, state: np.ndarray, action: np.ndarray, after: np.ndarray) -> dict[str, np.ndarray]:
        return {"score": after[:, 3] / 1000, "solved": after[:, 2].astype(float)}


def claim(full: bool = False) -> Verdict:
    """Final accuracy and length for five rewards; a model that pays nothing for useless steps is no danger."""
    seeds = range(20 if full else 8)
    config = EpisodicGradient(updates=300 if full else 60, learning_rate=1.0 if full else 4.0)
    with Meter() as meter:
        runs = {n: learn_episodes(Solver(), r, seeds, config, {"solved": outcome}) for n, r in ARMS.items()}
        honest = learn_episodes(Solver(useless=0.0), ARMS["prm"], seeds, config, {"solved": outcome})
        meter.count("env_steps", sum(int(run.steps.sum()) for run in [*runs.values(), honest]))
    accuracy = {name: run.late("solved") for name, run in runs.items()}
    length = {name: run.late("length") for name, run in runs.items()}
    ceilings = {name: trajectory_bound(reward, once=("outcome",))[1] for name, reward in ARMS.items()}
    checks = [
        bound("accuracy with the plain process reward", accuracy["prm"], high=0.1),
        bound("steps with the plain process reward", length["prm"], low=STEPS - 0.5),
        compare_paired("Clip + Delta loses nothing", accuracy["clip+delta"], accuracy["outcome"], -0.02),
        bound("what any trajectory can collect with Clip + Delta", [ceilings["clip+delta"]], high=1.0),
        compare_paired("Delta alone is not enough", accuracy["clip+delta"], accuracy["delta"]),
        control("no credit for useless steps", honest.late("solved"), accuracy["outcome"], 0.05, exact=True),
    ]
    figures = {
        "accuracy": {name: round(float(values.mean()), 3) for name, values in accuracy.items()},
        "steps": {name: round(float(values.mean()), 2) for name, values in length.items()},
        "bounded": {name: bool(np.isfinite(ceiling)) for name, ceiling in ceilings.items()},
    }
    missing = "a language model and a trained process reward model; that Clip + Delta beats the outcome alone"
    return verdict(checks, seeds, missing, figures, meter.cost)
