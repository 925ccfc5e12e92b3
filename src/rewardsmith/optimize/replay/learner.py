"""Learner: double Q-learning of all members at once, from rows of shared buffers."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ...core.arrays import Array
from ..control.compiled import compiled
from ..control.networks import Networks
from ..control.statistics import CLIP
from ..control.update import adam, clipped_norm


class Agents(NamedTuple):
    """All members: parameters and targets ``(M, P)``, both moments of Adam, its count ``(M,)``.

    ``anchor`` ``(M,)`` is the member that each is pulled to, with weight ``pull`` ``(M,)``.
    """

    params: Array
    target: Array
    first: Array
    second: Array
    updates: Array
    anchor: Array
    pull: Array


class Rows(NamedTuple):
    """Transitions ``(B, ...)``; a reward of NaN has no verdict and no weight."""

    obs: Array
    action: Array
    next_obs: Array
    terminated: Array
    reward: Array


class Rates(NamedTuple):
    """Numbers of the configuration: arguments, so that changing one compiles nothing."""

    learning_rate: Any
    max_grad_norm: Any
    polyak: Any
    discount: Any


def double_q_target(online: Array, target: Array, reward: Array, terminated: Array, discount: Array) -> Array:
    """Y = r + gamma (1 - terminated) Q_target(s', argmax_a Q_online(s', a)), for ``(B, A)`` values at s'."""
    best = jnp.argmax(online, axis=-1)
    value = jnp.take_along_axis(target, best[..., None], axis=-1)[..., 0]
    return reward + discount * jnp.where(terminated, 0.0, value)


def values(networks: Networks, arrays: list[Array], obs: Array) -> Array:
    """Q ``(..., A)``; observations are used as they are, clipped at 10 as policies clip them."""
    return networks.actor(arrays, jnp.clip(obs, -CLIP, CLIP))


def q_loss(
    networks: Networks, params: Array, target: Array, rows: Rows, discount: Array, anchor: Array, pull: Array
) -> Array:
    """Mean of (Q(s, a) - y)^2 / 2 over rows with a verdict, + pull |params - anchor|^2."""
    arrays, old = networks.unpack(params), networks.unpack(target)
    chosen = jnp.take_along_axis(values(networks, arrays, rows.obs), rows.action[:, None], axis=-1)[:, 0]
    after = jax.lax.stop_gradient(values(networks, arrays, rows.next_obs))
    known = ~jnp.isnan(rows.reward)
    reward = jnp.where(known, rows.reward, 0.0)
    wanted = double_q_target(after, values(networks, old, rows.next_obs), reward, rows.terminated, discount)
    error = jnp.where(known, chosen - jax.lax.stop_gradient(wanted), 0.0)
    miss = 0.5 * jnp.sum(error**2) / jnp.maximum(jnp.sum(known), 1)
    return miss + pull * jnp.sum((params - jax.lax.stop_gradient(anchor)) ** 2)


def one_update(networks: Networks, rates: Rates, agents: Agents, rows: Rows) -> Agents:
    """One gradient step of every member on its own rows ``(M, B, ...)``."""
    anchors = agents.params[agents.anchor]
    slope = jax.grad(partial(q_loss, networks))

    def gradient(params: Array, target: Array, rows: Rows, anchor: Array, pull: Array) -> Array:
        return clipped_norm(slope(params, target, rows, rates.discount, anchor, pull), rates.max_grad_norm)[0]

    found = jax.vmap(gradient)(agents.params, agents.target, rows, anchors, agents.pull)
    step = jax.vmap(adam, in_axes=(0, 0, 0, 0, 0, None))
    params, first, second, updates = step(
        agents.params, found, agents.first, agents.second, agents.updates, rates.learning_rate
    )
    target = agents.target + rates.polyak * (params - agents.target)
    return agents._replace(params=params, target=target, first=first, second=second, updates=updates)


@partial(compiled, static_argnames=("networks", "batch", "updates"))
def study(
    networks: Networks,
    batch: int,
    updates: int,
    rates: Rates,
    agents: Agents,
    stored: Rows,
    filled: Array,
    keys: Array,
) -> Agents:
    """A round of gradient steps on rows that every member draws for itself.

    Args:
        stored: of S buffers, ``(S, C, ...)``; rewards ``(M, C)``, where member m reads buffer m mod S.
        filled: rows in use.
        keys: ``(M,)`` one key per member.
    """
    where = jnp.arange(agents.params.shape[0]) % stored.obs.shape[0]

    def step(agents: Agents, keys: Array) -> tuple[Agents, None]:
        drawn = jax.vmap(lambda key: jax.random.randint(key, (batch,), 0, filled))(keys)
        own = [array[where[:, None], drawn] for array in stored[:4]]
        reward = jnp.take_along_axis(stored.reward, drawn, axis=1)
        return one_update(networks, rates, agents, Rows(own[0], own[1], own[2], own[3], reward)), None

    each = jax.vmap(lambda key: jax.random.split(key, updates))(keys)
    return jax.lax.scan(step, agents, jnp.swapaxes(each, 0, 1))[0]
