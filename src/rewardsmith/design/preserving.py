"""What every designed reward must satisfy: the target actions stay optimal, by a margin.

Linear rows over the weights ``w`` of ``R = sum_f w_f basis_f``; EXPRD and ExpAdaRD maximise under them.
Source: Devidze, Radanovic, Kamalaruban and Singla (NeurIPS 2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import BadInput, MissingExtra
from ..core.mdp import Floats, Table, TabularMDP, optimal_actions, q_values


class InfeasibleMargin(BadInput):
    """No reward within the bounds reaches the margins.

    ``largest_scale``: the largest share of the margins that can be reached.  ``certificate``: multipliers
    ``(y_gap, y_tie)`` of the gap and tie rows with ``y_gap >= 0`` and ``y_gap @ margins = 1``; then
    ``largest_scale`` is the maximum of ``(gaps.T @ y_gap + ties.T @ y_tie) @ w`` over the rewards within
    ``reward_bound``, and bounds the share from above.  Where each weight is one entry of R, that maximum is
    ``reward_bound * |gaps.T @ y_gap + ties.T @ y_tie|_1``.
    """

    def __init__(self, largest_scale: float, certificate: tuple[Floats, Floats], reward_bound: float) -> None:
        super().__init__(
            "margins",
            f"margins of which at most {largest_scale:.6g} can be reached with |R| <= {reward_bound:g}",
            f"margins scaled by {largest_scale:.6g} or less, a larger reward bound or more active states",
        )
        self.largest_scale, self.certificate, self.reward_bound = largest_scale, certificate, reward_bound


def target_margins(mdp: TabularMDP, targets: Table) -> Floats:
    """``delta_s``: what the best non-target action of each state loses, under the MDP's own reward."""
    q = q_values(mdp)
    best_other = np.where(targets, -np.inf, q).max(-1)
    return np.where(targets.all(-1), 0.0, q.max(-1) - best_other)


def entries(mdp: TabularMDP, active: Sequence[int]) -> Floats:
    """The basis ``(F, S, A)`` of the rewards that pay only in ``active`` states, one table per entry.

    Raises:
        BadInput: a state twice, unknown, or none at all.

    Example:
        >>> from rewardsmith.core.mdp import chain
        >>> entries(chain(1, 2), [2]).shape  # two actions in one state
        (2, 4, 2)
    """
    active = tuple(int(s) for s in active)
    if len(set(active)) != len(active) or not set(active) <= set(range(mdp.states)) or not active:
        raise BadInput("active", active, f"distinct states 0..{mdp.states - 1}, at least one")
    basis = np.zeros((len(active), mdp.actions, mdp.states, mdp.actions))
    for index, s in enumerate(active):
        basis[index, :, s] = np.eye(mdp.actions)
    return basis.reshape(-1, mdp.states, mdp.actions)


@dataclass(frozen=True, eq=False)
class Preserving:
    """Rows over the weights: ``gaps @ w >= need``, ``ties @ w = 0`` and ``|R| <= bound``.

    ``Q(s, target) - Q(s, a) >= margins[s]`` for every action that is not a target, equality among the
    targets of a state; Q along the uniform policy over targets.
    """

    mdp: TabularMDP
    basis: Floats
    bound: float
    targets: Table
    margins: Floats
    gaps: Floats
    need: Floats
    ties: Floats

    @classmethod
    def of(
        cls, mdp: TabularMDP, basis: Table, bound: float, targets: Table | None, margins: Table | None
    ) -> Preserving:
        """The rows of a basis ``(F, S, A)``; targets are all optimal actions, margins their own, by default."""
        targets = optimal_actions(mdp) if targets is None else np.asarray(targets, dtype=bool)
        if targets.shape != (mdp.states, mdp.actions) or not targets.any(-1).all():
            raise BadInput("targets", f"shape {targets.shape}", "(S, A) with a target action in every state")
        if not 0 < bound < np.inf:
            raise BadInput("reward_bound", bound, "a finite number > 0")
        margins = target_margins(mdp, targets) if margins is None else np.asarray(margins, dtype=np.float64)
        if margins.shape != (mdp.states,) or not np.isfinite(margins).all():
            raise BadInput("margins", f"shape {margins.shape}", f"({mdp.states},) finite numbers")
        basis = np.asarray(basis, dtype=np.float64)
        if (
            basis.ndim != 3
            or basis.shape[1:] != targets.shape
            or not len(basis)
            or not np.isfinite(basis).all()
        ):
            raise BadInput("features", f"shape {basis.shape}", f"(F, {mdp.states}, {mdp.actions}), finite")
        basis = np.where(mdp.ends[:, None], 0.0, basis)  # where nothing pays any more
        forever = discounted_q(mdp, targets / targets.sum(-1, keepdims=True), basis)
        other = ~targets & ~mdp.ends[:, None]
        first = targets.argmax(-1)
        tied = targets & ~mdp.ends[:, None] & (np.arange(mdp.actions) != first[:, None])
        gap = np.take_along_axis(forever, first[None, :, None], -1) - forever
        need = np.broadcast_to(margins[:, None], other.shape)[other]
        return cls(mdp, basis, float(bound), targets, margins, gap[:, other].T, need, gap[:, tied].T)

    @property
    def policy(self) -> Floats:
        """The uniform policy over target actions, ``(S, A)``."""
        return self.targets / self.targets.sum(-1, keepdims=True)

    def infeasible(self) -> InfeasibleMargin:
        """The largest t with ``gaps @ w >= t * need``, and the dual that proves it."""
        _, linprog = scipy_parts()
        count, table = self.gaps.shape[1], self.basis.reshape(len(self.basis), -1).T
        used = table[np.abs(table).max(-1) > 0]
        upper = np.hstack([-self.gaps, self.need[:, None]])
        within = np.hstack([np.vstack([used, -used]), np.zeros((2 * len(used), 1))])
        equal = np.hstack([self.ties, np.zeros((len(self.ties), 1))])
        found = linprog(
            np.append(np.zeros(count), -1.0), A_ub=np.vstack([upper, within]),
            b_ub=np.append(np.zeros(len(upper)), np.full(len(within), self.bound)),
            A_eq=equal if len(equal) else None, b_eq=np.zeros(len(equal)) if len(equal) else None,
            bounds=[(None, None)] * (count + 1), method="highs",
        )  # fmt: skip
        tie = -found.eqlin.marginals if len(equal) else np.zeros(0)
        return InfeasibleMargin(float(found.x[-1]), (-found.ineqlin.marginals[: len(upper)], tie), self.bound)


def discounted_q(mdp: TabularMDP, pi: Table, reward: Floats) -> Floats:
    """Action values ``(..., S, A)`` of a policy for a stack of rewards ``(..., S, A)``."""
    chained = np.einsum("sa,sat->st", pi, mdp.transition)
    matrix = np.eye(mdp.states) - mdp.discount * chained
    values = np.linalg.solve(matrix, (pi * reward).sum(-1)[..., None])[..., 0]
    return reward + mdp.discount * np.einsum("sat,...t->...sa", mdp.transition, values)


def scipy_parts() -> tuple[Any, Any]:
    """``scipy.sparse`` and ``linprog``, which only the design of rewards needs."""
    try:
        import scipy.sparse
        from scipy.optimize import linprog
    except ImportError:
        raise MissingExtra("scipy", "zoo", "a designed reward's linear programme") from None
    return scipy.sparse, linprog
