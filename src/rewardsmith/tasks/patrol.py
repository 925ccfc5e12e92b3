"""Patrol: a grid on which three things matter, and the order in which they do is the task."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..core import mdp as tables
from ..core.grid import coordinates, gridworld

Floats = tables.Floats
LETTERS = "SG" + "^" * 6 + "~" * 8 + "." * 20


def patrol(seed: int, slip: float = 0.1, discount: float = 0.95) -> tuple[tables.TabularMDP, dict[str, Floats]]:
    """A random 6 x 6 grid without a reward, and tables ``(S, A, S)`` of what each transition is worth.

    There is one start S and one goal G, from which the next step leads back to the start, so nothing ends; six
    hazards ``^`` and eight cells of rough ground ``~`` can be entered.  Moves slip to the side.

    ``safe``: -1 for entering a hazard; ``progress``: how much nearer to the goal, 0 for the way back;
    ``smooth``: -1 for entering rough ground.

    Example:
        >>> mdp, factors = patrol(0)
        >>> mdp.states, sorted(factors)
        (36, ['progress', 'safe', 'smooth'])
    """
    letters = np.random.default_rng(seed).permutation(list(LETTERS))
    text = "\n".join("".join(row) for row in letters.reshape(6, 6))
    grid, at = gridworld(text, discount, slip, terminal=""), coordinates(text)
    goal = letters == "G"
    away = np.abs(at["row"] - at["row"][goal]) + np.abs(at["column"] - at["column"][goal])
    transition = np.where(goal[:, None, None], (letters == "S").astype(np.float64), grid.transition)
    by_cells = {
        "safe": np.where(letters == "^", -1.0, 0.0)[None],
        "progress": np.where(goal[:, None], 0.0, away[:, None] - away[None]),
        "smooth": np.where(letters == "~", -1.0, 0.0)[None],
    }
    mdp = tables.TabularMDP(transition, np.zeros(transition.shape[:2]), discount, grid.initial)
    return mdp, {name: np.broadcast_to(values[:, None], transition.shape) for name, values in by_cells.items()}


def factor_rates(
    mdp: tables.TabularMDP, factors: Mapping[str, Floats], policy: tables.Table
) -> dict[str, float]:
    """Each factor per step, under the discounted visits of a policy (action numbers or probabilities)."""
    visits = tables.occupancy(mdp, policy)[..., None] * mdp.transition * (1 - mdp.discount)
    return {name: float(np.sum(visits * table)) for name, table in factors.items()}


def weighted_policy(
    mdp: tables.TabularMDP, factors: Mapping[str, Floats], weights: Mapping[str, float]
) -> tables.Table:
    """The optimal policy ``(S,)`` of a weighted sum of factors."""
    reward = np.zeros((mdp.states, mdp.actions))
    for name, weight in weights.items():
        reward = reward + weight * np.sum(mdp.transition * factors[name], axis=-1)
    return tables.policy_iteration(mdp.with_reward(reward))[0]
