"""Distances between rewards on a task that is too large for tables, from recorded transitions.

STARC here is the distance of ``distance.py`` with sums replaced by means over recorded transitions:
``d = sqrt((1 - cos(c1, c2)) / 2)`` with ``c = r + discount V(s') - V(s)``, V = 0 where an episode terminated
(not where time ran out).  EPIC, DARD and SRRD are Pearson distances of their own forms (``offpolicy.py``).

How V is found.  ``starc``: the values, under each reward, of the policy that recorded the transitions (how
often each action was taken where), as ``V = F w`` with the w that minimises

    ``|E[F(s) (r + D w)]|^2 + k E[(r + D w)^2]``,  ``D = discount F(s') - F(s)``,  F of mean square 1,

least-squares temporal differences, steadied where the data leave the values open; ``k`` = 3 features /
transitions vanishes with more data.  ``starc-minimal``: the second part alone, the smallest equivalent reward.
Both are linear in r and remove a shaping whose potential the features express; all rewards share one
factorisation.

The distances assume that a state and an action have one successor.  Where they have several, the noise of the
successor is part of the canonical reward, unless the transitions bring several independent successors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ...core.algebra import Reward
from ...core.errors import BadInput
from .coverage import Coverage, evaluate_rewards
from .features import Columns, basis, random_potentials, whiten
from .moments import RIDGES, Moments, Transitions, best_ridge, products, resampled, transition_moments

Numbers = np.ndarray[Any, Any]
POTENTIALS = 16
RESAMPLES = 200
SAMPLED = ("starc", "starc-minimal", "epic", "dard", "srrd")
# A canonical reward this small beside its reward is rounding.
_ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class Sampled:
    """Distances of R rewards with intervals, ``(R, R)`` each; NaN where a kind is not defined.

    Args:
        kind: which distance.
        mean, low, high: the estimate and its interval (bootstrap over episodes).
        floor: the largest distance, over several random potentials, between a reward and itself with a shaping
            as large as its canonical form.  Of a pair the larger one.  Below it nothing can be told apart.  1
            for a reward that is so much shaping that the rest of it is within that noise.
        trivial: ``(R,)``, under which rewards all policies are alike, as far as the transitions show.
        steps, episodes: what it rests on.
        why: where it is not defined, the reason.
    """

    kind: str
    mean: Numbers
    low: Numbers
    high: Numbers
    floor: Numbers
    trivial: Numbers
    steps: int = 0
    episodes: int = 0
    why: str = field(default="")

    @property
    def distinguishable(self) -> Numbers:
        """``(R, R)``: the whole interval lies above the noise floor (a regret may also lie below 0)."""
        return (self.low > self.floor) | (self.high < 0.0)

    @property
    def hidden(self) -> Numbers:
        """``(R,)``: which rewards are so much shaping that the rest is within the noise."""
        return np.diagonal(self.floor) >= 1.0


def sampled_distance(
    rewards: Sequence[Reward],
    coverage: Coverage,
    kind: str = "starc",
    *,
    seed: int = 0,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    potentials: int = POTENTIALS,
) -> Sampled:
    """Distances of all pairs of rewards, on recorded transitions.

    Args:
        rewards: at least two step rewards.
        coverage: the transitions; what was never recorded is not compared.
        kind: one of ``SAMPLED``.
        seed: of features, potentials, folds and resampling.
        resamples: bootstrap samples.  Values are fitted anew in each.
        potentials: how many random shapings the noise floor is measured with.

    Raises:
        BadInput: an unknown kind, one reward only, or NaN rewards.
        ScopeError: a reward that must see whole episodes.

    Source: Skalse et al., "STARC: A General Framework For Quantifying Differences Between Reward Functions",
    ICLR 2024; Chernozhukov et al., "Double/debiased machine learning", 2018, for cross-fitting.
    Differs from the paper: least squares with shared features instead of SARSA for each reward; norms are free
    of the noise of the fit; an interval and a noise floor.
    """
    _check(rewards, kind, confidence)
    if kind in ("starc", "starc-minimal"):
        transitions = task_transitions(rewards, coverage, np.random.default_rng([seed, 0xD1]), potentials)
        found = transition_moments(transitions, np.random.default_rng([seed, 0xD2]))
        return starc_of(found, len(rewards), kind, seed=seed, confidence=confidence, resamples=resamples)
    from .offpolicy import offpolicy_distance

    return offpolicy_distance(
        rewards, coverage, kind, seed=seed, confidence=confidence, resamples=resamples, potentials=potentials
    )


def task_transitions(
    rewards: Sequence[Reward], coverage: Coverage, rng: np.random.Generator, potentials: int
) -> Transitions:
    """Rewards, then shapings with random potentials, and the features of both states; each evaluated once."""
    batch, discount = coverage.flat(), coverage.task.discount
    paid = evaluate_rewards(rewards, batch, "a sampled distance")
    columns = Columns.of(coverage.task, batch)
    now, after = columns.read(batch)[:, 0], columns.read(batch, after=True)[:, 0]
    goes_on = ~np.asarray(batch["terminated"], bool)
    features = basis(now.shape[-1], rng)
    seen, following = whiten(features(now), features(after))
    potential = random_potentials(now, rng, 2 * potentials)
    shaping = discount * potential(after) * goes_on - potential(now)
    return Transitions(np.hstack([paid, shaping]), seen, following * goes_on, coverage.owner, discount)


def starc_of(
    found: Moments,
    rewards: int,
    kind: str = "starc",
    *,
    seed: int = 0,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
) -> Sampled:
    """Distances from moments whose first columns are the rewards and whose others are random shapings.

    Half of those choose how smooth the values are, the other half measure the noise floor.
    """
    weights = resampled(found, resamples, np.random.default_rng([seed, 0xD3]))
    canon = "value" if kind == "starc" else "minimal"
    chosen = slice(rewards, rewards + (found.rewards - rewards) // 2)
    ridge = best_ridge(found, chosen, canon) if chosen.stop > rewards else RIDGES[0]
    kept = np.r_[:rewards, chosen.stop : found.rewards]
    inner, raw = products(found, weights, canon, ridge)
    sampled = summary(kind, inner[:, kept][:, :, kept], raw[:, kept], found.spread[kept], rewards, confidence)
    return replace(sampled, steps=int(found.sizes.sum()), episodes=found.episodes)


def summary(
    kind: str, inner: Numbers, raw: Numbers, spread: Numbers, rewards: int, confidence: float
) -> Sampled:
    """Distances, intervals, noise floors and trivial rewards.

    Args:
        inner: ``(1 + W, C, C)`` inner products of canonical forms: of the sample, then of bootstrap samples.
        raw: ``(1 + W, C)`` mean squares before any form; columns from ``rewards`` on are shapings.
        spread: ``(C,)`` variances before any form.
    """
    own = np.diagonal(inner[0])
    size, before = np.maximum(own[:rewards], 0.0), raw[0, :rewards]
    left = np.maximum(own[rewards:], 0.0) / np.where(raw[0, rewards:] > 0, raw[0, rewards:], 1.0)
    trivial = size <= _ROUNDING**2 * before
    # A shaping of this size would leave as much behind.  A constant leaves nothing, so it does not count.
    hidden = ~trivial & (size <= float(left.max(initial=0.0)) * spread[:rewards])
    apart = _distances(inner[:, :rewards, :rewards], trivial)
    low, high = _interval(inner[1:, :rewards, :rewards], apart[1:], trivial, confidence)
    each = np.where(trivial, 0.0, np.where(hidden, 1.0, _floors(inner[0], raw[0], rewards)))
    floor = np.maximum(each[:, None], each[None, :])
    np.fill_diagonal(floor, each)
    return Sampled(kind, apart[0], np.minimum(low, apart[0]), np.maximum(high, apart[0]), floor, trivial)


def _interval(inner: Numbers, apart: Numbers, trivial: Numbers, confidence: float) -> tuple[Numbers, Numbers]:
    """Percentiles; all of [0, 1] for rewards whose norm may be 0, because then no direction is known."""
    shape = apart.shape[1:]
    if not len(apart):
        return np.full(shape, np.nan), np.full(shape, np.nan)
    outside = [0.5 - confidence / 2, 0.5 + confidence / 2]
    low, high = np.quantile(apart, outside, axis=0)
    faint = ~trivial & (np.quantile(np.diagonal(inner, axis1=1, axis2=2), outside[0], axis=0) <= 0.0)
    either = (faint[:, None] | faint[None, :]) & ~np.eye(len(faint), dtype=bool)
    return np.where(either, 0.0, low), np.where(either, 1.0, high)


def _distances(inner: Numbers, trivial: Numbers) -> Numbers:
    """``sqrt((1 - cos) / 2)``; 0 between two trivial rewards, 1/2 between a trivial and another one."""
    norm = np.sqrt(np.maximum(np.diagonal(inner, axis1=1, axis2=2), 0.0))
    scale = norm[:, :, None] * norm[:, None, :]
    cosine = np.where(scale > 0, inner / np.where(scale > 0, scale, 1.0), 0.0)
    gap = (1.0 - np.clip(cosine, -1.0, 1.0)) / 2.0
    apart = np.sqrt(np.where(gap < _ROUNDING**2, 0.0, gap))
    apart[:, trivial] = apart[:, :, trivial] = 0.5
    apart[:, np.outer(trivial, trivial)] = 0.0
    apart[:, np.arange(len(trivial)), np.arange(len(trivial))] = 0.0
    return apart


def _floors(inner: Numbers, raw: Numbers, rewards: int) -> Numbers:
    """``(R,)``: the largest distance of a reward from itself with a shaping of the size of its form."""
    own = np.diagonal(inner)
    shaped = slice(rewards, None)
    if inner.shape[0] == rewards:
        return np.full(rewards, np.nan)
    size = np.maximum(own[:rewards, None], 0.0)
    scale = np.sqrt(size / np.where(raw[shaped] > 0, raw[shaped], 1.0))
    across = size + scale * inner[:rewards, shaped]
    total = size + 2 * scale * inner[:rewards, shaped] + scale**2 * own[shaped]
    norm = np.sqrt(size * np.maximum(total, 0.0))
    cosine = np.where(norm > 0, across / np.where(norm > 0, norm, 1.0), 1.0)
    return np.sqrt((1.0 - np.clip(cosine, -1.0, 1.0)) / 2.0).max(-1)


def undefined(kind: str, rewards: int, why: str) -> Sampled:
    """No distances, and the reason."""
    none = np.full((rewards, rewards), np.nan)
    return Sampled(kind, none, none, none, none, np.zeros(rewards, bool), why=why)


def _check(rewards: Sequence[Reward], kind: str, confidence: float) -> None:
    if kind not in SAMPLED:
        raise BadInput("kind of sampled distance", repr(kind), ", ".join(SAMPLED))
    if len(rewards) < 2:
        raise BadInput("rewards", len(rewards), "at least two", "a distance is between two rewards")
    if not 0 < confidence < 1:
        raise BadInput("confidence", confidence, "between 0 and 1")
