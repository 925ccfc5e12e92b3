"""Per-sample functions: ``@term(each=True)`` evaluates many samples at once, each with a deadline."""

from __future__ import annotations

import inspect
import logging
import math
from collections.abc import Callable, Mapping
from typing import Any, TypedDict

import numpy as np

from ..arrays import Array, Batch, is_array, is_traced, to_numpy, xp
from ..errors import BadInput, CompositionError, RewardsmithError

_log = logging.getLogger("rewardsmith.each")


class How(TypedDict, total=False):
    """Options of ``@term(each=True)``: ``timeout`` and ``concurrency`` for each sample, ``on_error``."""

    timeout: float
    concurrency: int
    on_error: str | float


HOW: dict[str, Any] = {"timeout": 10.0, "concurrency": 32, "on_error": "abstain"}


class SampleError(RewardsmithError, RuntimeError):
    """A per-sample function failed, and its term says ``on_error="raise"``."""

    def __init__(self, label: str, number: int, why: str) -> None:
        self.number, self.details = number, why
        Exception.__init__(self, f"term {label}, sample {number}: {why.partition(chr(10))[0]}")


def checked(label: str, how: Mapping[str, Any]) -> dict[str, Any]:
    """The options, complete and valid."""
    if unknown := sorted(set(how) - set(HOW)):
        raise BadInput(f"@term options of {label}", ", ".join(unknown), ", ".join(HOW))
    given = {**HOW, **how}
    timeout, concurrency, on_error = given["timeout"], given["concurrency"], given["on_error"]
    if not _is_number(timeout) or not 0 < timeout < math.inf:
        raise BadInput(f"{label} timeout", repr(timeout), "seconds > 0", "each sample must end")
    if not _is_number(concurrency) or concurrency != int(concurrency) or not 1 <= concurrency <= 1024:
        raise BadInput(f"{label} concurrency", repr(concurrency), "a whole number from 1 to 1024")
    if on_error not in ("raise", "abstain") and not (_is_number(on_error) and math.isfinite(on_error)):
        raise BadInput(f"{label} on_error", repr(on_error), "'raise', 'abstain' (NaN), or a number")
    return {"timeout": float(timeout), "concurrency": int(concurrency), "on_error": on_error}


def refuse_unreachable(function: Callable[..., Any]) -> None:
    """Workers find a function by its name: refuse what has none."""
    if not inspect.iscoroutinefunction(function) and "<" in function.__qualname__:
        home = function.__qualname__.rpartition(".")[0] or "an expression"
        raise CompositionError(
            f"term {function.__name__}(each=True) is defined inside {home}, where its worker processes cannot "
            "find it; allowed: a function at the top level of a module, or an 'async def' anywhere"
        )


def evaluate_each(
    label: str,
    function: Callable[..., Any],
    columns: Mapping[str, Any],
    keywords: Mapping[str, Any],
    how: Mapping[str, Any],
    shape: tuple[int, ...],
) -> Array:
    """``function`` of every sample, in the given leading shape and in the array library of the columns.

    Args:
        label: the name for messages.
        function: plain (runs in worker processes) or ``async def`` (runs in an event loop of its own thread).
        columns: the fields, in the order of the function's parameters.
        keywords: its numbers and options.
        how: ``timeout`` in seconds, ``concurrency``, and ``on_error``: ``raise``, ``abstain`` or a number.
        shape: the leading shape.

    Raises:
        SampleError: a sample failed and ``on_error`` is ``raise``.
        RewardsmithError: the function raised one: it says that the call is wrong, not the sample.
    """
    count = math.prod(shape)
    rows = list(zip(*(_items(name, column, shape, label) for name, column in columns.items()), strict=True))
    rows = rows or [()] * count
    if inspect.iscoroutinefunction(function):
        from .loop import run
    else:
        from .crew import run
    on_error = how["on_error"]
    values = np.full(count, np.nan if isinstance(on_error, str) else float(on_error))
    failures: list[tuple[int, str]] = []
    outcomes = run(
        function, rows, dict(keywords), timeout=float(how["timeout"]), concurrency=int(how["concurrency"])
    )
    try:
        for outcome in outcomes:
            if outcome.failure:
                failures.append((outcome.number, outcome.failure))
                if on_error == "raise":
                    raise SampleError(label, *failures[0])
            else:
                values[outcome.number] = outcome.value
    finally:
        outcomes.close()
    if failures:
        _report(label, failures, count)
    return _like(columns, values.reshape(shape))


def sample_shape(columns: Mapping[str, Any], batch: Batch) -> tuple[int, ...]:
    """The leading shape: that of ``terminated``, else the axes that all columns share in front."""
    from ..algebra import leading_shape

    return leading_shape(batch if "terminated" in batch or not columns else columns)


def _items(name: str, column: Any, shape: tuple[int, ...], label: str) -> list[Any]:
    """One entry for each sample: Python numbers and texts, or arrays where the column has more axes."""
    if is_traced(column):
        raise BadInput(f"term {label}", "a traced array", "arrays with values", "jit cannot run it")
    if is_array(column):
        array = to_numpy(column)
        if array.shape[: len(shape)] == shape:
            flat = array.reshape(math.prod(shape), *array.shape[len(shape) :])
            return flat.tolist() if flat.ndim == 1 else list(flat)
    else:
        items, size = [column], 1
        for length in shape:
            if any(_length(item) != length for item in items):
                break
            items, size = [inner for item in items for inner in item], size * length
        else:
            return items
    has = tuple(column.shape) if is_array(column) else (len(column),)
    raise BadInput(f"field {name} of term {label}", f"shape {has}", f"{shape} in front, one entry per sample")


def _length(item: Any) -> int:
    return -1 if isinstance(item, str) or not hasattr(item, "__len__") else len(item)


def _like(columns: Mapping[str, Any], values: Any) -> Array:
    """In the library of the columns, so that the term adds to others."""
    arrays = [column for column in columns.values() if is_array(column)]
    lib = xp(*arrays)
    if not arrays or lib.__name__ == "numpy":
        return values
    place = {"device": arrays[0].device} if "torch" in lib.__name__ else {}
    floats = [array.dtype for array in arrays if "float" in str(array.dtype)]
    return lib.asarray(values, dtype=floats[0] if floats else lib.float32, **place)


def _report(label: str, failures: list[tuple[int, str]], count: int) -> None:
    number, why = min(failures)
    failed = f"{len(failures)} of {count} samples failed"
    _log.warning("term %s: %s; first, sample %d: %s", label, failed, number, why.rstrip())


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
