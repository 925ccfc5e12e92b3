"""The text form of rewards: ``show(reward)`` prints it, ``parse(text)`` reads it back, equal.

The text is a small part of Python's expression grammar.  It is read with Python's parser and built by
a table of constructors; nothing is ever executed.
"""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from . import nodes
from .algebra import Reward, Transform
from .errors import BadInput
from .fields import Field
from .node import Node
from .term import Term, terms_by_name

_SUM, _SCALE, _ATOM = 1, 2, 3


def show(node: Node) -> str:
    """The text of a reward or transform; ``parse(show(reward)) == reward``."""
    return _show(node, 0)


def parse(text: str, terms: Iterable[Term] | Mapping[str, Term] = (), fields: Iterable[Field] = ()) -> Any:
    """Read a reward (or transform) from its text.

    Args:
        text: for example ``"1.0 * success + 0.1 * effort | Clip(-1.0, 1.0)"``.
        terms: the terms that the text may name, besides ``success``.
        fields: what programs in the text may read, as in ``program('-abs(x)') | Clip(-1.0, 1.0)``.

    Raises:
        BadInput: with the place and what is allowed there.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BadInput(
            "text of a reward", repr(text[:80]), "an expression such as '2.0 * a + b'", str(error)
        ) from None
    try:
        return _Reader(terms_by_name(terms), tuple(fields)).read(tree)
    except RecursionError:
        raise BadInput(
            "text of a reward", repr(text[:80]), "an expression", "it is nested too deeply"
        ) from None


# ---------------------------------------------------------------------- printing
def _show(node: Any, level: int) -> str:
    if isinstance(node, nodes.Piped):
        text, own = _show_piped(node)
    elif isinstance(node, nodes.Sum):
        text, own = _show_sum(node), _SUM
    elif isinstance(node, nodes.Product):
        text, own = " * ".join(_show(part, _ATOM) for part in node.parts), _SCALE
    elif isinstance(node, nodes.Chain):
        text, own = " | ".join(_show(step, _ATOM) for step in node.steps), 0
    else:
        text, own = _show_call(node), _ATOM
    return f"({text})" if own < level else text


def _show_piped(node: nodes.Piped) -> tuple[str, int]:
    if isinstance(node.transform, nodes.Scale):
        return f"{_value(node.transform.weight)} * {_show(node.reward, _ATOM)}", _SCALE
    return f"{_show(node.reward, 0)} | {_show(node.transform, _ATOM)}", 0


def _show_sum(node: nodes.Sum) -> str:
    text = ""
    for part in node.parts:
        negative = isinstance(part, nodes.Piped) and _is_negative(part.transform)
        shown = _show(-part if negative else part, _SCALE)
        text += (" - " if negative else " + ") + shown if text else _show(part, _SCALE)
    return text


def _is_negative(transform: Transform) -> bool:
    return isinstance(transform, nodes.Scale) and isinstance(transform.weight, float) and transform.weight < 0


def _show_call(node: Any) -> str:
    if node.quoted:
        return f"{node.quoted}({str(node)!r})"
    if isinstance(node, Term):
        given = (*node.at, *node.settings, *node.options)
        return f"{node.name}({', '.join(f'{k}={_value(v)}' for k, v in given)})" if given else node.name
    arguments: list[str] = []
    for field in dataclasses.fields(node):
        value = getattr(node, field.name)
        if isinstance(value, tuple) and value and isinstance(value[0], Node):
            arguments.extend(_show(item, 0) for item in value)
        else:
            shown = _show(value, 0) if isinstance(value, Node) else _value(value)
            required = field.default is dataclasses.MISSING and field.name != "when"
            arguments.append(shown if required else f"{field.name}={shown}")
    return f"{_call_name(node)}({', '.join(arguments)})"


def _call_name(node: Any) -> str:
    if node.written:
        return node.written
    return next((name for name, (kind, _) in _FUNCTIONS.items() if type(node) is kind), type(node).__name__)


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(_value(item) for item in value)}{',' if len(value) == 1 else ''})"
    if dataclasses.is_dataclass(value) or isinstance(value, (bool, int, str, type(None), float)):
        return repr(value)
    return repr(float(value))


# ---------------------------------------------------------------------- reading
_FUNCTIONS: dict[str, tuple[type[Any], Callable[..., Any]]] = {
    "minimum": (nodes.Minimum, nodes.minimum),
    "maximum": (nodes.Maximum, nodes.maximum),
    "gate": (nodes.Gate, nodes.gate),
    "lexicographic": (nodes.Lexicographic, nodes.lexicographic),
    "at_next": (nodes.AtNext, nodes.at_next),
    "constant": (nodes.Constant, nodes.Constant),
}


def node_classes() -> dict[str, type[Any]]:
    """Every concrete reward and transform class that is loaded, by name."""
    found: dict[str, type[Any]] = {}
    todo: list[type[Any]] = [Reward, Transform]
    while todo:
        kind = todo.pop()
        found[kind.__name__] = kind
        todo.extend(kind.__subclasses__())
    return found


@dataclasses.dataclass(frozen=True)
class _Reader:
    terms: Mapping[str, Term]
    fields: tuple[Field, ...]

    def read(self, tree: ast.expr) -> Any:
        match tree:
            case ast.Constant(value=bool() | int() | float() | str() | None as value):
                return value
            case ast.Tuple(elts=items):
                return tuple(self.read(item) for item in items)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.read(operand)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self.read(left) + self.read(right)
            case ast.BinOp(left=left, op=ast.Sub(), right=right):
                return self.read(left) - self.read(right)
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return self.read(left) * self.read(right)
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return self.read(left) | self.read(right)
            case ast.Name(id=name):
                return self._name(tree, name)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
                return self._call(tree, name, args, keywords)
            case _:
                raise _refused(tree, ast.unparse(tree)[:60], "terms, numbers, + - * |, and calls by name")

    def _name(self, tree: ast.expr, name: str) -> Any:
        if name in self.terms:
            return self.terms[name]
        if name in ("inf", "nan"):
            return float(name)
        raise _refused(tree, f"the name {name[:60]}", f"the terms {', '.join(sorted(self.terms))}")

    def _call(self, tree: ast.expr, name: str, args: list[ast.expr], keywords: list[ast.keyword]) -> Any:
        quoted = next((kind for kind in node_classes().values() if kind.quoted == name), None)
        if quoted is not None and len(args) == 1 and isinstance(args[0], ast.Constant):
            return quoted.from_source(str(args[0].value), self.fields)
        values = [self.read(item) for item in args]
        named = {item.arg: self.read(item.value) for item in keywords if item.arg}
        if len(named) < len(keywords) or any(isinstance(item, ast.Starred) for item in args):
            raise _refused(tree, "a starred argument", "plain arguments")
        if name in self.terms and not values:
            return self.terms[name].set(**named)
        classes = node_classes()
        if name in _FUNCTIONS:
            make: Any = _FUNCTIONS[name][1]
        elif named_so := [kind for kind in classes.values() if kind.written == name]:
            make = named_so[0].called
        elif name in classes and name[:1].isupper() and issubclass(classes[name], Transform):
            make = classes[name]
        else:
            written = {kind.written for kind in classes.values() if kind.written}
            made = {k for k, v in classes.items() if issubclass(v, Transform)}
            allowed = sorted({*self.terms, *_FUNCTIONS, *written, *made})
            raise _refused(tree, f"a call of {name[:60]}", ", ".join(allowed))
        try:
            return make(*values, **named)
        except TypeError as error:
            raise _refused(tree, ast.unparse(tree)[:60], f"the arguments of {name}: {error}") from None


def _refused(tree: ast.expr, received: str, allowed: str) -> BadInput:
    return BadInput(f"text of a reward, column {tree.col_offset + 1}", received, allowed)
