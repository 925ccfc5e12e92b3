"""Returns and advantages of recorded steps, as pure functions of arrays with time FIRST, ``(T, ...)``."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from ...core.arrays import Array

UNROLL = 8


def generalised_advantage(
    reward: Array,
    value: Array,
    next_value: Array,
    terminated: Array,
    done: Array,
    discount: Array | float,
    trace: Array | float,
) -> Array:
    """Generalised advantage estimation (Schulman et al. 2016, arXiv:1506.02438).

    ``d_t = r_t + discount * V(s_{t+1}) * (1 - terminated_t) - V(s_t)``;
    ``A_t = d_t + discount * trace * (1 - done_t) * A_{t+1}``.

    Where time ran out (``done`` and not ``terminated``) the successor's value still counts.  A step
    without a verdict (``reward`` NaN) brings no evidence: ``d_t = 0``.

    Args:
        reward, value, terminated, done: ``(T, ...)``.
        next_value: ``(T, ...)``, V of the true successor (before any reset).
    """
    target = reward + discount * next_value * (1.0 - terminated)
    delta = jnp.where(jnp.isnan(reward), 0.0, target - value)
    carry = discount * trace * (1.0 - done)

    def back(advantage: Array, step: tuple[Array, Array]) -> tuple[Array, Array]:
        advantage = step[0] + step[1] * advantage
        return advantage, advantage

    first = jnp.zeros_like(delta[0])
    return jax.lax.scan(back, first, (delta, carry), reverse=True, unroll=UNROLL)[1]


def running_returns(reward: Array, done: Array, start: Array, discount: Array | float) -> tuple[Array, Array]:
    """Discounted sum of rewards so far: ``G_t = discount * G_{t-1} + r_t``, 0 before an episode's first step.

    Args:
        reward, done: ``(T, ...)``.
        start: ``(...)``, the sum carried over from the batch before.

    Returns:
        All sums ``(T, ...)`` and the sum to carry over (0 where an episode has just ended).
    """

    def forward(total: Array, step: tuple[Array, Array]) -> tuple[Array, Array]:
        total = discount * total + step[0]
        return total * (1.0 - step[1]), total

    carried, sums = jax.lax.scan(forward, start, (reward, done), unroll=UNROLL)
    return sums, carried
