"""Evaluate a tape on the arrays of a batch: NumPy at full speed, PyTorch and JAX by the same steps.

Nothing is protected and nothing is changed in place except buffers made here.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.arrays import Array, Batch, is_array, xp
from ..core.fields import read_field
from .codes import refuse
from .tape import BOOLEAN, Step, Tape

_UFUNCS: dict[str, Callable[..., Any]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "**": np.power, "%": np.remainder,
    "<": np.less, "<=": np.less_equal, "==": np.equal, "!=": np.not_equal,
    "and": np.logical_and, "or": np.logical_or, "not": np.logical_not, "neg": np.negative,
    "abs": np.abs, "sign": np.sign, "square": np.square, "sqrt": np.sqrt, "exp": np.exp, "log": np.log,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "arctan": np.arctan, "tanh": np.tanh,
    "floor": np.floor, "round": np.rint, "minimum": np.minimum, "maximum": np.maximum,
    "arctan2": np.arctan2, "hypot": np.hypot,
}  # fmt: skip
_OPERATORS: dict[str, Callable[..., Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "**": operator.pow,
    "%": operator.mod, "<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne,
    "and": operator.and_, "or": operator.or_, "neg": operator.neg,
}  # fmt: skip
# Sums over few columns are faster column by column, and then equal the register code bit for bit.
_FEW = 16


def evaluate(tape: Tape, batch: Batch) -> list[Array]:
    """The value of every part, each of the leading shape of the fields.

    Raises:
        MissingField: where the batch lacks a field.
        ProgramError: E_SHAPE, where a field has another shape than its table says.
    """
    fields, shape, lib = inputs(tape, batch)
    dtype = next(iter(fields.values())).dtype
    if lib is np:
        rows = {name: value[None] for name, value in fields.items()} if shape == () else fields
        with np.errstate(all="ignore"):
            values = run_numpy(tape, rows, dtype.type)
        found = [_owned(values[at], tape.steps[at], shape or (1,), dtype) for at in tape.outputs]
        return [value[0] for value in found] if shape == () else found
    values = _run_other(tape, fields, lib)
    ones = lib.ones(shape, dtype=dtype)
    return [values[at] * ones if tape.steps[at].kind.constant else values[at] for at in tape.outputs]


def inputs(tape: Tape, batch: Batch) -> tuple[dict[str, Array], tuple[int, ...], Any]:
    """The fields as arrays of one float type, their common leading shape, and their library."""
    raw: dict[str, Array] = {}
    shape: tuple[int, ...] | None = None
    for step in tape.steps:
        if step.op == "field":
            value = read_field(batch, step.extra, "this program")
            value = value if is_array(value) else np.asarray(value)
            found = _leading_shape(step.extra, tuple(value.shape), step.kind.width)
            if shape is not None and found != shape:
                message = f"rows of shape {found} in {step.extra!r}, of shape {shape} in {next(iter(raw))!r}"
                raise refuse("E_SHAPE", message, "the same rows in every field")
            raw[step.extra], shape = value, found
    traced = [s.extra for s in tape.steps if s.op == "number" and not isinstance(s.extra, float)]
    lib = xp(*traced) if traced else xp(*raw.values())
    dtypes = {value.dtype for value in raw.values()}
    if len(dtypes) > 1 or traced or not _is_float(next(iter(dtypes))):
        raw = _to_one_float(raw, lib)
    return raw, shape or (), lib


def _leading_shape(name: str, shape: tuple[int, ...], width: int) -> tuple[int, ...]:
    if width == 0:
        return shape
    if not shape or shape[-1] != width:
        message = f"the field {name!r} of shape {shape}"
        raise refuse("E_SHAPE", message, f"(..., {width}): the program was read with {width} columns")
    return shape[:-1]


def _is_float(dtype: Any) -> bool:
    return str(dtype) in ("float64", "float32", "torch.float64", "torch.float32")


def _to_one_float(raw: dict[str, Array], lib: Any) -> dict[str, Array]:
    names = [str(value.dtype) for value in raw.values() if "float" in str(value.dtype)]
    wide = any("64" in name for name in names) or (not names and lib is np)
    dtype = lib.float64 if wide else lib.float32
    return {name: lib.asarray(value, dtype=dtype) for name, value in raw.items()}


# ---------------------------------------------------------------------- NumPy
def run_numpy(
    tape: Tape, fields: dict[str, Array], scalar: Callable[[float], Any], reuse: bool = True
) -> list[Any]:
    """The values of all steps; with ``reuse`` a step may have been overwritten after its last use."""
    mode = "reuse" if reuse else "keep"
    calls = tape.cache.get(mode)
    if calls is None:
        calls = tape.cache[mode] = _prepare(tape, reuse)
    values: list[Any] = []
    for function, args in calls:
        if function is _number:
            values.append(scalar(args))
        elif function is _field:
            values.append(fields[args])
        else:
            values.append(function(*[values[arg] for arg in args]))
    return values


def _prepare(tape: Tape, reuse: bool) -> list[Any]:
    """Choose a function for every step, and give ufuncs a dead buffer of the right shape to write to."""
    last = {arg: at for at, step in enumerate(tape.steps) for arg in step.args}
    last.update(dict.fromkeys(tape.outputs, len(tape.steps)))
    calls: list[Any] = []
    for at, step in enumerate(tape.steps):
        args = step.args
        if reuse and step.op in _UFUNCS and step.op not in BOOLEAN and not step.kind.constant:
            buffer = next((a for a in args if last[a] == at and _is_buffer(tape.steps[a], step)), None)
            args = args if buffer is None else (*args, buffer)
        literal = step.op in ("number", "field")
        calls.append((_numpy_function(step), step.extra if literal else args))
    return calls


def _is_buffer(step: Step, user: Step) -> bool:
    fresh = step.op not in ("field", "column", "slice", "number")
    return fresh and not step.kind.constant and not step.kind.boolean and step.kind.width == user.kind.width


def _numpy_function(step: Step) -> Callable[..., Any]:
    if step.op == "number":
        return _number
    if step.op == "field":
        return _field
    return _access(step) or _UFUNCS.get(step.op) or _SPECIAL[step.op]


def _access(step: Step) -> Callable[..., Any] | None:
    if step.op == "column":
        return operator.itemgetter((..., step.extra))
    return operator.itemgetter((..., slice(*step.extra))) if step.op == "slice" else None


def _number() -> None:
    """Marks a literal on the prepared tape."""


def _field() -> None:
    """Marks a field on the prepared tape."""


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


_SPECIAL: dict[str, Callable[..., Any]] = {
    "sum": _sum, "mean": _mean, "max": _max, "min": _min, "norm": _norm, "dot": _dot,
    "sigmoid": _sigmoid, "where": _where, "not": _not,
}  # fmt: skip


def _run_other(tape: Tape, fields: dict[str, Array], lib: Any) -> list[Any]:
    """The same steps with PyTorch or JAX arrays, so that gradients flow."""
    sample = next(iter(fields.values()))
    torch = hasattr(sample, "device") and "torch" in type(sample).__module__
    values: list[Any] = []
    for step in tape.steps:
        args = [values[arg] for arg in step.args]
        if step.op == "number":
            literal = isinstance(step.extra, float)
            value = lib.asarray(step.extra, dtype=sample.dtype) if literal else step.extra
            values.append(value.to(sample.device) if torch and literal else value)
        elif step.op == "field":
            values.append(fields[step.extra])
        else:
            function = _access(step) or _OPERATORS.get(step.op) or _SPECIAL.get(step.op)
            values.append((function or getattr(lib, step.op))(*args))
    return values
