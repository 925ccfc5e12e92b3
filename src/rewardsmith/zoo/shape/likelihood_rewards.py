"""Likelihood rewards: the log-probability of a reference answer rewards the thought before it, at any length.

Differs from the paper: thoughts are the arms of a bandit with fixed likelihoods instead of a language model, so
the supervised part of the gradient (through the likelihood itself) has nothing to train; all kinds use G = 8.
The base reward (is the sampled answer the reference?) is drawn anew for every sample.  In a first run JEPO
lacked the factor G that its sum over the group has against the mean of the others: 0.83 with 1 token.
"""

from __future__ import annotations

import numpy as np

import rewardsmith as rs
from rewardsmith.core.cite import Paper
from rewardsmith.core.draws import keyed_uniform
from rewardsmith.optimize.bandit import Arms, PolicyGradient, learn_bandit
from rewardsmith.terms import likelihood, reference_logprob
from rewardsmith.transforms import GroupEvidence, GroupNormalize
from rewardsmith.zoo.claims import Check, Meter, Verdict, compare_paired, control, verdict

PAPER = Paper(
    key="kwiatkowski2026likelihood",
    title="Likelihood-Based Reward Designs for General LLM Reasoning",
    authors="Kwiatkowski, Ariel and others",
    year=2026,
    where="arXiv",
    arxiv="2602.03979",
)
PROMPTS, THOUGHTS, SAMPLES = 20, 6, 8
LEAVE_ONE_OUT = GroupNormalize("others", "none")  # RLOO: no division by the spread


@rs.term
def sampled_match(reference_token_logprobs: np.ndarray, draw: np.ndarray, progress: np.ndarray) -> np.ndarray:
    """1 where an answer that is sampled after the thought is the reference, else 0."""
    chance = likelihood(reference_token_logprobs, "prob")
    return (keyed_uniform(draw, progress, np.arange(len(progress))) < chance).astype(float)


def build(kind: str = "avg_logprob") -> rs.Reward:
    """The advantage of one kind: binary, prob, avg_prob, logprob, avg_logprob or jepo."""
    if kind == "binary":
        return sampled_match | LEAVE_ONE_OUT
    if kind == "jepo":
        # log mean_i p_i has the gradient sum_i A_i grad log pi(z_i); the trainer takes the mean over the group
        return float(SAMPLES) * (reference_logprob | GroupEvidence())
    return reference_logprob.set(kind=kind) | LEAVE_ONE_OUT


def world(seed: int, length: int, other_prompt: bool = False) -> Arms:
    """One thought of six is right, and makes each of the reference's tokens 0.9 probable; others 0.2 to 0.6."""
    rng = np.random.default_rng(seed)
    right = np.eye(THOUGHTS)[rng.integers(0, THOUGHTS, PROMPTS)]
    each = np.log(np.where(right > 0, 0.9, rng.uniform(0.2, 0.6, right.shape)))
    if other_prompt:  # likelihoods that have to do with another question
        right = np.eye(THOUGHTS)[rng.integers(0, THOUGHTS, PROMPTS)]
    tokens = np.repeat(each[:, :, None], length, axis=2)
    fields = {"reference_token_logprobs": tokens, "right": right, "each": each, "draw": 0 * right + seed}
    return Arms(fields, np.zeros(right.shape))


def claim(full: bool = False) -> Verdict:
    """How probable the right thought becomes, for answers of 1 and of 40 tokens."""
    seeds = range(100, 120) if full else range(8)
    updates, rate = (300, 0.5) if full else (100, 1.5)
    learner = PolicyGradient(updates, SAMPLES, None, rate, record=updates)
    found: dict[tuple[str, int], np.ndarray] = {}
    logprob: dict[tuple[str, int], float] = {}
    kinds = ("binary", "prob", "avg_prob", "logprob", "avg_logprob", "jepo")
    with Meter() as meter:

        def train(reward: rs.Reward, length: int, other_prompt: bool = False) -> tuple[np.ndarray, float]:
            worlds = [world(seed, length, other_prompt) for seed in seeds]
            run = learn_bandit(worlds, reward, seeds, learner, track=("right", "each"))
            meter.count("updates", len(seeds) * learner.updates)
            return run.final("right"), float(run.final("each").mean())

        for kind in kinds:
            for length in (1, 40):
                found[kind, length], logprob[kind, length] = train(build(kind), length)
        scaled, _ = train(reference_logprob.set(kind="prob") | GroupNormalize(epsilon=1e-12), 40)
        unrelated, _ = train(build("logprob"), 40, other_prompt=True)
    none = np.zeros(len(seeds))
    checks: list[Check] = [
        compare_paired(f"{kind} finds the right thought, 1 token", found[kind, 1], none, 0.95) for kind in kinds
    ]
    checks += [
        compare_paired(f"{kind} finds the right thought, 40 tokens", found[kind, 40], none, 0.9)
        for kind in ("logprob", "avg_logprob")
    ]
    checks += [
        compare_paired(f"{kind} does not, 40 tokens", none - found[kind, 40], none, -0.4)
        for kind in ("binary", "prob")
    ]
    checks += [
        compare_paired("prob does when groups are divided by their spread, 40 tokens", scaled, none, 0.9),
        control("another question's reference teaches nothing", unrelated, none + 1 / THOUGHTS, sees=0.1),
    ]
    figures = {
        "right_thought": {
            f"{kind}, {length}": round(float(v.mean()), 3) for (kind, length), v in found.items()
        },
        "logprob_per_token": {f"{kind}, {length}": round(v, 3) for (kind, length), v in logprob.items()},
        "prob_scaled_40": round(float(scaled.mean()), 3),
    }
    missing = "a language model: greedy success, perplexity, the supervised gradient and the length of thoughts"
    return verdict(checks, seeds, missing, figures, meter.cost)
