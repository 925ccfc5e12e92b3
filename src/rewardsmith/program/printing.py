"""The canonical text of a program: ``parse(show(program)) == program``."""

from __future__ import annotations

from collections.abc import Iterable

from .tree import Apply, Column, Compare, Expr, Local, Named, Number, Pi, Read, Slice

# How tightly each form binds; a child that binds less tightly than its place asks for gets brackets.
_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _NEGATIVE, _POWER, _ATOM = range(1, 10)
_LEVEL = {"or": _OR, "and": _AND, "+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "%": _PRODUCT}


def show_program(parts: Named, bindings: Named, fields: Iterable[str], sole: str) -> str:
    """One line where that is enough, else a function with named terms."""
    if not bindings and len(parts) == 1 and parts[0][0] == sole:
        return show(parts[0][1])
    lines = [f"def reward({', '.join(fields)}):"]
    lines += [f"    {name} = {show(expr)}" for name, expr in bindings]
    if len(parts) == 1 and parts[0][0] == sole:
        lines.append(f"    return {show(parts[0][1])}")
    else:
        lines.append("    return {")
        lines += [f'        "{name}": {show(expr)},' for name, expr in parts]
        lines.append("    }")
    return "\n".join(lines)


def show(expr: Expr) -> str:
    """One expression."""
    return _show(expr)[0]


def _show(expr: Expr) -> tuple[str, int]:
    match expr:
        case Number(value):
            text = repr(value) if isinstance(value, float) else str(value)
            return text, _NEGATIVE if text.startswith("-") else _ATOM
        case Pi():
            return "pi", _ATOM
        case Read(name) | Local(name):
            return name, _ATOM
        case Column(source, index):
            return f"{_at(source, _ATOM)}[:, {index}]", _ATOM
        case Slice(source, start, stop):
            return f"{_at(source, _ATOM)}[:, {start}:{stop}]", _ATOM
        case Compare(ops, args):
            text = _at(args[0], _COMPARE + 1)
            for op, arg in zip(ops, args[1:], strict=True):
                text += f" {op} {_at(arg, _COMPARE + 1)}"
            return text, _COMPARE
        case Apply(op, args):
            return _show_apply(op, args)


def _show_apply(op: str, args: tuple[Expr, ...]) -> tuple[str, int]:
    if op == "neg":
        return f"-{_at(args[0], _NEGATIVE)}", _NEGATIVE
    if op == "not":
        return f"not {_at(args[0], _NOT)}", _NOT
    if op == "**":
        # -x ** 2 is -(x ** 2) in Python, and ** groups to the right.
        return f"{_at(args[0], _ATOM)} ** {_at(args[1], _NEGATIVE)}", _POWER
    if op in ("and", "or"):
        level = _LEVEL[op]
        return f" {op} ".join(_at(arg, level + 1) for arg in args), level
    if op in _LEVEL:
        level = _LEVEL[op]
        return f"{_at(args[0], level)} {op} {_at(args[1], level + 1)}", level
    return f"{op}({', '.join(show(arg) for arg in args)})", _ATOM


def _at(expr: Expr, level: int) -> str:
    text, own = _show(expr)
    return f"({text})" if own < level else text
