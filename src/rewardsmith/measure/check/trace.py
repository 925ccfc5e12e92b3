"""trace: how the leaves of a reward use their fields, found by evaluating each on quantities."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

import numpy as np

from ...core.algebra import Reward
from ...core.arrays import Batch
from ...core.fields import NEXT, Field
from ...core.node import walk
from ...core.term import Term
from ...program import Program
from ...program.tree import Apply, Column, Compare, Expr, Local, Number, Pi, Read, Slice
from .quantity import Event, Quantity

_ROWS = 64  # enough to run any term; the bounds come from the fields


@dataclass(frozen=True)
class Trace:
    """Events by the leaf (its label) and part (of a program) that they happened in.

    Args:
        events: (part, event) in the order in which they happened.
        unseen: leaves that could not be followed: texts, learned models, whatever refuses quantities.
    """

    events: tuple[tuple[str, Event], ...] = ()
    unseen: tuple[str, ...] = ()

    def of(self, *kinds: str) -> list[tuple[str, Event]]:
        """Events of some kinds, each once."""
        return list(dict.fromkeys((part, event) for part, event in self.events if event.kind in kinds))

    @cached_property
    def critical(self) -> dict[str, tuple[float, ...]]:
        """The numbers that each field is compared with or measured from, of both signs; for the twins too."""
        found: dict[str, dict[float, None]] = {}
        for _, event in self.of("compared", "aimed"):
            number = (
                event.right.low if event.kind == "compared" else (event.left.aim or ("", 0, 0, math.nan))[3]
            )
            base = event.left.base.removeprefix(NEXT)
            if base and math.isfinite(number):
                for name in (base, NEXT + base):
                    found.setdefault(name, {}).update({number: None, -number: None})
        return {name: tuple(numbers) for name, numbers in found.items()}


def trace(reward: Reward, batch: Batch, fields: Mapping[str, Field]) -> Trace:
    """Follow every term and program of a reward on the first steps of a batch; never raises for a leaf."""
    rows = {name: _rows(value) for name, value in batch.items()}
    events: list[tuple[str, Event]] = []
    unseen: list[str] = []
    for leaf in walk(reward):
        if not isinstance(leaf, (Term, Program)):
            continue
        log: list[Event] = []
        quantities = {
            name: Quantity.read(value, fields.get(name), name, log) if _numeric(value) else value
            for name, value in rows.items()
        }
        try:
            with np.errstate(all="ignore"):
                if isinstance(leaf, Program):
                    events += _program(leaf, quantities, log)
                elif leaf.each:
                    unseen.append(leaf.label)
                else:
                    leaf.share(quantities, ())
                    events += [(leaf.label, event) for event in log]
        except Exception:  # a term may do anything with an array; what cannot be followed is listed
            unseen.append(leaf.label)
    return Trace(tuple(events), tuple(dict.fromkeys(unseen)))


def _numeric(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "fiub"


def _rows(value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    return value[:_ROWS].copy() if len(value) > _ROWS else value.copy()


# ---------------------------------------------------------------------- programs
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "**": np.power, "%": np.remainder,
    "neg": np.negative, "not": np.logical_not, "and": np.logical_and, "or": np.logical_or,
    "abs": np.abs, "sign": np.sign, "square": np.square, "sqrt": np.sqrt, "exp": np.exp, "log": np.log,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "arctan": np.arctan, "tanh": np.tanh, "floor": np.floor,
    "round": np.rint, "minimum": np.minimum, "maximum": np.maximum, "arctan2": np.arctan2, "hypot": np.hypot,
    "clip": np.clip, "sigmoid": lambda x: 0.5 * np.tanh(0.5 * x) + 0.5,
    "where": lambda when, x, y: np.where(when != 0, x, y),
    "sum": lambda x: np.sum(x, axis=-1), "mean": lambda x: np.mean(x, axis=-1),
    "max": lambda x: np.max(x, axis=-1), "min": lambda x: np.min(x, axis=-1),
    "norm": lambda x: np.sqrt(np.sum(x * x, axis=-1)), "dot": lambda x, y: np.sum(x * y, axis=-1),
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
    "==": np.equal, "!=": np.not_equal,
}  # fmt: skip


def _program(program: Program, fields: Mapping[str, Any], log: list[Event]) -> list[tuple[str, Event]]:
    found: list[tuple[str, Event]] = []
    local: dict[str, Any] = {}
    for name, expr in program.bindings:
        local[name] = _value(expr, fields, local)
    for name, expr in program.parts:
        _value(expr, fields, local)
        found += [(name, event) for event in log]  # an assigned line belongs to the first part
        log.clear()
    return found


def _value(expr: Expr, fields: Mapping[str, Any], local: Mapping[str, Any]) -> Any:
    match expr:
        case Number(value):
            return value
        case Pi():
            return math.pi
        case Read(name):
            return fields[name]
        case Local(name):
            return local[name]
        case Column(source, index):
            return _value(source, fields, local)[..., index]
        case Slice(source, start, stop):
            return _value(source, fields, local)[..., start:stop]
        case Compare(ops, args):
            values = [_value(arg, fields, local) for arg in args]
            holds = [_FUNCTIONS[op](a, b) for op, a, b in zip(ops, values, values[1:], strict=False)]
            return reduce(np.logical_and, holds)
        case Apply(op, args):
            values = [_value(arg, fields, local) for arg in args]
            return reduce(_FUNCTIONS[op], values) if op in ("and", "or") else _FUNCTIONS[op](*values)
