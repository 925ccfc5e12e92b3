"""The functions and operators of the reward language: names, arguments, meaning.

All work elementwise on one number per row or on k columns, except the last group, which turns the k
columns of a vector into one number.  Nothing is protected: ``log`` of a negative number is NaN,
division by zero is infinite or NaN, in every evaluator.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["elementwise", "columns"]
# What a function asks of the unit of its arguments, and what it makes of it:
#   plain: dimensionless in and out;  angle: radians or dimensionless in;  same: all alike, kept;
#   keep: kept;  free: anything in, dimensionless out;  root, power: halves or doubles the exponents;
#   ratio: all alike in, dimensionless out;  choice: the last two alike, kept;  times: product
UnitRule = Literal["plain", "angle", "same", "keep", "free", "root", "power", "ratio", "choice", "times"]


class Function(NamedTuple):
    """One function of the language."""

    arity: int
    unit: UnitRule
    meaning: str
    kind: Kind = "elementwise"


FUNCTIONS: dict[str, Function] = {
    "abs": Function(1, "keep", "|x|"),
    "sign": Function(1, "free", "-1, 0 or 1"),
    "square": Function(1, "power", "x * x"),
    "sqrt": Function(1, "root", "square root; NaN below 0"),
    "exp": Function(1, "plain", "e ** x"),
    "log": Function(1, "plain", "natural logarithm; NaN below 0, -inf at 0"),
    "sin": Function(1, "angle", "sine of radians"),
    "cos": Function(1, "angle", "cosine of radians"),
    "tan": Function(1, "angle", "tangent of radians"),
    "arctan": Function(1, "plain", "angle whose tangent is x"),
    "tanh": Function(1, "plain", "squashes to (-1, 1)"),
    "sigmoid": Function(1, "plain", "1 / (1 + exp(-x)): squashes to (0, 1)"),
    "floor": Function(1, "keep", "largest whole number not above x"),
    "round": Function(1, "keep", "nearest whole number (halves to even)"),
    "minimum": Function(2, "same", "the smaller of two"),
    "maximum": Function(2, "same", "the larger of two"),
    "arctan2": Function(2, "ratio", "angle of the point (x, y), written arctan2(y, x)"),
    "hypot": Function(2, "same", "sqrt(x * x + y * y)"),
    "clip": Function(3, "same", "clip(x, low, high)"),
    "where": Function(3, "choice", "where(condition, x, y): x where the condition holds, else y"),
    "sum": Function(1, "keep", "sum of the columns", "columns"),
    "mean": Function(1, "keep", "mean of the columns", "columns"),
    "max": Function(1, "keep", "largest column", "columns"),
    "min": Function(1, "keep", "smallest column", "columns"),
    "norm": Function(1, "keep", "sqrt(sum(x * x)) over the columns", "columns"),
    "dot": Function(2, "times", "sum(x * y) over the columns", "columns"),
}

ARITHMETIC = ("+", "-", "*", "/", "**", "%")
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
LOGIC = ("and", "or", "not")


_ARGUMENTS = {1: "x", 2: "x, y", 3: "x, y, z"}
_NAMED = {"clip": "x, low, high", "where": "condition, x, y", "arctan2": "y, x"}


def signature(name: str) -> str:
    """How a function is called.

    Example:
        >>> signature("clip")
        'clip(x, low, high)'
    """
    return f"{name}({_NAMED.get(name, _ARGUMENTS[FUNCTIONS[name].arity])})"


def listing() -> str:
    """The functions in one line, for error messages and prompts.

    Example:
        >>> listing().startswith("abs(x), sign(x)")
        True
    """
    return ", ".join(signature(name) for name in FUNCTIONS)
