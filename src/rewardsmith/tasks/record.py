"""Recorded experience without success: steps for the screens, and whole episodes to look at."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any, Protocol

import numpy as np

from .spaces import Box
from .task import Task

Numbers = np.ndarray[Any, Any]
Choose = Callable[[int, Numbers], Numbers]  # step and observations ``(N, O)`` -> actions of all copies


class Actor(Protocol):
    """Who plays: a trained policy, or a controller written by hand."""

    def act(self, obs: Numbers) -> Numbers:
        """Actions for observations ``(N, O)``."""
        ...


def record_steps(task: Task, seed: int, envs: int = 16, steps: int = 128) -> dict[str, Numbers]:
    """Steps of random policies, then the same steps with perturbed observations; all fields, shape ``(N,)``.

    Actions are held for a random number of steps, so that the states go further than white noise would.
    """
    rng = np.random.default_rng([seed, 0x5C])
    obs, action, after, ended, _, _ = (
        np.concatenate(list(part)) for part in zip(*_play(task, rng, envs, steps), strict=True)
    )
    spread = obs.std(axis=0, keepdims=True)
    shaken = [array + spread * rng.normal(size=array.shape) for array in (obs, after)]
    batch = task.batch(
        np.concatenate([obs, shaken[0]]),
        np.concatenate([action, action]),
        np.concatenate([after, shaken[1]]),
        np.concatenate([ended, ended]),
    )
    return {name: np.asarray(value, float) for name, value in batch.items()}


def record_episodes(
    task: Task, seed: int, episodes: int, policy: Actor | None = None
) -> tuple[dict[str, Numbers], ...]:
    """Whole episodes of a policy (greedy), or of random actions that are held for 1 to 16 steps.

    Each is a batch of all fields with the leading shape ``(1, L)``, L at most the horizon, with ``first`` and
    ``truncated``, and with ``native_reward`` where the simulator delivers it.
    """
    rng = np.random.default_rng([seed, 0xE7])
    choose = None if policy is None else lambda t, obs: policy.act(obs)
    columns = zip(*_play(task, rng, episodes, task.horizon, choose), strict=True)
    obs, action, after, ended, native, judged = (np.stack(column, axis=1) for column in columns)
    found: list[dict[str, Numbers]] = []
    for copy in range(episodes):
        length = int(np.argmax(ended[copy])) + 1 if ended[copy].any() else task.horizon
        where = np.s_[copy : copy + 1, :length]
        own = () if task.is_array else (native[where], judged[where])
        batch = task.batch(obs[where], action[where], after[where], ended[where], *own)
        first, last = (np.arange(length)[None] == place for place in (0, length - 1))
        found.append({**batch, "first": first, "truncated": last & ~ended[where]})
    return tuple(found)


def _actions(task: Task, rng: np.random.Generator, envs: int, steps: int) -> Numbers:
    """Random actions ``(steps, envs, ...)``, each held for 1 to 16 steps."""
    space = task.actions
    size = (steps, envs)
    if isinstance(space, Box):
        drawn = rng.uniform(space.low, space.high, (*size, len(space.low)))
    else:
        drawn = rng.integers(0, space.n, size)
    change = rng.random(size) < 1.0 / rng.integers(1, 17, envs)
    change[0] = True
    latest = np.maximum.accumulate(np.where(change, np.arange(steps)[:, None], 0), axis=0)
    return drawn[latest, np.arange(envs)]


def _play(
    task: Task, rng: np.random.Generator, envs: int, steps: int, choose: Choose | None = None
) -> list[tuple[Numbers, ...]]:
    """(obs, action, true next obs, terminated, native reward, native success) of steps, ``(envs, ...)``."""
    return (_play_array if task.is_array else _play_simulator)(task, rng, envs, steps, choose)


def _held(task: Task, rng: np.random.Generator, envs: int, steps: int) -> Choose:
    actions = _actions(task, rng, envs, steps)
    return lambda t, obs: actions[t]


def _play_array(
    task: Task, rng: np.random.Generator, envs: int, steps: int, choose: Choose | None
) -> list[tuple[Numbers, ...]]:
    import jax

    env, rows = task.env, []
    key = jax.random.key(int(rng.integers(2**31)))
    fresh = np.asarray(env.reset(key, (envs * (steps + 1),)), float).reshape(steps + 1, envs, -1)
    state, choose = fresh[0], choose or _held(task, rng, envs, steps)
    for t in range(steps):
        obs = np.asarray(env.observe(state))
        action = choose(t, obs)
        after = np.asarray(env.step(state, action))
        ended = np.asarray(env.terminated(after), bool)
        nothing = np.full(envs, np.nan)
        rows.append((obs, action, np.asarray(env.observe(after)), ended, nothing, nothing))
        state = np.where(ended[:, None], fresh[t + 1], after)
    return rows


def _play_simulator(
    task: Task, rng: np.random.Generator, envs: int, steps: int, choose: Choose | None
) -> list[tuple[Numbers, ...]]:
    rows: list[tuple[Numbers, ...]] = []
    with closing(task.env.open(envs, int(rng.integers(2**31)))) as host:
        obs = np.asarray(host.reset(), float)
        choose = choose or _held(task, rng, envs, steps)
        for t in range(steps):
            action = choose(t, obs)
            done = host.step(action)
            ended = np.asarray(done.terminated, bool)
            paid = np.asarray(done.reward, float)
            judged = np.full(envs, np.nan) if done.success is None else np.asarray(done.success, float)
            rows.append((obs, action, np.asarray(done.next_obs, float), ended, paid, judged))
            obs = np.asarray(done.obs, float)
    return rows
