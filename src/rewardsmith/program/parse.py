"""``parse``: from text to a program, or to one clear refusal.

Python's parser is used only to read; ``eval``, ``exec`` and ``compile`` are never called.
"""

from __future__ import annotations

import ast
import keyword
import warnings
from collections.abc import Mapping
from typing import Any, NoReturn

from ..core.errors import BadInput, ProgramError
from ..core.fields import Field
from .build import Builder
from .codes import refuse
from .program import SOLE, Program, require_size, table_of
from .scan import scan
from .shapes import Misfit, require_parts
from .tree import Expr

_STATEMENTS: dict[str, tuple[str, str]] = {
    "AugAssign": ("an assignment such as +=", "x = x + ..."),
    "AnnAssign": ("an annotated assignment", "x = ... without a type"),
    "Import": ("an import", "the listed functions by their plain names; nothing needs importing"),
    "ImportFrom": ("an import", "the listed functions by their plain names; nothing needs importing"),
    "For": ("a loop", "elementwise expressions; sum(x) adds columns"),
    "While": ("a loop", "elementwise expressions; sum(x) adds columns"),
    "If": ("an if statement", "x if condition else y, or where(condition, x, y)"),
    "Expr": ("a line that is neither an assignment nor the return", ""),
}


def parse(source: str, fields: Any, strict_units: bool = False) -> Program:
    r"""Read a reward program.

    Args:
        source: an expression; or assignments and one return; or ``def reward(<field names>): ...``.
        fields: what it may read: a sequence of ``Field``, or a task (anything with ``table()``).
        strict_units: refuse sums and comparisons of different units, where ``check`` only warns.

    Raises:
        ProgramError: with a code, the place, and what is allowed instead.

    Example:
        >>> table = [Field("angle", "rad"), Field("next_angle", "rad", kind="next")]
        >>> program = parse("def reward(angle, next_angle):\n    return abs(angle) - abs(next_angle)", table)
        >>> print(program)
        abs(angle) - abs(next_angle)
    """
    if not isinstance(source, str):
        raise BadInput("source of a program", type(source).__name__, "text")
    table = table_of(fields)
    try:
        return _read(_tree(scan(source)), Builder(table, strict_units))
    except RecursionError:
        # Only where the caller is already close to the limit of the stack.
        raise refuse("E_DEPTH", "a program nested too deeply for the stack that is left") from None


def _tree(source: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            # Deprecated spellings such as "12if" mean different things to different versions of Python.
            warnings.simplefilter("error")
            return ast.parse(source)
    except SyntaxError as error:
        line, column = error.lineno or 1, error.offset or 1
        raise refuse("E_SYNTAX", (error.msg or "not Python")[:100], "", max(line, 1), max(column, 1)) from None
    except (MemoryError, RecursionError):
        raise refuse("E_DEPTH", "a program nested too deeply for the parser") from None
    except (ValueError, Warning) as error:
        raise refuse("E_SYNTAX", str(error)[:100]) from None


def _read(module: ast.Module, builder: Builder) -> Program:
    body = module.body
    if not body:
        raise refuse("E_SYNTAX", "an empty program")
    table = builder.table
    if isinstance(body[0], ast.FunctionDef):
        if len(body) > 1:
            _fail(body[1], "E_NODE", "code after the function", "the function alone")
        builder.table = _signature(body[0], table)
        body = _without_docstring(body[0].body)
    elif len(body) == 1 and isinstance(body[0], ast.Expr):
        return _program((), _parts(body[0].value, builder), builder)
    bindings: list[tuple[str, Expr]] = []
    for statement in body[:-1]:
        bindings.append(_assignment(statement, builder))
    last = body[-1] if body else module
    if not isinstance(last, ast.Return):
        if isinstance(last, ast.Assign):
            _assignment(last, builder)
        if isinstance(last, (ast.Assign, ast.Module, ast.Pass)):
            _fail(last, "E_RETURN", "no return at the end")
        _refuse_statement(last)
    if last.value is None:
        _fail(last, "E_RETURN", "a return without a value")
    return _program(tuple(bindings), _parts(last.value, builder), builder)


def _program(bindings: Any, parts: dict[str, tuple[Expr, Any, ast.expr]], builder: Builder) -> Program:
    try:
        require_parts({name: kind for name, (_, kind, _) in parts.items()})
    except Misfit as misfit:
        first = next(iter(parts.values()))[2]
        raise misfit.at(first.lineno, first.col_offset + 1) from None
    named = tuple((name, expr) for name, (expr, _, _) in parts.items())
    require_size(bindings, named)
    return Program.of(named, bindings, builder.table.values())


def _assignment(statement: ast.stmt, builder: Builder) -> tuple[str, Expr]:
    if not isinstance(statement, ast.Assign):
        _refuse_statement(statement)
    target = statement.targets[0]
    if len(statement.targets) > 1 or not isinstance(target, ast.Name):
        _fail(target, "E_NODE", "an assignment to something other than one name", "name = expression")
    return builder.assign(target, statement.value)


def _parts(value: ast.expr, builder: Builder) -> dict[str, tuple[Expr, Any, ast.expr]]:
    if not isinstance(value, ast.Dict):
        return {SOLE: (*builder.expression(value), value)}
    parts: dict[str, tuple[Expr, Any, ast.expr]] = {}
    for key, item in zip(value.keys, value.values, strict=True):
        name = key.value if isinstance(key, ast.Constant) else None
        if not isinstance(name, str):
            _fail(key or item, "E_NODE", "a key that is not a string", '{"name": expression, ...}')
        if not is_part_name(name):
            allowed = "lower-case words joined by underscores, such as upright_bonus"
            _fail(key, "E_NAME", f"the term name {name[:40]!r}", allowed)
        if name in parts:
            _fail(key, "E_NAME", f"the term name {name!r} twice", "different names")
        parts[name] = (*builder.expression(item), item)
    if not parts:
        _fail(value, "E_RETURN", "an empty dict", '{"name": expression, ...}')
    return parts


def is_part_name(name: str) -> bool:
    """True for names that a term of a program may have."""
    plain = name.isascii() and name.isidentifier() and not keyword.iskeyword(name)
    return plain and name[0] != "_" and len(name) < 80


def _signature(function: ast.FunctionDef, table: Mapping[str, Field]) -> dict[str, Field]:
    """The fields that the def line names: only these may be read."""
    arguments = function.args
    if function.name != "reward":
        _fail(function, "E_SIGNATURE", f"a function called {function.name!r}", "def reward(...)")
    if function.decorator_list or function.returns or getattr(function, "type_params", None):
        _fail(function, "E_SIGNATURE", "decorators or annotations")
    lists = (arguments.posonlyargs, arguments.kwonlyargs, arguments.defaults, arguments.kw_defaults)
    if any(lists) or arguments.vararg or arguments.kwarg:
        _fail(function, "E_SIGNATURE", "defaults, starred or keyword-only parameters")
    for argument in arguments.args:
        if argument.annotation is not None:
            _fail(argument, "E_SIGNATURE", f"an annotation of {argument.arg}")
        if argument.arg not in table:
            _fail(argument, "E_SIGNATURE", f"the parameter {argument.arg!r}", ", ".join(table))
    named = {argument.arg for argument in arguments.args}
    if len(named) < len(arguments.args):
        _fail(function, "E_SIGNATURE", "a parameter twice")
    return {name: field for name, field in table.items() if name in named}


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0]
    is_text = (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
    return body[1:] if is_text else body


def _refuse_statement(statement: ast.AST) -> NoReturn:
    kind = type(statement).__name__
    what, allowed = _STATEMENTS.get(kind, (f"the statement {kind}", ""))
    if isinstance(statement, ast.Return):
        what, allowed = "a return that is not the last line", "one return, at the end"
    _fail(statement, "E_NODE", what, allowed)


def _fail(node: Any, code: str, message: str, allowed: str = "") -> NoReturn:
    line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1
    raise refuse(code, message, allowed, line, column)


__all__ = ["ProgramError", "is_part_name", "parse"]
