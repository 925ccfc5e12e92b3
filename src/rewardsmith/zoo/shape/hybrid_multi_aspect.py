"""HARMO: a rule where answers can be verified, a score where they cannot, and terms for format and length.

Differs from the paper: canned answers of four styles in place of a model; the policy sees the style, not the
words.  Half of the items are sums that a rule checks, half ask for a description that is scored by the cosine
of its content words; gold is coverage and order.  The length band is ours, since the paper's formula was not
readable; an open answer counts as correct for it when its cosine is above 0.75.  There are two scorers: one
that overrates lists of key words, and one that does not, because they leave facts out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import rewardsmith as rs
from rewardsmith.core.cite import Paper
from rewardsmith.optimize.bandit import Arms, PolicyGradient, learn_bandit
from rewardsmith.optimize.gibbs import expected
from rewardsmith.tasks.canned import canned_answers
from rewardsmith.terms import cosine
from rewardsmith.transforms import GroupNormalize, LengthBand, dispatch
from rewardsmith.zoo.claims import Check, Meter, Verdict, compare_paired, control, share, verdict

PAPER = Paper(
    key="gulhane2025beyond",
    title="Beyond Monolithic Rewards: A Hybrid and Multi-Aspect Reward Optimization for MLLM Alignment",
    authors="Gulhane, Radha and Indurthi, Sathish Reddy",
    year=2025,
    where="arXiv",
    arxiv="2510.05283",
)
ITEMS, ANSWERS = 32, 64
RIGHT = np.array([0.6, 0.3, 0.75, 0.6])  # share of right sums per style: direct, key words, sentence, rambling
LENGTH = np.array([4.0, 6.0, 18.0, 40.0])  # words per style; references are sentences
KEEPS = {"overrated key words": 0.95, "sound score": 0.6}  # facts that a list of key words has
SCORE = cosine(vector="words", reference_vector="reference_words")


@rs.term
def rule(exact: np.ndarray) -> np.ndarray:
    """Is the sum right?  NaN for what has no rule."""
    return exact


@rs.term
def well_formed(formatted: np.ndarray) -> np.ndarray:
    """Are the tags there?"""
    return formatted


def build(form: bool = True, length: bool = True) -> rs.Reward:
    """R_hybrid + R_format + R_length, less the mean of the group."""
    reward = dispatch({"rule": rule, "open": SCORE}, by="kind")
    reward = reward + 0.5 * well_formed if form else reward
    reward = reward | LengthBand(penalty=0.5, tolerance=0.2) if length else reward
    return reward | GroupNormalize(scale="none")


def arms() -> dict[str, rs.Reward]:
    """The single signals, and HARMO part by part."""
    single = {"rule only": rule, "score only": SCORE}
    parts = {"hybrid": build(False, False), "hybrid + format": build(length=False), "HARMO": build()}
    return {name: reward | GroupNormalize(scale="none") for name, reward in single.items()} | parts


def world(seed: int, keeps: float, mixed: bool = True) -> Arms:
    """Canned answers: what they say, whether it is right, well formed and how long; half open if ``mixed``."""
    rng = np.random.default_rng(seed)
    canned = canned_answers(rng, ITEMS, ANSWERS, keeps)
    style, words = canned.style, {"words": canned.words, "reference_words": canned.reference_words}
    formatted, hint = rng.integers(0, 2, style.shape).astype(float), rng.normal(size=style.shape)
    odds = np.log(RIGHT / (1 - RIGHT))[style] + hint  # the hint is visible and goes with being right
    right = (rng.random(style.shape) < 1 / (1 + np.exp(-odds))).astype(float)
    is_open = np.broadcast_to((np.arange(ITEMS) % 2 == 1)[:, None] & mixed, style.shape)
    fields = {
        "kind": np.where(is_open, "open", "rule"),
        "exact": np.where(is_open, np.nan, right),
        "correct": np.where(is_open, (SCORE(words) > 0.75).astype(float), right),
        "quality": np.where(is_open, canned.gold, right),
        "formatted": formatted,
        "length": LENGTH[style] * rng.uniform(0.8, 1.2, style.shape),
    }
    seen = np.concatenate([np.eye(4)[style], formatted[..., None], hint[..., None]], axis=-1)
    own = is_open[..., None].astype(float)  # one part of the policy is shared, one belongs to each kind
    return Arms(fields | words, 0.0 * odds, np.concatenate([seen, seen * own, seen * (1 - own)], axis=-1))


def contest(seeds: Sequence[int], keeps: float, updates: int, mixed: bool = True) -> dict[str, np.ndarray]:
    """Per arm, on other items: quality of sums, of open answers, of all, and the length of open answers."""
    config = PolicyGradient(updates=updates, samples=8, learning_rate=10.0, record=updates)
    places, others = ([world(seed + shift, keeps, mixed) for seed in seeds] for shift in (0, 10_000))
    found: dict[str, np.ndarray] = {}
    for arm, reward in arms().items():
        weights = learn_bandit(places, reward, list(seeds), config).weights
        pairs = [(other.log_policy(w), other.fields) for other, w in zip(others, weights, strict=True)]
        quality, length = (np.array([expected(p, f[n]) for p, f in pairs]) for n in ("quality", "length"))
        found[arm] = np.stack(
            [v.mean(1) for v in (quality[:, ::2], quality[:, 1::2], quality, length[:, 1::2])]
        )
    return found


def claim(full: bool = False) -> Verdict:
    """Held-out quality with a scorer that can be hacked, with a sound one, and with rules for everything."""
    seeds, updates = (range(32), 100) if full else (range(8), 25)
    with Meter() as meter:
        runs = {name: contest(seeds, keeps, updates) for name, keeps in KEEPS.items()}
        ruled = contest(seeds, 0.95, updates, mixed=False)
    checks: list[Check] = []
    for name, run in runs.items():
        for rival in ("rule only", "score only"):
            checks.append(compare_paired(f"{name}: HARMO beats {rival}", run["HARMO"][2], run[rival][2]))
        near = abs(run["HARMO"][3] / LENGTH[2] - 1) < 0.2
        checks.append(share(f"{name}: open answers about as long as references", near, low=0.8))
    same = ruled["hybrid"][2], ruled["rule only"][2]
    checks.append(control("with rules for everything, hybrid is rule only", *same, sees=1e-9, exact=True))
    means = {name: {a: v.mean(1).round(2).tolist() for a, v in run.items()} for name, run in runs.items()}
    figures = {"columns": "sums, open, both, length of open", **means}
    return verdict(checks, seeds, "a learned reward model; images", figures, meter.cost)
