"""What it costs to optimise one reward and be judged by another, exactly, on a tabular MDP.

J1 and J2 are expected discounted returns from the initial distribution under the true reward and the proxy.
Everything is policy iteration; leading axes of the rewards are solved together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ...core.errors import BadInput
from ...core.mdp import TabularMDP
from .canonical import Floats, Table, expected
from .distance import same_dynamics

# Values closer than this, relative to the largest, are equal.
TIES = 1e-9
# Tangents are intersected at most so often; a handful is usual.
CUTS = 200
# A line by its value at 0 and its slope.
Line: TypeAlias = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Regret:
    """Costs of the proxy, absolute and as a share of ``best - worst``; arrays with the rewards' leading axes.

    ``best`` and ``worst`` are the largest and the smallest J1 of all policies.  ``share`` is NaN where they are
    equal: a reward under which all policies are equally good cannot judge.
    """

    value: Any
    best: Any
    worst: Any

    @property
    def share(self) -> Any:
        """``value / (best - worst)``, in [0, 1]."""
        span = np.asarray(self.best) - np.asarray(self.worst)
        size = TIES * np.maximum(np.abs(self.best), np.abs(self.worst))
        known = span > size
        return np.where(known, np.clip(self.value / np.where(known, span, 1.0), 0.0, 1.0), np.nan)[()]

    def __str__(self) -> str:
        value, share = np.asarray(self.value), np.asarray(self.share)
        return f"regret {value.round(4)} ({(100 * share).round(1)} % of all that can be lost)"


def return_range(mdp: TabularMDP, reward: TabularMDP | Table) -> tuple[Any, Any]:
    """The smallest and the largest J over all policies.

    Example:
        >>> from rewardsmith.core.mdp import chain
        >>> low, high = return_range(chain(1, 1, discount=0.5), chain(1, 1, discount=0.5).reward)
        >>> round(float(low), 3), round(float(high), 3)
        (0.1, 1.0)
    """
    rewards = expected(mdp, same_dynamics(mdp, reward))
    low = -(optimal_values(mdp, -rewards) @ mdp.initial)
    return low[()], (optimal_values(mdp, rewards) @ mdp.initial)[()]


def exact_regret(mdp: TabularMDP, true: TabularMDP | Table, proxy: TabularMDP | Table) -> Regret:
    """``max J1 - min J1(pi)``, the minimum over all policies that are optimal for the proxy, ties included.

    Args:
        mdp: the dynamics.
        true: the reward that judges, ``(..., S, A)`` or ``(..., S, A, S)`` or an MDP that carries it.
        proxy: the reward that is optimised.

    Example:
        >>> from rewardsmith.core.mdp import chain
        >>> mdp = chain(1, 3, discount=0.5)
        >>> print(exact_regret(mdp, mdp.reward, -mdp.reward))
        regret 0.25 (100.0 % of all that can be lost)
    """
    judge, followed = _pair(mdp, true, proxy)
    values = optimal_values(mdp, followed)
    q = _look_ahead(mdp, followed, values)
    close = TIES * np.abs(q).max((-2, -1), keepdims=True)
    tied = q >= q.max(-1, keepdims=True) - close
    low, best = return_range(mdp, judge)
    reached = -(optimal_values(mdp, -judge, tied) @ mdp.initial)
    return Regret(np.maximum(0.0, best - reached)[()], best, low)


def worst_regret(mdp: TabularMDP, true: TabularMDP | Table, proxy: TabularMDP | Table) -> Regret:
    """The most that any improvement by the proxy can cost: what the STARC bounds and certificates bound.

    ``max J1(pi1) - J1(pi2)`` over all pairs of policies with ``J2(pi2) >= J2(pi1)``.  By duality of linear
    programmes it is ``min over k >= 0 of max J - min J`` of the reward ``R1 - k R2``: convex and piecewise
    linear in k, minimised exactly by intersecting its tangents.  One pair of rewards at a time.

    Source: the quantity of Skalse et al. (2024), definition of a sound metric; the formula is derived here.
    """
    judge, followed = _pair(mdp, true, proxy)
    if judge.ndim != 2 or followed.ndim != 2:
        raise BadInput("rewards", f"shapes {judge.shape}, {followed.shape}", "one pair")
    low, best = return_range(mdp, judge)
    largest = float(np.abs(followed).max())
    if largest == 0:
        return Regret(best - low, best, low)
    followed = followed * (np.abs(judge).max() / largest)
    left, weight = _tangent(mdp, judge, followed, 0.0), 1.0
    if left[1] >= 0:
        return Regret(left[0], best, low)
    while True:
        value, slope = _tangent(mdp, judge, followed, weight)
        line = (value - weight * slope, slope)
        if slope > 0:
            return Regret(_lowest(mdp, judge, followed, left, line, left[0]), best, low)
        if slope == 0 or weight > 1e12:  # flat, or a proxy that is all but trivial
            return Regret(value, best, low)
        left, weight = line, 4 * weight


def optimal_values(mdp: TabularMDP, expected_reward: Floats, allowed: Table | None = None) -> Floats:
    """Optimal values ``(..., S)`` of rewards ``(..., S, A)``, by policy iteration on all of them at once.

    ``allowed``: bools ``(..., S, A)``; other actions are out of reach.
    """
    rewards = expected_reward.reshape(-1, mdp.states, mdp.actions)
    free = np.ones(rewards.shape, bool) if allowed is None else np.broadcast_to(allowed, expected_reward.shape)
    free = free.reshape(rewards.shape)
    everyone, each = np.arange(mdp.states), np.arange(len(rewards))[:, None]
    policy = np.where(free, rewards, -np.inf).argmax(-1)
    # Only for a real gain, and only while the values still rise: neither ties nor rounding can make it cycle.
    noise = 1e-13 / (1 - mdp.discount) * np.abs(rewards).max((-2, -1))[:, None]
    before = np.full(len(rewards), -np.inf)
    while True:
        system = np.eye(mdp.states) - mdp.discount * mdp.transition[everyone, policy]
        paid = rewards[each, everyone, policy][..., None]
        values = np.asarray(np.linalg.solve(system, paid)[..., 0], dtype=np.float64)
        q = np.where(free, _look_ahead(mdp, rewards, values), -np.inf)
        total = values.sum(-1)
        better = (q.max(-1) > q[each, everyone, policy] + noise) & (total > before)[:, None]
        if not better.any():
            return values.reshape(expected_reward.shape[:-1])
        policy, before = np.where(better, q.argmax(-1), policy), total


def _look_ahead(mdp: TabularMDP, rewards: Floats, values: Floats) -> Floats:
    flat = mdp.transition.reshape(-1, mdp.states)
    return rewards + mdp.discount * (values @ flat.T).reshape(rewards.shape)


def _pair(mdp: TabularMDP, true: TabularMDP | Table, proxy: TabularMDP | Table) -> tuple[Floats, Floats]:
    judge, followed = (expected(mdp, same_dynamics(mdp, each)) for each in (true, proxy))
    shape = np.broadcast_shapes(judge.shape, followed.shape)
    return np.broadcast_to(judge, shape), np.broadcast_to(followed, shape)


def _tangent(mdp: TabularMDP, judge: Floats, followed: Floats, weight: float) -> tuple[float, float]:
    """Value at ``weight`` and a slope of the range of returns of ``judge - weight * followed``."""
    mixed = np.stack([judge - weight * followed, weight * followed - judge])
    values = optimal_values(mdp, mixed)
    policies = _look_ahead(mdp, mixed, values).argmax(-1)
    returns = [_performance(mdp, followed, policy) for policy in policies]
    return float((values @ mdp.initial).sum()), returns[1] - returns[0]


def _performance(mdp: TabularMDP, rewards: Floats, policy: Table) -> float:
    everyone = np.arange(mdp.states)
    system = np.eye(mdp.states) - mdp.discount * mdp.transition[everyone, policy]
    return float(mdp.initial @ np.linalg.solve(system, rewards[everyone, policy]))


def _lowest(mdp: TabularMDP, judge: Floats, followed: Floats, left: Line, right: Line, size: float) -> float:
    """The minimum between a falling and a rising tangent; ``size`` says what is rounding."""
    found = size
    for _ in range(CUTS):
        weight = (left[0] - right[0]) / (right[1] - left[1])
        value, slope = _tangent(mdp, judge, followed, max(weight, 0.0))
        found = min(found, value)  # the function itself, so never below the minimum
        if found <= left[0] + left[1] * weight + 1e-12 * size:
            break
        line = (value - weight * slope, slope)
        left, right = (line, right) if slope < 0 else (left, line)
    return found
