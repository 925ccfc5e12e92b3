"""Array dynamics as a model: all episodes and all samples in one array program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.errors import BadInput
from .model import Fields, Numbers


@dataclass(frozen=True)
class ArrayModel:
    """The dynamics of a task that runs as pure array functions, in NumPy and float64.

    States are arrays ``(E, D)``.

    Raises:
        BadInput: the task's environment is a simulator.
    """

    task: Any

    def __post_init__(self) -> None:
        if not self.task.is_array:
            raise BadInput(f"model of {self.task.name}", "a simulator", "array dynamics (ArrayEnv)")

    def begin(self, seeds: Sequence[tuple[int, int]]) -> Numbers:
        """Start states, each a function of its own seed and number alone."""
        rows = [self.task.env.reset(np.random.default_rng([seed, 0, e]), (1,)) for seed, e in seeds]
        return np.concatenate(rows)

    def imagine(self, states: Any, actions: Numbers) -> Fields:
        env = self.task.env
        state = np.broadcast_to(states[:, None], (*actions.shape[:2], states.shape[-1]))
        path = [state]
        for t in range(actions.shape[2]):
            state = env.step(state, actions[:, :, t])
            path.append(state)
        states = np.stack(path, axis=2)
        obs = env.observe(states)
        return self.task.batch(obs[:, :, :-1], actions, obs[:, :, 1:], env.terminated(states[:, :, 1:]))

    def step(self, states: Any, actions: Numbers) -> tuple[Numbers, Fields]:
        env = self.task.env
        after = env.step(states, actions)
        return after, self.task.batch(env.observe(states), actions, env.observe(after), env.terminated(after))
