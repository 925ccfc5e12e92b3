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
from .convert import flat, is_vector, legal
from .film import opengl

Options = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class HostStep:
    """One step of N copies.

    Args:
        obs: ``(N, O)``, what to act on next: the start of a new episode where one ended.
        reward: ``(N,)``, the simulator's own reward.
        terminated: ``(N,)``, the episode ended in ``next_obs``.
        truncated: ``(N,)``, time ran out in ``next_obs`` (and it did not terminate).
        next_obs: ``(N, O)``, the true successor, also where an episode ended.
        success: ``(N,)``, the simulator's own verdict on this step, 0 to 1; None where it gives none.
    """

    obs: Array
    reward: Array
    terminated: Array
    truncated: Array
    next_obs: Array
    success: Array | None = None


class HostVector(Protocol):
    """N copies of a simulator."""

    def reset(self) -> Array:
        """Start N episodes; observations ``(N, O)``."""
        ...

    def step(self, actions: Array) -> HostStep:
        """Act in every copy: ``(N,)`` choices or ``(N, A)`` numbers."""
        ...

    def draw(self) -> Array:
        """The first copy as a picture ``(H, W, 3)``; only where it was opened to be watched."""
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
        self,
        id: str,
        num_envs: int,
        seeds: list[int],
        horizon: int,
        options: Options,
        success_key: str | None = None,
        width: int = 0,
    ) -> None:
        import envpool
        from envpool.registration import registry

        threads = min(num_envs, os.cpu_count() or 1)
        mujoco = "mujoco" in registry.specs[id][0]  # the module that makes it
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the precision of bounds in envpool's own spaces
            self._pool: Any = envpool.make(
                id,
                env_type="gymnasium",
                num_envs=num_envs,
                seed=seeds,
                num_threads=threads,
                max_episode_steps=horizon + 1,
                **({"render_width": width, "render_height": width} if width and mujoco else {}),
                **dict(options),
            )
            self._space: Any = self._pool.action_space
            _ = self._pool.observation_space  # made on first use, and warns then
        self._horizon, self._key = horizon, success_key
        self._context: Any = opengl(width) if width and mujoco else None
        self._age = np.zeros(num_envs, int)
        self._copies = np.arange(num_envs, dtype=np.int32)

    def reset(self) -> Array:
        """Start N episodes; observations ``(N, O)``."""
        self._age[:] = 0
        return flat(self._pool.reset()[0])

    def step(self, actions: Array) -> HostStep:
        """Act in every copy and reset those that ended."""
        next_obs, reward, terminated, _, told = self._pool.step(legal(actions, self._space), self._copies)
        next_obs = flat(next_obs)
        success = None if self._key is None else np.array(told[self._key], float)
        self._age += 1
        truncated = (self._age >= self._horizon) & ~terminated
        ended = self._copies[terminated | truncated]
        obs = next_obs
        if len(ended):
            obs = next_obs.copy()
            fresh, info = self._pool.reset(ended)
            obs[info["env_id"]] = flat(fresh)
            self._age[ended] = 0
        paid = np.asarray(reward, float)
        return HostStep(obs, paid, np.asarray(terminated), truncated, next_obs, success)

    def draw(self) -> Array:
        """The first copy as a picture."""
        if self._context is not None:
            self._context.make_current()
        return np.array(self._pool.render(env_ids=[0]))[0]

    def close(self) -> None:
        """Release the thread pool."""
        self._pool.close()
        if self._context is not None:
            self._context.free()


class GymnasiumVector:
    """Gymnasium's own vector environment, one copy after the other, any environment."""

    def __init__(
        self,
        id: str,
        num_envs: int,
        seeds: list[int],
        horizon: int,
        options: Options,
        success_key: str | None = None,
    ) -> None:
        import gymnasium
        from gymnasium.vector import AutoresetMode

        self._envs: Any = gymnasium.make_vec(
            id,
            num_envs=num_envs,
            vectorization_mode="sync",
            vector_kwargs={"autoreset_mode": AutoresetMode.SAME_STEP},
            wrappers=[as_vector],
            max_episode_steps=horizon,
            **dict(options),
        )
        self._key = success_key
        self._seeds: list[int] | None = seeds

    def reset(self) -> Array:
        """Start N episodes; the first call seeds them."""
        seeds, self._seeds = self._seeds, None
        return flat(self._envs.reset(seed=seeds)[0])

    def step(self, actions: Array) -> HostStep:
        """Act in every copy; Gymnasium resets those that ended and hands over their final observations."""
        actions = legal(actions, self._envs.single_action_space)
        obs, reward, terminated, truncated, info = self._envs.step(actions)
        obs = flat(obs)
        next_obs = obs
        ended = terminated | truncated
        if ended.any():
            next_obs = obs.copy()
            for copy in np.flatnonzero(ended):
                next_obs[copy] = np.ravel(info["final_obs"][copy])
        success = None if self._key is None else _verdict(self._key, info, ended)
        return HostStep(obs, np.asarray(reward, float), terminated, truncated & ~terminated, next_obs, success)

    def draw(self) -> Array:
        """The first copy as a picture, drawn by the environment itself."""
        return np.array(self._envs.render()[0])

    def close(self) -> None:
        """Close every copy."""
        self._envs.close()


def _verdict(key: str, info: dict[str, Any], ended: Array) -> Array:
    """Success as ``info`` tells it, 0 where it tells nothing; of episodes that ended, their last word."""
    nothing = np.zeros(len(ended))
    try:
        now, final = (np.asarray(told.get(key, nothing), float) for told in (info, info.get("final_info", {})))
    except (TypeError, ValueError):
        received = next(repr(told[key]) for told in (info, info.get("final_info", {})) if key in told)
        raise BadInput(f"info[{key!r}]", received[:80], "True, False, or a number from 0 to 1") from None
    return np.where(ended, final, now)


def as_vector(env: Any) -> Any:
    """The environment with observations as one vector each."""
    if is_vector(env.observation_space):
        return env
    from gymnasium.wrappers import FlattenObservation

    return FlattenObservation(env)
