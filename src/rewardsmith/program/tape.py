"""The tape of a program: its operations in order, each once, with shapes known beforehand.

Evaluators run it; ``encode`` turns it into register code.  Shared subexpressions are found here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from ..core.fields import Field
from .functions import COMPARISONS, LOGIC
from .shapes import NUMBER, Type, apply_type, column_type, compare_type, field_type, slice_type
from .tree import Apply, Column, Compare, Expr, Local, Named, Number, Pi, Read, Slice


class Step(NamedTuple):
    """One operation.  ``extra``: the field's name, the number's value, or the columns.

    Truth values become numbers by ``* 1.0`` and numbers become truth values by ``!= 0.0``, so evaluators
    need no conversions.
    """

    op: str
    args: tuple[int, ...]
    extra: Any
    kind: Type


@dataclass(frozen=True)
class Tape:
    """Steps in order; ``outputs`` are the steps whose values are the parts."""

    steps: tuple[Step, ...]
    outputs: tuple[int, ...]
    # What evaluators derive from the steps; never part of a program's identity.
    cache: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def reads(self) -> tuple[tuple[int, str, int], ...]:
        """The (step, name, width) of every field that is read."""
        return tuple((at, s.extra, s.kind.width) for at, s in enumerate(self.steps) if s.op == "field")

    @cached_property
    def traced(self) -> tuple[Any, ...]:
        """Numbers that are arrays or tracers, because somebody differentiates in them."""
        return tuple(s.extra for s in self.steps if s.op == "number" and not isinstance(s.extra, float))


def record(parts: Named, bindings: Named, table: Mapping[str, Field]) -> Tape:
    """Write down the operations of a (valid) program."""
    recorder = _Recorder(table)
    for name, expr in bindings:
        recorder.local[name] = recorder.visit(expr)
    outputs = tuple(recorder.number(recorder.visit(expr)) for _, expr in parts)
    return Tape(tuple(recorder.steps), outputs)


@dataclass
class _Recorder:
    table: Mapping[str, Field]
    local: dict[str, int] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    known: dict[Any, int] = field(default_factory=dict)

    def visit(self, expr: Expr) -> int:
        match expr:
            case Number(value):
                return self._literal(value)
            case Pi():
                return self._literal(math.pi)
            case Read(name):
                return self._add("field", (), name, field_type(self.table[name]))
            case Local(name):
                return self.local[name]
            case Column(source, index):
                at = self.visit(source)
                return self._add("column", (at,), index, column_type(self.steps[at].kind, index))
            case Slice(source, start, stop):
                at = self.visit(source)
                return self._add("slice", (at,), (start, stop), slice_type(self.steps[at].kind, start, stop))
            case Compare(ops, args):
                return self._compare(ops, [self.visit(arg) for arg in args])
            case Apply(op, args):
                return self._apply(op, [self.visit(arg) for arg in args])

    def number(self, at: int) -> int:
        """The same value as a number instead of a truth value."""
        kind = self.steps[at].kind
        return self._op("*", (at, self._literal(1.0))) if kind.boolean else at

    def truth(self, at: int) -> int:
        """The same value as a truth value: everything but 0 is true (so NaN is)."""
        kind = self.steps[at].kind
        if kind.boolean:
            return at
        return self._add("!=", (at, self._literal(0.0)), None, kind._replace(boolean=True))

    def _apply(self, op: str, args: list[int]) -> int:
        if op in ("and", "or"):
            joined = self.truth(args[0])
            for arg in args[1:]:
                joined = self._op(op, (joined, self.truth(arg)))
            return joined
        if op == "not":
            return self._op("not", (self.truth(args[0]),))
        if op == "where":
            return self._op("where", (self.truth(args[0]), self.number(args[1]), self.number(args[2])))
        numbers = [self.number(arg) for arg in args]
        if op == "**" and self._is_two(numbers[1]):
            return self._op("square", (numbers[0],))
        if op == "clip":
            return self._op("minimum", (self._op("maximum", (numbers[0], numbers[1])), numbers[2]))
        return self._op(op, tuple(numbers))

    def _literal(self, value: Any) -> int:
        return self._add("number", (), value, NUMBER)

    def _is_two(self, at: int) -> bool:
        step = self.steps[at]
        return step.op == "number" and isinstance(step.extra, float) and step.extra == 2.0

    def _compare(self, ops: tuple[str, ...], args: list[int]) -> int:
        args = [self.number(arg) for arg in args]
        joined = -1
        for op, left, right in zip(ops, args, args[1:], strict=False):
            kind = compare_type([self.steps[left].kind, self.steps[right].kind])
            mirror = {">": "<", ">=": "<="}.get(op)
            pair = (mirror, (right, left)) if mirror else (op, (left, right))
            one = self._add(pair[0], pair[1], None, kind)
            joined = one if joined < 0 else self._op("and", (joined, one))
        return joined

    def _op(self, op: str, args: tuple[int, ...]) -> int:
        return self._add(op, args, None, apply_type(op, [self.steps[arg].kind for arg in args]))

    def _add(self, op: str, args: tuple[int, ...], extra: Any, kind: Type) -> int:
        # A number that is being differentiated is not hashable and must stay by itself.
        same = (op, args, id(extra) if op == "number" and not isinstance(extra, float) else extra)
        if same not in self.known:
            self.known[same] = len(self.steps)
            self.steps.append(Step(op, args, extra, kind))
        return self.known[same]


BOOLEAN = frozenset({*COMPARISONS, *LOGIC})
