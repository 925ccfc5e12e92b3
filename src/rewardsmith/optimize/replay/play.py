"""Play: candidates take turns in the copies of an environment, episode by episode."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ...core.arrays import Array
from ..control.compiled import compiled
from ..control.networks import Networks
from .learner import values


class Stage(NamedTuple):
    """Where the copies stand: states ``(S, N, D)``, steps since the reset, the candidate at work ``(S, N)``."""

    state: Array
    clock: Array
    owner: Array


class Played(NamedTuple):
    """Recorded steps, ``(T, S, N, ...)``; ``owner`` is the candidate that acted."""

    obs: Array
    action: Array
    next_obs: Array
    terminated: Array
    clock: Array
    owner: Array


@partial(compiled, static_argnames=("task", "networks", "length"))
def play(
    task: Any,
    networks: Networks,
    length: int,
    params: Array,
    stage: Stage,
    keys: Array,
    successors: Array,
    explore: Array,
) -> tuple[Stage, Played]:
    """Play ``length`` steps; at the end of an episode the candidate of ``successors (T, S, N)`` takes over.

    Args:
        params: ``(K * S, P)``, candidate by candidate.
        keys: ``(S,)``, one per seed.
        explore: share of random actions.
    """
    env = task.env
    seeds, copies = stage.clock.shape

    def noise(key: Array) -> tuple[Array, Array, Array]:
        first, second, third = jax.random.split(key, 3)
        random = jax.random.randint(first, (length, copies), 0, networks.outputs)
        return env.reset(third, (length, copies)), random, jax.random.uniform(second, (length, copies))

    fresh, random, chance = (jnp.swapaxes(drawn, 0, 1) for drawn in jax.vmap(noise)(keys))

    def value(flat: Array, obs: Array) -> Array:
        return values(networks, networks.unpack(flat), obs)

    def step(stage: Stage, drawn: tuple[Array, ...]) -> tuple[Stage, Played]:
        fresh, random, chance, successor = drawn
        obs = env.observe(stage.state)
        member = stage.owner * seeds + jnp.arange(seeds)[:, None]
        greedy = jnp.argmax(jax.vmap(jax.vmap(value))(params[member], obs), axis=-1)
        action = jnp.where(chance < explore, random, greedy)
        after = env.step(stage.state, action)
        terminated = env.terminated(after)
        done = terminated | (stage.clock + 1 >= task.horizon)
        row = Played(obs, action, env.observe(after), terminated, stage.clock, stage.owner)
        now = Stage(
            jnp.where(done[..., None], fresh, after),
            jnp.where(done, 0, stage.clock + 1),
            jnp.where(done, successor, stage.owner),
        )
        return now, row

    return jax.lax.scan(step, stage, (fresh, random, chance, successors))
