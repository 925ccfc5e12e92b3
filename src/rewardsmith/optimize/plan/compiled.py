"""CompiledModel: array dynamics as one compiled program."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ...core.errors import MissingExtra
from .arrays import ArrayModel
from .model import Fields, Numbers


@dataclass(frozen=True)
class CompiledModel:
    """The dynamics of a task that runs as pure array functions, compiled by JAX for the CPU.

    It imagines in float32, as policies are trained; it begins and acts as ``ArrayModel`` does, in float64.  The
    first use on a task, and with another number of episodes or samples, compiles.

    States are arrays ``(E, D)``.

    Raises:
        BadInput: the task's environment is a simulator.
        MissingExtra: JAX is not installed.
    """

    task: Any

    def __post_init__(self) -> None:
        ArrayModel(self.task)
        if importlib.util.find_spec("jax") is None:
            raise MissingExtra("jax", "control", "compiled planning")

    def begin(self, seeds: Sequence[tuple[int, int]]) -> Numbers:
        """Start states, each a function of its own seed and number alone."""
        return ArrayModel(self.task).begin(seeds)

    def imagine(self, states: Any, actions: Numbers) -> Fields:
        import jax

        episodes, samples, horizon = actions.shape[:3]
        starts = np.repeat(np.asarray(states, np.float32), samples, axis=0)
        inputs = np.moveaxis(actions.reshape(episodes * samples, horizon, *actions.shape[3:]), 1, 0)
        inputs = inputs.astype(np.int32 if inputs.dtype.kind == "i" else np.float32)
        with jax.default_device(jax.devices("cpu")[0]):
            seen, ended = _compiled()(self.task.env, starts, inputs)
        obs = _by_episode(seen, (episodes, samples, horizon + 1)).astype(np.float64)
        terminated = _by_episode(ended, (episodes, samples, horizon))
        return self.task.batch(obs[:, :, :-1], actions, obs[:, :, 1:], terminated)

    def step(self, states: Any, actions: Numbers) -> tuple[Numbers, Fields]:
        return ArrayModel(self.task).step(states, actions)


def _by_episode(array: Any, lead: tuple[int, ...]) -> Numbers:
    """``(H, E * K, ...)`` as ``(E, K, H, ...)``."""
    moved = np.moveaxis(np.asarray(array), 0, 1)
    return moved.reshape(*lead, *moved.shape[2:])


@cache
def _compiled() -> Any:
    """One function for all tasks, so that a task is compiled once in a process."""
    import jax
    import jax.numpy as jnp

    def play(env: Any, starts: Any, actions: Any) -> tuple[Any, Any]:
        def one(state: Any, action: Any) -> tuple[Any, Any]:
            after = env.step(state, action)
            return after, after

        _, path = jax.lax.scan(one, starts, actions)
        return env.observe(jnp.concatenate([starts[None], path])), env.terminated(path)

    return jax.jit(play, static_argnums=0)
