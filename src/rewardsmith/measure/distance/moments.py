"""Sampled canonical rewards as sums over episodes: fits, inner products and resampling are small matrices.

Letters: N transitions, C rewards, F features, B blocks of episodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ...core.errors import BadInput

Numbers = np.ndarray[Any, Any]
Canon = Literal["value", "minimal"]
FOLDS = 3
MOST_BLOCKS = 240
RIDGES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)  # of the mean eigenvalue
_AT_ONCE = 64  # bootstrap samples, for the sake of memory
DOUBT = 3.0  # times features / transitions


@dataclass(frozen=True, eq=False)
class Transitions:
    """Rewards and features of recorded transitions.

    Args:
        rewards: ``(N, C)``, or ``(N, M, C)`` for M independent successors of the same state and action.
        now: features of the state, ``(N, F)``.
        after: features of the successor, ``(N, F)`` or ``(N, M, F)``, 0 where the episode terminated there.
        owner: ``(N,)``, the number of the episode: what is drawn independently.
        discount: of the values.
    """

    rewards: Numbers
    now: Numbers
    after: Numbers
    owner: Numbers
    discount: float

    def __post_init__(self) -> None:
        rewards, after = np.asarray(self.rewards, float), np.asarray(self.after, float)
        if rewards.ndim == 2:
            rewards, after = rewards[:, None], after[:, None]
        if rewards.ndim != 3 or after.ndim != 3 or rewards.shape[:2] != after.shape[:2]:
            raise BadInput(
                "transitions", f"rewards {self.rewards.shape}, after {self.after.shape}", "(N, M, .)"
            )
        if self.now.shape != (len(rewards), after.shape[2]) or len(self.owner) != len(rewards):
            raise BadInput("transitions", f"now {self.now.shape}, owner {self.owner.shape}", "as many rows")
        object.__setattr__(self, "rewards", rewards)
        object.__setattr__(self, "after", after)


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over blocks of episodes, from which every resampled estimate is made.

    Args:
        inner: ``(B, C + F, C + F)``, products of rewards and shaping columns ``D = discount F(s') - F(s)``.
        fit: ``(B, F, C + F)``, products of the features of s with the same columns.
        raw: ``(B, C)``, squared rewards.
        spread: ``(C,)``, variances of the rewards over all transitions.
        sizes: ``(B,)`` transitions.
        fold: ``(B,)``, 0 to 2: values are fitted on two folds and used on the third.
        level: ``(F,)``, mean features: the combination of features that is constant, if one is.
        episodes: how many there were.
    """

    inner: Numbers
    fit: Numbers
    raw: Numbers
    spread: Numbers
    sizes: Numbers
    fold: Numbers
    level: Numbers
    episodes: int

    @property
    def rewards(self) -> int:
        """How many rewards there are."""
        return self.raw.shape[-1]


def transition_moments(transitions: Transitions, rng: np.random.Generator) -> Moments:
    """Sum over blocks; with several successors, products of different ones only (so their noise drops out)."""
    count = int(transitions.owner.max()) + 1
    blocks = min(count, MOST_BLOCKS)
    if count < 2 * FOLDS:
        raise BadInput(
            "episodes", count, f"at least {2 * FOLDS}", "values are fitted and used on different ones"
        )
    place = rng.permutation(count) % blocks
    block = place[transitions.owner]
    order = np.argsort(block, kind="stable")
    edges = np.searchsorted(block[order], np.arange(blocks + 1))
    draws = transitions.rewards.shape[1]
    columns = np.concatenate(
        [transitions.rewards, transitions.discount * transitions.after - transitions.now[:, None]], axis=-1
    )
    mean = columns.mean(1)
    width, features = columns.shape[-1], transitions.now.shape[1]
    inner, fit = np.empty((blocks, width, width)), np.empty((blocks, features, width))
    for b in range(blocks):
        rows = order[edges[b] : edges[b + 1]]
        fit[b] = transitions.now[rows].T @ mean[rows]
        inner[b] = mean[rows].T @ mean[rows]
        if draws > 1:
            each = columns[rows].reshape(-1, width)
            inner[b] = (draws**2 * inner[b] - each.T @ each) / (draws * (draws - 1))
    raw = np.zeros((blocks, transitions.rewards.shape[2]))
    np.add.at(raw, block, (transitions.rewards**2).mean(1))
    sizes, level = np.diff(edges).astype(float), transitions.now.mean(0)
    spread = transitions.rewards.mean(1).var(0)
    return Moments(inner, fit, raw, spread, sizes, np.arange(blocks) % FOLDS, level, count)


def products(
    found: Moments, weights: Numbers, canon: Canon = "value", ridge: float = RIDGES[0]
) -> tuple[Numbers, Numbers]:
    """Inner products of canonical rewards under weighted blocks, and their mean squares as they are.

    On each fold the values come from the two others, one for either factor: their errors are independent, so
    they add nothing to the product on average, where with one fit they would inflate every norm.

    Args:
        weights: ``(W, B)``, how often each block was drawn.
        ridge: of the fit, as a share of the mean eigenvalue.

    Returns:
        ``(W, C, C)`` and ``(W, C)``, means over transitions.
    """
    starts = range(0, len(weights), _AT_ONCE)
    parts = [_products(found, weights[start : start + _AT_ONCE], canon, ridge) for start in starts]
    inner, raw = (np.concatenate(column) for column in zip(*parts, strict=True))
    return inner, raw


def _products(found: Moments, weights: Numbers, canon: Canon, ridge: float) -> tuple[Numbers, Numbers]:
    fitted: list[Numbers] = []
    sums: list[Numbers] = []
    for fold in range(FOLDS):
        mine = found.fold == fold
        share = weights[:, mine]
        inner, fit = (np.tensordot(share, each[mine], 1) for each in (found.inner, found.fit))
        size = (share @ found.sizes[mine])[:, None, None]
        doubt = DOUBT * fit.shape[1] / size
        fitted.append(_values(inner / size, fit / size, doubt, found, canon, ridge))
        sums.append(inner)
    total = np.zeros((len(weights), found.rewards, found.rewards))
    for fold in range(FOLDS):
        left, right = fitted[(fold + 1) % FOLDS], fitted[(fold + 2) % FOLDS]
        total += left.swapaxes(1, 2) @ sums[fold] @ right
    size = (weights @ found.sizes)[:, None, None]
    return (total + total.swapaxes(1, 2)) / 2 / size, weights @ found.raw / size[..., 0]


def _values(
    inner: Numbers, fit: Numbers, doubt: Numbers, found: Moments, canon: Canon, ridge: float
) -> Numbers:
    """``(W, C + F, C)``: the canonical reward as a combination of rewards and shaping columns.

    value: least-squares temporal differences, ``E[F(s) (r + D w)] = 0``, steadied; minimal:
    ``E[D (r + D w)] = 0``.
    """
    rewards, features = found.rewards, fit.shape[1]
    system, wanted = inner[:, rewards:, rewards:], inner[:, rewards:, :rewards]
    if canon == "value":
        turned = fit[..., rewards:].swapaxes(1, 2)
        system = turned @ fit[..., rewards:] + doubt * system
        wanted = turned @ fit[..., :rewards] + doubt * wanted
    scale = np.trace(system, axis1=1, axis2=2)[:, None, None] / features
    # A constant reward must cancel exactly, so the ridge leaves the constant alone.
    shrunk = ridge * scale * (np.eye(features) - np.outer(found.level, found.level))
    solution = -np.linalg.solve(system + shrunk, wanted)
    eye = np.broadcast_to(np.eye(rewards), (len(fit), rewards, rewards))
    return np.concatenate([eye, solution], axis=1)


def best_ridge(found: Moments, shapings: slice, canon: Canon = "value") -> float:
    """The ridge with which least is left of some known shapings (columns of the rewards), in the median.

    It looks at no other reward, so the canonical form stays linear and the same for all.
    """
    once = np.ones((1, len(found.fold)))
    left: list[float] = []
    for ridge in RIDGES:
        inner, raw = products(found, once, canon, ridge)
        share = np.abs(np.diagonal(inner[0])[shapings]) / np.where(raw[0, shapings] > 0, raw[0, shapings], 1.0)
        left.append(float(np.median(share)))
    return RIDGES[int(np.argmin(left))]


def resampled(found: Moments, count: int, rng: np.random.Generator) -> Numbers:
    """``(1 + count, B)`` weights: the sample as it is, then bootstrap samples of blocks within folds."""
    weights = np.ones((1 + count, len(found.fold)))
    for fold in range(FOLDS):
        mine = np.flatnonzero(found.fold == fold)
        weights[1:, mine] = rng.multinomial(len(mine), np.full(len(mine), 1 / len(mine)), size=count)
    return weights
