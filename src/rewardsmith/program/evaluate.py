"""Evaluate a tape on the arrays of a batch: NumPy at full speed, PyTorch and JAX by the same steps.

Nothing is protected and nothing is changed in place except buffers made here.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..core.arrays import Array, Batch, is_array, xp
from ..core.fields import read_field
from .codes import refuse
from .tape import BOOLEAN, Step, Tape


def _minimum(x: Array, y: Array, out: Any = None) -> Array:
    # NumPy deprecates a third positional argument of these two alone.
    return np.minimum(x, y, out=out)


def _maximum(x: Array, y: Array, out: Any = None) -> Array:
    return np.maximum(x, y, out=out)


_UFUNCS: dict[str, Callable[..., Any]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "**": np.power, "%": np.remainder,
    "<": np.less, "<=": np.less_equal, "==": np.equal, "!=": np.not_equal,
    "and": np.logical_and, "or": np.logical_or, "not": np.logical_not, "neg": np.negative,
    "abs": np.abs, "sign": np.sign, "square": np.square, "sqrt": np.sqrt, "exp": np.exp, "log": np.log,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "arctan": np.arctan, "tanh": np.tanh,
    "floor": np.floor, "round": np.rint, "minimum": _minimum, "maximum": _maximum,
    "arctan2": np.arctan2, "hypot": np.hypot,
}  # fmt: skip
_OPERATORS: dict[str, Callable[..., Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "**": operator.pow,
    "<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne,
    "and": operator.and_, "or": operator.or_, "neg": operator.neg,
}  # fmt: skip
# Sums over few columns are faster column by column, and then equal the register code bit for bit.
_FEW = 16
_FLOATS = (np.dtype(np.float64), np.dtype(np.float32))


def evaluate(tape: Tape, batch: Batch) -> list[Array]:
    """The value of every part, each of the leading shape of the fields; NumPy's warnings are the caller's.

    Raises:
        MissingField: where the batch lacks a field.
        ProgramError: E_SHAPE, where a field has another shape than its table says.
    """
    fields, shape, lib = inputs(tape, batch)
    if lib is np:
        dtype = fields[0].dtype
        rows = [value[None] for value in fields] if shape == () else fields
        values = run_numpy(tape, rows, dtype)
        found = [_owned(values[at], tape.steps[at], shape or (1,), dtype) for at in tape.outputs]
        return [value[0] for value in found] if shape == () else found
    values = _run_other(tape, fields, lib)
    ones = lib.ones(shape, dtype=fields[0].dtype)
    return [values[at] * ones if tape.steps[at].kind.constant else values[at] for at in tape.outputs]


def inputs(tape: Tape, batch: Batch) -> tuple[list[Array], tuple[int, ...], Any]:
    """The fields in the order of ``tape.reads``, all of one float type; their leading shape; their library."""
    raw: list[Array] = []
    shape: tuple[int, ...] | None = None
    dtype, plain = None, not tape.traced
    for _, name, width in tape.reads:
        value = read_field(batch, name, "this program")
        if type(value) is not np.ndarray:
            plain = False
            value = value if is_array(value) else np.asarray(value)
        own = value.shape if width == 0 else _leading_shape(name, tuple(value.shape), width)
        if shape is not None and own != shape:
            message = f"rows of shape {own} in {name!r}, of shape {shape} in {tape.reads[0][1]!r}"
            raise refuse("E_SHAPE", message, "the same rows in every field")
        plain = plain and (dtype is None or value.dtype == dtype)
        shape, dtype = own, value.dtype
        raw.append(value)
    if plain and dtype in _FLOATS:
        return raw, shape or (), np
    lib = xp(*(tape.traced or raw))
    return _to_one_float(raw, lib), tuple(shape or ()), lib


def _leading_shape(name: str, shape: tuple[int, ...], width: int) -> tuple[int, ...]:
    if not shape or shape[-1] != width:
        message = f"the field {name!r} of shape {shape}"
        raise refuse("E_SHAPE", message, f"(..., {width}): the program was read with {width} columns")
    return shape[:-1]


def _to_one_float(raw: list[Array], lib: Any) -> list[Array]:
    names = {str(value.dtype).removeprefix("torch.") for value in raw}
    if len(names) == 1 and names <= {"float64", "float32"} and all(xp(value) is lib for value in raw):
        return raw
    floats = [name for name in names if "float" in name]
    wide = any("64" in name for name in floats) or (not floats and lib is np)
    return [lib.asarray(value, dtype=lib.float64 if wide else lib.float32) for value in raw]


# ---------------------------------------------------------------------- NumPy
class _Prepared(NamedTuple):
    """``values`` before the first step (constants are computed beforehand), and (step, function, arguments)."""

    values: list[Any]
    calls: list[tuple[int, Callable[..., Any], int, int, int]]


def run_numpy(tape: Tape, fields: Sequence[Array], dtype: Any, reuse: bool = True) -> list[Any]:
    """The values of all steps; with ``reuse`` a step may have been overwritten after its last use."""
    prepared = tape.cache.get((dtype, reuse))
    if prepared is None:
        prepared = tape.cache[dtype, reuse] = _prepare(tape, dtype, reuse)
    values = prepared.values.copy()
    for (at, _, _), field in zip(tape.reads, fields, strict=True):
        values[at] = field
    for at, function, a, b, c in prepared.calls:
        if c >= 0:
            values[at] = function(values[a], values[b], values[c])
        elif b >= 0:
            values[at] = function(values[a], values[b])
        else:
            values[at] = function(values[a])
    return values


def _prepare(tape: Tape, dtype: Any, reuse: bool) -> _Prepared:
    """Choose a function for every step, and give ufuncs a dead buffer of the right shape to write to."""
    last = {arg: at for at, step in enumerate(tape.steps) for arg in step.args}
    last.update(dict.fromkeys(tape.outputs, len(tape.steps)))
    prepared = _Prepared([None] * len(tape.steps), [])
    for at, step in enumerate(tape.steps):
        args = step.args
        if step.op == "number":
            prepared.values[at] = dtype.type(step.extra)
        elif step.op != "field" and step.kind.constant:
            prepared.values[at] = _numpy_function(step)(*(prepared.values[arg] for arg in args))
        elif step.op != "field":
            if reuse and step.op in _UFUNCS and step.op not in BOOLEAN:
                buffer = next((a for a in args if last[a] == at and _is_buffer(tape.steps[a], step)), None)
                args = args if buffer is None else (*args, buffer)
            a, b, c = (*args, -1, -1)[:3]
            prepared.calls.append((at, _numpy_function(step), a, b, c))
    return prepared


def _is_buffer(step: Step, user: Step) -> bool:
    fresh = step.op not in ("field", "column", "slice", "number")
    return fresh and not step.kind.constant and not step.kind.boolean and step.kind.width == user.kind.width


def _numpy_function(step: Step) -> Callable[..., Any]:
    return _access(step) or _UFUNCS.get(step.op) or _SPECIAL[step.op]


def _access(step: Step) -> Callable[..., Any] | None:
    if step.op == "column":
        return operator.itemgetter((..., step.extra))
    return operator.itemgetter((..., slice(*step.extra))) if step.op == "slice" else None


def _owned(value: Any, step: Step, shape: tuple[int, ...], dtype: Any) -> Array:
    """A part must not be a view of the batch."""
    if step.kind.constant:
        return np.full(shape, value, dtype)
    return value.copy() if step.op in ("field", "column", "slice") else value


# ---------------------------------------------------------------------- columns and the rest, in any library
def _columns(x: Array) -> list[Array]:
    return [x[..., i] for i in range(x.shape[-1])]


def _fold(join: Callable[[Any, Any], Any], columns: list[Array]) -> Array:
    joined = columns[0]
    for column in columns[1:]:
        joined = join(joined, column)
    return joined if len(columns) > 1 else joined * 1.0


def _sum(x: Array) -> Array:
    return _fold(operator.add, _columns(x)) if x.shape[-1] <= _FEW else xp(x).sum(x, axis=-1)


def _mean(x: Array) -> Array:
    return _sum(x) / x.shape[-1]


def _max(x: Array) -> Array:
    return _fold(xp(x).maximum, _columns(x)) if x.shape[-1] <= _FEW else xp(x).max(x, axis=-1)


def _min(x: Array) -> Array:
    return _fold(xp(x).minimum, _columns(x)) if x.shape[-1] <= _FEW else xp(x).min(x, axis=-1)


def _norm(x: Array) -> Array:
    return xp(x).sqrt(_sum(x * x))


def _dot(x: Array, y: Array) -> Array:
    return _sum(x * y)


def _sigmoid(x: Array) -> Array:
    # By tanh, which does not overflow for large negative x.
    return 0.5 * xp(x).tanh(0.5 * x) + 0.5


def _where(condition: Array, x: Array, y: Array) -> Array:
    return xp(condition).where(condition, x, y)


def _not(x: Array) -> Array:
    return xp(x).logical_not(x)


def remainder(x: Array, y: Array) -> Array:
    """``x % y`` with NumPy's sign of zero, the sign of y: other libraries keep the sign of x."""
    lib = xp(x)
    value = lib.remainder(x, y)
    return lib.where(value == 0, lib.copysign(lib.zeros_like(value), y), value)


def sign(x: Array) -> Array:
    """-1, 0 or 1 as NumPy has it: 0 is positive, NaN stays NaN."""
    lib = xp(x)
    return lib.where((x == 0) | (x != x), lib.abs(x), lib.sign(x))


_SPECIAL: dict[str, Callable[..., Any]] = {
    "sum": _sum, "mean": _mean, "max": _max, "min": _min, "norm": _norm, "dot": _dot,
    "sigmoid": _sigmoid, "where": _where, "not": _not, "%": remainder, "sign": sign,
}  # fmt: skip


def _run_other(tape: Tape, fields: Sequence[Array], lib: Any) -> list[Any]:
    """The same steps with PyTorch or JAX arrays, so that gradients flow."""
    sample, named = fields[0], dict(zip((name for _, name, _ in tape.reads), fields, strict=True))
    torch = hasattr(sample, "device") and "torch" in type(sample).__module__
    values: list[Any] = []
    for step in tape.steps:
        args = [values[arg] for arg in step.args]
        if step.op == "number":
            literal = isinstance(step.extra, float)
            value = lib.asarray(step.extra, dtype=sample.dtype) if literal else step.extra
            values.append(value.to(sample.device) if torch and literal else value)
        elif step.op == "field":
            values.append(named[step.extra])
        else:
            function = _access(step) or _OPERATORS.get(step.op) or _SPECIAL.get(step.op)
            values.append((function or getattr(lib, step.op))(*args))
    return values
