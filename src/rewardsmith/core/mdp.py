"""Tabular Markov decision processes, solved exactly: the oracle of tests and measures.

Letters in comments and shapes: S states, A actions.  Policies are ``(S, A)`` probabilities or ``(S,)``
action numbers.  Everything is a linear solve or policy iteration in float64; nothing is sampled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .algebra import Reward, Scope, require_scope
from .errors import BadInput
from .fields import NEXT

Floats = np.ndarray[Any, np.dtype[np.float64]]
Table = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False, repr=False)
class TabularMDP:
    """A finite MDP.  Terminal states are made absorbing and pay 0, so occupancies keep their full mass.

    Args:
        transition: ``(S, A, S)``; ``transition[s, a]`` sums to 1.
        reward: ``(S, A)`` or ``(S, A, S)``; NaN only at transitions of probability 0.
        discount: in [0, 1).
        initial: ``(S,)``, sums to 1.
        terminal: ``(S,)`` bools; default none.
    """

    transition: Table
    reward: Table
    discount: float
    initial: Table
    terminal: Table | None = None

    def __post_init__(self) -> None:
        transition, reward, initial = (
            np.array(table, dtype=np.float64) for table in (self.transition, self.reward, self.initial)
        )
        if transition.ndim != 3 or transition.shape[0] != transition.shape[2] or 0 in transition.shape:
            raise BadInput("transition", f"shape {transition.shape}", "(S, A, S)")
        states, actions = transition.shape[:2]
        if reward.shape not in {(states, actions), transition.shape}:
            raise BadInput("reward", f"shape {reward.shape}", f"({states}, {actions}) or {transition.shape}")
        terminal = np.zeros(states, bool) if self.terminal is None else np.array(self.terminal, dtype=bool)
        for name, table in (("initial", initial), ("terminal", terminal)):
            if table.shape != (states,):
                raise BadInput(name, f"shape {table.shape}", f"({states},)")
        if not 0 <= self.discount < 1:
            raise BadInput("discount", self.discount, "0 <= discount < 1", "returns must be finite")
        transition[terminal] = np.eye(states)[terminal][:, None, :]
        reward[terminal] = 0.0
        for name, table in (("transition", transition), ("initial", initial)):
            if (table < 0).any() or not np.allclose(table.sum(-1), 1, atol=1e-9):
                raise BadInput(name, "rows that are not probabilities", "numbers >= 0 that sum to 1")
        used = transition > 0 if reward.ndim == 3 else np.ones_like(reward, bool)
        if not np.isfinite(reward[used]).all():
            raise BadInput("reward", "NaN or infinity", "finite numbers wherever a transition can happen")
        tables = {"transition": transition, "reward": reward, "initial": initial, "terminal": terminal}
        for name, table in tables.items():
            table.setflags(write=False)
            object.__setattr__(self, name, table)
        object.__setattr__(self, "discount", float(self.discount))

    def __repr__(self) -> str:
        return f"TabularMDP(states={self.states}, actions={self.actions}, discount={self.discount})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TabularMDP) and self._content() == other._content()

    def __hash__(self) -> int:
        return hash(self._content())

    def _content(self) -> tuple[Any, ...]:
        tables = (self.transition, self.reward, self.initial, self.ends)
        return (self.discount, self.reward.shape, *(table.tobytes() for table in tables))

    @property
    def states(self) -> int:
        """Number of states."""
        return self.transition.shape[0]

    @property
    def actions(self) -> int:
        """Number of actions."""
        return self.transition.shape[1]

    @property
    def ends(self) -> Table:
        """``terminal`` as an array, also where it was not given."""
        return np.asarray(self.terminal)

    @property
    def expected_reward(self) -> Floats:
        """``R(s, a) = sum_s' P(s'|s, a) R(s, a, s')``, shape ``(S, A)``."""
        if self.reward.ndim == 2:
            return self.reward
        return (self.transition * np.where(self.transition > 0, self.reward, 0.0)).sum(-1)

    def with_reward(self, reward: Table) -> TabularMDP:
        """The same dynamics with another reward table."""
        return replace(self, reward=reward)

    def transitions(self) -> tuple[Table, Table, Table]:
        """Numbers ``(s, a, s')`` of all transitions that can happen from states that are not terminal."""
        s, a, after = np.nonzero((self.transition > 0) & ~self.ends[:, None, None])
        return s, a, after

    def paid(self, s: Table, a: Table, after: Table) -> Floats:
        """What its own reward pays for transitions: numbers of states and actions, of one shape.

        Example:
            >>> mdp = chain(1, 2)
            >>> mdp.paid(*mdp.transitions()).tolist()  # to the left end, on, back, and to the right end
            [0.1, 0.0, 0.0, 1.0]
        """
        return self.reward[s, a, after] if self.reward.ndim == 3 else self.reward[s, a]

    def batch(self, fields: Mapping[str, Table] | None = None) -> dict[str, Table]:
        """All possible transitions as a batch of N one-step episodes, arrays of shape ``(N, 1, ...)``.

        Contains ``state``, ``next_state``, ``action``, ``terminated`` and, for each entry of ``fields``
        (an array whose first axis is S), the field and its twin.
        """
        s, a, after = (index[:, None] for index in self.transitions())
        batch: dict[str, Table] = {"action": a, "terminated": self.ends[after]}
        for name, values in {"state": np.arange(self.states), **(fields or {})}.items():
            values = np.asarray(values)
            if values.shape[:1] != (self.states,):
                raise BadInput(f"field {name}", f"shape {values.shape}", f"({self.states}, ...)")
            batch[name], batch[NEXT + name] = values[s], values[after]
        return batch


def tabulate(reward: Reward, mdp: TabularMDP, fields: Mapping[str, Table] | None = None) -> Floats:
    """Evaluate a step reward on every possible transition: ``(S, A, S)``, NaN at impossible ones.

    Every transition is judged alone: statistics that a transform carries from step to step start anew.

    Raises:
        ScopeError: the reward must see whole episodes or groups.

    Example: ``mdp.with_reward(tabulate(reward, mdp, {"x": positions}))``.
    """
    require_scope(reward, Scope.STEP, "a tabular MDP")
    table = np.full(mdp.transition.shape, np.nan)
    table[mdp.transitions()] = np.asarray(reward(mdp.batch(fields)), dtype=np.float64)[:, 0]
    table[mdp.ends] = 0.0
    return table


def as_policy(mdp: TabularMDP, policy: Table) -> Floats:
    """``(S, A)`` probabilities from action numbers ``(S,)`` or from probabilities, checked."""
    policy = np.asarray(policy)
    if policy.shape == (mdp.states,):
        if policy.dtype.kind not in "iu" or policy.min() < 0 or policy.max() >= mdp.actions:
            raise BadInput("policy", "action numbers out of range", f"integers 0..{mdp.actions - 1}")
        return np.eye(mdp.actions)[policy]
    if policy.shape != (mdp.states, mdp.actions):
        raise BadInput("policy", f"shape {policy.shape}", f"({mdp.states},) or ({mdp.states}, {mdp.actions})")
    if (policy < 0).any() or not np.allclose(policy.sum(-1), 1, atol=1e-9):
        raise BadInput("policy", "rows that are not probabilities", "numbers >= 0 that sum to 1")
    return policy.astype(np.float64)


def evaluate_policy(mdp: TabularMDP, policy: Table) -> Floats:
    """State values ``(S,)``: solves ``(I - discount P_pi) v = r_pi``."""
    pi = as_policy(mdp, policy)
    chained = np.einsum("sa,sat->st", pi, mdp.transition)
    return np.linalg.solve(np.eye(mdp.states) - mdp.discount * chained, (pi * mdp.expected_reward).sum(-1))


def backup(mdp: TabularMDP, values: Table) -> Floats:
    """One-step look-ahead ``Q(s, a) = R(s, a) + discount sum_s' P(s'|s, a) v(s')``, shape ``(S, A)``."""
    return mdp.expected_reward + mdp.discount * (mdp.transition @ values)


def policy_iteration(mdp: TabularMDP, tolerance: float = 1e-12) -> tuple[Table, Floats]:
    """An optimal deterministic policy ``(S,)`` and the optimal values ``(S,)``.

    An action is only exchanged for one that is better by more than ``tolerance`` (relative to the size of
    the values), so ties cannot make it cycle.
    """
    policy = np.zeros(mdp.states, dtype=np.int64)
    everyone = np.arange(mdp.states)
    while True:
        values = evaluate_policy(mdp, policy)
        q = backup(mdp, values)
        better = q.max(-1) > q[everyone, policy] + tolerance * (1 + np.abs(values).max())
        if not better.any():
            return policy, values
        policy = np.where(better, q.argmax(-1), policy)


def value_iteration(mdp: TabularMDP, tolerance: float = 1e-10) -> Floats:
    """Optimal values ``(S,)``, each within ``tolerance`` of the truth (contraction bound)."""
    values = np.zeros(mdp.states)
    while True:
        new = backup(mdp, values).max(-1)
        done = mdp.discount * np.abs(new - values).max() <= tolerance * (1 - mdp.discount)
        values = new
        if done:
            return values


def q_values(mdp: TabularMDP, policy: Table | None = None) -> Floats:
    """Action values ``(S, A)`` of a policy; of the optimal ones without a policy."""
    return backup(mdp, policy_iteration(mdp)[1] if policy is None else evaluate_policy(mdp, policy))


def advantages(mdp: TabularMDP, policy: Table | None = None) -> Floats:
    """``Q(s, a) - V(s)``, shape ``(S, A)``, of a policy or of the optimal ones."""
    values = policy_iteration(mdp)[1] if policy is None else evaluate_policy(mdp, policy)
    return backup(mdp, values) - values[:, None]


def optimal_actions(mdp: TabularMDP, tolerance: float = 1e-9) -> Table:
    """Bools ``(S, A)``: every action within ``tolerance`` of the best one; the set of optimal policies."""
    q = q_values(mdp)
    return q >= q.max(-1, keepdims=True) - tolerance


def occupancy(mdp: TabularMDP, policy: Table) -> Floats:
    """Discounted state-action visits ``(S, A)``: ``sum_t discount^t Pr(s_t = s, a_t = a)``.

    Sums to ``1 / (1 - discount)``; the return of the policy is ``(occupancy * R).sum()``.
    """
    pi = as_policy(mdp, policy)
    chained = np.einsum("sa,sat->st", pi, mdp.transition)
    visits = np.linalg.solve((np.eye(mdp.states) - mdp.discount * chained).T, mdp.initial)
    return visits[:, None] * pi


def performance(mdp: TabularMDP, policy: Table) -> float:
    """Expected discounted return from the initial distribution."""
    return float(mdp.initial @ evaluate_policy(mdp, policy))


def regret(mdp: TabularMDP, policy: Table) -> float:
    """``J(optimal) - J(policy)``, at least 0 up to rounding."""
    return float(mdp.initial @ policy_iteration(mdp)[1]) - performance(mdp, policy)


def invariance_violation(mdp: TabularMDP, reward: Table, tolerance: float = 1e-9) -> float:
    """What trusting another reward can cost: 0 when all its optimal policies are optimal for the MDP's own.

    ``max_s [V*(s) - min_{pi optimal for reward} V_pi(s)]`` under the MDP's own reward; the minimum runs
    over all optimal policies, ties included (actions within ``tolerance``).
    """
    allowed = optimal_actions(mdp.with_reward(reward), tolerance)
    # The worst allowed policy: policy iteration on the negated reward, forbidden actions out of reach.
    policy = allowed.argmax(-1)
    everyone = np.arange(mdp.states)
    while True:
        values = evaluate_policy(mdp, policy)
        q = np.where(allowed, backup(mdp, values), np.inf)
        worse = q.min(-1) < q[everyone, policy] - 1e-12 * (1 + np.abs(values).max())
        if not worse.any():
            return float(max(0.0, (policy_iteration(mdp)[1] - values).max()))
        policy = np.where(worse, q.argmin(-1), policy)


def potential_shaping(mdp: TabularMDP, potential: Table) -> Floats:
    """Reward table ``(S, A, S)`` plus ``discount Phi(s') - Phi(s)``; Phi counts as 0 at terminal states.

    Source: Ng, Harada and Russell (1999).
    """
    phi = np.where(mdp.ends, 0.0, np.asarray(potential, dtype=np.float64))
    own = mdp.reward if mdp.reward.ndim == 3 else mdp.reward[:, :, None]
    return own + mdp.discount * phi[None, None, :] - phi[:, None, None]


def random_mdp(
    rng: np.random.Generator,
    states: int,
    actions: int,
    discount: float = 0.9,
    branching: int | None = None,
    concentration: float = 1.0,
) -> TabularMDP:
    """Dirichlet transitions to ``branching`` random successors (all by default), normal rewards.

    A ``concentration`` below 1 leaves each action only a few likely successors.
    """
    width = states if branching is None else branching
    if not 1 <= width <= states:
        raise BadInput("branching", width, f"1..{states}")
    successors = rng.random((states, actions, states)).argsort(-1)[:, :, :width]
    transition = np.zeros((states, actions, states))
    chances = rng.dirichlet(np.full(width, concentration), (states, actions))
    np.put_along_axis(transition, successors, chances, axis=-1)
    initial = rng.dirichlet(np.ones(states))
    return TabularMDP(transition, rng.normal(size=(states, actions)), discount, initial)


def chain(
    left: int, right: int, discount: float = 0.9, rewards: tuple[float, float] = (0.1, 1.0), slip: float = 0.0
) -> TabularMDP:
    """A corridor with the start inside: ``left`` steps to one terminal end, ``right`` steps to the other.

    Action 0 moves left, 1 right; with probability ``slip`` the move is the opposite.  Reaching the ends
    pays ``rewards`` (left, right).  A small near reward and a large far one make it deceptive.
    """
    if left < 1 or right < 1 or not 0 <= slip <= 1:
        raise BadInput("chain", (left, right, slip), "left, right >= 1 and 0 <= slip <= 1")
    states = left + right + 1
    transition = np.zeros((states, 2, states))
    for s in range(states):
        before, after = max(s - 1, 0), min(s + 1, states - 1)
        for action, (wanted, other) in enumerate(((before, after), (after, before))):
            transition[s, action, wanted] += 1 - slip
            transition[s, action, other] += slip
    reward = np.zeros(transition.shape)
    reward[1, :, 0], reward[-2, :, -1] = rewards
    terminal = np.isin(np.arange(states), (0, states - 1))
    return TabularMDP(transition, reward, discount, np.eye(states)[left], terminal)
