"""Exact STARC distances where most transitions cannot happen: tens of thousands of states in a second.

Nothing of size S x S is built.  Values come from BiCGSTAB on ``(I - discount P_pi) v = r_pi``, checked by the
bound ``max |v - v*| <= max |residual| / (1 - discount)`` and replaced by a sparse LU decomposition if it is
missed; the projection from conjugate gradients on its normal equations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ...core.errors import BadInput, MissingExtra
from ...core.mdp import TabularMDP
from .canonical import Floats, Table
from .distance import Distance, scaled, weighted_norm

Sparse: TypeAlias = Any  # scipy.sparse has no common type for its formats
# Relative to the largest possible value; the dense solver is as exact.
TOLERANCE = 1e-10


@dataclass(frozen=True, eq=False, repr=False)
class SparseDynamics:
    """An MDP without its reward, by its possible transitions.

    Args:
        transition: SciPy sparse ``(S*A, S)``; row ``s * A + a`` sums to 1.
        discount: in [0, 1).
        terminal: ``(S,)`` bools, default none; made absorbing, and nothing is paid there.

    Raises:
        BadInput: a shape, a probability or a discount that is none.
        MissingExtra: SciPy is not installed.
    """

    transition: Sparse
    discount: float
    terminal: Table | None = None

    def __post_init__(self) -> None:
        sparse, _ = _scipy()
        moves = sparse.csr_matrix(self.transition, dtype=np.float64)
        rows, states = moves.shape
        if states == 0 or rows == 0 or rows % states:
            raise BadInput("transition", f"shape {moves.shape}", "(S*A, S)")
        if not 0 <= self.discount < 1:
            raise BadInput("discount", self.discount, "0 <= discount < 1", "returns must be finite")
        ends = np.zeros(states, bool) if self.terminal is None else np.array(self.terminal, dtype=bool)
        if ends.shape != (states,):
            raise BadInput("terminal", f"shape {ends.shape}", f"({states},)")
        stays = np.repeat(ends, rows // states)
        stay = sparse.csr_matrix(
            (np.ones(rows), (np.arange(rows), np.repeat(np.arange(states), rows // states))), moves.shape
        )
        moves = (sparse.diags_array(1.0 - stays) @ moves + sparse.diags_array(1.0 * stays) @ stay).tocsr()
        moves.eliminate_zeros()
        if (moves.data < 0).any() or not np.allclose(moves.sum(1), 1, atol=1e-9):
            raise BadInput("transition", "rows that are not probabilities", "numbers >= 0 that sum to 1")
        for name, each in (("transition", moves), ("terminal", ends), ("discount", float(self.discount))):
            object.__setattr__(self, name, each)

    def __repr__(self) -> str:
        return f"SparseDynamics(states={self.states}, actions={self.actions}, discount={self.discount})"

    @property
    def states(self) -> int:
        """Number of states."""
        return self.transition.shape[1]

    @property
    def actions(self) -> int:
        """Number of actions."""
        return self.transition.shape[0] // self.transition.shape[1]

    @property
    def live(self) -> Floats:
        """``(S,)``: 1.0 where an episode goes on, 0.0 at terminal states."""
        return 1.0 - np.asarray(self.terminal)

    @classmethod
    def of(cls, mdp: TabularMDP) -> SparseDynamics:
        """Of a dense MDP."""
        sparse, _ = _scipy()
        table = mdp.transition.reshape(mdp.states * mdp.actions, mdp.states)
        return cls(sparse.csr_matrix(table), mdp.discount, mdp.ends)


def sparse_value(dynamics: SparseDynamics, reward: Table | Sparse, policy: Table | None = None) -> Floats:
    """VAL as in ``value``, ``(S, A)``.

    Args:
        dynamics: the dynamics.
        reward: ``(S, A)`` expected rewards, or sparse ``(S*A, S)`` of ``R(s, a, s')`` (0 where not stored).
        policy: ``(S, A)`` probabilities; uniform if None.
    """
    rewards, pi = sparse_expected(dynamics, reward), _policy(dynamics, policy)
    values = _values(dynamics, rewards, pi)
    ahead = (dynamics.transition @ values).reshape(rewards.shape)
    return (rewards - values[:, None] + dynamics.discount * ahead) * dynamics.live[:, None]


def sparse_minimal(dynamics: SparseDynamics, reward: Table | Sparse) -> Floats:
    """The smallest equivalent reward as in ``minimal``, ``(S, A)``: ``r - M phi``, ``M^T M phi = M^T r``.

    Raises:
        BadInput: conjugate gradients do not converge (a discount within rounding of 1).
    """
    sparse, solvers = _scipy()
    rewards = sparse_expected(dynamics, reward)
    live = np.flatnonzero(dynamics.live)
    if live.size == 0:
        return rewards
    own = sparse.kron(sparse.eye_array(dynamics.states), np.ones((dynamics.actions, 1)))
    rows = (live[:, None] * dynamics.actions + np.arange(dynamics.actions)).ravel()
    shapings = (dynamics.discount * dynamics.transition - own).tocsr()[rows][:, live]
    normal = (shapings.T @ shapings).tocsr()
    jacobi = sparse.diags_array(1 / normal.diagonal())
    left = rewards.ravel()[rows]
    # The second round removes what rounding left in the first.
    for _ in range(2):
        wanted = shapings.T @ left
        phi, failed = solvers.cg(normal, wanted, rtol=1e-13, maxiter=20 * len(live), M=jacobi)
        if failed:
            raise BadInput("discount", dynamics.discount, "one at which conjugate gradients converge")
        left = left - shapings @ phi
    result = np.zeros(rewards.size)
    result[rows] = left
    return result.reshape(rewards.shape)


FORMS = {"starc": sparse_value, "starc-minimal": sparse_minimal}


def sparse_distance(
    dynamics: SparseDynamics,
    first: Table | Sparse,
    second: Table | Sparse,
    kind: str = "starc",
    norm: float = 2,
) -> Distance:
    """The same number as ``distance`` for the kinds ``starc`` and ``starc-minimal``.

    EPIC, DARD and SRRD read rewards of transitions that cannot happen: they are dense by definition.

    Example:
        >>> from rewardsmith.core.mdp import chain, potential_shaping
        >>> mdp = chain(2, 3)
        >>> shaped = potential_shaping(mdp, [0, 3, 1, 4, 1, 5])
        >>> dynamics = SparseDynamics.of(mdp)
        >>> print(sparse_distance(dynamics, mdp.expected_reward, mdp.with_reward(shaped).expected_reward))
        starc 0.0
    """
    if kind not in FORMS:
        raise BadInput("kind of distance", repr(kind), ", ".join(FORMS), "the others are dense by definition")
    if not norm >= 1:
        raise BadInput("norm", norm, "p >= 1, or infinity")
    weights = np.broadcast_to(dynamics.live[:, None], (dynamics.states, dynamics.actions))
    units: list[Floats] = []
    trivial: list[bool] = []
    for reward in (first, second):
        rewards = sparse_expected(dynamics, reward)
        unit, flag = scaled(FORMS[kind](dynamics, rewards), np.abs(rewards).max(), weights, norm)
        units.append(unit)
        trivial.append(bool(flag))
    apart = 0.5 * weighted_norm(units[0] - units[1], weights, norm)
    return Distance(min(1.0, float(apart)), any(trivial), kind, float(norm))


def sparse_expected(dynamics: SparseDynamics, reward: Table | Sparse) -> Floats:
    """``R(s, a)`` of a dense ``(S, A)`` table or a sparse ``(S*A, S)`` one, 0 at terminal states."""
    sparse, _ = _scipy()
    shape = (dynamics.states, dynamics.actions)
    if sparse.issparse(reward):
        if reward.shape != dynamics.transition.shape:
            raise BadInput("reward", f"shape {reward.shape}", f"{dynamics.transition.shape} or {shape}")
        table = np.asarray(dynamics.transition.multiply(reward).sum(1)).reshape(shape)
    else:
        table = np.asarray(reward, dtype=np.float64)
    if table.shape != shape:
        raise BadInput("reward", f"shape {table.shape}", f"{shape} or sparse {dynamics.transition.shape}")
    table = np.where(dynamics.live[:, None] > 0, table, 0.0)
    if not np.isfinite(table).all():
        raise BadInput("reward", "NaN or infinity", "finite numbers wherever a transition can happen")
    return table


def _policy(dynamics: SparseDynamics, policy: Table | None) -> Floats:
    shape = (dynamics.states, dynamics.actions)
    if policy is None:
        return np.full(shape, 1 / dynamics.actions)
    pi = np.asarray(policy, dtype=np.float64)
    if pi.shape != shape or (pi < 0).any() or not np.allclose(pi.sum(-1), 1, atol=1e-9):
        raise BadInput("policy", f"shape {pi.shape}", f"{shape}, rows of probabilities")
    return pi


def _values(dynamics: SparseDynamics, rewards: Floats, pi: Floats) -> Floats:
    sparse, solvers = _scipy()
    states, actions = pi.shape
    places = np.arange(states * actions)
    mix = sparse.csr_matrix((pi.ravel(), (places // actions, places)), (states, states * actions))
    system = (sparse.eye_array(states) - dynamics.discount * (mix @ dynamics.transition)).tocsr()
    wanted = (pi * rewards).sum(-1)
    limit = TOLERANCE * max(np.abs(wanted).max(), 1e-300)  # the bounds' 1 / (1 - discount) cancels
    values, residual = np.zeros(states), wanted
    for _ in range(3):
        if np.abs(residual).max() <= 1e-4 * limit:
            return values
        step, _failed = solvers.bicgstab(system, residual, rtol=1e-13, maxiter=5000)
        values = values + step
        residual = wanted - system @ values
    if np.isfinite(residual).all() and np.abs(residual).max() <= limit:
        return values
    return solvers.splu(system.tocsc()).solve(wanted)


def _scipy() -> tuple[Any, Any]:
    try:
        import scipy.sparse
        import scipy.sparse.linalg
    except ImportError:
        raise MissingExtra("scipy", "measure", "distances on sparse dynamics") from None
    return scipy.sparse, scipy.sparse.linalg
