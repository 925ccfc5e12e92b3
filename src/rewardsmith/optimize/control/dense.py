"""An affine layer whose weight gradient is summed block by block, because XLA is slow at it on a CPU.

XLA hands ``x.T @ g`` to a matrix kernel that walks down the columns of ``x``.  With 512 rows and 64 columns
that takes 130 microseconds where the same number of products the other way round takes 29; in blocks that
stay in the first-level cache it takes 58 (one core, `benchmarks/ppo.py` shows what that is worth in
training).
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from ...core.arrays import Array

BLOCK = 128  # rows; at most this many are multiplied at once
NARROW = 16  # inputs below this width fit whole


@jax.custom_vjp
def dense(x: Array, weight: Array, bias: Array) -> Array:
    """``x @ weight + bias`` for ``(B, I)``, ``(I, O)``, ``(O,)``; first derivatives in reverse mode only."""
    return x @ weight + bias


def _forward(x: Array, weight: Array, bias: Array) -> tuple[Array, tuple[Array, Array]]:
    return dense(x, weight, bias), (x, weight)


def _backward(kept: tuple[Array, Array], gradient: Array) -> tuple[Array, Array, Array]:
    x, weight = kept
    return gradient @ weight.T, outer_sum(x, gradient), jnp.sum(gradient, axis=0)


dense.defvjp(_forward, _backward)


def outer_sum(x: Array, g: Array) -> Array:
    """``x.T @ g``: the sum over rows of the outer products, ``(B, I)``, ``(B, O)`` -> ``(I, O)``."""
    rows, width = x.shape
    whole = rows // BLOCK * BLOCK
    if width < NARROW or rows <= BLOCK:
        return x.T @ g

    def add(total: Array, block: tuple[Array, Array]) -> tuple[Array, None]:
        return total + block[0].T @ block[1], None

    first = x[whole:].T @ g[whole:] if whole < rows else jnp.zeros((width, g.shape[1]), g.dtype)
    blocks = (x[:whole].reshape(-1, BLOCK, width), g[:whole].reshape(-1, BLOCK, g.shape[1]))
    return jax.lax.scan(add, first, blocks, unroll=4)[0]
