"""``Program``: a reward written in the restricted reward language (trust tier T0).

It is one node of the reward tree: named parts that sum to the reward, whose literal numbers are the
reward's numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

from ..core.algebra import Reward, Scope, Shares
from ..core.arrays import Array, Batch
from ..core.errors import BadInput
from ..core.fields import Field, fields_from_json, fields_to_json
from ..core.node import Node
from . import tree
from .codes import refuse
from .evaluate import evaluate
from .printing import show_program
from .scan import scan
from .shapes import Misfit, infer, infer_all, require_parts
from .tape import Tape, record

SOLE = "reward"
MAX_DEPTH = 80
MAX_PARTS = 32


@dataclass(frozen=True, repr=False)
class Program(Reward):
    """Named expressions of fields; their sum is the reward.

    Args:
        parts: (name, expression); a program that returns one value has the one part ``"reward"``.
        bindings: (name, expression) of the lines before the return, each name assigned once.
        table: the fields that are read, without their readers.

    Raises:
        ProgramError: for anything outside the language.

    Example:
        >>> import numpy as np
        >>> from rewardsmith.program import parse
        >>> program = parse("-abs(angle) - 0.1 * action ** 2", [Field("angle"), Field("action", kind="action")])
        >>> program({"angle": np.array([1.0, 0.0]), "action": np.array([1.0, 2.0])}).tolist()
        [-1.1, -0.4]
        >>> program.numbers()
        {'program.reward.c0': 0.1, 'program.reward.c1': 2.0}
    """

    parts: tree.Named
    bindings: tree.Named = ()
    table: tuple[Field, ...] = ()
    quoted: ClassVar[str] = "program"

    def __post_init__(self) -> None:
        known = {field.name: field for field in self.table}
        try:
            local = infer_all(self.bindings, known)
            require_parts({name: infer(expr, known, local) for name, expr in self.parts})
        except Misfit as misfit:
            raise misfit.at() from None
        require_size(self.bindings, self.parts)

    @classmethod
    def of(cls, parts: tree.Named, bindings: tree.Named, fields: Iterable[Field]) -> Self:
        """Leave out what is not read, put the fields in the order in which they are read, and rename
        local names that would hide a field.
        """
        used = _needed(parts, bindings)
        kept = tuple((name, expr) for name, expr in bindings if name in used)
        exprs = [expr for _, expr in (*kept, *parts)]
        reads = [node.name for expr in exprs for node in tree.walk(expr) if isinstance(node, tree.Read)]
        known = {field.name: field for field in fields}
        missing = [name for name in reads if name not in known]
        if missing:
            raise refuse("E_NAME", f"no field {missing[0]!r}", ", ".join(known))
        table = tuple(replace(known[name], read=None, meaning="") for name in dict.fromkeys(reads))
        return cls(*_renamed(parts, kept, {field.name for field in table}), table)

    # ------------------------------------------------------------------ the reward
    @property
    def fields(self) -> frozenset[str]:
        return frozenset(field.name for field in self.table)

    @property
    def scope(self) -> Scope:
        return Scope.STEP

    @cached_property
    def tape(self) -> Tape:
        """The operations in order, shared subexpressions once."""
        return record(self.parts, self.bindings, {field.name: field for field in self.table})

    @np.errstate(all="ignore")
    def __call__(self, batch: Batch) -> Array:
        # The shortest way to the total, because for a small program the way costs as much as the arithmetic.
        total, _ = self._evaluate(batch)
        return total if _surely_finite(total) else Reward.__call__(self, batch)

    @np.errstate(all="ignore")
    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        total, values = self._evaluate(batch)
        return Shares(total, dict(zip(self.names, values, strict=True))), state

    def _evaluate(self, batch: Batch) -> tuple[Array, list[Array]]:
        values = evaluate(self.tape, batch)
        total: Array = values[0]
        for value in values[1:]:
            total = total + value
        return total, values

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parts."""
        return tuple(name for name, _ in self.parts)

    def run_checked(self, batch: Batch) -> Array:
        """The reward, refusing NaN and infinity (which a plain call lets mean 'no verdict' and an error).

        Raises:
            ProgramError: E_NONFINITE, with how many rows and which is the first.
        """
        from .check import require_finite

        total = self(batch)
        require_finite(total)
        return total

    # ------------------------------------------------------------------ numbers
    def own_numbers(self) -> dict[str, Any]:
        count: dict[str, int] = {}
        found: dict[str, Any] = {}
        for name, expr in (*self.bindings, *self.parts):
            for value in tree.numbers(expr):
                found[f"{name}.c{count.get(name, 0)}"] = value
                count[name] = count.get(name, 0) + 1
        return found

    def with_own(self, numbers: Mapping[str, Any], children: tuple[Node, ...]) -> Self:
        del children
        values = iter([numbers[name] for name in self.own_numbers()])
        new = object.__new__(type(self))
        object.__setattr__(new, "bindings", _with_values(self.bindings, values))
        object.__setattr__(new, "parts", _with_values(self.parts, values))
        object.__setattr__(new, "table", self.table)
        return new

    def children(self) -> tuple[Node, ...]:
        return ()

    # ------------------------------------------------------------------ identity
    @property
    def size(self) -> int:
        """Nodes in the tree."""
        return sum(tree.size(expr) for _, expr in (*self.bindings, *self.parts))

    @property
    def structural_hash(self) -> str:
        """A short hash, the same in every process, for programs that differ at most in the order of
        commutative operands, the order and names of local variables, and the order of parts.
        """
        return self._digest(with_values=True)

    @property
    def shape_key(self) -> str:
        """As ``structural_hash``, without the values of the numbers."""
        return self._digest(with_values=False)

    def _digest(self, with_values: bool) -> str:
        # Bindings enter by the hash of their value: short, and names do not matter.
        known: dict[str, tree.Expr] = {}

        def put(node: tree.Expr) -> tree.Expr:
            return known[node.name] if isinstance(node, tree.Local) else node

        for name, expr in self.bindings:
            text = tree.key(tree.rewrite(expr, put), with_values)
            known[name] = tree.Local("@" + tree.digest(text))
        keys = sorted(f"{name}:{tree.key(tree.rewrite(expr, put), with_values)}" for name, expr in self.parts)
        widths = ",".join(f"{field.name}/{field.width}" for field in sorted(self.table, key=lambda f: f.name))
        return tree.digest(";".join([*keys, widths]))

    def __str__(self) -> str:
        return show_program(self.parts, self.bindings, [field.name for field in self.table], SOLE)

    __repr__ = __str__

    def __getstate__(self) -> dict[str, Any]:
        return {"parts": self.parts, "bindings": self.bindings, "table": self.table}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_source(cls, text: str, fields: Iterable[Field]) -> Program:
        """The program that a larger reward's text quotes; ``fields`` are what it may read."""
        from .parse import parse

        return parse(text, tuple(fields))

    def _to_json(self) -> dict[str, Any]:
        return {"source": str(self), "fields": fields_to_json(self.table)}

    @classmethod
    def _from_json(cls, data: Mapping[str, Any], terms: Any) -> Program:
        del terms
        from .parse import parse

        return parse(data["source"], fields_from_json(data["fields"]))


def _surely_finite(total: Array) -> bool:
    """One number says that all are finite; where it is not, somebody has to look for infinities."""
    if type(total) is not np.ndarray:
        return False
    short = total.ndim == 1 and total.size <= 8192  # the fastest sum there is, but longer ones start threads
    return math.isfinite(total.dot(total) if short else np.add.reduce(total, None))


def table_of(fields: Any) -> dict[str, Field]:
    """The fields of a task (anything with ``table()``) or of a sequence, by name."""
    rows = fields.table() if callable(getattr(fields, "table", None)) else fields
    if isinstance(rows, Mapping):
        rows = rows.values()
    found: dict[str, Field] = {}
    for field in rows:
        if not isinstance(field, Field):
            raise BadInput("fields of a program", repr(field)[:60], "a task, or a sequence of Field")
        found[field.name] = field
    return found


def require_size(bindings: tree.Named, parts: tree.Named) -> None:
    """Refuse trees whose text would be refused: what prints must parse."""
    deepest = max((tree.depth(expr) for _, expr in (*bindings, *parts)), default=0)
    if deepest > MAX_DEPTH:
        raise refuse(
            "E_DEPTH", f"operations nested {deepest} deep", f"at most {MAX_DEPTH}; name intermediate results"
        )
    if len(parts) > MAX_PARTS:
        raise refuse("E_SIZE", f"{len(parts)} terms", f"at most {MAX_PARTS}")
    scan(show_program(parts, bindings, (), SOLE))


def _needed(parts: tree.Named, bindings: tree.Named) -> set[str]:
    used = {n.name for _, expr in parts for n in tree.walk(expr) if isinstance(n, tree.Local)}
    for name, expr in reversed(bindings):
        if name in used:
            used |= {n.name for n in tree.walk(expr) if isinstance(n, tree.Local)}
    return used


def _renamed(parts: tree.Named, bindings: tree.Named, taken: set[str]) -> tuple[tree.Named, tree.Named]:
    clashes = [name for name, _ in bindings if name in taken]
    if not clashes:
        return parts, bindings
    free = (f"local_{i}" for i in range(10_000))
    names = taken | {name for name, _ in bindings}
    new = {name: next(n for n in free if n not in names) for name in clashes}

    def put(node: tree.Expr) -> tree.Expr:
        return tree.Local(new[node.name]) if isinstance(node, tree.Local) and node.name in new else node

    renamed = tuple((new.get(name, name), tree.rewrite(expr, put)) for name, expr in bindings)
    return tuple((name, tree.rewrite(expr, put)) for name, expr in parts), renamed


def _with_values(named: tree.Named, values: Iterator[Any]) -> tree.Named:
    # -0.0 would print as a literal that parses to 0.0
    clean = (value + 0.0 if isinstance(value, float) else value for value in values)
    return tuple((name, tree.with_numbers(expr, clean)) for name, expr in named)
