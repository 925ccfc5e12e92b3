"""Bounds of results from bounds of operands; never too narrow, often too wide."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

Interval: TypeAlias = tuple[float, float]


def _add(a: Interval, b: Interval) -> Interval:
    return a[0] + b[0], a[1] + b[1]


def _subtract(a: Interval, b: Interval) -> Interval:
    return a[0] - b[1], a[1] - b[0]


def _product(x: float, y: float) -> float:
    return 0.0 if x == 0 or y == 0 else x * y  # 0 times a bound that is infinite


def _multiply(a: Interval, b: Interval) -> Interval:
    ends = [_product(x, y) for x in a for y in b]
    return min(ends), max(ends)


def _divide(a: Interval, b: Interval) -> Interval:
    if b[0] <= 0.0 <= b[1]:
        return -math.inf, math.inf
    return _multiply(a, (1.0 / b[1], 1.0 / b[0]))


def _absolute(a: Interval) -> Interval:
    least = 0.0 if a[0] <= 0.0 <= a[1] else min(abs(a[0]), abs(a[1]))
    return least, max(abs(a[0]), abs(a[1]))


def _square(a: Interval) -> Interval:
    low, high = _absolute(a)
    return low * low, high * high


def _power(a: Interval, b: Interval) -> Interval:
    exponent = b[0]
    if b[0] != b[1] or exponent < 0 or exponent != int(exponent):
        return -math.inf, math.inf
    if exponent % 2 == 0:
        low, high = _absolute(a)
        return low**exponent, high**exponent
    return math.copysign(abs(a[0]) ** exponent, a[0]), math.copysign(abs(a[1]) ** exponent, a[1])


def _hypot(a: Interval, b: Interval) -> Interval:
    (p, q), (r, s) = _absolute(a), _absolute(b)
    return math.hypot(p, r), math.hypot(q, s)


def _rising(function: Callable[[float], float]) -> Callable[[Interval], Interval]:
    def bounds(a: Interval) -> Interval:
        return float(function(a[0])), float(function(a[1]))

    return bounds


def _root(a: Interval) -> Interval:
    return math.sqrt(max(a[0], 0.0)), math.sqrt(max(a[1], 0.0))


# By the name of NumPy's function; one that is missing has unknown bounds.
INTERVALS: dict[str, Callable[..., Interval]] = {
    "add": _add,
    "subtract": _subtract,
    "multiply": _multiply,
    "divide": _divide,
    "true_divide": _divide,
    "power": _power,
    "negative": lambda a: (-a[1], -a[0]),
    "positive": lambda a: a,
    "absolute": _absolute,
    "fabs": _absolute,
    "square": _square,
    "sqrt": _root,
    "hypot": _hypot,
    "maximum": lambda a, b: (max(a[0], b[0]), max(a[1], b[1])),
    "minimum": lambda a, b: (min(a[0], b[0]), min(a[1], b[1])),
    "exp": _rising(np.exp),
    "tanh": _rising(np.tanh),
    "arctan": _rising(np.arctan),
    "floor": _rising(np.floor),
    "ceil": _rising(np.ceil),
    "rint": _rising(np.rint),
    "deg2rad": _rising(np.deg2rad),
    "radians": _rising(np.deg2rad),
    "rad2deg": _rising(np.rad2deg),
    "degrees": _rising(np.rad2deg),
    "sin": lambda a: (-1.0, 1.0),
    "cos": lambda a: (-1.0, 1.0),
    "arctan2": lambda a, b: (-math.pi, math.pi),
    "sign": lambda a: (-1.0, 1.0),
}
