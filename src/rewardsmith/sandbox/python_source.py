"""What can be known of a reward in Python without running it: its fields, its parts, its size, its hash.

Python's parser is used only to read.  That a source passes says nothing about its intentions: those are the
sandbox's affair.  What is refused here would fail in there too, with a worse message.
"""

from __future__ import annotations

import ast
import hashlib
import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NoReturn

from .codes import MODULES, refuse

MAX_LENGTH = 20_000
MAX_DEPTH = 100
MAX_PARTS = 32
SOLE = "reward"
REST = "rest"


@dataclass(frozen=True)
class Reading:
    """What a source says of itself.

    Args:
        fields: the fields that the function reads, in the order of its arguments.
        parts: the names of what it returns; ``("reward",)`` where that is one array.
        total: it returns the total beside the parts, so that ``rest`` is what they leave of it.
        size: statements and expressions.
        digest: equal for sources that differ in comments, spaces, docstrings and annotations only.
    """

    fields: tuple[str, ...]
    parts: tuple[str, ...]
    total: bool
    size: int
    digest: str

    @property
    def names(self) -> tuple[str, ...]:
        """The parts that sum to the reward."""
        return (*self.parts, REST) if self.total else self.parts


def read(source: str, function: str, known: Collection[str]) -> Reading:
    """Read a source.

    Args:
        known: the names of the fields.

    Raises:
        ProgramError: a ``Y_`` code, the place, and what is allowed instead.
    """
    tree = _parsed(source)
    try:
        _check_imports(tree)
        chosen = _function(tree, function)
        fields = _fields(chosen, known)
        parts, total = _parts(chosen)
        size = sum(isinstance(node, (ast.stmt, ast.expr)) for node in ast.walk(tree))
        digest = hashlib.sha256(f"{function} {_dumped(tree)}".encode()).hexdigest()[:16]
    except RecursionError:
        raise refuse("Y_SIZE", "nested too deeply") from None
    return Reading(fields, parts, total, size, digest)


def _dumped(tree: ast.Module) -> str:
    try:
        return ast.dump(_Bare().visit(tree))
    except ValueError:  # Python does not write numbers of more than 4,300 digits
        raise refuse("Y_SIZE", "a number of too many digits") from None


def functions_of(source: str) -> tuple[str, ...]:
    """The functions that a source defines at its top level.

    Raises:
        ProgramError: Y_SYNTAX or Y_SIZE.
    """
    return tuple(node.name for node in _parsed(source).body if isinstance(node, ast.FunctionDef))


# ---------------------------------------------------------------------- reading
def _parsed(source: str) -> ast.Module:
    if len(source) > MAX_LENGTH:
        raise refuse("Y_SIZE", f"a source of {len(source):,} characters", f"at most {MAX_LENGTH:,}")
    _check_depth(source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except SyntaxError as error:
        line, column = max(error.lineno or 1, 1), max(error.offset or 1, 1)
        raise refuse("Y_SYNTAX", (error.msg or "not Python")[:100], "", line, column) from None
    except (MemoryError, RecursionError):
        raise refuse("Y_SIZE", "nested too deeply for the parser") from None
    except ValueError as error:
        raise refuse("Y_SYNTAX", str(error)[:100]) from None


def _check_depth(source: str) -> None:
    """Refuse what could exhaust the stack of Python's parser: brackets in brackets, signs after signs."""
    level = signs = 0
    for character in source:
        level += (character in "([{") - (character in ")]}")
        signs = signs + 1 if character in "-+~" else signs if character in " \t" else 0
        if level > MAX_DEPTH or signs > MAX_DEPTH:
            raise refuse("Y_SIZE", f"more than {MAX_DEPTH} brackets or signs inside one another")


def _check_imports(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or "." if not node.level else "."]
        else:
            continue
        for module in modules:
            if module.partition(".")[0] not in MODULES:
                _fail(node, "Y_IMPORT", f"an import of {module[:40]}")


def _function(tree: ast.Module, name: str) -> ast.FunctionDef:
    defined = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    found = [node for node in defined if node.name == name]
    if not found:
        has = ", ".join(node.name for node in defined)[:80] or "no function"
        raise refuse("Y_FUNCTION", f"no function {name!r}; it defines {has}", f"def {name}(<fields>): ...")
    return found[-1]


def _fields(function: ast.FunctionDef, known: Collection[str]) -> tuple[str, ...]:
    spec = function.args
    for other in (spec.vararg, spec.kwarg):
        if other is not None:
            _fail(other, "Y_SIGNATURE", f"the argument *{other.arg}")
    if spec.posonlyargs:
        _fail(spec.posonlyargs[0], "Y_SIGNATURE", "arguments before a /", "arguments that can be given by name")
    given = [None] * (len(spec.args) - len(spec.defaults)) + list(spec.defaults)
    pairs = [*zip(spec.args, given, strict=True), *zip(spec.kwonlyargs, spec.kw_defaults, strict=True)]
    for argument, default in pairs:
        if argument.arg not in known and default is None:
            allowed = f"fields: {', '.join(known)}; other arguments with a default value"
            _fail(argument, "Y_SIGNATURE", f"the argument {argument.arg!r} is no field", allowed)
    fields = tuple(argument.arg for argument, _ in pairs if argument.arg in known)
    if not fields:
        _fail(function, "Y_SIGNATURE", "it reads no field", f"at least one of {', '.join(known)}")
    return fields


# ---------------------------------------------------------------------- parts
def _parts(function: ast.FunctionDef) -> tuple[tuple[str, ...], bool]:
    """The names of the parts, and whether the total comes beside them."""
    returns = [node for node in _own(function) if isinstance(node, ast.Return)]
    if not returns:
        _fail(function, "Y_RETURN", "no return")
    found: tuple[tuple[str, ...], bool] | None = None
    for node in returns:
        parts = _returned(function, node)
        if found is not None and (set(parts[0]), parts[1]) != (set(found[0]), found[1]):
            _fail(node, "Y_RETURN", "returns with different parts", "the same parts in every return")
        found = found or parts
    assert found is not None
    names, total = found
    if len(names) > MAX_PARTS:
        _fail(function, "Y_SIZE", f"{len(names)} parts", f"at most {MAX_PARTS}")
    for name in names:
        if not name.isidentifier() or len(name) > 64 or (total and name == REST):
            _fail(function, "Y_RETURN", f"the part name {name[:40]!r}", "words joined by underscores")
    return names, total


def _returned(function: ast.FunctionDef, node: ast.Return) -> tuple[tuple[str, ...], bool]:
    if node.value is None:
        _fail(node, "Y_RETURN", "a return without a value")
    if not isinstance(node.value, ast.Tuple):
        return _named(function, node.value) or (SOLE,), False
    second = node.value.elts[-1]
    names = _named(function, second) if len(node.value.elts) == 2 else None
    if names is None:
        _fail(node, "Y_RETURN", "a tuple that is not (total, dict of parts)")
    return names, True


def _named(function: ast.FunctionDef, value: ast.expr) -> tuple[str, ...] | None:
    """The names of a dict, as far as the source shows them; None for anything else."""
    if isinstance(value, ast.Dict):
        return tuple(dict.fromkeys(_text(key or value) for key in value.keys)) or _fail(
            value, "Y_RETURN", "an empty dict"
        )
    if isinstance(value, ast.Call) and _is_dict(value):
        given = tuple(keyword.arg for keyword in value.keywords if keyword.arg)
        return given if given and not value.args else _fail(value, "Y_RETURN", "a dict without literal names")
    if not isinstance(value, ast.Name):
        return None
    found = _collected(function, value.id)
    if found == ():
        _fail(value, "Y_RETURN", "a dict whose names the source does not show")
    return found


def _collected(function: ast.FunctionDef, name: str) -> tuple[str, ...] | None:
    """The names that a dict in a local variable gets: ``name = {...}`` and ``name["part"] = ...``."""
    names: dict[str, None] = {}
    is_dict = False
    for node in _own(function):
        if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
            continue
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if _is_name(target, name) and _is_dict(node.value):
                is_dict = True
                names.update(dict.fromkeys(() if _is_empty(node.value) else _named(function, node.value) or ()))
            elif is_dict and isinstance(target, ast.Subscript) and _is_name(target.value, name):
                names[_text(target.slice)] = None
    return tuple(names) if is_dict else None


def _is_dict(value: ast.expr) -> bool:
    return isinstance(value, ast.Dict) or (isinstance(value, ast.Call) and _is_name(value.func, "dict"))


def _is_empty(value: ast.expr) -> bool:
    return not (value.keys if isinstance(value, ast.Dict) else isinstance(value, ast.Call) and value.keywords)


def _is_name(value: ast.expr, name: str) -> bool:
    return isinstance(value, ast.Name) and value.id == name


def _text(key: ast.expr) -> str:
    if isinstance(key, ast.Constant) and isinstance(key.value, str):
        return key.value
    _fail(key, "Y_RETURN", "a part whose name is no literal text", '{"name": x, ...}')


def _own(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function in the order of the text, without those of functions inside it."""
    for node in ast.iter_child_nodes(function):
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            yield from _own(node)


# ---------------------------------------------------------------------- identity
class _Bare(ast.NodeTransformer):
    """Without what does not change the meaning: annotations and texts that stand alone."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        self.generic_visit(node)
        return None if isinstance(node.value, ast.Constant) else node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = node.type_comment = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = node.type_comment = None
        self.generic_visit(node)
        return node


def _fail(node: ast.expr | ast.stmt | ast.arg, code: str, message: str, allowed: str = "") -> NoReturn:
    raise refuse(code, message, allowed, node.lineno, node.col_offset + 1)
