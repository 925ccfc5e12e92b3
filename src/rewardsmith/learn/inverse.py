r"""Rewards from demonstrations: maximum causal entropy inverse reinforcement learning, exact and linear.

The weights w make the demonstrated visits most likely under the soft policy of the reward w . phi(s, a); at
the optimum the policy has the demonstrators' expected features.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import BadInput, MissingExtra
from ..core.mdp import TabularMDP, as_policy, occupancy
from ..core.soft import soft_policy

Floats = np.ndarray[Any, np.dtype[np.float64]]


def max_entropy_irl(
    mdp: TabularMDP, features: Any, visits: Any, l2: float = 1e-3, temperature: float = 1.0
) -> Floats:
    r"""Weights ``(F,)`` that maximise ``(1 - discount) (w . f - initial . V_w) - l2 / 2 |w|^2``.

    f are the discounted features of the demonstrations and V_w the soft values of the reward w . phi, so the
    gradient is f minus the features of the soft policy: concave, and equal to the likelihood of the
    demonstrated actions where the visits obey the dynamics.

    Args:
        features: ``(S, A, F)``. visits: ``(S, A)`` discounted visits of the demonstrator, as
        ``core.mdp.occupancy`` or ``visits_of``.  What
            comes after the end of an episode is not among the latter, so features of terminal states must be 0.
        temperature: of the soft policy; it only scales w.

    Raises:
        MissingExtra: SciPy is not installed.

    Source: Ziebart, Bagnell and Dey, "Modeling Interaction via the Principle of Maximum Causal Entropy", ICML
    2010. Differs from the paper: infinite horizon with discount.
    """
    try:
        from scipy.optimize import minimize
    except ImportError:
        raise MissingExtra("scipy", "zoo", "max_entropy_irl") from None
    phi, shown = np.asarray(features, np.float64), np.asarray(visits, np.float64)
    shape = (mdp.states, mdp.actions)
    if phi.ndim != 3 or phi.shape[:2] != shape or shown.shape != shape or not shown.sum() > 0:
        received = f"features {phi.shape}, visits {shown.shape}"
        raise BadInput("max_entropy_irl", received, f"features {shape} and F, visits {shape} with a sum > 0")
    shown = shown * (1 - mdp.discount)

    def loss(w: Floats) -> tuple[float, Floats]:
        policy = soft_policy(mdp, phi @ w, temperature)
        own = occupancy(mdp, policy) * (1 - mdp.discount)
        bonus = -temperature * np.log(np.maximum(policy, 1e-300))
        soft = float((own * (phi @ w + bonus)).sum())  # (1 - discount) initial . V_w
        gap = np.einsum("sa,saf->f", own - shown, phi)
        return soft - float((shown * (phi @ w)).sum()) + 0.5 * l2 * float(w @ w), gap + l2 * w

    found = minimize(loss, np.zeros(phi.shape[2]), jac=True, method="L-BFGS-B")
    return np.asarray(found.x, np.float64)


def visits_of(mdp: TabularMDP, states: Any, actions: Any, alive: Any = None) -> Floats:
    """Mean discounted visits ``(S, A)`` of recorded episodes: arrays ``(N, T)`` of state and action numbers.

    Example:
        >>> from rewardsmith.core.mdp import chain
        >>> visits_of(chain(1, 1, discount=0.5), [[1]], [[1]]).tolist()
        [[0.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    """
    s, a = np.asarray(states), np.asarray(actions)
    live = np.ones(s.shape, bool) if alive is None else np.asarray(alive, bool)
    if s.ndim != 2 or s.shape != a.shape or live.shape != s.shape:
        raise BadInput("visits_of", f"shapes {s.shape}, {a.shape}, {live.shape}", "three arrays (N, T)")
    weights = np.broadcast_to(mdp.discount ** np.arange(s.shape[1]), s.shape)
    table = np.zeros((mdp.states, mdp.actions))
    np.add.at(table, (s[live], a[live]), weights[live])
    return table / len(s)


def sample_episodes(
    mdp: TabularMDP, policy: Any, count: int, length: int, rng: np.random.Generator, anywhere: bool = False
) -> tuple[Any, Any, Any]:
    """States, actions and whether the step happened, ``(count, length)`` each.

    Args:
        anywhere: start in any state instead of where the MDP starts.
    """
    chances = as_policy(mdp, policy).cumsum(-1)
    after = mdp.transition.cumsum(-1)
    starts = np.full(mdp.states, 1.0 / mdp.states) if anywhere else mdp.initial
    state, rows = rng.choice(mdp.states, count, p=starts), list[tuple[Any, Any, Any]]()
    for _ in range(length):
        action = np.minimum((rng.random((count, 1)) > chances[state]).sum(-1), mdp.actions - 1)
        rows.append((state, action, ~mdp.ends[state]))
        state = np.minimum((rng.random((count, 1)) > after[state, action]).sum(-1), mdp.states - 1)
    states, actions, happened = (np.array(column).T for column in zip(*rows, strict=True))
    return states, actions, happened
