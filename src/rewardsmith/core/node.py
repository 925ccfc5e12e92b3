"""What rewards and transforms share: they are immutable trees whose numbers can be listed and replaced."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from .arrays import is_array
from .errors import BadInput

_NUMBER = "rewardsmith.number"


def number(**options: Any) -> Any:
    """Mark a dataclass field as a number of the reward: listed by ``numbers()``, a leaf for JAX.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Shift(Node):
        ...     by: float = number()
        >>> Shift(2).numbers()
        {'shift.by': 2.0}
    """
    return dataclasses.field(metadata={_NUMBER: True}, **options)


@dataclass(frozen=True)
class Node:
    """An immutable tree: compares, hashes, pickles and prints by value.

    Subclasses are frozen dataclasses.  Fields made with ``number()`` are numbers, fields that hold
    nodes (or tuples of nodes) are children, all others are fixed settings.
    """

    # Nodes whose text is source code of their own: the name it is quoted under, as in program('-abs(x)').
    # Such a class has ``from_source(text, fields)``.
    quoted: ClassVar[str] = ""
    # Nodes outside the core that a function in lower case builds: its name in texts, as in known_sum(a, b).
    # Such a class has ``called(*parts, **settings)``, which does what that function does.
    written: ClassVar[str] = ""

    def __post_init__(self) -> None:
        for name in self._number_names():
            object.__setattr__(self, name, as_number(getattr(self, name), f"{type(self).__name__}.{name}"))

    @property
    def label(self) -> str:
        """The short name under which this node's share and numbers are listed."""
        return type(self).__name__.lower()

    def numbers(self) -> dict[str, float]:
        """Every number in the tree, by a readable name; repeated names get ``#2``, ``#3`` ..."""
        return {name: value for name, _, _, value in _named_numbers(self)}

    def with_numbers(self, numbers: Mapping[str, float]) -> Self:
        """The same tree with some numbers replaced.

        Raises:
            BadInput: for a name that ``numbers()`` does not list.
        """
        named = list(_named_numbers(self))
        unknown = set(numbers) - {name for name, *_ in named}
        if unknown:
            allowed = ", ".join(name for name, *_ in named) or "none (this reward has no numbers)"
            raise BadInput("numbers of a reward", ", ".join(sorted(unknown)), allowed)
        new = {(path, own): numbers[name] for name, path, own, _ in named if name in numbers}
        return _replace(self, (), new)

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def child_label(self, child: Node) -> str:
        """The name under which a child's numbers are listed."""
        return child.label

    # --- the structure, overridden only by nodes that keep numbers or children in their own way ---

    def own_numbers(self) -> dict[str, Any]:
        """The numbers of this node alone."""
        return {name: getattr(self, name) for name in self._number_names()}

    def with_own(self, numbers: Mapping[str, Any], children: tuple[Node, ...]) -> Self:
        """Rebuild this node from its numbers and children (both complete), without validation.

        Validation is skipped because JAX rebuilds trees around tracers and placeholders.
        """
        new = object.__new__(type(self))
        rest = iter(children)
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name in numbers:
                value = numbers[field.name]
            elif isinstance(value, Node):
                value = next(rest)
            elif _is_nodes(value):
                value = tuple(next(rest) for _ in value)
            object.__setattr__(new, field.name, value)
        return new

    def children(self) -> tuple[Node, ...]:
        """The nodes directly below this one, in the order of the dataclass fields."""
        found: list[Node] = []
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Node):
                found.append(value)
            elif _is_nodes(value):
                found.extend(value)
        return tuple(found)

    @classmethod
    def _number_names(cls) -> tuple[str, ...]:
        return tuple(field.name for field in dataclasses.fields(cls) if _NUMBER in field.metadata)


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, parents first."""
    yield node
    for child in node.children():
        yield from walk(child)


def as_number(value: Any, what: str) -> Any:
    """A Python float; arrays and JAX tracers pass through, so that numbers can be differentiated."""
    if isinstance(value, bool) or not (isinstance(value, (int, float)) or is_array(value)):
        raise BadInput(what, repr(value), "a number")
    return float(value) if isinstance(value, (int, float)) else value


def _is_nodes(value: object) -> bool:
    return isinstance(value, tuple) and bool(value) and all(isinstance(item, Node) for item in value)


def _named_numbers(root: Node) -> Iterator[tuple[str, tuple[int, ...], str, Any]]:
    """Yield (unique name, path of child indices, own name, value) in a fixed order."""
    seen: dict[str, int] = {}
    for path, node, label in _paths(root, (), root.label):
        for own, value in node.own_numbers().items():
            name = f"{label}.{own}"
            seen[name] = seen.get(name, 0) + 1
            yield (name if seen[name] == 1 else f"{name}#{seen[name]}"), path, own, value


def _paths(node: Node, path: tuple[int, ...], label: str) -> Iterator[tuple[tuple[int, ...], Node, str]]:
    yield path, node, label
    for index, child in enumerate(node.children()):
        yield from _paths(child, (*path, index), node.child_label(child))


def _replace(node: Any, path: tuple[int, ...], new: Mapping[tuple[tuple[int, ...], str], Any]) -> Any:
    own = {name: as_number(new.get((path, name), value), name) for name, value in node.own_numbers().items()}
    children = tuple(_replace(child, (*path, i), new) for i, child in enumerate(node.children()))
    return node.with_own(own, children)
