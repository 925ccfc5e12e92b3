"""The tree of a reward program: eight kinds of frozen nodes.

Python's own syntax tree is only read (by ``build``); everything after that works on these.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Number:
    """A literal number; one of the program's parameters."""

    value: Any


@dataclass(frozen=True, slots=True)
class Pi:
    """The constant pi, which is not a parameter."""


@dataclass(frozen=True, slots=True)
class Read:
    """A field."""

    name: str


@dataclass(frozen=True, slots=True)
class Local:
    """A name assigned on an earlier line."""

    name: str


@dataclass(frozen=True, slots=True)
class Column:
    """``x[:, index]``"""

    source: Expr
    index: int


@dataclass(frozen=True, slots=True)
class Slice:
    """``x[:, start:stop]``"""

    source: Expr
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Apply:
    """An operator or function: ``+ - * / ** % neg not and or`` or a name of ``FUNCTIONS``."""

    op: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """``a < b <= c``: all of the neighbouring comparisons hold."""

    ops: tuple[str, ...]
    args: tuple[Expr, ...]


Expr: TypeAlias = Number | Pi | Read | Local | Column | Slice | Apply | Compare
Named: TypeAlias = tuple[tuple[str, Expr], ...]


def negate(expr: Expr) -> Expr:
    """``-expr``, with the sign of a literal folded into it (no negative zero) and ``--x`` undone."""
    if isinstance(expr, Number):
        return Number(-expr.value if expr.value else expr.value)
    if isinstance(expr, Apply) and expr.op == "neg":
        return expr.args[0]
    return Apply("neg", (expr,))


def children(expr: Expr) -> tuple[Expr, ...]:
    """The nodes directly below."""
    if isinstance(expr, (Apply, Compare)):
        return expr.args
    return (expr.source,) if isinstance(expr, (Column, Slice)) else ()


def with_children(expr: Expr, new: tuple[Expr, ...]) -> Expr:
    """The same node over other children; keeps literals folded."""
    if isinstance(expr, Apply) and expr.op == "neg":
        return negate(new[0])
    if isinstance(expr, (Apply, Compare)):
        return replace(expr, args=new)
    return replace(expr, source=new[0]) if isinstance(expr, (Column, Slice)) else expr


def walk(expr: Expr) -> Iterator[Expr]:
    """The node and all below it, parents first, left to right."""
    yield expr
    for child in children(expr):
        yield from walk(child)


def rewrite(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """Apply ``change`` to every node, leaves first."""
    below = children(expr)
    new = tuple(rewrite(child, change) for child in below)
    return change(expr if all(a is b for a, b in zip(new, below, strict=True)) else with_children(expr, new))


def size(expr: Expr) -> int:
    """How many nodes."""
    return 1 + sum(size(child) for child in children(expr))


def depth(expr: Expr) -> int:
    """Nodes on the longest way down."""
    return 1 + max((depth(child) for child in children(expr)), default=0)


def numbers(expr: Expr) -> list[Any]:
    """The literal numbers, in the order in which they are printed."""
    return [node.value for node in walk(expr) if isinstance(node, Number)]


def with_numbers(expr: Expr, values: Iterator[Any]) -> Expr:
    """Replace the literal numbers in order."""
    if isinstance(expr, Number):
        return Number(next(values))
    below = children(expr)
    return with_children(expr, tuple(with_numbers(child, values) for child in below)) if below else expr


def inline(expr: Expr, bindings: Named) -> Expr:
    """Put the value of every local name in its place."""
    known: dict[str, Expr] = {}

    def put(node: Expr) -> Expr:
        return known[node.name] if isinstance(node, Local) else node

    for name, value in bindings:
        known[name] = rewrite(value, put)
    return rewrite(expr, put)


# Operand order does not matter to these; '<' is written for '>' in keys.
_COMMUTATIVE = frozenset({"+", "*", "and", "or", "minimum", "maximum", "hypot", "dot"})
_MIRROR = {">": "<", ">=": "<="}


def key(expr: Expr, with_values: bool = True) -> str:
    """A text that is equal for expressions that differ only in the order of commutative operands.

    ``with_values=False`` leaves the literal numbers out, which gives the shape of the expression.
    """
    match expr:
        case Number(value):
            return repr(value) if with_values else "#"
        case Pi():
            return "pi"
        case Read(name) | Local(name):
            return name
        case Column(source, index):
            return f"{key(source, with_values)}[{index}]"
        case Slice(source, start, stop):
            return f"{key(source, with_values)}[{start}:{stop}]"
        case Apply(op, args):
            keys = [key(arg, with_values) for arg in args]
            return f"{op}({','.join(sorted(keys) if op in _COMMUTATIVE else keys)})"
        case Compare(ops, args):
            keys = [key(arg, with_values) for arg in args]
            if all(op in _MIRROR for op in ops):
                ops, keys = tuple(_MIRROR[op] for op in reversed(ops)), keys[::-1]
            return "(" + keys[0] + "".join(f"{op}{k}" for op, k in zip(ops, keys[1:], strict=True)) + ")"


def digest(text: str) -> str:
    """A short hash that is the same in every process."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
