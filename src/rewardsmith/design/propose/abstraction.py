"""Abstract names for fields (``before.height``, ``after.height``, ``act.torque``), and the way there and back.

Names are changed on the syntax tree, at their places in the text: a field whose name is part of another's, or
stands in a string, stays whole, and every other character stays where the author put it.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ...core.fields import NEXT, Field
from ...program.codes import refuse

_PLACES = {"state": "before", "next": "after", "action": "act", "flag": "episode"}
_CLASSES = {"before": "State", "after": "State", "act": "Act", "episode": "Episode"}


@dataclass(frozen=True)
class Renamed:
    """A text with other names.

    Args:
        text: as it is now.
        edits: (line, column before, columns before, columns now) of each change, in order; lines stay lines.
    """

    text: str
    edits: tuple[tuple[int, int, int, int], ...] = ()

    def place(self, line: int, column: int) -> tuple[int, int]:
        """Where something of the new text stood in the old one; both count from 1."""
        shift = 0
        for at, start, old, new in self.edits:
            if at != line or start + shift >= column:
                continue
            if column < start + shift + new:
                return line, start
            shift += new - old
        return line, column - shift


@dataclass(frozen=True)
class Abstraction:
    """Objects with attributes that stand for fields.

    Args:
        fields: all that may be read.
        objects: the name of the object for each kind of field.

    Source: Xie et al., "Text2Reward", ICLR 2024, arXiv:2309.11489 (the Pythonic class abstraction).
    Differs from the paper: names are changed on the syntax tree instead of by ``str.replace``, which
    corrupts names that hold others.

    Example:
        >>> names = abstraction_of([Field("x"), Field("x_rate"), Field("next_x", kind="next")])
        >>> names.to_fields("abs(before.x) - abs(after.x) + before.x_rate").text
        'abs(x) - abs(next_x) + x_rate'
        >>> names.to_names("abs(x) - abs(next_x) + x_rate").text
        'abs(before.x) - abs(after.x) + before.x_rate'
    """

    fields: tuple[Field, ...]
    objects: tuple[tuple[str, str], ...]

    @property
    def names(self) -> dict[str, str]:
        """Abstract name of each field."""
        objects = dict(self.objects)
        return {f.name: f"{objects[f.kind]}.{f.name.removeprefix(NEXT)}" for f in self.fields}

    def to_fields(self, source: str) -> Renamed:
        """The text with fields instead of attributes.

        Raises:
            ProgramError: E_NAME for an attribute that no object has; its place, and the attributes there are.
        """
        tree = _parsed(source)
        if tree is None:
            return Renamed(source)
        known = {name: field for field, name in self.names.items()}
        taken = {*self.names, *dict(self.objects).values()}
        edits: list[_Edit] = []
        inside: set[ast.AST] = set()
        used: dict[str, None] = {}
        for node in _ordered(tree):
            if isinstance(node, ast.Attribute) and self._is_object(node.value):
                used[self._field(node, known)] = None
                edits.append(_Edit.of(node, self._field(node, known)))
                inside.add(node.value)
            elif isinstance(node, ast.Name) and node not in inside and _stem(node.id) in taken:
                edits.append(_Edit.of(node, self._local(node.id, outward=False)))
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            given = function.args.args
            if given and all(argument.arg in dict(self.objects).values() for argument in given):
                edits.append(_Edit.over(given[0], given[-1], ", ".join(used)))
        return _spliced(source, edits)

    def to_names(self, source: str) -> Renamed:
        """The text with attributes instead of fields."""
        tree = _parsed(source)
        if tree is None:
            return Renamed(source)
        names, objects = self.names, tuple(dict.fromkeys(name for _, name in self.objects))
        taken = {*names, *objects}
        edits = [
            _Edit.of(node, names.get(node.id) or self._local(node.id, outward=True))
            for node in _ordered(tree)
            if isinstance(node, ast.Name) and (node.id in names or _stem(node.id) in taken)
        ]
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            given = function.args.args
            if given and all(argument.arg in names for argument in given):
                edits.append(_Edit.over(given[0], given[-1], ", ".join(objects)))
        return _spliced(source, edits)

    def stubs(self, remark: Callable[[Field], str]) -> str:
        """The classes as Python stubs, with a remark at each attribute."""
        objects = dict(self.objects)
        lines = [_class("State", "What is measured at one moment.", self._of("state"), remark)]
        lines.append(_class("Act", "What the agent does between two moments.", self._of("action"), remark))
        lines.append(_class("Episode", "What is known of the episode.", self._of("flag"), remark))
        arguments = ", ".join(f"{name}: {_CLASSES[_PLACES[kind]]}" for kind, name in objects.items())
        before, after = objects["state"], objects["next"]
        said = f"# {before} is the moment of the action, {after} one step later; the def line has no types"
        return "\n\n\n".join([*lines, f"{said}\ndef reward({arguments}): ..."])

    def attributes(self, name: str) -> tuple[str, ...]:
        """The attributes of an object."""
        return tuple(each for each in self.names.values() if each.startswith(f"{name}."))

    def _of(self, kind: str) -> list[Field]:
        return [field for field in self.fields if field.kind == kind]

    def _is_object(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Name) and node.id in dict(self.objects).values()

    def _field(self, node: ast.Attribute, known: Mapping[str, str]) -> str:
        assert isinstance(node.value, ast.Name)
        name = f"{node.value.id}.{node.attr}"
        if name not in known:
            allowed = ", ".join(self.attributes(node.value.id)) or "nothing"
            raise refuse("E_NAME", f"no attribute {name!r}", allowed, node.lineno, node.col_offset + 1)
        return known[name]

    def _local(self, name: str, outward: bool) -> str:
        """A local name that would clash on the other side gets an underscore, and loses it on the way back.

        Fields are no names on the abstract side, objects are none on the side of the fields.
        """
        is_object = _stem(name) in dict(self.objects).values()
        return f"{name}_" if is_object == outward else name[:-1] if name.endswith("_") else name


def abstraction_of(fields: Iterable[Field]) -> Abstraction:
    """The abstraction of a task's fields; objects get names that no field has."""
    rows = tuple(fields)
    taken = {field.name for field in rows}
    objects: list[tuple[str, str]] = []
    for kind, name in _PLACES.items():
        stem = name
        while stem in taken:
            stem += "_step"
        objects.append((kind, stem))
    return Abstraction(rows, tuple(objects))


def _class(name: str, meaning: str, fields: Iterable[Field], remark: Callable[[Field], str]) -> str:
    kinds = [(f, f"Vector[{f.width}]" if f.width else "float") for f in fields]
    body = [f"    {field.name}: {kind}  # {remark(field)}" for field, kind in kinds] or ["    ..."]
    return "\n".join([f"class {name}:", f'    """{meaning}"""', *body])


# ---------------------------------------------------------------------- changing a text at places of its tree
@dataclass(frozen=True)
class _Edit:
    """Replace what lies between two places (lines from 1, UTF-8 bytes from 0)."""

    start: tuple[int, int]
    stop: tuple[int, int]
    new: str

    @classmethod
    def of(cls, node: ast.expr, new: str) -> _Edit:
        return cls.over(node, node, new)

    @classmethod
    def over(cls, first: ast.expr | ast.arg, last: ast.expr | ast.arg, new: str) -> _Edit:
        stop = (last.end_lineno or last.lineno, last.end_col_offset or 0)
        return cls((first.lineno, first.col_offset), stop, new)


def _spliced(source: str, edits: Iterable[_Edit]) -> Renamed:
    lines = [line.encode() for line in source.split("\n")]
    made: list[tuple[int, int, int, int]] = []
    for edit in sorted(edits, key=lambda each: each.start, reverse=True):
        (row, column), (end, stop) = edit.start, edit.stop
        start = len(lines[row - 1][:column].decode()) + 1
        old = lines[row - 1][column:stop] if end == row else lines[row - 1][column:]
        made.append((row, start, len(old.decode()), len(edit.new)))
        after = lines[end - 1][stop:]
        lines[row - 1] = lines[row - 1][:column] + edit.new.encode() + (after if end == row else b"")
        for below in range(row, end - 1):
            lines[below] = b""
        if end > row:  # what followed keeps its line
            lines[end - 1] = after
    return Renamed(b"\n".join(lines).decode(), tuple(reversed(made)))


def _parsed(source: str) -> ast.Module | None:
    """The tree; None where the text is no Python, which its reader will say better."""
    from ...core.errors import ProgramError
    from ...program.scan import scan

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return ast.parse(scan(source)) if source else None
    except (SyntaxError, ValueError, MemoryError, RecursionError, Warning, ProgramError):
        return None


def _ordered(tree: ast.AST) -> list[ast.AST]:
    """All nodes, outer ones before what they hold."""
    return list(ast.walk(tree))


def _stem(name: str) -> str:
    return re.sub(r"_+$", "", name)
