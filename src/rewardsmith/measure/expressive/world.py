"""World: an environment without a reward, and all that an objective can see of a stationary policy in it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from ...core.errors import BadInput

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, eq=False)
class World:
    """States, actions, transition ``(S, A, S)`` and initial distribution ``(S,)``.

    Args:
        steps: actions after which every trajectory has come to rest, so that trajectories are finitely many;
            0 where they are not.
    """

    transition: Floats
    initial: Floats
    steps: int = 0

    def __post_init__(self) -> None:
        shape = np.shape(self.transition)
        if len(shape) != 3 or shape[0] != shape[2] or np.shape(self.initial) != shape[:1]:
            raise BadInput("World", f"{shape}, {np.shape(self.initial)}", "(S, A, S) and (S,)")
        for table in (self.transition, self.initial):
            if (table < 0).any() or not np.allclose(table.sum(-1), 1.0):
                raise BadInput("World", "rows that are not probabilities", "numbers >= 0 that sum to 1")

    @property
    def states(self) -> int:
        """S."""
        return self.transition.shape[0]

    @property
    def actions(self) -> int:
        """A."""
        return self.transition.shape[1]

    def chain(self, policy: Floats) -> Floats:
        """``(S, S)`` transition probabilities under a policy ``(S, A)``."""
        return np.einsum("sa,saz->sz", self._checked(policy), self.transition)

    def occupancy(self, policy: Floats, discount: float) -> Floats:
        """Normalised discounted occupancy of (s, a), ``(S*A,)``, by a linear solve."""
        chain = self.chain(policy)
        visits = np.linalg.solve(np.eye(self.states) - discount * chain.T, (1 - discount) * self.initial)
        return (visits[:, None] * policy).ravel()

    def long_run(self, policy: Floats) -> Floats:
        """Limit-average occupancy of (s, a), ``(S*A,)``: the limit of powers of the lazy chain."""
        lazy = 0.5 * (np.eye(self.states) + self.chain(policy))
        for _ in range(60):  # 2^60 steps; rows are renormalised because rounding doubles with every square
            lazy = lazy @ lazy
            lazy /= lazy.sum(1, keepdims=True)
        return ((self.initial @ lazy)[:, None] * policy).ravel()

    def reaches(self, policy: Floats, goal: Floats) -> float:
        """Probability that a state of ``goal`` (bools, S) is ever visited."""
        live = ~np.asarray(goal, bool)
        chain = self.chain(policy)
        # states that cannot reach the goal have probability 0; without them the system is regular
        can = ~live
        for _ in range(self.states):
            can = can | ((chain[:, can] > 0).any(1))
        inside = live & can
        system = np.eye(int(inside.sum())) - chain[np.ix_(inside, inside)]
        chance = np.where(live, 0.0, 1.0)
        chance[inside] = np.linalg.solve(system, chain[inside][:, ~live].sum(1))
        return float(self.initial @ chance)

    def trajectories(self) -> tuple[tuple[int, ...], ...]:
        """All ``(s0, a0, s1, ..., s_steps)`` that can happen."""
        if not self.steps:
            raise BadInput("trajectories", "a world that never rests", "a world with steps > 0")
        states, actions = range(self.states), range(self.actions)
        found: list[tuple[int, ...]] = [(s,) for s in states if self.initial[s] > 0]
        for _ in range(self.steps):
            found = [
                (*path, a, z)
                for path, a, z in product(found, actions, states)
                if self.transition[path[-1], a, z] > 0
            ]
        return tuple(found)

    def lottery(self, policy: Floats) -> Floats:
        """Probability of each of ``trajectories()``: all that happens, exactly."""
        policy = self._checked(policy)
        return np.array(
            [
                self.initial[path[0]]
                * np.prod(
                    [
                        policy[s, a] * self.transition[s, a, z]
                        for s, a, z in zip(path[0:-1:2], path[1::2], path[2::2], strict=True)
                    ]
                )
                for path in self.trajectories()
            ]
        )

    def policy_of(self, occupancy: Floats) -> Floats:
        """The policy that an occupancy determines, uniform in states that are never visited."""
        table = occupancy.reshape(self.states, self.actions)
        visits = table.sum(1, keepdims=True)
        return np.where(visits > 1e-14, table / np.where(visits > 1e-14, visits, 1.0), 1.0 / self.actions)

    def deterministic(self) -> tuple[Floats, ...]:
        """All A^S deterministic policies."""
        choices = product(range(self.actions), repeat=self.states)
        return tuple(np.eye(self.actions)[list(choice)] for choice in choices)

    def _checked(self, policy: Floats) -> Floats:
        policy = np.asarray(policy, np.float64)
        if policy.shape != (self.states, self.actions) or not np.allclose(policy.sum(1), 1.0):
            raise BadInput("policy", f"shape {policy.shape}", f"({self.states}, {self.actions}), rows sum to 1")
        return policy
