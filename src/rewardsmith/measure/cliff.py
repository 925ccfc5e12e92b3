"""Policy cliffs: where a small change of a reward changes the optimal policy altogether; exact on tables."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import BadInput
from ..core.mdp import Floats, TabularMDP, evaluate_policy, q_values

Table = np.ndarray[Any, Any]


def action_gap(q: Table) -> Floats:
    """How much the best action of every state is better than the second best, ``(S,)`` from ``(S, A)``.

    0 at a tie; infinite where there is one action only.

    Example:
        >>> action_gap(np.array([[1.0, 3.0, 2.0], [2.0, 2.0, 0.0]]))
        array([1., 0.])
    """
    q = np.asarray(q, np.float64)
    if q.ndim != 2 or not np.isfinite(q).all():
        raise BadInput("action values", f"shape {q.shape}, or not finite", "finite numbers (S, A)")
    if q.shape[1] == 1:
        return np.full(len(q), np.inf)
    two = np.sort(q, axis=1)[:, -2:]
    return two[:, 1] - two[:, 0]


def stability_constant(temperature: float, discount: float = 0.0) -> float:
    r"""``1 / (temperature (1 - discount))``: how fast the entropy-regularised policy changes with the reward.

    For the policies of rewards r and r', ``max_s ||pi(.|s) - pi'(.|s)||_1 <= constant * ||r - r'||_inf``:
    softmax is 1-Lipschitz from sup to L1 norm, and soft action values are ``1 / (1 - discount)``-Lipschitz in
    the reward.  Infinite at temperature 0: the greedy policy jumps.

    Source: Xu (2025), arXiv:2507.20150, for the statement; the constant is derived.

    Example:
        >>> stability_constant(0.5, 0.9)
        20.000000000000004
    """
    if not (0.0 <= temperature < math.inf and 0.0 <= discount < 1.0):
        received = f"temperature {temperature}, discount {discount}"
        raise BadInput("stability_constant", received, "temperature at least 0, discount in [0, 1)")
    return math.inf if temperature == 0 else 1.0 / (temperature * (1.0 - discount))


@dataclass(frozen=True)
class Cliff:
    """A state in which a small change of the reward can exchange the best action.

    Args:
        state: its number.
        gap: of the action values.
        actions: those that can become best, the best one first.
        loss: the most that is lost under the true reward when, in this state, another of them is always taken
            instead of the best one.
    """

    state: int
    gap: float
    actions: tuple[int, ...]
    loss: float


def cliff_report(mdp: TabularMDP, change: float, true: Table | None = None) -> tuple[Cliff, ...]:
    """The states whose greedy action may be another one after a change of the reward by at most ``change``.

    Action values move by at most ``change / (1 - discount)``, so the greedy action stays where the gap exceeds
    twice that; those states are not listed.  Sorted by loss, greatest first.

    Args:
        mdp: with the reward that is optimised.
        change: of the reward, sup norm.
        true: what is really wanted, ``(S, A)`` or ``(S, A, S)``; the MDP's own reward if None.

    Example:
        >>> from rewardsmith.core.mdp import TabularMDP
        >>> bandit = TabularMDP(np.ones((1, 3, 1)), np.array([[1.0, 1.0, 0.0]]), 0.0, np.ones(1))
        >>> cliff_report(bandit, 0.01, true=np.array([[1.0, -1.0, 0.0]]))
        (Cliff(state=0, gap=0.0, actions=(0, 1), loss=2.0),)
    """
    if not 0.0 <= change < math.inf:
        raise BadInput("change", change, "a finite number of at least 0")
    q = q_values(mdp)
    gaps, margin = action_gap(q), 2.0 * change / (1.0 - mdp.discount)
    policy, wanted = q.argmax(1), mdp if true is None else mdp.with_reward(true)
    worth = evaluate_policy(wanted, policy)
    found: list[Cliff] = []
    for state in np.flatnonzero((gaps <= margin) & ~mdp.ends):
        near = [int(a) for a in np.argsort(-q[state], kind="stable") if q[state].max() - q[state, a] <= margin]
        best = int(policy[state])
        losses: list[float] = []
        for action in near:
            other = policy.copy()
            other[state] = action
            losses.append(float(worth[state] - evaluate_policy(wanted, other)[state]))
        actions = (best, *(a for a in near if a != best))
        found.append(Cliff(int(state), float(gaps[state]), actions, max(losses)))
    return tuple(sorted(found, key=lambda cliff: (-cliff.loss, cliff.state)))
