"""A second, slow reading of the reward language, written from its description and not from its code.

``accepts`` walks Python's own syntax tree with an allow-list; ``run`` evaluates one row at a time.
"""

from __future__ import annotations

import ast
import keyword
import math
import re
from typing import Any

import numpy as np

ONE = "abs sign square sqrt exp log sin cos tan arctan tanh sigmoid floor round sum mean max min norm"
ARITY = {
    **dict.fromkeys(re.findall(r"\w+", ONE), 1),
    **dict.fromkeys(("minimum", "maximum", "arctan2", "hypot", "dot"), 2),
    **dict.fromkeys(("clip", "where"), 3),
}
OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.Mod)
COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)


def accepts(source: str, fields: set[str]) -> bool:
    """True where every node of the text is on the allow-list."""
    body = ast.parse(source).body
    if isinstance(body[0], ast.FunctionDef):
        function = body[0]
        a = function.args
        plain = not (a.posonlyargs or a.kwonlyargs or a.vararg or a.kwarg or a.defaults or a.kw_defaults)
        plain = plain and not (function.decorator_list or function.returns or any(x.annotation for x in a.args))
        fields = fields & {x.arg for x in a.args}
        if len(body) != 1 or function.name != "reward" or not plain:
            return False
        body = function.body
        if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            body = body[1:]
    names = set(fields) | {"pi"}
    if len(body) == 1 and isinstance(body[0], ast.Expr):
        return _result(body[0].value, names)
    for line in body[:-1]:
        ok = isinstance(line, ast.Assign) and len(line.targets) == 1 and isinstance(line.targets[0], ast.Name)
        if not ok or not _expression(line.value, names):
            return False
        if line.targets[0].id in fields or line.targets[0].id[0] == "_":
            return False
        names.add(line.targets[0].id)
    return isinstance(body[-1], ast.Return) and body[-1].value is not None and _result(body[-1].value, names)


def _result(node: ast.expr, names: set[str]) -> bool:
    if not isinstance(node, ast.Dict):
        return _expression(node, names)
    keys = [k.value if isinstance(k, ast.Constant) else None for k in node.keys]
    good = all(isinstance(k, str) and k.isidentifier() and not keyword.iskeyword(k) for k in keys)
    return bool(keys) and good and all(_expression(v, names) for v in node.values)


def _expression(node: ast.expr, names: set[str]) -> bool:
    match node:
        case ast.Constant(value=value):
            return type(value) in (int, float) and math.isfinite(float(value))
        case ast.Name(id=name):
            return name in names
        case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=inner):
            return _expression(inner, names)
        case ast.BinOp(left=left, op=op, right=right):
            return isinstance(op, OPERATORS) and _expression(left, names) and _expression(right, names)
        case ast.BoolOp(values=values):
            return all(_expression(v, names) for v in values)
        case ast.Compare(left=left, ops=ops, comparators=rest):
            return all(isinstance(op, COMPARISONS) for op in ops) and all(
                _expression(v, names) for v in (left, *rest)
            )
        case ast.IfExp(test=a, body=b, orelse=c):
            return all(_expression(v, names) for v in (a, b, c))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            return ARITY.get(name) == len(args) and all(_expression(v, names) for v in args)
        case ast.Subscript(
            value=value, slice=ast.Tuple(elts=[ast.Slice(lower=None, upper=None, step=None), at])
        ):
            return _expression(value, names) and _column(at)
    return False


def _column(node: ast.expr | None) -> bool:
    if node is None:
        return True
    if isinstance(node, ast.Slice):
        return node.step is None and _column(node.lower) and _column(node.upper)
    try:
        return type(ast.literal_eval(node)) is int
    except ValueError:
        return False


def run(source: str, batch: dict[str, np.ndarray], row: int) -> float:
    """The reward of one row: the sum of the terms."""
    body = ast.parse(source).body
    if isinstance(body[0], ast.FunctionDef):
        body = [
            line
            for line in body[0].body
            if not (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
        ]
    names: dict[str, Any] = {name: array[row] for name, array in batch.items()} | {"pi": np.float64(math.pi)}
    for line in body[:-1]:
        names[line.targets[0].id] = _run(line.value, names)
    value = body[-1].value
    values = value.values if isinstance(value, ast.Dict) else [value]
    with np.errstate(all="ignore"):
        total = np.float64(_run(values[0], names))
        for item in values[1:]:
            total = total + np.float64(_run(item, names))
    return float(total)


def _run(node: Any, names: dict[str, Any]) -> Any:
    with np.errstate(all="ignore"):
        return _value(node, names)


def _value(node: Any, names: dict[str, Any]) -> Any:
    """A number, or a list of the numbers of the columns."""
    match node:
        case ast.Constant(value=value):
            return np.float64(value)
        case ast.Name(id=name):
            value = names[name]
            return list(value) if isinstance(value, np.ndarray) and value.ndim else value
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return _each(lambda x: -np.float64(x), _value(inner, names))
        case ast.UnaryOp(operand=inner):
            return _each(lambda x: np.float64(x == 0), _value(inner, names))
        case ast.BinOp(left=left, op=op, right=right):
            return _each(_OPERATIONS[type(op)], _value(left, names), _value(right, names))
        case ast.BoolOp(op=op, values=values):
            join = all if isinstance(op, ast.And) else any
            return _each(lambda *x: np.float64(join(v != 0 for v in x)), *(_value(v, names) for v in values))
        case ast.Compare(left=left, ops=ops, comparators=rest):
            values = [_value(v, names) for v in (left, *rest)]
            tests = [_OPERATIONS[type(op)] for op in ops]
            return _each(
                lambda *x: np.float64(all(t(a, b) for t, a, b in zip(tests, x, x[1:], strict=False))), *values
            )
        case ast.IfExp(test=a, body=b, orelse=c):
            return _each(lambda a, b, c: np.float64(b if a != 0 else c), *(_value(v, names) for v in (a, b, c)))
        case ast.Call(func=ast.Name(id=name), args=args):
            return _call(name, [_value(arg, names) for arg in args])
        case ast.Subscript(value=value, slice=ast.Tuple(elts=[_, at])):
            whole = _value(value, names)
            if isinstance(at, ast.Slice):
                low = None if at.lower is None else ast.literal_eval(at.lower)
                high = None if at.upper is None else ast.literal_eval(at.upper)
                return whole[low:high]
            return whole[ast.literal_eval(at)]
    raise AssertionError(ast.dump(node))


def _each(function: Any, *args: Any) -> Any:
    width = max((len(a) for a in args if isinstance(a, list)), default=0)
    if not width:
        return function(*args)
    return [function(*(a[i] if isinstance(a, list) else a for a in args)) for i in range(width)]


def _call(name: str, args: list[Any]) -> Any:
    if name in ("sum", "mean", "norm", "dot"):
        x = args[0] if name in ("sum", "mean") else [a * b for a, b in zip(args[0], args[-1], strict=True)]
        total = np.float64(x[0])
        for item in x[1:]:
            total = total + item
        return {
            "sum": lambda: total,
            "mean": lambda: total / len(x),
            "norm": lambda: np.sqrt(total),
            "dot": lambda: total,
        }[name]()
    if name in ("max", "min"):
        values = [np.float64(v) for v in args[0]]
        return np.float64(math.nan) if any(map(math.isnan, values)) else (max if name == "max" else min)(values)
    special = {
        "sigmoid": lambda x: 1 / (1 + np.exp(-np.float64(x))),
        "clip": lambda x, a, b: np.minimum(np.maximum(x, a), b),
        "where": lambda a, b, c: np.float64(b if a != 0 else c),
        "square": lambda x: np.float64(x) * x,
        "round": lambda x: np.float64(x) if not math.isfinite(x) else np.float64(round(float(x))),
        "floor": lambda x: np.float64(x) if not math.isfinite(x) else np.float64(math.floor(x)),
        "abs": lambda x: np.float64(math.fabs(x)),
        "sign": lambda x: np.float64(x) if math.isnan(x) else np.float64(int(x > 0) - int(x < 0)),
    }
    return _each(special.get(name) or (lambda *x: getattr(np, name)(*map(np.float64, x))), *args)


_OPERATIONS = {
    ast.Add: lambda a, b: np.float64(a) + b,
    ast.Sub: lambda a, b: np.float64(a) - b,
    ast.Mult: lambda a, b: np.float64(a) * b,
    ast.Div: lambda a, b: np.float64(a) / b,
    ast.Pow: lambda a, b: np.power(np.float64(a), np.float64(b)),
    ast.Mod: lambda a, b: np.remainder(np.float64(a), np.float64(b)),
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
}
