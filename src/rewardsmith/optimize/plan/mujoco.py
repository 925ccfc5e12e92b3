"""MuJoCo as a model: the simulator itself, cloned."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

import numpy as np

from ...core.errors import BadInput, MissingExtra
from ..control.host import fresh_seed
from .model import Fields, Numbers

Steps = list[tuple[Any, ...]]


class MujocoModel:
    """A MuJoCo environment of Gymnasium, played from clones of its state.

    States are tuples of ``mujoco.MjData``, one per episode.  A clone is a full copy of MuJoCo's data, and it
    is stepped by the environment itself, so imagined observations, rewards and terminations are exactly those
    that the environment would give, bit for bit.  Samples are spread over threads: MuJoCo computes outside of
    Python's lock.

    Use it in a ``with`` statement, or call ``close``.

    Args:
        task: a task whose environment is a ``GymEnv`` of a MuJoCo environment.
        threads: copies of the environment; None takes one for each core.

    Raises:
        BadInput: the environment is not one of MuJoCo.
        MissingExtra: mujoco or gymnasium is not installed.
    """

    def __init__(self, task: Any, threads: int | None = None) -> None:
        try:
            gymnasium, mujoco = (importlib.import_module(name) for name in ("gymnasium", "mujoco"))
        except ImportError as problem:
            raise MissingExtra(problem.name or "mujoco", "mujoco", "planning in MuJoCo") from None
        if task.is_array:
            raise BadInput(f"model of {task.name}", "array dynamics", "a simulator; ArrayModel plays arrays")
        self.task = task
        count = threads or os.cpu_count() or 1
        options = dict(task.env.options)
        self._worlds: list[Any] = [gymnasium.make(task.env.id, **options).unwrapped for _ in range(count)]
        self._copy: Any = mujoco.mj_copyData
        self._new: Any = mujoco.MjData
        self._pool = ThreadPoolExecutor(count)
        if not isinstance(getattr(self._worlds[0], "data", None), mujoco.MjData):
            self.close()
            raise BadInput(f"environment of {task.name}", task.env.id, "a MuJoCo environment of Gymnasium")

    def __enter__(self) -> MujocoModel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release environments and threads."""
        self._pool.shutdown()
        for world in self._worlds:
            world.close()

    def begin(self, seeds: Sequence[tuple[int, int]]) -> tuple[Any, ...]:
        """Start states, each a function of its own seed and number alone."""
        world = self._worlds[0]
        states: list[Any] = []
        for seed, episode in seeds:
            world.reset(seed=fresh_seed(seed, episode))
            states.append(self._saved(world))
        return tuple(states)

    def imagine(self, states: Any, actions: Numbers) -> Fields:
        episodes, samples, horizon = actions.shape[:3]
        starts = [state for state in states for _ in range(samples)]
        flat = actions.reshape(episodes * samples, horizon, -1)
        parts = np.array_split(np.arange(len(flat)), len(self._worlds))
        pairs = zip(self._worlds, parts, strict=True)
        jobs = [(world, [starts[i] for i in part], flat[part]) for world, part in pairs]
        rows = [row for part in self._pool.map(self._play, jobs) for row in part]
        return self._fields(
            [np.stack(column) for column in zip(*rows, strict=True)], actions.shape[:3], actions
        )

    def step(self, states: Any, actions: Numbers) -> tuple[tuple[Any, ...], Fields]:
        world = self._worlds[0]
        after: list[Any] = []
        rows: Steps = []
        for state, action in zip(states, actions, strict=True):
            rows += self._play((world, [state], action[None, None]))
            after.append(self._saved(world))
        columns = [np.stack(column)[:, 0] for column in zip(*rows, strict=True)]
        return tuple(after), self._fields(columns, actions.shape[:1], actions)

    def _saved(self, world: Any) -> Any:
        saved = self._new(world.model)
        self._copy(saved, world.model, world.data)
        return saved

    def _play(self, job: tuple[Any, list[Any], Numbers]) -> Steps:
        """``(obs, next_obs, terminated, native reward)``, each ``(H, ...)``, of every sequence."""
        world, starts, sequences = job
        played: Steps = []
        for start, sequence in zip(starts, sequences, strict=True):
            self._copy(world.data, world.model, start)
            seen, paid, ended = [_observe(world)], [], []
            for action in sequence:
                obs, reward, terminated = world.step(action)[:3]
                seen.append(obs)
                paid.append(reward)
                ended.append(terminated)
            seen = np.stack(seen)
            played.append((seen[:-1], seen[1:], np.asarray(ended, bool), np.asarray(paid, float)))
        return played

    def _fields(self, columns: list[Numbers], lead: tuple[int, ...], actions: Numbers) -> Fields:
        obs, following, ended, paid = columns
        wide = (*lead, obs.shape[-1])
        return self.task.batch(
            obs.reshape(wide), actions, following.reshape(wide), ended.reshape(lead), paid.reshape(lead)
        )


def _observe(world: Any) -> Any:
    return world._get_obs()  # pyright: ignore[reportPrivateUsage] (Gymnasium has no public name for it)
