r"""Exact policies of tabular MDPs with constraints: linear programs over occupancies.

The occupancy of a policy, d(s, a) = \sum_t discount^t Pr(s_t = s, a_t = a), makes every return linear,
J = \sum d R, so an optimal policy under limits on other returns is the solution of a linear program.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import BadInput, MissingExtra
from ..core.mdp import TabularMDP

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, eq=False)
class Solution:
    """What the linear program came to.

    Args:
        feasible: False where no policy keeps all floors; the other entries are then NaN.
        policy: ``(S, A)`` probabilities; it may have to mix actions.
        occupancy: ``(S, A)``.
        value: the return that was maximised.
        returns: ``(F,)``, the returns with floors.
        multipliers: ``(F,)``, >= 0: what lowering a floor by one would gain.  They are the exact Lagrange
            multipliers: the policy maximises R + sum_f multipliers[f] R_f too.
    """

    feasible: bool
    policy: Floats
    occupancy: Floats
    value: float
    returns: Floats
    multipliers: Floats


def solve_constrained(
    mdp: TabularMDP, objective: Any, constrained: Sequence[Any] = (), floors: Sequence[float] = ()
) -> Solution:
    """The policy with the largest discounted return whose other returns reach their floors.

    Args:
        objective: reward table ``(S, A)``.
        constrained: reward tables ``(S, A)``; negate one to give it a ceiling.
        floors: the least discounted return of each.

    Raises:
        MissingExtra: SciPy is not installed.

    Source: Altman, "Constrained Markov Decision Processes", 1999, chapter 3.
    """
    try:
        from scipy.optimize import linprog
    except ImportError:
        raise MissingExtra("scipy", "zoo", "solving constrained MDPs") from None
    shape = (mdp.states, mdp.actions)
    tables = np.array([np.asarray(table, np.float64) for table in (objective, *constrained)])
    if tables.shape[1:] != shape or len(floors) != len(constrained):
        received = f"tables of shape {tables.shape[1:]}, {len(constrained)} constrained, {len(floors)} floors"
        raise BadInput("solve_constrained", received, f"tables {shape}, a floor for each constrained one")
    states, actions = shape
    # flow: sum_a d(s', a) - discount sum_{s, a} P(s'|s, a) d(s, a) = initial(s')
    flow = np.kron(np.eye(states), np.ones(actions)) - mdp.discount * mdp.transition.reshape(-1, states).T
    limits: dict[str, Any] = {}
    if floors:
        limits = {"A_ub": -tables[1:].reshape(len(floors), -1), "b_ub": -np.asarray(floors, np.float64)}
    found = linprog(-tables[0].ravel(), A_eq=flow, b_eq=mdp.initial, method="highs", **limits)
    if found.status == 2 or found.x is None:
        nothing = np.full(shape, np.nan)
        none = np.full(len(floors), np.nan)
        return Solution(False, nothing, nothing, float("nan"), none, none)
    occupancy = np.clip(found.x.reshape(shape), 0.0, None)
    visits = occupancy.sum(-1, keepdims=True)
    # a state that is never reached may do anything
    policy = np.where(visits > 1e-12, occupancy / np.where(visits > 1e-12, visits, 1.0), 1.0 / actions)
    returns = (tables * occupancy).sum((1, 2))
    multipliers = -np.asarray(found.ineqlin.marginals) if floors else np.zeros(0)
    return Solution(True, policy, occupancy, float(returns[0]), returns[1:], multipliers)


def pareto_extend(mdp: TabularMDP, objectives: Any, point: Any, index: int, slack: Any) -> Solution:
    """Push one objective from a known point while the others may fall by ``slack`` at most.

    Args:
        objectives: reward tables ``(K, S, A)``.
        point: returns ``(K,)`` of the policy to start from.
        index: the objective that is maximised.
        slack: ``(K,)`` or one number, >= 0, in units of the returns.  A share of the range of each objective is
            a good choice; a share of the return itself is not: it *raises* the floor of a negative one.

    Source: Liu et al., "C-MORL", arXiv:2410.02236, stage 2.
    """
    tables, point = np.asarray(objectives, np.float64), np.asarray(point, np.float64)
    if tables.ndim != 3 or point.shape != tables.shape[:1] or not 0 <= index < len(tables):
        received = f"objectives {tables.shape}, point {point.shape}, index {index}"
        raise BadInput("pareto_extend", received, "objectives (K, S, A), point (K,), 0 <= index < K")
    others = [k for k in range(len(tables)) if k != index]
    floors = point - np.asarray(slack, np.float64)
    return solve_constrained(mdp, tables[index], list(tables[others]), floors[others].tolist())
