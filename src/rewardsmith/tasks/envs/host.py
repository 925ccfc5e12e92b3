"""Host engines: many copies of a simulator behind one interface that never hides a final observation.

Vector environments reset themselves, and differ in what they return where an episode ends.  Here it
is always the same: ``next_obs`` is the true successor of the action, ``obs`` is what to act on next.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ...core.arrays import Array
from ...core.errors import BadInput


@dataclass(frozen=True)
class HostStep:
    """One step of N copies.

    Args:
        obs: ``(N, O)``, what to act on next: the start of a new episode where one ended.
        reward: ``(N,)``, the simulator's own reward.
        terminated: ``(N,)``, the episode ended in ``next_obs``.
        truncated: ``(N,)``, time ran out in ``next_obs`` (and it did not terminate).
        next_obs: ``(N, O)``, the true successor, also where an episode ended.
    """

    obs: Array
    reward: Array
    terminated: Array
    truncated: Array
    next_obs: Array


class HostVector(Protocol):
    """N copies of a simulator."""

    def reset(self) -> Array:
        """Start N episodes; observations ``(N, O)``."""
        ...

    def step(self, actions: Array) -> HostStep:
        """Act in every copy: ``(N,)`` choices or ``(N, A)`` numbers."""
        ...

    def close(self) -> None:
        """Release the simulator."""
        ...


class EnvpoolVector:
    """envpool: C++ copies on a thread pool.

    envpool returns the final observation where an episode ends, and resets in the step after it,
    ignoring that action.  So the ended copies are reset at once, by hand.  Its time limit is set out
    of reach and counted here, because a fall in the very last step must be a termination.
    """

    def __init__(
        self, id: str, num_envs: int, seeds: list[int], horizon: int, options: tuple[tuple[str, Any], ...]
    ) -> None:
        import envpool

        threads = min(num_envs, os.cpu_count() or 1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the precision of bounds in envpool's own spaces
            self._pool: Any = envpool.make(
                id,
                env_type="gymnasium",
                num_envs=num_envs,
                seed=seeds,
                num_threads=threads,
                max_episode_steps=horizon + 1,
                **dict(options),
            )
            self._space: Any = self._pool.action_space
            _ = self._pool.observation_space  # made on first use, and warns then
        self._horizon = horizon
        self._age = np.zeros(num_envs, int)
        self._copies = np.arange(num_envs, dtype=np.int32)

    def reset(self) -> Array:
        """Start N episodes; observations ``(N, O)``."""
        self._age[:] = 0
        return _flat(self._pool.reset()[0])

    def step(self, actions: Array) -> HostStep:
        """Act in every copy and reset those that ended."""
        next_obs, reward, terminated, _, _ = self._pool.step(_legal(actions, self._space), self._copies)
        next_obs = _flat(next_obs)
        self._age += 1
        truncated = (self._age >= self._horizon) & ~terminated
        ended = self._copies[terminated | truncated]
        obs = next_obs
        if len(ended):
            obs = next_obs.copy()
            fresh, info = self._pool.reset(ended)
            obs[info["env_id"]] = _flat(fresh)
            self._age[ended] = 0
        return HostStep(obs, np.asarray(reward, float), np.asarray(terminated), truncated, next_obs)

    def close(self) -> None:
        """Release the thread pool."""
        self._pool.close()


class GymnasiumVector:
    """Gymnasium's own vector environment, one copy after the other, any environment."""

    def __init__(
        self, id: str, num_envs: int, seeds: list[int], horizon: int, options: tuple[tuple[str, Any], ...]
    ) -> None:
        import gymnasium
        from gymnasium.vector import AutoresetMode

        self._envs: Any = gymnasium.make_vec(
            id,
            num_envs=num_envs,
            vectorization_mode="sync",
            vector_kwargs={"autoreset_mode": AutoresetMode.SAME_STEP},
            max_episode_steps=horizon,
            **dict(options),
        )
        self._seeds: list[int] | None = seeds

    def reset(self) -> Array:
        """Start N episodes; the first call seeds them."""
        seeds, self._seeds = self._seeds, None
        return _flat(self._envs.reset(seed=seeds)[0])

    def step(self, actions: Array) -> HostStep:
        """Act in every copy; Gymnasium resets those that ended and hands over their final observations."""
        actions = _legal(actions, self._envs.single_action_space)
        obs, reward, terminated, truncated, info = self._envs.step(actions)
        obs = _flat(obs)
        next_obs = obs
        ended = terminated | truncated
        if ended.any():
            next_obs = obs.copy()
            for copy in np.flatnonzero(ended):
                next_obs[copy] = np.ravel(info["final_obs"][copy])
        return HostStep(obs, np.asarray(reward, float), terminated, truncated & ~terminated, next_obs)

    def close(self) -> None:
        """Close every copy."""
        self._envs.close()


def _flat(obs: Array) -> Array:
    return np.array(obs).reshape(len(obs), -1)


def _legal(actions: Array, space: Any) -> Array:
    """Actions in the type of the space; numbers are clipped to its bounds, as a motor would."""
    actions = np.asarray(actions)
    if hasattr(space, "low"):
        if not np.isfinite(actions).all():
            raise BadInput("actions", "values that are not finite", "numbers", "the policy has diverged")
        return np.clip(actions, space.low, space.high).astype(space.dtype)
    return actions.astype(space.dtype)
