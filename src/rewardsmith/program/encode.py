"""Register code: programs as arrays of one static shape, so that new programs need no new compilation.

Vectors are spread over scalar columns, shared subexpressions are computed once, registers are used
again when their value is dead.  Register numbering: the columns of the table, then the constants, then
the working registers, of which the last is where unused instructions write.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ..core.fields import Field
from .codes import refuse
from .program import Program, table_of
from .tape import Step, Tape

OPCODES: tuple[str, ...] = (
    "copy", "+", "-", "*", "/", "**", "%", "<", "<=", "==", "!=", "and", "or", "not", "neg",
    "abs", "sign", "square", "sqrt", "exp", "log", "sin", "cos", "tan", "arctan", "tanh", "sigmoid",
    "floor", "round", "minimum", "maximum", "arctan2", "hypot", "where",
)  # fmt: skip
_OPCODE = {name: code for code, name in enumerate(OPCODES)}
LENGTHS = (16, 32, 64, 128, 256)
PARTS = 8


class Code(NamedTuple):
    """Programs as data, for P programs of at most L instructions and K parts over F columns.

    ``ops`` (P, L); ``args`` (P, L, 3) registers read; ``targets`` (P, L) register written; ``constants``
    (P, C); ``outputs`` (P, K) registers of the parts; ``mask`` (P, K) which parts exist.  A NamedTuple,
    so JAX maps over it; ``code_of(code, i)`` is one program.
    """

    ops: Any
    args: Any
    targets: Any
    constants: Any
    outputs: Any
    mask: Any


def column_names(fields: Any) -> tuple[str, ...]:
    """The columns that register code reads, in order: ``x`` for a number per row, ``x[i]`` per column.

    Example:
        >>> column_names([Field("angle"), Field("action", width=2, kind="action")])
        ('angle', 'action[0]', 'action[1]')
    """
    names: list[str] = []
    for row in table_of(fields).values():
        names += [f"{row.name}[{i}]" for i in range(row.width)] if row.width else [row.name]
    return tuple(names)


def columns(batch: Any, fields: Any, lib: Any = np) -> Any:
    """The fields of a batch as one array (F, *rows) in the order of ``column_names``."""
    found: list[Any] = []
    for row in table_of(fields).values():
        value = batch[row.name]
        found += [value[..., i] for i in range(row.width)] if row.width else [value]
    return lib.stack([lib.asarray(value, dtype=lib.float32) for value in found])


def capacity(length: int) -> tuple[int, int]:
    """Constants and working registers that go with an instruction count."""
    return max(16, length // 4), max(16, length // 4)


def encode(
    programs: Sequence[Program], fields: Any, length: int | None = None, dtype: Any = np.float32
) -> Code:
    """Register code of several programs over one table.

    Args:
        programs: what to encode.
        fields: the task (or its table); every field becomes one or more columns.
        length: instructions, one of ``LENGTHS``; by default the smallest that all programs fit.
        dtype: of the constants.

    Raises:
        ProgramError: E_SIZE for a program that needs more instructions, constants, registers or parts
            than there are; evaluate that one on the host instead.
    """
    table = table_of(fields)
    scalars = [_Scalars(table).read(program) for program in programs]
    reason = "no length is allowed"
    for size in LENGTHS if length is None else (length,):
        try:
            packed = [_pack(one, len(column_names(fields)), size, dtype) for one in scalars]
        except OverflowError as error:
            reason = str(error)
            continue
        return Code(*(np.stack(arrays) for arrays in zip(*packed, strict=True)))
    raise refuse("E_SIZE", f"a program too long for register code: {reason}", "shorter programs, or the host")


def code_of(code: Code, index: int) -> Code:
    """One program of several."""
    return Code(*(array[index] for array in code))


# ---------------------------------------------------------------------- scalar operations
_Value = tuple[str, Any]  # ("column", number) or ("constant", value) or ("result", instruction)


@dataclass
class _Scalars:
    """The tape of one program with every vector spread over its columns."""

    table: dict[str, Field]
    instructions: list[tuple[str, tuple[_Value, ...]]] = field(default_factory=list)
    outputs: list[_Value] = field(default_factory=list)
    known: dict[Any, _Value] = field(default_factory=dict)

    def read(self, program: Program) -> _Scalars:
        tape: Tape = program.tape
        first, at = {}, 0
        for row in self.table.values():
            first[row.name] = at
            at += row.width or 1
        values: list[list[_Value]] = []
        for step in tape.steps:
            values.append(self._step(step, tape, values, first))
        self.outputs = [values[at][0] for at in tape.outputs]
        return self

    def _step(self, step: Step, tape: Tape, values: list[list[_Value]], first: dict[str, int]) -> list[_Value]:
        op, args = step.op, [values[arg] for arg in step.args]
        if op == "number":
            return [("constant", float(step.extra))]
        if op == "field":
            if step.extra not in first:
                raise refuse("E_NAME", f"the field {step.extra!r} is not in the table", ", ".join(first))
            return [("column", first[step.extra] + i) for i in range(step.kind.width or 1)]
        if op == "column":
            return [args[0][step.extra]]
        if op == "slice":
            return args[0][slice(*step.extra)]
        if op in _REDUCTIONS:
            return [_REDUCTIONS[op](self, *args)]
        # A truth value is 1 or 0 here already.
        if op == "*" and tape.steps[step.args[0]].kind.boolean:
            return args[0]
        width = step.kind.width or 1
        return [self.emit(op, *(arg[i if len(arg) > 1 else 0] for arg in args)) for i in range(width)]

    def emit(self, op: str, *args: _Value) -> _Value:
        """One instruction, unless the same was emitted before."""
        key = (op, args)
        if key not in self.known:
            self.known[key] = ("result", len(self.instructions))
            self.instructions.append((op, args))
        return self.known[key]

    def fold(self, op: str, items: list[_Value]) -> _Value:
        joined = items[0]
        for item in items[1:]:
            joined = self.emit(op, joined, item)
        return joined

    def norm(self, x: list[_Value]) -> _Value:
        return self.emit("sqrt", self.fold("+", [self.emit("*", item, item) for item in x]))

    def dot(self, x: list[_Value], y: list[_Value]) -> _Value:
        return self.fold("+", [self.emit("*", a, b) for a, b in zip(x, y, strict=True)])

    def mean(self, x: list[_Value]) -> _Value:
        return self.emit("/", self.fold("+", x), ("constant", float(len(x))))


_REDUCTIONS: dict[str, Callable[..., _Value]] = {
    "sum": lambda scalars, x: scalars.fold("+", x),
    "max": lambda scalars, x: scalars.fold("maximum", x),
    "min": lambda scalars, x: scalars.fold("minimum", x),
    "mean": _Scalars.mean,
    "norm": _Scalars.norm,
    "dot": _Scalars.dot,
}


# ---------------------------------------------------------------------- registers
def _pack(scalars: _Scalars, n_columns: int, length: int, dtype: Any) -> tuple[np.ndarray[Any, Any], ...]:
    """Arrays of one program, or OverflowError with what was too small."""
    n_constants, n_working = capacity(length)
    live = _live(scalars)
    values = [value for i in live for value in scalars.instructions[i][1]] + scalars.outputs
    constants = list(dict.fromkeys(value for kind, value in values if kind == "constant"))
    for what, count, limit in (
        ("instructions", len(live), length),
        ("constants", len(constants), n_constants),
        ("parts", len(scalars.outputs), PARTS),
    ):
        if count > limit:
            raise OverflowError(f"{count} {what}, of {limit}")
    base = n_columns + n_constants
    registers = _allocate(scalars, live, base, base + n_working - 1)

    def place(value: _Value) -> int:
        kind, of = value
        if kind == "column":
            return of
        return n_columns + constants.index(of) if kind == "constant" else registers[of]

    ops = np.zeros(length, np.int32)
    args = np.zeros((length, 3), np.int32)
    targets = np.full(length, base + n_working - 1, np.int32)
    for at, i in enumerate(live):
        op, inputs = scalars.instructions[i]
        ops[at], targets[at] = _OPCODE[op], registers[i]
        args[at, : len(inputs)] = [place(value) for value in inputs]
    filled = np.zeros(n_constants, dtype)
    with np.errstate(over="ignore"):
        filled[: len(constants)] = constants
    outputs, mask = np.zeros(PARTS, np.int32), np.zeros(PARTS, bool)
    outputs[: len(scalars.outputs)] = [place(value) for value in scalars.outputs]
    mask[: len(scalars.outputs)] = True
    return ops, args, targets, filled, outputs, mask


def _live(scalars: _Scalars) -> list[int]:
    """Instructions that some output needs, in order."""
    needed = {of for kind, of in scalars.outputs if kind == "result"}
    for i in range(len(scalars.instructions) - 1, -1, -1):
        if i in needed:
            needed |= {of for kind, of in scalars.instructions[i][1] if kind == "result"}
    return sorted(needed)


def _allocate(scalars: _Scalars, live: list[int], first: int, end: int) -> dict[int, int]:
    """A register for every result; a register is free again after the last use of its value."""
    last: dict[int, int] = {}
    for i in live:
        last.update({of: i for kind, of in scalars.instructions[i][1] if kind == "result"})
    last.update({of: len(scalars.instructions) for kind, of in scalars.outputs if kind == "result"})
    free = list(range(end - 1, first - 1, -1))
    registers: dict[int, int] = {}
    for i in live:
        used = {of for kind, of in scalars.instructions[i][1] if kind == "result"}
        free += [registers[of] for of in sorted(used) if last[of] == i]
        if not free:
            raise OverflowError(f"more values at once than {end - first} registers")
        registers[i] = free.pop()
    return registers
