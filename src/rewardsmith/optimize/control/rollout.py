"""Rollout: act and record, without any reward."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ...core.arrays import Array
from .networks import Networks
from .statistics import Moments, standardise


class Steps(NamedTuple):
    """Recorded experience, time first: every array ``(T, N, ...)``.

    ``next_obs`` is the true successor (before any reset); ``clock`` counts the steps of the episode
    before this one; ``raw`` is the action as the policy drew it and ``head`` what the actor said, both
    needed to compute probabilities again.
    """

    obs: Array
    action: Array
    next_obs: Array
    terminated: Array
    truncated: Array
    clock: Array
    raw: Array
    head: Array
    native_reward: Array | None = None
    native_success: Array | None = None

    @property
    def done(self) -> Array:
        """Where an episode ended, for either reason."""
        return self.terminated | self.truncated


class Worlds(NamedTuple):
    """Where the copies of the environment stand: states ``(N, D)`` and steps since their reset ``(N,)``."""

    state: Array
    clock: Array


def act(
    networks: Networks, params: Array, moments: Moments, obs: Array, noise: Array
) -> tuple[Array, Array, Array]:
    """Action for the environment, action as drawn, and the actor's output."""
    arrays = networks.unpack(params)
    head = networks.actor(arrays, standardise(networks.see(obs), moments))
    raw = networks.sample(arrays, head, noise)
    return networks.to_action(raw), raw, head


def rollout(
    env: Any,
    horizon: int,
    networks: Networks,
    params: Array,
    moments: Moments,
    worlds: Worlds,
    key: Array,
    length: int,
) -> tuple[Worlds, Steps]:
    """Play ``length`` steps in every copy; an episode that ends starts again at once.

    All random numbers are drawn before the loop, in three large calls, which is much faster on a CPU
    than small calls inside it.
    """
    count = worlds.clock.shape[0]
    act_key, reset_key = jax.random.split(key)
    noise = networks.noise(act_key, (length, count))
    fresh = env.reset(reset_key, (length, count))

    def step(worlds: Worlds, drawn: tuple[Array, Array]) -> tuple[Worlds, tuple[Array, ...]]:
        noise, fresh = drawn
        obs = env.observe(worlds.state)
        action, raw, head = act(networks, params, moments, obs, noise)
        after = env.step(worlds.state, action)
        terminated = env.terminated(after)
        done = terminated | (worlds.clock + 1 >= horizon)
        now = Worlds(jnp.where(done[:, None], fresh, after), jnp.where(done, 0, worlds.clock + 1))
        return now, (obs, after, raw, head, worlds.clock)

    worlds, (obs, after, raw, head, clock) = jax.lax.scan(step, worlds, (noise, fresh))
    terminated = env.terminated(after)
    steps = Steps(
        obs=obs,
        action=networks.to_action(raw),
        next_obs=env.observe(after),
        terminated=terminated,
        truncated=~terminated & (clock + 1 >= horizon),
        clock=clock,
        raw=raw,
        head=head,
    )
    return worlds, steps
