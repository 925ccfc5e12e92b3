"""Static types of programs: how many columns, whether true or false, which unit.

One value per row is a *scalar*, k values per row a *vector*; literals are *constants*, which fit both.
A scalar never meets a vector in one operation: NumPy would silently make a table of all pairs of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from ..core.errors import ProgramError
from ..core.fields import Field
from .codes import refuse
from .functions import ARITHMETIC, FUNCTIONS
from .tree import Apply, Column, Compare, Expr, Local, Named, Number, Pi, Read, Slice
from .units import NONE, RADIAN, Unit, alike, parse_unit, show, times

Complain = Callable[[str], None]


class Type(NamedTuple):
    """``width`` 0 is a scalar, k a vector of k columns; constants do not depend on the fields."""

    width: int = 0
    constant: bool = False
    boolean: bool = False
    unit: Unit = None

    def __str__(self) -> str:
        if self.constant:
            return "a constant"
        return f"a vector of {self.width} columns" if self.width else "one number per row"


NUMBER = Type(constant=True)
PI = Type(constant=True, unit=NONE)


class Misfit(Exception):
    """An operation that its arguments do not fit; becomes a ProgramError where the place is known."""

    def __init__(self, code: str, message: str, allowed: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.allowed = code, message, allowed

    def at(self, line: int = 1, column: int = 1) -> ProgramError:
        """The refusal, with its place."""
        return refuse(self.code, self.message, self.allowed, line, column)


def field_type(field: Field) -> Type:
    """The type of a field; a vector without a stated unit may mix units, so its unit is unknown."""
    unit = parse_unit(field.unit)
    return Type(field.width, unit=None if field.width and not unit else unit)


def column_type(source: Type, index: int) -> Type:
    """``x[:, index]``"""
    _need_vector(source, "x[:, i]")
    if not -source.width <= index < source.width:
        raise Misfit("E_INDEX", f"column {index} of {source}", f"columns 0 to {source.width - 1}")
    return Type(0, boolean=source.boolean, unit=source.unit)


def slice_type(source: Type, start: int, stop: int) -> Type:
    """``x[:, start:stop]``"""
    _need_vector(source, "x[:, i:j]")
    if not 0 <= start < stop <= source.width:
        allowed = f"0 <= i < j <= {source.width}"
        raise Misfit("E_INDEX", f"columns {start}:{stop} of {source}", allowed)
    return Type(stop - start, boolean=source.boolean, unit=source.unit)


def apply_type(
    op: str, args: Sequence[Type], exponent: float | None = None, complain: Complain | None = None
) -> Type:
    """The type of an operator or function; ``exponent`` is the literal right side of ``**``.

    Raises:
        Misfit: for shapes that do not fit.  Units that do not fit are only reported to ``complain``.
    """
    function = FUNCTIONS.get(op)
    if function is not None and function.kind == "columns":
        return _reduced(op, args)
    width, constant = _joint_shape(op, args)
    boolean = op in ("and", "or", "not")
    return Type(width, constant, boolean, _unit(op, args, exponent, complain))


def compare_type(args: Sequence[Type], complain: Complain | None = None) -> Type:
    """The type of a comparison."""
    width, constant = _joint_shape("a comparison", args)
    _same_unit("a comparison", args, complain)
    return Type(width, constant, True, NONE)


def infer(
    expr: Expr, table: Mapping[str, Field], local: Mapping[str, Type], complain: Complain | None = None
) -> Type:
    """The type of a whole expression.

    Raises:
        Misfit: for an expression that is not part of the language over these fields.
    """
    match expr:
        case Number():
            return NUMBER
        case Pi():
            return PI
        case Read(name):
            if name not in table:
                raise Misfit("E_NAME", f"no field {name!r}", ", ".join(table))
            return field_type(table[name])
        case Local(name):
            if name not in local:
                raise Misfit("E_NAME", f"no earlier line assigns {name!r}")
            return local[name]
        case Column(source, index):
            return column_type(infer(source, table, local, complain), index)
        case Slice(source, start, stop):
            return slice_type(infer(source, table, local, complain), start, stop)
        case Compare(_, args):
            return compare_type([infer(arg, table, local, complain) for arg in args], complain)
        case Apply(op, args):
            types = [infer(arg, table, local, complain) for arg in args]
            return apply_type(op, types, exponent_of(op, args), complain)


def exponent_of(op: str, args: Sequence[Expr]) -> float | None:
    """The literal exponent of ``x ** 2``."""
    last = args[-1] if args else None
    return last.value if op == "**" and isinstance(last, Number) and isinstance(last.value, float) else None


def infer_all(bindings: Named, table: Mapping[str, Field], complain: Complain | None = None) -> dict[str, Type]:
    """The types of the assigned names, in order."""
    local: dict[str, Type] = {}
    for name, expr in bindings:
        local[name] = infer(expr, table, local, complain)
    return local


def require_parts(types: Mapping[str, Type]) -> None:
    """One number per row in every part, and at least one part that depends on the fields."""
    for name, kind in types.items():
        if kind.width:
            what = "the result" if name == "reward" else f"the term {name!r}"
            allowed = "one number per row: pick a column with x[:, i], or add the columns with sum(x)"
            raise Misfit("E_SHAPE", f"{what} is {kind}", allowed)
    if all(kind.constant for kind in types.values()):
        raise Misfit("E_SHAPE", "the result does not depend on the fields", "an expression that reads a field")


# ---------------------------------------------------------------------- shapes
def _need_vector(source: Type, form: str) -> None:
    if source.constant or not source.width:
        raise Misfit("E_INDEX", f"{form} of {source}", "an index on vector fields only; write the name alone")


def _joint_shape(op: str, args: Sequence[Type]) -> tuple[int, bool]:
    shapes = {arg.width for arg in args if not arg.constant}
    if len(shapes) > 1:
        first, second = sorted(shapes)[:2]
        names = f"{Type(first)} and {Type(second)}"
        allowed = "equal shapes: pick columns with x[:, i], or add them with sum(x)"
        raise Misfit("E_SHAPE", f"{op} of {names}", allowed)
    return (shapes.pop(), False) if shapes else (0, True)


_FOR_NUMBERS = {"max": "maximum(x, y)", "min": "minimum(x, y)", "norm": "abs(x)", "sum": "x + y", "mean": "x"}


def _reduced(op: str, args: Sequence[Type]) -> Type:
    for arg in args:
        if arg.constant or not arg.width:
            instead = _FOR_NUMBERS.get(op, "x * y")
            raise Misfit(
                "E_SHAPE", f"{op} of {arg}", f"a vector such as obs; for single numbers write {instead}"
            )
    _joint_shape(op, args)
    unit = times(args[0].unit, args[1].unit) if op == "dot" else args[0].unit
    return Type(unit=unit)


# ---------------------------------------------------------------------- units
def _unit(op: str, args: Sequence[Type], exponent: float | None, complain: Complain | None) -> Unit:
    first = args[0].unit
    if op in ARITHMETIC:
        if op in ("*", "/"):
            return times(first, args[1].unit, 1.0 if op == "*" else -1.0)
        if op == "**":
            return times(NONE, first, exponent) if exponent is not None else (NONE if first == NONE else None)
        return _same_unit(op, args, complain)
    if op == "neg":
        return first
    return _function_unit(op, args, complain) if op in FUNCTIONS else NONE


def _function_unit(op: str, args: Sequence[Type], complain: Complain | None) -> Unit:
    rule, first = FUNCTIONS[op].unit, args[0].unit
    if rule in ("plain", "angle"):
        if first not in (None, NONE, RADIAN) and complain is not None:
            complain(f"{op} of a quantity in {show(first)}")
        return NONE
    if rule in ("same", "ratio"):
        unit = _same_unit(op, args, complain)
        return NONE if rule == "ratio" else unit
    if rule == "choice":
        return _same_unit(op, args[1:], complain)
    if rule in ("power", "root"):
        return times(NONE, first, 2.0 if rule == "power" else 0.5)
    return first if rule == "keep" else NONE


def _same_unit(op: str, args: Sequence[Type], complain: Complain | None) -> Unit:
    units = [arg.unit for arg in args]
    if not alike(*units):
        if complain is not None:
            known = [show(unit) for unit in units if unit is not None]
            complain(f"{op} of {' and '.join(known)}")
        return None
    # A constant adapts, so the known unit wins; an unknown that is not a constant stays unknown.
    if any(arg.unit is None and not arg.constant for arg in args):
        return None
    return next((unit for unit in units if unit is not None), None)
