"""Quantity: a NumPy array that knows its unit and bounds, and notes what is done to it.

Evaluating a term on quantities instead of arrays shows how it uses its fields: which units it adds, which
numbers it compares them with, which values it aims at.  The numbers that come out are the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ...core.fields import Field
from ...program.units import Unit, parse_unit, times
from .intervals import INTERVALS, Interval

Numbers = np.ndarray[Any, Any]
_ALIKE = {"add": "+", "subtract": "-", "maximum": "max", "minimum": "min", "hypot": "hypot", "remainder": "%"}
_COMPARE = {
    "less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "==", "not_equal": "!=",
}  # fmt: skip
_ANGLE = ("sin", "cos", "tan")
_KEEP = ("negative", "absolute", "fabs", "floor", "ceil", "rint", "trunc", "positive")
_CUTS = ("arctan2", "remainder", "floor", "ceil", "rint", "trunc", "floor_divide", "sign")


@dataclass(frozen=True)
class About:
    """What is known of the values of an array.

    Args:
        text: how it came about, in terms of fields; empty where nobody needs to know.
        unit: None is unknown, which fits everything.
        low, high: bounds.
        base: the one field that it is a monotone or absolute function of, and nothing else.
        aim: (text, low, high, number), where it is a quantity minus a number.
        constant: whether it is a number and no array.
    """

    text: str = ""
    unit: Unit = None
    low: float = -math.inf
    high: float = math.inf
    base: str = ""
    aim: tuple[str, float, float, float] | None = None
    constant: bool = False


@dataclass(frozen=True)
class Event:
    """Something noteworthy that a term does with its fields.

    Args:
        kind: ``mixed``, ``compared``, ``aimed``, ``angle``, ``converted`` or ``cut``.
        op: the operation.
        left, right: its operands (``right`` is a number in ``compared`` and ``aimed``).
    """

    kind: str
    op: str
    left: About
    right: About = field(default_factory=About)


class Quantity(np.ndarray[Any, Any]):
    """An array with ``about`` and a common ``log`` of events."""

    about: About
    log: list[Event]

    @staticmethod
    def of(values: Numbers, about: About, log: list[Event]) -> Quantity:
        """A view of an array."""
        found = np.asarray(values).view(Quantity)
        found.about, found.log = about, log
        return found

    @staticmethod
    def read(values: Numbers, known: Field | None, name: str, log: list[Event]) -> Quantity:
        """A field; its bounds are widened to the values."""
        seen = values[np.isfinite(values)] if values.dtype.kind == "f" else values
        low, high = (float(seen.min()), float(seen.max())) if seen.size else (0.0, 0.0)
        if known is None or values.dtype.kind == "b":
            return Quantity.of(values, About(name), log)
        unit = parse_unit(known.unit)
        unit = None if known.width and not unit else unit  # a vector without a unit may mix them
        bounds = (min(known.low, low), max(known.high, high))
        return Quantity.of(values, About(name, unit, *bounds, base="" if known.width else name), log)

    def __array_finalize__(self, source: Any) -> None:
        self.about = getattr(source, "about", About())
        self.log = getattr(source, "log", [])

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **named: Any) -> Any:
        named.pop("out", None)
        values = getattr(ufunc, method)(*(_plain(each) for each in inputs), **_plain(named))
        if not isinstance(values, (np.ndarray, np.generic)):
            return values
        about = [_about(each) for each in inputs]
        if method != "__call__":
            keep = method == "reduce" and ufunc.__name__ in ("add", "maximum", "minimum")
            return Quantity.of(np.asarray(values), About(unit=about[0].unit if keep else None), self.log)
        same = len(inputs) == 2 and inputs[0] is inputs[1]
        self.log.extend(_events(ufunc.__name__, about, same))
        return Quantity.of(np.asarray(values), derive(ufunc.__name__, about, same), self.log)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        del types
        name = getattr(func, "__name__", "")
        if name == "where" and len(args) == 3:
            chosen = [_about(each) for each in args[1:]]
            self.log.extend(_mixed("where", chosen))
            bounds = (min(each.low for each in chosen), max(each.high for each in chosen))
            about = About(unit=_common(chosen), low=bounds[0], high=bounds[1])
        elif name == "clip":
            given = [*args[:3], *(kwargs.get(each) for each in ("a_min", "a_max", "min", "max"))]
            parts = [_about(each) for each in given if each is not None]
            about = _clipped(parts) if len(parts) == 3 else About(unit=parts[0].unit)
        elif name in ("sum", "mean", "max", "min", "amax", "amin", "median", "norm", "stack", "concatenate"):
            about = About(unit=_common([_about(each) for each in _flat(args[0])]))
        else:
            about = About()
        values = func(*_plain(args), **_plain(kwargs))
        if isinstance(values, np.ndarray) and values.dtype.kind in "fib":
            return Quantity.of(values, about, self.log)
        return values


def derive(op: str, about: Sequence[About], same: bool = False) -> About:
    """What is known of the result of an operation."""
    bounds = _bounds(op, [(each.low, each.high) for each in about], same)
    if op in _COMPARE or op.startswith(("logical", "bitwise")):
        return About(low=0.0, high=1.0, unit=())
    made = About(_text(op, about), _unit(op, about), *bounds)
    first = about[0]
    if op in _KEEP[:3]:
        return replace(made, base=first.base, aim=first.aim)
    if op in ("add", "subtract") and about[1].constant and first.text:
        number = about[1].low if op == "subtract" else -about[1].low
        return replace(made, base=first.base, aim=(first.text, first.low, first.high, number))
    if op == "subtract" and first.constant and about[1].text:
        return replace(made, aim=(about[1].text, about[1].low, about[1].high, first.low))
    if op in ("multiply", "divide", "true_divide") and about[1].constant:
        return replace(made, aim=first.aim)
    if op == "multiply" and first.constant:
        return replace(made, aim=about[1].aim)
    return made


def _bounds(op: str, given: Sequence[Interval], same: bool) -> Interval:
    if op == "multiply" and same:
        op, given = "square", given[:1]
    rule = INTERVALS.get(op)
    with np.errstate(all="ignore"):
        low, high = rule(*given) if rule is not None else (-math.inf, math.inf)
    return (low, high) if low <= high else (-math.inf, math.inf)  # also where one is NaN


def _events(op: str, about: Sequence[About], same: bool) -> list[Event]:
    first = about[0]
    found = _mixed(op, about) if op in _ALIKE or op in _COMPARE else []
    if op in _COMPARE:
        if about[1].constant and first.text:
            found.append(Event("compared", _COMPARE[op], first, about[1]))
        elif first.constant and about[1].text:
            found.append(Event("compared", _MIRROR[_COMPARE[op]], about[1], first))
    if op in _ANGLE:
        found.append(Event("angle", op, first))
    if op in ("deg2rad", "radians", "rad2deg", "degrees"):
        found.append(Event("converted", op, first))
    if op in _CUTS:
        found.append(Event("cut", op, first))
    even = op == "power" and about[1].constant and about[1].low % 2 == 0
    squared = op in ("absolute", "fabs", "square") or even or (op == "multiply" and same)
    if squared and first.aim is not None:
        found.append(Event("aimed", op, first))
    return found


_MIRROR = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def _mixed(op: str, about: Sequence[About]) -> list[Event]:
    known = [each for each in about if each.unit is not None]
    for other in known[1:]:
        if other.unit != known[0].unit:
            return [Event("mixed", _ALIKE.get(op, _COMPARE.get(op, op)), known[0], other)]
    return []


def _common(about: Sequence[About]) -> Unit:
    """The unit of all; numbers adapt, and an array of unknown unit makes the result unknown."""
    if any(each.unit is None and not each.constant for each in about):
        return None
    units = {each.unit for each in about if each.unit is not None}
    return units.pop() if len(units) == 1 else None


def _unit(op: str, about: Sequence[About]) -> Unit:
    first = about[0].unit
    if op in _ALIKE:
        return _common(about)
    if op in _KEEP:
        return first
    if op in ("multiply", "divide", "true_divide"):
        return times(first, about[1].unit, 1.0 if op == "multiply" else -1.0)
    if op == "square" or (op == "power" and about[1].constant):
        return times((), first, 2.0 if op == "square" else about[1].low)
    if op == "sqrt":
        return times((), first, 0.5)
    if op in ("deg2rad", "radians"):
        return (("rad", 1.0),)
    if op in ("rad2deg", "degrees"):
        return (("deg", 1.0),)
    return (("rad", 1.0),) if op in ("arctan2", "arcsin", "arccos", "arctan") else None


def _text(op: str, about: Sequence[About]) -> str:
    """The text of a result, as long as a reader can still follow it."""
    parts = [each.text or (f"{each.low:g}" if each.constant else "") for each in about]
    if not all(parts) or sum(map(len, parts)) > 60:
        return ""
    if op in ("add", "subtract"):
        return f"{parts[0]} {_SIGNS[op]} {parts[1]}"
    if op in _SIGNS:
        return f"({f' {_SIGNS[op]} '.join(parts)})"
    named = {"absolute": "abs", "negative": "-"}.get(op, op)
    return f"-{parts[0]}" if op == "negative" else f"{named}({', '.join(parts)})"


_SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "true_divide": "/", "power": "**"}


def _clipped(parts: Sequence[About]) -> About:
    value, low, high = parts
    bounds = (min(max(value.low, low.low), high.high), max(min(value.high, high.high), low.low))
    return About(value.text and f"clip({value.text})", value.unit, *bounds)


def _about(value: Any) -> About:
    if isinstance(value, Quantity):
        return value.about
    plain = isinstance(value, (bool, int, float, np.generic)) or (
        isinstance(value, np.ndarray) and not value.ndim
    )
    if plain:
        number = float(value)
        return About("", None, number, number, constant=math.isfinite(number))
    return About()


def _plain(value: Any) -> Any:
    if isinstance(value, Quantity):
        return np.asarray(value)
    if isinstance(value, (list, tuple)):
        return type(value)(_plain(each) for each in value)
    return {key: _plain(each) for key, each in value.items()} if isinstance(value, dict) else value


def _flat(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]
