"""Recorded steps for the screens: random behaviour and perturbed states, without success."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tasks import Box, Task

Numbers = np.ndarray[Any, Any]


def record_steps(task: Task, seed: int, envs: int = 16, steps: int = 128) -> dict[str, Numbers]:
    """Steps of random policies, then the same steps with perturbed observations; all fields, shape ``(N,)``.

    Actions are held for a random number of steps, so that the states go further than white noise would.
    """
    rng = np.random.default_rng([seed, 0x5C])
    play = _play_array if task.is_array else _play_simulator
    obs, action, after, ended = (
        np.concatenate(list(part)) for part in zip(*play(task, rng, envs, steps), strict=True)
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


def _play_array(task: Task, rng: np.random.Generator, envs: int, steps: int) -> list[tuple[Numbers, ...]]:
    import jax

    env, rows = task.env, []
    key = jax.random.key(int(rng.integers(2**31)))
    fresh = np.asarray(env.reset(key, (envs * (steps + 1),)), float).reshape(steps + 1, envs, -1)
    state = fresh[0]
    for t, action in enumerate(_actions(task, rng, envs, steps)):
        after = np.asarray(env.step(state, action))
        ended = np.asarray(env.terminated(after), bool)
        rows.append((np.asarray(env.observe(state)), action, np.asarray(env.observe(after)), ended))
        state = np.where(ended[:, None], fresh[t + 1], after)
    return rows


def _play_simulator(task: Task, rng: np.random.Generator, envs: int, steps: int) -> list[tuple[Numbers, ...]]:
    host, rows = task.env.open(envs, int(rng.integers(2**31))), []
    try:
        obs = np.asarray(host.reset(), float)
        for action in _actions(task, rng, envs, steps):
            done = host.step(action)
            rows.append((obs, action, np.asarray(done.next_obs, float), np.asarray(done.terminated, bool)))
            obs = np.asarray(done.obs, float)
    finally:
        host.close()
    return rows
