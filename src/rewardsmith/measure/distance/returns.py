"""What rewards say about whole episodes: correlation of returns, and agreement of the order they put them in.

Any reward that sees at most an episode can be compared, also one with memory.  Shaping changes returns (by the
potential of the first and last state), so these numbers describe recorded episodes and not what is learned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from ...core.algebra import Reward, Scope, require_scope
from ...core.errors import BadInput
from .coverage import Coverage

Numbers = np.ndarray[Any, Any]
MOST_EPISODES = 512


@dataclass(frozen=True, eq=False)
class Agreement:
    """Coefficients in [-1, 1] of all pairs of rewards, ``(R, R)``; NaN where one pays all episodes alike.

    Args:
        kind: ``pearson``, ``spearman`` or ``kendall``.
        mean, low, high: the coefficient and its interval (bootstrap over episodes).
        episodes: how many.
    """

    kind: str
    mean: Numbers
    low: Numbers
    high: Numbers
    episodes: int


def episode_returns(rewards: Sequence[Reward], coverage: Coverage, discount: float | None = None) -> Numbers:
    """Discounted returns ``(E, R)`` of recorded episodes; NaN where a reward has no verdict.

    Args:
        discount: the task's if None; 1 for plain sums.

    Raises:
        ScopeError: a reward that must see a group of episodes.
    """
    gamma = coverage.task.discount if discount is None else discount
    for reward in rewards:
        require_scope(reward, Scope.EPISODE, "a comparison of returns")
    rows: list[list[float]] = []
    for one in coverage.episodes:
        batch = coverage.task.with_success(one)
        weights = gamma ** np.arange(batch["terminated"].shape[-1])
        rows.append([float(np.asarray(reward(batch), np.float64)[0] @ weights) for reward in rewards])
    return np.asarray(rows).reshape(len(rows), len(rewards))


def return_agreement(
    returns: Numbers, kind: str = "pearson", *, seed: int = 0, confidence: float = 0.95, resamples: int = 400
) -> Agreement:
    """How alike rewards judge episodes.

    ``pearson``: correlation of returns.  ``spearman``: correlation of ranks, ties share their mean rank.
    ``kendall``: tau-b, ``(pairs in the same order - pairs in the opposite order) / sqrt(n_1 n_2)`` with n the
    pairs that a reward does not tie.

    Args:
        returns: ``(E, R)``, one row for each episode; rows with NaN are left out.

    Raises:
        BadInput: an unknown kind, or fewer than 3 episodes with a verdict.

    Source: Kendall, "The treatment of ties in ranking problems", Biometrika 1945.

    Example:
        >>> found = return_agreement(np.array([[1.0, 10], [2, 20], [3, 15], [4, 40]]), "kendall", resamples=10)
        >>> round(float(found.mean[0, 1]), 3)
        0.667
    """
    if kind not in KINDS_OF_AGREEMENT:
        raise BadInput("kind of agreement", repr(kind), ", ".join(KINDS_OF_AGREEMENT))
    table = np.asarray(returns, np.float64)
    if table.ndim != 2 or np.isinf(table).any():
        raise BadInput("returns", f"shape {table.shape}", "(episodes, rewards), finite or NaN")
    table = table[~np.isnan(table).any(1)]
    if len(table) < 3:
        raise BadInput("episodes with a verdict", len(table), "at least 3")
    rng = np.random.default_rng([seed, 0xA6])
    if len(table) > MOST_EPISODES:
        table = table[rng.permutation(len(table))[:MOST_EPISODES]]
    count = len(table)
    weights = np.ones((1 + resamples, count))
    weights[1:] = rng.multinomial(count, np.full(count, 1 / count), size=resamples)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = KINDS_OF_AGREEMENT[kind](table, weights)
    outside = [0.5 - confidence / 2, 0.5 + confidence / 2]
    low, high = np.full((2, *found[0].shape), np.nan)
    if resamples:
        with np.errstate(invalid="ignore"):
            low, high = np.quantile(found[1:], outside, axis=0)  # NaN where some resample has no verdict
    return Agreement(kind, found[0], low, high, count)


def _pearson(table: Numbers, weights: Numbers) -> Numbers:
    return _correlation(np.broadcast_to(table, (len(weights), *table.shape)), weights)


def _spearman(table: Numbers, weights: Numbers) -> Numbers:
    """Ranks are those of the resampled episodes."""
    columns: list[Numbers] = []
    for column in table.T:
        below = (column[None, :] < column[:, None]) + 0.5 * (column[None, :] == column[:, None])
        columns.append(weights @ below.T)
    return _correlation(np.stack(columns, axis=-1), weights)


def _correlation(values: Numbers, weights: Numbers) -> Numbers:
    """``(W, E, R)`` values and ``(W, E)`` weights give ``(W, R, R)``."""
    share = (weights / weights.sum(-1, keepdims=True))[..., None]
    centred = values - (share * values).sum(1, keepdims=True)
    spread = np.abs(values).max(1, keepdims=True)
    centred = np.where(np.abs(centred) > 1e-12 * spread, centred, 0.0)
    covariance = (share * centred).swapaxes(1, 2) @ centred
    return _scaled(covariance)


def _kendall(table: Numbers, weights: Numbers) -> Numbers:
    signs = np.sign(table[:, None, :] - table[None, :, :])
    rewards = table.shape[1]
    found = np.empty((len(weights), rewards, rewards))
    for i in range(rewards):
        for j in range(i, rewards):
            agree = signs[..., i] * signs[..., j]
            found[:, i, j] = found[:, j, i] = ((weights @ agree) * weights).sum(-1)
    return _scaled(found)


def _scaled(products: Numbers) -> Numbers:
    own = np.diagonal(products, axis1=1, axis2=2)
    scale = np.sqrt(own[:, :, None] * own[:, None, :])
    return np.where(scale > 0, np.clip(products / scale, -1.0, 1.0), np.nan)


KINDS_OF_AGREEMENT: Mapping[str, Callable[[Numbers, Numbers], Numbers]] = MappingProxyType(
    {"pearson": _pearson, "spearman": _spearman, "kendall": _kendall}
)
