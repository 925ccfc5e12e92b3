r"""The policy of a tabular MDP that a reward buys at a price in KL per step: soft value iteration.

With ``V(s) = T log \sum_a base(a|s) exp(Q(s, a) / T)`` and ``Q = R + discount P V``, the policy ``base(a|s)
exp((Q(s, a) - V(s)) / T)`` maximises ``E \sum_t discount^t [R - T KL(pi(.|s_t) || base(.|s_t))]``.  With a
uniform base it is the maximum-entropy policy.  ``gibbs`` is the same for answers, ``chi_squared`` prices
visits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import BadInput
from .mdp import TabularMDP, as_policy

Floats = np.ndarray[Any, np.dtype[np.float64]]


def soft_policy(
    mdp: TabularMDP, objective: Any, temperature: float, base: Any = None, tolerance: float = 1e-10
) -> Floats:
    """Probabilities ``(S, A)`` of the policy that maximises return minus ``temperature`` times KL to the base.

    Args:
        objective: reward table ``(S, A)``.
        temperature: price of a nat per step, > 0, in units of the reward.
        base: policy ``(S, A)`` or ``(S,)``; None is uniform (maximum entropy).
        tolerance: of the values.

    Source: Ziebart, "Modeling Purposeful Adaptive Behavior with the Principle of Maximum Causal Entropy", 2010;
    with a base: Todorov, "Linearly-solvable Markov decision problems", NeurIPS 2006.

    Example:
        >>> mdp = TabularMDP(np.ones((1, 2, 1)), np.zeros((1, 2)), 0.0, np.ones(1))
        >>> soft_policy(mdp, [[np.log(3.0), 0.0]], 1.0).round(6).tolist()
        [[0.75, 0.25]]
    """
    reward = np.asarray(objective, np.float64)
    if reward.shape != (mdp.states, mdp.actions) or not 0 < temperature < np.inf:
        received = f"objective {reward.shape}, temperature {temperature}"
        raise BadInput("soft_policy", received, f"{(mdp.states, mdp.actions)}, a finite number > 0")
    own = np.full(reward.shape, 1.0 / mdp.actions) if base is None else as_policy(mdp, base)
    values = np.zeros(mdp.states)
    while True:
        q = reward + mdp.discount * (mdp.transition @ values)
        top = np.where(own > 0, q, -np.inf).max(-1, keepdims=True)
        weights = own * np.exp((np.where(own > 0, q, top) - top) / temperature)
        total = weights.sum(-1, keepdims=True)
        new = (top + temperature * np.log(total))[:, 0]
        moved, values = np.abs(new - values).max(), new
        if mdp.discount * moved <= tolerance * (1 - mdp.discount) * (1 + np.abs(values).max()):
            return weights / total
