"""EXPRD: the few, informative rewards that keep the optimal policies, as a linear programme.

Source: Devidze, Radanovic, Kamalaruban and Singla (NeurIPS 2021).  Differs from the paper: all target
actions of a state stay exactly equally good (an equality), so one programme serves all target policies
at once; the horizon terms follow the uniform policy over target actions instead of averaging over the
exponentially many deterministic ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import BadInput, MissingExtra
from ..core.mdp import Floats, Table, TabularMDP, optimal_actions, q_values

HORIZONS = (1, 4, 8, 16, 32)


class InfeasibleMargin(BadInput):
    """No reward within the bounds reaches the margins.

    ``largest_scale``: the largest share of the margins that can be reached.  ``certificate``: multipliers
    ``(y_gap, y_tie)`` of the gap and tie rows with ``y_gap >= 0`` and ``y_gap @ margins = 1``; then
    ``reward_bound * |gaps.T @ y_gap + ties.T @ y_tie|_1`` is ``largest_scale`` and bounds it from above.
    """

    def __init__(self, largest_scale: float, certificate: tuple[Floats, Floats], reward_bound: float) -> None:
        super().__init__(
            "margins",
            f"margins of which at most {largest_scale:.6g} can be reached with |R| <= {reward_bound:g}",
            f"margins scaled by {largest_scale:.6g} or less, a larger reward bound or more active states",
        )
        self.largest_scale, self.certificate, self.reward_bound = largest_scale, certificate, reward_bound


@dataclass(frozen=True, eq=False)
class Designed:
    """A designed reward table ``(S, A)``, where it may pay, and how informative it is (at most 0)."""

    reward: Floats
    active: tuple[int, ...]
    informativeness: float


def target_margins(mdp: TabularMDP, targets: Table) -> Floats:
    """``delta_s``: what the best non-target action of each state loses, under the MDP's own reward."""
    q = q_values(mdp)
    best_other = np.where(targets, -np.inf, q).max(-1)
    return np.where(targets.all(-1), 0.0, q.max(-1) - best_other)


def informativeness(
    mdp: TabularMDP,
    reward: Table,
    horizons: Sequence[int] = HORIZONS,
    targets: Table | None = None,
    margins: Table | None = None,
) -> float:
    """How clearly truncated look-ahead shows the target actions; 0 is best.

    ``I(R) = -mean_{h,s} max_a [delta_s - (Q_h(s, target) - Q_h(s, a))]_+`` over the non-target actions, where
    ``Q_h`` sums h + 1 discounted rewards along the target policy.
    """
    targets = optimal_actions(mdp) if targets is None else targets
    margins = target_margins(mdp, targets) if margins is None else np.asarray(margins)
    pi = targets / targets.sum(-1, keepdims=True)
    shortfall = []
    for q in _truncated_q(mdp, pi, np.asarray(reward, dtype=np.float64), horizons):
        gap = (pi * q).sum(-1, keepdims=True) - q
        missing = np.where(targets, 0.0, margins[:, None] - gap).max(-1)
        shortfall.append(np.maximum(missing, 0.0))
    return -float(np.mean(shortfall))


def exprd(
    mdp: TabularMDP,
    active: Sequence[int],
    reward_bound: float = 1.0,
    horizons: Sequence[int] = HORIZONS,
    sparsity: float = 0.0,
    targets: Table | None = None,
    margins: Table | None = None,
) -> Designed:
    """The most informative reward that pays only in ``active`` states and keeps the targets optimal.

    Maximises ``I(R) - sparsity * |R|_1`` subject to ``Q(s, target) - Q(s, a) >= delta_s`` for every non-target
    action, equality among targets, ``|R| <= reward_bound``, ``R(s, .) = 0`` outside ``active``.

    Args:
        targets: bools ``(S, A)``; default all optimal actions.
        margins: ``(S,)``; default the gaps of the MDP's own reward, which that reward itself reaches.

    Raises:
        InfeasibleMargin: with a certificate and the largest feasible share of the margins.
    """
    problem = _Problem.of(mdp, active, reward_bound, horizons, targets, margins)
    return problem.solve(sparsity)


@dataclass(frozen=True)
class Exprd:
    """The greedy choice of where to pay: states that pay already, then one more at a time.

    Args:
        extra: how many active states to add, each time the one that makes the design most informative.
        reward_bound, horizons, sparsity: as in ``exprd``.
    """

    extra: int = 5
    reward_bound: float = 1.0
    horizons: tuple[int, ...] = HORIZONS
    sparsity: float = 0.0

    def designs(self, mdp: TabularMDP) -> tuple[Designed, ...]:
        """The best designs with 0, 1, ..., ``extra`` states added."""
        paying = np.flatnonzero(np.abs(mdp.expected_reward).max(-1) > 0)
        found = [self._with(mdp, tuple(int(s) for s in paying))]
        for _ in range(self.extra):
            active = found[-1].active
            candidates = [s for s in range(mdp.states) if s not in active and not mdp.ends[s]]
            tried = [self._with(mdp, (*active, s)) for s in candidates]
            found.append(max(tried, key=lambda design: design.informativeness))
        return tuple(found)

    def _with(self, mdp: TabularMDP, active: tuple[int, ...]) -> Designed:
        return exprd(mdp, active, self.reward_bound, self.horizons, self.sparsity)


@dataclass(frozen=True, eq=False)
class _Problem:
    """Rows over the free entries of R: ``gaps @ r >= need``, ``ties @ r = 0``, one ``look`` per horizon."""

    mdp: TabularMDP
    active: tuple[int, ...]
    bound: float
    horizons: tuple[int, ...]
    targets: Table
    margins: Floats
    gaps: Floats
    need: Floats
    ties: Floats
    looks: tuple[Floats, ...]

    @classmethod
    def of(
        cls,
        mdp: TabularMDP,
        active: Sequence[int],
        bound: float,
        horizons: Sequence[int],
        targets: Table | None,
        margins: Table | None,
    ) -> _Problem:
        targets = optimal_actions(mdp) if targets is None else np.asarray(targets, dtype=bool)
        active = tuple(int(s) for s in active)
        if len(set(active)) != len(active) or not set(active) <= set(range(mdp.states)) or not active:
            raise BadInput("active states", active, f"distinct states 0..{mdp.states - 1}, at least one")
        if targets.shape != (mdp.states, mdp.actions) or not targets.any(-1).all():
            raise BadInput("targets", f"shape {targets.shape}", "(S, A) with a target action in every state")
        if bound <= 0 or not horizons or min(horizons) < 0:
            raise BadInput("EXPRD", (bound, tuple(horizons)), "reward_bound > 0 and horizons >= 0")
        margins = target_margins(mdp, targets) if margins is None else np.asarray(margins, dtype=np.float64)
        pi = targets / targets.sum(-1, keepdims=True)
        size = mdp.states * mdp.actions
        free = np.array([s * mdp.actions + a for s in active for a in range(mdp.actions)])
        unit = np.zeros((size, mdp.states, mdp.actions))
        unit[np.arange(size), np.arange(size) // mdp.actions, np.arange(size) % mdp.actions] = 1
        unit = unit[free]  # (F, S, A): each free entry of R alone
        forever = _discounted_q(mdp, pi, unit)
        other = ~targets & ~mdp.ends[:, None]
        first = targets.argmax(-1)
        tied = targets & ~mdp.ends[:, None] & (np.arange(mdp.actions) != first[:, None])
        lead = np.take_along_axis(forever, first[None, :, None], -1)
        gap = lead - forever
        looks = tuple(
            ((pi * q).sum(-1, keepdims=True) - q)[:, other].T for q in _truncated_q(mdp, pi, unit, horizons)
        )
        need = np.broadcast_to(margins[:, None], other.shape)[other]
        return cls(
            mdp, active, bound, tuple(horizons), targets, margins, gap[:, other].T, need, gap[:, tied].T, looks
        )

    def solve(self, sparsity: float) -> Designed:
        """The linear programme over ``(r, slack per horizon and state, |r|)``."""
        sparse, linprog = _scipy()
        count, states = self.gaps.shape[1], self.mdp.states
        slacks = len(self.horizons) * states
        state_of_row = np.nonzero(~self.targets & ~self.mdp.ends[:, None])[0]
        select = sparse.csr_matrix(
            (np.ones(len(state_of_row)), (np.arange(len(state_of_row)), state_of_row)),
            (len(state_of_row), states),
        )
        eye, nothing = sparse.identity(count), sparse.csr_matrix((count, slacks))
        rows = [[-self.gaps, sparse.csr_matrix((len(self.need), slacks)), None]]
        rows.append(
            [-sparse.csr_matrix(np.vstack(self.looks)), sparse.block_diag([-select] * len(self.horizons)), None]
        )
        rows += [[eye, nothing, -eye], [-eye, nothing, -eye]]
        upper = sparse.bmat(rows, format="csr")
        limits = np.concatenate([-self.need, *[-self.need] * len(self.horizons), np.zeros(2 * count)])
        width = 2 * count + slacks
        equal = sparse.hstack(
            [sparse.csr_matrix(self.ties), sparse.csr_matrix((len(self.ties), width - count))]
        )
        cost = np.concatenate([np.zeros(count), np.full(slacks, 1 / slacks), np.full(count, sparsity)])
        bounds = [(-self.bound, self.bound)] * count + [(0, None)] * (width - count)
        found = linprog(
            cost, A_ub=upper, b_ub=limits, A_eq=equal if len(self.ties) else None,
            b_eq=np.zeros(len(self.ties)) if len(self.ties) else None, bounds=bounds, method="highs",
        )  # fmt: skip
        if found.status == 2:
            raise self.infeasible()
        if found.status != 0:
            raise ArithmeticError(f"the linear programme did not finish: {found.message}")
        reward = np.zeros((states, self.mdp.actions))
        reward[list(self.active)] = found.x[:count].reshape(len(self.active), -1)
        value = informativeness(self.mdp, reward, self.horizons, self.targets, self.margins)
        return Designed(reward, self.active, value)

    def infeasible(self) -> InfeasibleMargin:
        """The largest t with ``gaps @ r >= t * need``, and the dual that proves it."""
        _, linprog = _scipy()
        count = self.gaps.shape[1]
        upper = np.hstack([-self.gaps, self.need[:, None]])
        equal = np.hstack([self.ties, np.zeros((len(self.ties), 1))])
        found = linprog(
            np.append(np.zeros(count), -1.0), A_ub=upper, b_ub=np.zeros(len(self.need)),
            A_eq=equal if len(equal) else None, b_eq=np.zeros(len(equal)) if len(equal) else None,
            bounds=[(-self.bound, self.bound)] * count + [(None, None)], method="highs",
        )  # fmt: skip
        tie = -found.eqlin.marginals if len(equal) else np.zeros(0)
        return InfeasibleMargin(float(found.x[-1]), (-found.ineqlin.marginals, tie), self.bound)


def _discounted_q(mdp: TabularMDP, pi: Table, reward: Floats) -> Floats:
    """Action values ``(..., S, A)`` of a policy for a stack of rewards ``(..., S, A)``."""
    chained = np.einsum("sa,sat->st", pi, mdp.transition)
    matrix = np.eye(mdp.states) - mdp.discount * chained
    values = np.linalg.solve(matrix, (pi * reward).sum(-1)[..., None])[..., 0]
    return reward + mdp.discount * np.einsum("sat,...t->...sa", mdp.transition, values)


def _truncated_q(mdp: TabularMDP, pi: Table, reward: Floats, horizons: Sequence[int]) -> list[Floats]:
    """``Q_h = sum_{t <= h} discount^t P_pi^t R`` for each h, for a stack of rewards."""
    wanted: dict[int, Any] = {}
    q = reward
    for h in range(max(horizons) + 1):
        if h in horizons:
            wanted[h] = q
        q = reward + mdp.discount * np.einsum("sat,...t->...sa", mdp.transition, (pi * q).sum(-1))
    return [wanted[h] for h in horizons]


def _scipy() -> tuple[Any, Any]:
    try:
        import scipy.sparse
        from scipy.optimize import linprog
    except ImportError:
        raise MissingExtra("scipy", "zoo", "EXPRD's linear programme") from None
    return scipy.sparse, linprog
