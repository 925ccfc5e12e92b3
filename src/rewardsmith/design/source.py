"""Programs and functions as Python source that stands alone."""

from __future__ import annotations

import ast
import inspect
import math
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from ..core.arrays import xp
from ..program import tree

_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _NEGATIVE, _POWER, _ATOM = range(1, 10)
_LEVEL = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "%": _PRODUCT}
_NUMPY = {
    "abs", "sign", "square", "sqrt", "exp", "log", "sin", "cos", "tan", "arctan", "tanh", "floor",
    "minimum", "maximum", "arctan2", "hypot", "clip", "where",
}  # fmt: skip
# What the reward language computes in its own order of operations; needed only where they are used.
HELPERS = {
    "sigmoid": '''
def sigmoid(x):
    """1 / (1 + exp(-x)), without overflow."""
    return 0.5 * np.tanh(0.5 * x) + 0.5
''',
    "add_up": '''
def add_up(x):
    """Sum of the columns, from the left."""
    return sum(x[..., i] for i in range(x.shape[-1])) if x.shape[-1] <= 16 else x.sum(axis=-1)
''',
}
_COLUMNS = {
    "sum": "add_up({0})",
    "mean": "add_up({0}) / {0}.shape[-1]",
    "norm": "np.sqrt(add_up({0} * {0}))",
    "dot": "add_up({0} * {1})",
    "max": "np.max({0}, axis=-1)",
    "min": "np.min({0}, axis=-1)",
    "sigmoid": "sigmoid({0})",
    "round": "np.rint({0})",
}


@dataclass
class Writer:
    """Writes expressions of the reward language as NumPy code with exactly the same values."""

    booleans: set[str] = field(default_factory=set)  # local names that hold truth values
    helpers: set[str] = field(default_factory=set)

    def number(self, expr: tree.Expr) -> str:
        """The expression where a number is wanted."""
        return self._numeric(expr, 0)

    def is_truth(self, expr: tree.Expr) -> bool:
        """True where the expression gives truth values."""
        if isinstance(expr, tree.Local):
            return expr.name in self.booleans
        return isinstance(expr, tree.Compare) or (
            isinstance(expr, tree.Apply) and expr.op in ("and", "or", "not")
        )

    def show(self, expr: tree.Expr) -> tuple[str, int]:
        """Text, and how tightly it binds."""
        match expr:
            case tree.Number(value):
                text = repr(value)
                return text, _NEGATIVE if text.startswith("-") else _ATOM
            case tree.Pi():
                return "np.pi", _ATOM
            case tree.Read(name) | tree.Local(name):
                return name, _ATOM
            case tree.Column(source, index):
                return f"{self._at(source, _ATOM)}[..., {index}]", _ATOM
            case tree.Slice(source, start, stop):
                return f"{self._at(source, _ATOM)}[..., {start}:{stop}]", _ATOM
            case tree.Compare(ops, args):
                shown = [self._numeric(arg, _COMPARE + 1) for arg in args]
                pairs = [f"{a} {op} {b}" for op, a, b in zip(ops, shown, shown[1:], strict=False)]
                if len(pairs) == 1:
                    return pairs[0], _COMPARE
                return " & ".join(f"({pair})" for pair in pairs), _AND
            case tree.Apply(op, args):
                return self._apply(op, args)

    def _apply(self, op: str, args: tuple[tree.Expr, ...]) -> tuple[str, int]:
        if op in ("and", "or"):
            return f" {'&' if op == 'and' else '|'} ".join(f"({self._truth(arg)})" for arg in args), _AND
        if op == "not":
            return f"~({self._truth(args[0])})", _NEGATIVE
        if op == "neg":
            return f"-{self._numeric(args[0], _NEGATIVE)}", _NEGATIVE
        if op == "**":
            return f"{self._numeric(args[0], _ATOM)} ** {self._numeric(args[1], _NEGATIVE)}", _POWER
        if op in _LEVEL:
            level = _LEVEL[op]
            return f"{self._numeric(args[0], level)} {op} {self._numeric(args[1], level + 1)}", level
        if op == "where":
            return f"np.where({self._truth(args[0])}, {self.number(args[1])}, {self.number(args[2])})", _ATOM
        if op in _NUMPY:
            return f"np.{op}({', '.join(self.number(arg) for arg in args)})", _ATOM
        template = _COLUMNS[op]
        self.helpers |= {name for name in HELPERS if f"{name}(" in template}
        bound = _PRODUCT if " / " in template else _ATOM
        return template.format(*(self._at(arg, _ATOM) for arg in args)), bound

    def _truth(self, expr: tree.Expr) -> str:
        return self.show(expr)[0] if self.is_truth(expr) else f"{self._at(expr, _COMPARE + 1)} != 0.0"

    def _numeric(self, expr: tree.Expr, level: int) -> str:
        if not self.is_truth(expr):
            return self._at(expr, level)
        text = f"1.0 * ({self.show(expr)[0]})"
        return f"({text})" if level > _PRODUCT else text

    def _at(self, expr: tree.Expr, level: int) -> str:
        text, own = self.show(expr)
        return f"({text})" if own < level else text


# ---------------------------------------------------------------------- functions
@dataclass
class Sources:
    """Functions with everything they need from their modules, ready to be written to one file."""

    imports: set[str] = field(default_factory=set)
    constants: dict[str, str] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    _owners: dict[str, Any] = field(default_factory=dict)
    _begun: set[str] = field(default_factory=set)

    def add(self, function: Callable[..., Any], name: str = "", decorator: str = "") -> None:
        """Write a function under a name; one that cannot stand alone is imported from its module."""
        name = name or function.__name__
        if name in self.functions or name in self._begun:
            return
        self._begun.add(name)  # keeps a circle of calls from going on for ever
        try:
            parsed = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
            usable = isinstance(parsed, ast.FunctionDef) and self._collect(function, parsed)
        except (OSError, TypeError, SyntaxError):
            parsed, usable = None, False
        if not usable or not isinstance(parsed, ast.FunctionDef):
            self.imports.add(f"from {function.__module__} import {function.__qualname__} as {name}")
            self.functions[name] = ""
            return
        self.functions[name] = decorator + _plain(parsed, name)

    def text(self) -> str:
        """Constants and functions, in the order in which they need each other."""
        parts = [f"{name} = {value}\n" for name, value in self.constants.items()]
        bodies = [f"\n\n{body}\n" for body in self.functions.values() if body]
        return "".join(parts) + "".join(bodies)

    def _collect(self, function: Callable[..., Any], parsed: ast.FunctionDef) -> bool:
        known = function.__globals__
        bare = _without_annotations(parsed)
        names = {node.id for node in ast.walk(bare) if isinstance(node, ast.Name)}
        for name in sorted(names & set(known)):
            value = known[name]
            if name in self._owners and self._owners[name] is not value:
                return False  # two modules use one name for two things
            if not self._collect_one(name, value):
                return False
            self._owners[name] = value
        return True

    def _collect_one(self, name: str, value: Any) -> bool:
        if value is xp:
            self.constants[name] = "rs.xp"
        elif isinstance(value, ModuleType):
            shown = value.__name__ if value.__name__ == name else f"{value.__name__} as {name}"
            self.imports.add(f"import {shown}")
        elif isinstance(value, float) and not math.isfinite(value):
            self.constants[name] = f'float("{value}")'
        elif isinstance(value, (bool, int, float, str)):
            self.constants[name] = repr(value)
        elif inspect.isfunction(value):
            self.add(value, name)
        else:
            return False
        return True


def identifier(text: str, taken: set[str]) -> str:
    """A Python name like ``text`` that is not taken; it is taken from then on."""
    name = re.sub(r"\W+", "_", text).strip("_") or "part"
    name = f"part_{name}" if name[0].isdigit() else name
    unique, count = name, 2
    while unique in taken:
        unique, count = f"{name}_{count}", count + 1
    taken.add(unique)
    return unique


def _without_annotations(function: ast.FunctionDef) -> ast.FunctionDef:
    bare: Any = ast.parse(ast.unparse(function)).body[0]
    bare.returns, bare.decorator_list = None, []
    for argument in (*bare.args.posonlyargs, *bare.args.args, *bare.args.kwonlyargs):
        argument.annotation = None
    return bare


def _plain(function: ast.FunctionDef, name: str) -> str:
    bare = _without_annotations(function)
    bare.name = name
    return ast.unparse(bare)
