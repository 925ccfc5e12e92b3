"""``check``: what a program does on a recorded batch, beyond whether it parses."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from ..core.arrays import Array, Batch, to_numpy
from ..core.errors import ProgramError
from .codes import CODES, refuse
from .evaluate import inputs, run_numpy
from .program import Program
from .shapes import infer, infer_all

# Spreads below this share of the size are rounding; sizes below the second figure are nothing at all.
_FLAT, _NOTHING = 1e-12, 1e-30
# 32-bit results may differ by this share of the spread, plus the rounding of the values themselves.
_MATERIAL, _ROUNDING = 1e-3, 1e-6


class Finding(NamedTuple):
    """One remark about a program: a code of the catalogue, its level, and what was seen."""

    code: str
    level: Literal["error", "warning"]
    message: str
    allowed: str


def check(program: Program, batch: Batch) -> list[Finding]:
    """Run a program strictly on a batch, in 64 and in 32 bits, and list what is wrong with it.

    Errors: E_SHAPE (a field has another shape than declared), E_NONFINITE.  Warnings: W_INTERNAL_NAN,
    W_CONSTANT, W_PRECISION, W_RANGE, W_UNIT.  An empty list means that nothing was found on this batch.

    Raises:
        MissingField: the batch lacks a field that the program reads.
    """
    found = [_warn("W_UNIT", message) for message in _unit_conflicts(program)]
    try:
        wide, inner = _run(program, batch, np.float64)
        require_finite(wide)
    except ProgramError as error:
        return [Finding(error.code, "error", error.message, error.allowed), *found]
    narrow, _ = _run(program, batch, np.float32)
    if inner:
        found.append(_warn("W_INTERNAL_NAN", inner))
    if wide.size > 1 and float(np.ptp(wide)) <= max(_FLAT * float(np.abs(wide).max()), _NOTHING):
        found.append(_warn("W_CONSTANT", f"{float(wide.flat[0]):.6g} in all {wide.size} rows"))
    broken = int((~np.isfinite(narrow)).sum())
    if broken:
        found.append(_warn("W_RANGE", f"{broken} of {wide.size} rows are not finite in 32 bits"))
    elif wide.size:
        found += _precision(wide, narrow.astype(np.float64))
    return found


def require_finite(total: Array) -> None:
    """Refuse NaN and infinity.

    Raises:
        ProgramError: E_NONFINITE with the number of rows and the first of them.
    """
    values = to_numpy(total)
    bad = ~np.isfinite(values)
    if bad.any():
        first = tuple(int(i) for i in np.unravel_index(int(np.argmax(bad)), bad.shape))
        row = first[0] if len(first) == 1 else first
        kind = "NaN" if np.isnan(values[first]) else "infinite"
        message = f"{int(bad.sum())} of {bad.size} rows are not finite, first row {row} ({kind})"
        raise refuse("E_NONFINITE", message)


def _run(program: Program, batch: Batch, scalar: Any) -> tuple[np.ndarray[Any, Any], str]:
    """The total, and a sentence about steps that are not finite (empty where all are)."""
    tape = program.tape
    fields, shape, _ = inputs(tape, batch)
    plain = [np.asarray(to_numpy(value), dtype=scalar) for value in fields]
    rows = [value[None] for value in plain] if shape == () else plain
    with np.errstate(all="ignore"):
        values = run_numpy(tape, rows, np.dtype(scalar), reuse=False)
        total = np.zeros(shape or (1,), dtype=scalar)
        for at in tape.outputs:
            total = total + values[at]
    for step, value in zip(tape.steps, values, strict=True):
        bad = int((~np.isfinite(value)).sum())
        if bad and step.op not in ("field", "number"):
            return total, f"{step.op} gives {bad} values that are not finite"
    return total, ""


def _precision(wide: np.ndarray[Any, Any], narrow: np.ndarray[Any, Any]) -> list[Finding]:
    error = float(np.abs(wide - narrow).mean())
    spread = float(np.ptp(wide))
    if error <= _MATERIAL * spread + _ROUNDING * float(np.abs(wide).max()) + _NOTHING:
        return []
    message = f"32-bit results are off by {error:.3g} on average; the reward spans {spread:.3g}"
    return [_warn("W_PRECISION", message)]


def _unit_conflicts(program: Program) -> list[str]:
    found: list[str] = []
    known = {field.name: field for field in program.table}
    local = infer_all(program.bindings, known, found.append)
    for _, expr in program.parts:
        infer(expr, known, local, found.append)
    return list(dict.fromkeys(found))


def _warn(code: str, message: str) -> Finding:
    return Finding(code, "warning", message, CODES[code].allowed)
