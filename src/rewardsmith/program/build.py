"""From Python's syntax tree to ours: every construct not named here is refused."""

from __future__ import annotations

import ast
import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from ..core.fields import Field
from . import shapes
from .codes import refuse
from .functions import ARITHMETIC, COMPARISONS, FUNCTIONS, listing
from .shapes import Misfit, Type
from .tree import Apply, Column, Compare, Expr, Local, Number, Pi, Read, Slice, negate

MAX_DEPTH = 100
RESERVED = frozenset({*FUNCTIONS, "pi"})

_BINARY: dict[type[ast.operator], str] = dict(
    zip((ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.Mod), ARITHMETIC, strict=True)
)
_COMPARE: dict[type[ast.cmpop], str] = dict(
    zip((ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq), COMPARISONS, strict=True)
)
_HINTS: dict[str, str] = {
    "Dict": 'a dict of named terms in the return only: return {"name": x, ...}',
    "Tuple": 'one value, or a dict of named terms: return {"name": x, ...}',
    "List": "column indices and functions: x[:, 0], hypot(x[:, 0], x[:, 1]), sum(x)",
    "Lambda": "expressions without lambda",
    "NamedExpr": "assignments on lines of their own",
    "JoinedStr": "numbers; strings only as names of terms in the returned dict",
}
_Typed = tuple[Expr, Type]


@dataclass
class Builder:
    """Turns Python expressions over a table of fields into typed trees."""

    table: Mapping[str, Field]
    strict_units: bool = False
    local: dict[str, Type] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def expression(self, node: ast.expr, level: int = 0) -> _Typed:
        """The tree and type of one expression.

        Raises:
            ProgramError: with the place of the first thing that is refused.
        """
        if level > MAX_DEPTH:
            _fail(node, "E_DEPTH", f"operations nested more than {MAX_DEPTH} deep")
        handler = _HANDLERS.get(type(node))
        if handler is None:
            kind = type(node).__name__
            _fail(node, "E_NODE", _name_of(node), _HINTS.get(kind, ""))
        try:
            return handler(self, node, level + 1)
        except Misfit as misfit:
            raise misfit.at(node.lineno, node.col_offset + 1) from None

    def assign(self, target: ast.Name, value: ast.expr) -> tuple[str, Expr]:
        """One line ``name = value``; a name assigned again becomes a new name."""
        name = target.id
        if name.startswith("_") or name in self.table or name == "pi":
            why = "is a field" if name in self.table else "is reserved"
            _fail(
                target, "E_NAME", f"the name {name[:60]!r} {why}", "another name, without a leading underscore"
            )
        expr, kind = self.expression(value)
        fresh, count = name, 2
        while fresh in self.local or fresh in RESERVED or fresh in self.table:
            fresh, count = f"{name}_{count}", count + 1
        self.names[name], self.local[fresh] = fresh, kind
        return fresh, expr

    # ------------------------------------------------------------------ leaves
    def on_constant(self, node: ast.Constant, level: int) -> _Typed:
        value = node.value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            shown = "a string" if isinstance(value, str) else repr(value)[:30]
            _fail(node, "E_CONST", f"the constant {shown}")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            _fail(node, "E_CONST", "a number too large for floating point", "numbers below 1e308")
        return Number(number), shapes.NUMBER

    def on_name(self, node: ast.Name, level: int) -> _Typed:
        name = node.id
        if name in self.names:
            local = self.names[name]
            return Local(local), self.local[local]
        if name in self.table:
            return Read(name), shapes.field_type(self.table[name])
        if name == "pi":
            return Pi(), shapes.PI
        if name in FUNCTIONS:
            _fail(node, "E_NAME", f"the function {name} without its arguments", f"{name}(...)")
        known = [*self.table, *self.names]
        _fail(node, "E_NAME", f"unknown name {name[:60]!r}", _suggest(name, known) + ", ".join(known))

    # ------------------------------------------------------------------ operators
    def on_unary(self, node: ast.UnaryOp, level: int) -> _Typed:
        if isinstance(node.op, (ast.UAdd, ast.Invert)):
            sign = "+x" if isinstance(node.op, ast.UAdd) else "~x"
            _fail(node, "E_OP", f"the operator {sign}", "-x or not x")
        inner, kind = self.expression(node.operand, level)
        if isinstance(node.op, ast.Not):
            return Apply("not", (inner,)), shapes.apply_type("not", [kind])
        return negate(inner), shapes.apply_type("neg", [kind])

    def on_binary(self, node: ast.BinOp, level: int) -> _Typed:
        op = _BINARY.get(type(node.op))
        if op is None:
            _fail(node, "E_OP", f"the operator {type(node.op).__name__}")
        return self._apply(node, op, [node.left, node.right], level)

    def on_logic(self, node: ast.BoolOp, level: int) -> _Typed:
        return self._apply(node, "and" if isinstance(node.op, ast.And) else "or", node.values, level)

    def on_compare(self, node: ast.Compare, level: int) -> _Typed:
        ops = tuple(_COMPARE.get(type(op), "") for op in node.ops)
        if "" in ops:
            _fail(node, "E_OP", f"the operator {type(node.ops[ops.index('')]).__name__}")
        parts = [self.expression(item, level) for item in (node.left, *node.comparators)]
        kind = shapes.compare_type([kind for _, kind in parts], self._complain(node))
        return Compare(ops, tuple(expr for expr, _ in parts)), kind

    def on_choice(self, node: ast.IfExp, level: int) -> _Typed:
        return self._apply(node, "where", [node.test, node.body, node.orelse], level)

    def _apply(self, node: ast.expr, op: str, args: list[ast.expr], level: int) -> _Typed:
        parts = [self.expression(arg, level) for arg in args]
        exprs = tuple(expr for expr, _ in parts)
        exponent = shapes.exponent_of(op, exprs)
        kind = shapes.apply_type(op, [kind for _, kind in parts], exponent, self._complain(node))
        return Apply(op, exprs), kind

    def _complain(self, node: ast.expr) -> Callable[[str], None] | None:
        if not self.strict_units:
            return None

        def complain(message: str) -> None:
            _fail(node, "E_UNIT", message)

        return complain

    # ------------------------------------------------------------------ calls and indices
    def on_call(self, node: ast.Call, level: int) -> _Typed:
        if not isinstance(node.func, ast.Name):
            last = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            hint = f"{last}(...) by its plain name" if last in FUNCTIONS else listing()
            _fail(node, "E_CALL", "a call of something that is not a plain name", hint)
        name = node.func.id
        function = FUNCTIONS.get(name)
        if function is None:
            _fail(node, "E_CALL", f"the function {name}", _suggest(name, list(FUNCTIONS)) + listing())
        if node.keywords or any(isinstance(arg, ast.Starred) for arg in node.args):
            _fail(node, "E_CALL", f"keyword or starred arguments of {name}", "plain arguments in order")
        if len(node.args) != function.arity:
            hint = ""
            if name in ("max", "min") and len(node.args) > 1:
                hint = f"{name}imum(x, y) for two numbers; {name}(x) is over the columns of a vector"
            allowed = hint or f"{function.arity}: {name} is {function.meaning}"
            _fail(node, "E_CALL", f"{name} with {len(node.args)} arguments", allowed)
        return self._apply(node, name, node.args, level)

    def on_attribute(self, node: ast.Attribute, level: int) -> NoReturn:
        _fail(node, "E_ATTR", f"the attribute .{node.attr[:40]}")

    def on_subscript(self, node: ast.Subscript, level: int) -> _Typed:
        index = node.slice
        if not (isinstance(index, ast.Tuple) and len(index.elts) == 2 and _is_colon(index.elts[0])):
            shown = ast.unparse(node.value) if isinstance(node.value, ast.Name) else "x"
            _fail(node, "E_INDEX", "an index without the axis of rows", f"{shown}[:, i] or {shown}[:, i:j]")
        source, kind = self.expression(node.value, level)
        column = index.elts[1]
        if not isinstance(column, ast.Slice):
            number = _whole(column)
            found = shapes.column_type(kind, number)
            return Column(source, number % kind.width), found
        if column.step is not None:
            _fail(column, "E_INDEX", "a slice with a step")
        start = 0 if column.lower is None else _whole(column.lower)
        stop = kind.width if column.upper is None else _whole(column.upper)
        start, stop = (i + kind.width if i < 0 else i for i in (start, stop))
        return Slice(source, start, stop), shapes.slice_type(kind, start, stop)


_HANDLERS: dict[type[ast.expr], Callable[[Builder, Any, int], _Typed]] = {
    ast.Constant: Builder.on_constant,
    ast.Name: Builder.on_name,
    ast.UnaryOp: Builder.on_unary,
    ast.BinOp: Builder.on_binary,
    ast.BoolOp: Builder.on_logic,
    ast.Compare: Builder.on_compare,
    ast.IfExp: Builder.on_choice,
    ast.Call: Builder.on_call,
    ast.Attribute: Builder.on_attribute,
    ast.Subscript: Builder.on_subscript,
}


def _is_colon(node: ast.expr) -> bool:
    return isinstance(node, ast.Slice) and node.lower is node.upper is node.step is None


def _whole(node: ast.expr) -> int:
    """A literal whole number, with a sign or without."""
    sign, inner = 1, node
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        sign, inner = -1, node.operand
    value = inner.value if isinstance(inner, ast.Constant) else None
    if isinstance(value, bool) or not isinstance(value, int) or value > 1_000_000:
        _fail(node, "E_INDEX", "an index that is not a literal whole number")
    return sign * value


def _suggest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"{close[0]} (did you mean this?); " if close else ""


def _name_of(node: ast.AST) -> str:
    kind = type(node).__name__
    if kind.endswith("Comp") or kind == "GeneratorExp":
        return "a comprehension"
    return {"JoinedStr": "a formatted string", "NamedExpr": "the operator :="}.get(
        kind, f"the construct {kind}"
    )


def _fail(node: Any, code: str, message: str, allowed: str = "") -> NoReturn:
    raise refuse(code, message, allowed, node.lineno, node.col_offset + 1)
