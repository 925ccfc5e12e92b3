"""Update: from recorded steps and their rewards to new parameters."""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from ...core.arrays import Array
from .advantage import generalised_advantage, running_returns
from .config import Knobs, Shape
from .networks import Networks
from .rollout import Steps, Worlds
from .statistics import CLIP, EPSILON, Moments, masked_moments, merge, standardise

ADAM = (0.9, 0.999, 1e-5)  # two decays and epsilon, as PPO implementations use them
LARGEST = 1e12  # greater rewards overflow float32 when squared and summed: they count as infinite
RECORDED = (
    "reward", "episodes", "episode_return", "episode_length", "missing", "infinite",
    "entropy", "divergence", "value_error", "gradient_norm",
)  # fmt: skip


class Member(NamedTuple):
    """Everything one training carries from iteration to iteration.

    ``running`` ``(2, N)`` holds the discounted and the plain sum of rewards of the episodes under way.
    """

    params: Array
    first: Array
    second: Array
    updates: Array
    observed: Moments
    returns: Moments
    running: Array
    worlds: Worlds
    seed: Array
    iteration: Array


def clipped_norm(gradient: Array, largest: Array | float) -> tuple[Array, Array]:
    """The gradient, shortened to length ``largest`` if it is longer, and its true length."""
    norm = jnp.sqrt(jnp.sum(gradient**2))
    return gradient * jnp.minimum(1.0, largest / (norm + 1e-6)), norm


def adam(
    params: Array, gradient: Array, first: Array, second: Array, updates: Array, rate: Array
) -> tuple[Array, ...]:
    """One step of Adam (Kingma and Ba 2015): new parameters, both moments, and the count of updates."""
    decay1, decay2, epsilon = ADAM
    updates = updates + 1
    first = decay1 * first + (1.0 - decay1) * gradient
    second = decay2 * second + (1.0 - decay2) * gradient**2
    mean = first / (1.0 - decay1**updates)
    scale = jnp.sqrt(second / (1.0 - decay2**updates)) + epsilon
    return params - rate * mean / scale, first, second, updates


def shuffled(key: Array, size: int) -> Array:
    """A cheap pseudo-random order of ``size`` rows: ``i -> (a i + b) mod size`` with a random coprime a."""
    coprimes = jnp.asarray([a for a in range(1, min(size, 4096) + 1) if math.gcd(a, size) == 1], jnp.uint32)
    key_a, key_b = jax.random.split(key)
    a = jax.random.choice(key_a, coprimes)
    b = jax.random.randint(key_b, (), 0, size).astype(jnp.uint32)
    return ((jnp.arange(size, dtype=jnp.uint32) * a + b) % jnp.uint32(size)).astype(jnp.int32)


class Rows(NamedTuple):
    """Recorded steps as rows ``(B, ...)`` for the loss; ``weight`` is 0 where a step has no verdict."""

    x: Array
    raw: Array
    log_prob: Array
    advantage: Array
    target: Array
    weight: Array


def loss(networks: Networks, knobs: Knobs, arrays: list[Array], rows: Rows) -> tuple[Array, tuple[Array, ...]]:
    """Clipped policy loss + value loss - entropy bonus, averaged over the steps with a verdict.

    ``-min(q A, clip(q, 1 - c, 1 + c) A) + v (V - target)**2 / 2 - e H`` with ``q = pi_new / pi_old``.
    """
    share = rows.weight / jnp.maximum(jnp.sum(rows.weight), 1.0)
    mean = jnp.sum(rows.advantage * share)
    deviation = jnp.sqrt(jnp.sum((rows.advantage - mean) ** 2 * share))
    advantage = (rows.advantage - mean) / (deviation + EPSILON)
    head = networks.actor(arrays, rows.x)
    change = networks.log_prob(arrays, head, rows.raw) - rows.log_prob
    ratio = jnp.exp(change)
    clipped = jnp.clip(ratio, 1.0 - knobs.clip, 1.0 + knobs.clip)
    policy = -jnp.sum(jnp.minimum(ratio * advantage, clipped * advantage) * share)
    value = jnp.sum(0.5 * (networks.critic(arrays, rows.x) - rows.target) ** 2 * share)
    entropy = jnp.sum(networks.entropy(arrays, head) * share)
    divergence = jnp.sum((ratio - 1.0 - change) * share)
    total = policy + knobs.value_coefficient * value - knobs.entropy * entropy
    return total, (entropy, divergence, value)


def prepare_rows(
    networks: Networks, knobs: Knobs, member: Member, steps: Steps, reward: Array, known: Array
) -> Rows:
    """Advantages, value targets and old probabilities of ``(T, N)`` steps, as ``T * N`` rows."""
    arrays = networks.unpack(member.params)
    x = standardise(networks.see(steps.obs), member.observed)
    value = networks.critic(arrays, x)
    next_value = networks.critic(arrays, standardise(networks.see(steps.next_obs), member.observed))
    terminated, done = steps.terminated.astype(jnp.float32), steps.done.astype(jnp.float32)
    advantage = generalised_advantage(reward, value, next_value, terminated, done, knobs.discount, knobs.trace)
    log_prob = networks.log_prob(arrays, steps.head, steps.raw)
    rows = Rows(x, steps.raw, log_prob, advantage, advantage + value, known.astype(jnp.float32))
    return Rows(*(array.reshape(-1, *array.shape[2:]) for array in rows))


def optimise(
    networks: Networks, shape: Shape, knobs: Knobs, member: Member, rows: Rows
) -> tuple[Member, Array]:
    """All epochs and minibatches; the member with new parameters, and mean figures of the updates."""
    table, widths = _pack(rows)
    part = shape.batch // shape.minibatches
    done = member.iteration * shape.batch / knobs.steps
    rate = knobs.learning_rate + (knobs.final_learning_rate - knobs.learning_rate) * jnp.clip(done, 0.0, 1.0)

    def objective(arrays: list[Array], rows: Rows) -> tuple[Array, tuple[Array, ...]]:
        return loss(networks, knobs, arrays, rows)

    def minibatch(carry: tuple[Array, ...], table: Array) -> tuple[tuple[Array, ...], Array]:
        params, first, second, updates = carry
        gradient, figures = jax.grad(objective, has_aux=True)(
            networks.unpack(params), _unpack(table, widths, rows)
        )
        flat, norm = clipped_norm(jnp.concatenate([g.ravel() for g in gradient]), knobs.max_grad_norm)
        return adam(params, flat, first, second, updates, rate), jnp.stack([*figures, norm])

    def epoch(carry: tuple[Array, ...], key: Array) -> tuple[tuple[Array, ...], Array]:
        mixed = table[shuffled(key, shape.batch)].reshape(shape.minibatches, part, table.shape[1])
        return jax.lax.scan(minibatch, carry, mixed)

    keys = jax.random.split(iteration_key(member, 1), shape.epochs)
    carry = (member.params, member.first, member.second, member.updates)
    (params, first, second, updates), figures = jax.lax.scan(epoch, carry, keys)
    member = member._replace(params=params, first=first, second=second, updates=updates)
    return member, jnp.mean(figures, axis=(0, 1))


def iteration_key(member: Member, purpose: int) -> Array:
    """The random key of this iteration: a function of the member's seed alone, never of its neighbours."""
    key = jax.random.fold_in(jax.random.key(member.seed), member.iteration)
    return jax.random.fold_in(key, purpose)


def _pack(rows: Rows) -> tuple[Array, tuple[int, ...]]:
    """One float matrix, because one gather of rows is several times faster than six."""
    columns = [array.reshape(array.shape[0], -1).astype(jnp.float32) for array in rows]
    return jnp.concatenate(columns, axis=1), tuple(column.shape[1] for column in columns)


def _unpack(table: Array, widths: tuple[int, ...], like: Rows) -> Rows:
    arrays: list[Array] = []
    start = 0
    for array, width in zip(like, widths, strict=True):
        column = table[:, start : start + width]
        arrays.append(column.reshape(column.shape[0], *array.shape[1:]).astype(array.dtype))
        start += width
    return Rows(*arrays)


def learn(
    networks: Networks, shape: Shape, knobs: Knobs, member: Member, steps: Steps, reward: Array
) -> tuple[Member, Array]:
    """One iteration of PPO on recorded steps.

    Args:
        reward: ``(T, N)``; NaN = no verdict: the step is left out of the loss and counted in ``missing``.

    Returns:
        The member after all epochs and the figures named in ``RECORDED``, ``(len(RECORDED),)``.
    """
    infinite = jnp.abs(reward) > LARGEST
    reward = jnp.where(infinite, jnp.nan, reward.astype(jnp.float32))
    known = ~jnp.isnan(reward)
    done = steps.done.astype(jnp.float32)
    weights = jnp.stack([knobs.discount, jnp.ones_like(knobs.discount)])[:, None]
    paid = jnp.where(known, reward, 0.0)
    sums, running = running_returns(paid[:, None], done[:, None], member.running, weights)
    returns, scaled = member.returns, reward
    if shape.normalize_rewards:
        returns = merge(returns, *masked_moments(sums[:, 0], known.astype(jnp.float32)))
        scaled = jnp.clip(reward / jnp.sqrt(returns.variance + EPSILON), -CLIP, CLIP)
    rows = prepare_rows(networks, knobs, member, steps, scaled, known)
    member = member._replace(returns=returns, running=running)
    member, figures = optimise(networks, shape, knobs, member, rows)
    if shape.normalize_observations:
        seen = networks.see(steps.obs).reshape(-1, networks.inputs)
        moments = merge(member.observed, seen.mean(0), seen.var(0), jnp.float32(seen.shape[0]))
        member = member._replace(observed=moments)
    ended = jnp.sum(done)
    episodic = [
        jnp.sum(array * done) / jnp.where(ended > 0, ended, jnp.nan) for array in (sums[:, 1], steps.clock + 1)
    ]
    count = jnp.sum(known)
    mean = jnp.sum(paid) / jnp.where(count > 0, count, jnp.nan)
    counted = [jnp.mean(~known & ~infinite), jnp.mean(infinite)]
    record = jnp.stack([mean, ended, *episodic, *counted, *figures]).astype(jnp.float32)
    return member._replace(iteration=member.iteration + 1), record
