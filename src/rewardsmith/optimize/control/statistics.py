"""Running mean and variance, merged batch by batch (Chan, Golub and LeVeque 1979)."""

from __future__ import annotations

from typing import NamedTuple

from ...core.arrays import Array, xp

CLIP = 10.0
EPSILON = 1e-8


class Moments(NamedTuple):
    """Mean and variance ``(...)`` of what was seen, and how many were seen, a scalar."""

    mean: Array
    variance: Array
    count: Array


def merge(old: Moments, mean: Array, variance: Array, count: Array) -> Moments:
    """Moments of the union of two samples.

    ``mean = m1 + d n2 / n``; ``variance = (v1 n1 + v2 n2 + d**2 n1 n2 / n) / n``, where ``d = m2 - m1`` and
    ``n = n1 + n2``.
    """
    total = old.count + count
    delta = mean - old.mean
    squares = old.variance * old.count + variance * count + delta**2 * old.count * count / total
    return Moments(old.mean + delta * count / total, squares / total, total)


def masked_moments(values: Array, weight: Array) -> tuple[Array, Array, Array]:
    """Mean, variance and count of the values whose weight is 1 (over all axes); 0, 0, 0 where none is."""
    lib = xp(values)
    count = lib.sum(weight)
    divisor = lib.maximum(count, 1.0)
    mean = lib.sum(values * weight) / divisor
    return mean, lib.sum((values - mean) ** 2 * weight) / divisor, count


def standardise(values: Array, moments: Moments) -> Array:
    """``clip((values - mean) / sqrt(variance + 1e-8), -10, 10)``, over the last axis.

    A column of infinite variance tells nothing: it becomes 0, and ``merge`` leaves its variance infinite.
    """
    lib = xp(values)
    return lib.clip((values - moments.mean) / lib.sqrt(moments.variance + EPSILON), -CLIP, CLIP)
