"""ReplayConfig: the configuration of agents that share a buffer, validated."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...core.errors import BadInput
from ..control.config import number, whole


@dataclass(frozen=True)
class ReplayConfig:
    """Double DQN (van Hasselt et al. 2016, arXiv:1509.06461) for every candidate, on one shared buffer.

    Args:
        envs, rollout: copies of the environment per seed (shared by all candidates), and steps of each between
            two rounds of learning.
        capacity: transitions that are kept per seed; the oldest go first.
        updates, batch: gradient steps per round, and transitions of each.
        learning_rate, max_grad_norm: of Adam; longer gradients are shortened.
        polyak: share of the new parameters that the target network takes over per gradient step.
        discount: gamma; None takes the task's.
        explore, final_explore, explore_steps: share of random actions, falling linearly over these
            environment steps.
        hidden: widths of the tanh layers; () is linear in the observation.
        window: last episodes of a candidate that Thompson sampling counts, successes and failures together.
        succeeds: success of an episode that counts as one.
        pull: weight of the squared distance to the elite's parameters, for agents that started from it.

    Raises:
        BadInput: for a value out of range.

    Example:
        >>> ReplayConfig().round
        128
    """

    envs: int = 4
    rollout: int = 32
    capacity: int = 20_000
    updates: int = 32
    batch: int = 64
    learning_rate: float = 3e-3
    max_grad_norm: float = 10.0
    polyak: float = 0.02
    discount: float | None = None
    explore: float = 1.0
    final_explore: float = 0.05
    explore_steps: int = 4000
    hidden: tuple[int, ...] = (32, 32)
    window: int = 20
    succeeds: float = 0.5
    pull: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden", tuple(self.hidden))
        for name in ("envs", "rollout", "capacity", "updates", "batch", "explore_steps", "window"):
            whole(f"ReplayConfig.{name}", getattr(self, name))
        for width in self.hidden:
            whole("ReplayConfig.hidden", width)
        for name in ("learning_rate", "max_grad_norm"):
            number(f"ReplayConfig.{name}", getattr(self, name), 0.0, math.inf, open_low=True)
        number("ReplayConfig.pull", self.pull, 0.0, math.inf)
        for name in ("explore", "final_explore"):
            number(f"ReplayConfig.{name}", getattr(self, name), 0.0, 1.0)
        for name in ("polyak", "succeeds"):
            number(f"ReplayConfig.{name}", getattr(self, name), 0.0, 1.0, open_low=True)
        if self.discount is not None:
            number("ReplayConfig.discount", self.discount, 0.0, 1.0)
        if self.capacity < self.round:
            raise BadInput("ReplayConfig.capacity", self.capacity, f"at least envs * rollout = {self.round}")

    @property
    def round(self) -> int:
        """Environment steps per round and seed, whatever the number of candidates."""
        return self.envs * self.rollout

    def explores(self, steps: int) -> float:
        """Share of random actions after so many environment steps."""
        done = min(1.0, steps / self.explore_steps)
        return self.explore + (self.final_explore - self.explore) * done
