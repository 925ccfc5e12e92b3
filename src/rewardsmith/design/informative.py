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

from ..core.errors import BadInput
from ..core.mdp import Floats, Table, TabularMDP, optimal_actions
from .preserving import InfeasibleMargin as InfeasibleMargin
from .preserving import Preserving, entries, scipy_parts
from .preserving import target_margins as target_margins

HORIZONS = (1, 4, 8, 16, 32)


@dataclass(frozen=True, eq=False)
class Designed:
    """A designed reward table ``(S, A)``, where it may pay, and how informative it is (at most 0)."""

    reward: Floats
    active: tuple[int, ...]
    informativeness: float


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
    active: Sequence[int] | Table,
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
    problem = _Problem.of(mdp, [int(s) for s in active], reward_bound, horizons, targets, margins)
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
    """The rows that keep the targets optimal, and one ``look`` per horizon at the free entries of R."""

    keep: Preserving
    active: tuple[int, ...]
    horizons: tuple[int, ...]
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
        if not horizons or min(horizons) < 0:
            raise BadInput("EXPRD", tuple(horizons), "horizons >= 0, at least one")
        keep = Preserving.of(mdp, entries(mdp, active), bound, targets, margins)
        other, pi = ~keep.targets & ~mdp.ends[:, None], keep.policy
        looks = tuple(
            ((pi * q).sum(-1, keepdims=True) - q)[:, other].T
            for q in _truncated_q(mdp, pi, keep.basis, horizons)
        )
        return cls(keep, tuple(int(s) for s in active), tuple(horizons), looks)

    def solve(self, sparsity: float) -> Designed:
        """The linear programme over ``(r, slack per horizon and state, |r|)``."""
        sparse, linprog = scipy_parts()
        keep, mdp = self.keep, self.keep.mdp
        count, states = keep.gaps.shape[1], mdp.states
        slacks = len(self.horizons) * states
        state_of_row = np.nonzero(~keep.targets & ~mdp.ends[:, None])[0]
        select = sparse.csr_matrix(
            (np.ones(len(state_of_row)), (np.arange(len(state_of_row)), state_of_row)),
            (len(state_of_row), states),
        )
        eye, nothing = sparse.identity(count), sparse.csr_matrix((count, slacks))
        rows = [[-keep.gaps, sparse.csr_matrix((len(keep.need), slacks)), None]]
        rows.append(
            [-sparse.csr_matrix(np.vstack(self.looks)), sparse.block_diag([-select] * len(self.horizons)), None]
        )
        rows += [[eye, nothing, -eye], [-eye, nothing, -eye]]
        upper = sparse.bmat(rows, format="csr")
        limits = np.concatenate([-keep.need, *[-keep.need] * len(self.horizons), np.zeros(2 * count)])
        width = 2 * count + slacks
        equal = sparse.hstack(
            [sparse.csr_matrix(keep.ties), sparse.csr_matrix((len(keep.ties), width - count))]
        )
        cost = np.concatenate([np.zeros(count), np.full(slacks, 1 / slacks), np.full(count, sparsity)])
        bounds = [(-keep.bound, keep.bound)] * count + [(0, None)] * (width - count)
        found = linprog(
            cost, A_ub=upper, b_ub=limits, A_eq=equal if len(keep.ties) else None,
            b_eq=np.zeros(len(keep.ties)) if len(keep.ties) else None, bounds=bounds, method="highs",
        )  # fmt: skip
        if found.status == 2:
            raise keep.infeasible()
        if found.status != 0:
            raise ArithmeticError(f"the linear programme did not finish: {found.message}")
        reward = np.zeros((states, mdp.actions))
        reward[list(self.active)] = found.x[:count].reshape(len(self.active), -1)
        value = informativeness(mdp, reward, self.horizons, keep.targets, keep.margins)
        return Designed(reward, self.active, value)


def _truncated_q(mdp: TabularMDP, pi: Table, reward: Floats, horizons: Sequence[int]) -> list[Floats]:
    """``Q_h = sum_{t <= h} discount^t P_pi^t R`` for each h, for a stack of rewards."""
    wanted: dict[int, Any] = {}
    q = reward
    for h in range(max(horizons) + 1):
        if h in horizons:
            wanted[h] = q
        q = reward + mdp.discount * np.einsum("sat,...t->...sa", mdp.transition, (pi * q).sum(-1))
    return [wanted[h] for h in horizons]
