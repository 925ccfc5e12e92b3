"""Units of measurement, as far as programs need them: products, powers, likeness.

A unit is a sorted tuple of (symbol, exponent); ``()`` is dimensionless; ``None`` is unknown, which
fits everything.  Literal numbers are of unknown unit, so ``0.1 * x`` is too: a weight may carry any.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TypeAlias

Unit: TypeAlias = tuple[tuple[str, float], ...] | None
NONE: Unit = ()
RADIAN: Unit = (("rad", 1.0),)
_FACTOR = re.compile(r"([*/·]?)\s*([^\s*/·^\d+-]+|1)\s*(?:(?:\^|\*\*)?\s*([+-]?\d+))?\s*")


@lru_cache(maxsize=256)
def parse_unit(text: str) -> Unit:
    """Read ``"m/s^2"``, ``"rad"``, ``"N*m"`` or ``"1"``; None where the text is not understood.

    Example:
        >>> parse_unit("m/s^2")
        (('m', 1.0), ('s', -2.0))
    """
    unit: Unit = NONE
    position = 0
    while position < len(text):
        match = _FACTOR.match(text, position)
        if match is None:
            return None
        sign = -1.0 if match[1] == "/" else 1.0
        if match[2] != "1":
            unit = times(unit, ((match[2], sign * float(match[3] or 1)),))
        position = match.end()
    return unit


def times(a: Unit, b: Unit, power: float = 1.0) -> Unit:
    """The unit of ``x * y ** power``."""
    if a is None or b is None:
        return None
    exponents = dict(a)
    for symbol, exponent in b:
        exponents[symbol] = exponents.get(symbol, 0.0) + power * exponent
    return tuple(sorted((symbol, e) for symbol, e in exponents.items() if e))


def alike(*units: Unit) -> bool:
    """True where all known units are the same."""
    return len({unit for unit in units if unit is not None}) < 2


def show(unit: Unit) -> str:
    """Readable text of a unit."""
    if unit is None:
        return "unknown"
    return "*".join(s if e == 1 else f"{s}^{e:g}" for s, e in unit) or "1"
