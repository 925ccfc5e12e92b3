"""Shapes of reward expressions: weighted sums of atoms, distances, bumps, gates."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..core.fields import NEXT
from ..program import tree
from ..program.printing import show

CLEARLY = 1e-12  # smaller coefficients are what is left of a cancelled sum


@dataclass(frozen=True)
class Affine:
    """sum of coefficient * atom, plus a constant; atoms by the text of their expression."""

    parts: dict[str, tuple[float, tree.Expr]]
    constant: float = 0.0


def affine(expr: tree.Expr) -> Affine:
    """Write an expression as a weighted sum of atoms, as far as sums and constant factors go."""
    value = constant(expr)
    if value is not None:
        return Affine({}, value)
    if isinstance(expr, tree.Apply):
        if expr.op in ("+", "-"):
            return plus(affine(expr.args[0]), affine(expr.args[1]), 1.0 if expr.op == "+" else -1.0)
        if expr.op == "neg":
            return plus(Affine({}), affine(expr.args[0]), -1.0)
        if expr.op in ("*", "/"):
            return _scaled(expr)
        if expr.op == "where":
            return _choice(expr)
    return Affine({show(expr): (1.0, expr)})


def constant(expr: tree.Expr) -> float | None:
    """The value of an expression without fields; None if it has fields."""
    match expr:
        case tree.Number(value):
            return float(value)
        case tree.Pi():
            return math.pi
        case tree.Apply(op, args) if op in _ARITHMETIC:
            values = [constant(arg) for arg in args]
            if any(value is None for value in values):
                return None
            try:
                found = _ARITHMETIC[op](*values)
            except (ArithmeticError, ValueError):
                return None
            return found if isinstance(found, float) and math.isfinite(found) else None
        case _:
            return None


_ARITHMETIC: dict[str, Any] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b,
    "**": lambda a, b: a**b, "neg": lambda a: -a, "abs": abs, "sqrt": math.sqrt, "exp": math.exp,
    "square": lambda a: a * a, "cos": math.cos, "sin": math.sin,
}  # fmt: skip


def _scaled(expr: tree.Apply) -> Affine:
    left, right = expr.args
    factor, other = constant(right), left
    if factor is None and expr.op == "*":
        factor, other = constant(left), right
    if factor is None or (expr.op == "/" and factor == 0):
        return Affine({show(expr): (1.0, expr)})
    return plus(Affine({}), affine(other), 1.0 / factor if expr.op == "/" else factor)


def _choice(expr: tree.Apply) -> Affine:
    """where(c, a, b) = b + (a - b) * [c] for constants a and b."""
    condition, yes, no = expr.args
    high, low = constant(yes), constant(no)
    if high is None or low is None:
        return Affine({show(expr): (1.0, expr)})
    return Affine({show(condition): (high - low, condition)}, low)


def plus(a: Affine, b: Affine, factor: float) -> Affine:
    """Return ``a + factor * b``."""
    parts = dict(a.parts)
    for text, (weight, atom) in b.parts.items():
        parts[text] = (parts.get(text, (0.0, atom))[0] + factor * weight, atom)
    kept = {text: part for text, part in parts.items() if abs(part[0]) > CLEARLY}
    return Affine(kept, a.constant + factor * b.constant)


def is_abs(expr: tree.Expr) -> bool:
    """|x|"""
    return isinstance(expr, tree.Apply) and expr.op == "abs"


def inside_distance(expr: tree.Expr) -> tuple[tree.Expr, int] | None:
    """The x and the power of |x|, square(x), x^2 and x^4."""
    if not isinstance(expr, tree.Apply):
        return None
    if expr.op in ("abs", "square"):
        return expr.args[0], 1 if expr.op == "abs" else 2
    power = constant(expr.args[1]) if expr.op == "**" else None
    return (expr.args[0], int(power)) if power in (2.0, 4.0) else None


def inside_bump(expr: tree.Expr) -> tree.Expr | None:
    """Return the d of exp(-k d) and a / (b + k d), where d is a distance."""
    if not isinstance(expr, tree.Apply):
        return None
    if expr.op == "exp":
        inside, sign = affine(expr.args[0]), -1.0
    elif expr.op == "/" and constant(expr.args[0]) is not None:
        inside, sign = affine(expr.args[1]), 1.0
    else:
        return None
    parts = list(inside.parts.values())
    return parts[0][1] if len(parts) == 1 and sign * parts[0][0] > 0 else None


def gates(expr: tree.Expr) -> Iterator[tuple[tree.Expr, tree.Expr]]:
    """Yield (condition, what it gates) of condition * x, x * condition and where(condition, x, 0)."""
    if isinstance(expr, tree.Apply) and expr.op == "*":
        yield expr.args[0], expr.args[1]
        yield expr.args[1], expr.args[0]
    if isinstance(expr, tree.Apply) and expr.op == "where" and constant(expr.args[2]) == 0.0:
        yield expr.args[0], expr.args[1]


def at_now(expr: tree.Expr) -> tree.Expr | None:
    """The same expression one step earlier; None unless it reads twins only."""
    reads = [node for node in tree.walk(expr) if isinstance(node, tree.Read)]
    if not reads or not all(node.name.startswith(NEXT) for node in reads):
        return None

    def earlier(node: tree.Expr) -> tree.Expr:
        return tree.Read(node.name.removeprefix(NEXT)) if isinstance(node, tree.Read) else node

    return tree.rewrite(expr, earlier)
