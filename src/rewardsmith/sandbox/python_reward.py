"""``PythonReward``: a reward written in Python by somebody who is not trusted (trust tier T1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ..core.algebra import Reward, Scope, Shares
from ..core.arrays import Array, Batch, is_traced, to_numpy, xp
from ..core.errors import BadInput, CompositionError, ProgramError
from ..core.fields import Field, fields_from_json, fields_to_json, read_field
from .codes import refuse
from .jobs import ArrayJob, Floats, Outcome
from .pool import shared
from .python_source import REST, SOLE, Reading, functions_of, read

_CODES = {
    "raised": "Y_RAISES",
    "time": "Y_TIME",
    "memory": "Y_MEMORY",
    "output": "Y_OUTPUT",
    "crashed": "Y_CRASHED",
}


@dataclass(frozen=True, repr=False)
class PythonReward(Reward):
    r"""A Python function of named fields, evaluated in the sandbox.

    The function sees whole batches in float64: a field without width as ``(rows,)``, one of width k as
    ``(rows, k)``, whatever the leading axes of the batch.  ``np`` is NumPy; loops, helper functions and a few
    modules (``codes.MODULES``) are there; files, network, processes and threads are not.  It returns one array
    ``(rows,)``, or a dict of named arrays that are summed, or the total and such a dict (``rest`` is what the
    parts leave of the total); NaN means 'no verdict'.

    Every evaluation starts from the same state: what the function keeps elsewhere than in its result is lost,
    and NumPy's global random numbers are the same each time.

    Args:
        source: the text; ``str(reward)`` gives it back.
        function: the name of the function.
        table: the fields that it may read; those that it does not read are left out.

    Raises:
        ProgramError: the source is refused; and in an evaluation what it did: ``Y_RAISES`` with the line,
            ``Y_TIME``, ``Y_MEMORY``, ``Y_OUTPUT``, ``Y_CRASHED``, ``Y_SHAPE``, ``Y_RETURN``.
        NoSandbox: in an evaluation: nothing on this machine can hold it.

    A failure of the sandbox itself is no verdict: NaN in every row, after one more try, counted in the pool's
    ``failures``.

    Example:
        >>> text = "def reward(angle):\n    return {'upright': np.cos(angle), 'alive': 1.0}"
        >>> reward = PythonReward(text, table=(Field("angle", "rad"),))
        >>> reward.names, sorted(reward.fields)
        (('upright', 'alive'), ['angle'])
        >>> reward({"angle": np.zeros(2)}).tolist()
        [2.0, 2.0]
    """

    source: str
    function: str = SOLE
    table: tuple[Field, ...] = ()
    quoted: ClassVar[str] = "python_reward"

    def __post_init__(self) -> None:
        if not isinstance(self.source, str):
            raise BadInput("source of a reward", type(self.source).__name__, "text")
        known = {field.name: field for field in self.table}
        reading = read(self.source, self.function, known)
        kept = tuple(replace(known[name], read=None, meaning="") for name in reading.fields)
        object.__setattr__(self, "table", kept)

    @cached_property
    def _reading(self) -> Reading:
        return read(self.source, self.function, [field.name for field in self.table])

    # ------------------------------------------------------------------ the reward
    @property
    def fields(self) -> frozenset[str]:
        return frozenset(field.name for field in self.table)

    @property
    def scope(self) -> Scope:
        return Scope.STEP

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parts."""
        return self._reading.names

    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        arrays, shape, like = self._inputs(batch)
        parts = self._parts(arrays, len(next(iter(arrays.values()))))
        shaped = {name: _like(part.reshape(shape), like) for name, part in parts.items()}
        total: Array = None
        for part in shaped.values():
            total = part if total is None else total + part
        return Shares(total, shaped), state

    def run(self, batch: Batch) -> Outcome:
        """One evaluation as the sandbox saw it: status, stamp, cost; nothing that the code does is raised."""
        return shared("T1").run(self._job(self._inputs(batch)[0]))

    def _job(self, arrays: Mapping[str, Floats]) -> ArrayJob:
        return ArrayJob(self.source, self.function, arrays)

    def _inputs(self, batch: Batch) -> tuple[dict[str, Floats], tuple[int, ...], Array]:
        """Arrays ``(rows,)`` or ``(rows, k)``; the leading shape; whose library and type the result has."""
        found: dict[str, Floats] = {}
        shape: tuple[int, ...] | None = None
        like: Array = None
        for field in self.table:
            value = read_field(batch, field.name, "this reward in Python")
            if is_traced(value):
                raise CompositionError("a reward in Python runs in another process: it cannot be traced by JAX")
            array = np.asarray(to_numpy(value), np.float64)
            own = array.shape[:-1] if field.width else array.shape
            if field.width and array.shape[-1:] != (field.width,):
                message = f"the field {field.name!r} of shape {array.shape}"
                raise refuse("Y_SHAPE", message, f"(..., {field.width})")
            if shape is not None and own != shape:
                message = f"rows of shape {own} in {field.name!r}, of shape {shape} in {self.table[0].name!r}"
                raise refuse("Y_SHAPE", message, "the same rows in every field")
            shape, like = own, value if like is None else like
            found[field.name] = array.reshape((-1, field.width) if field.width else -1)
        return found, shape or (), like

    def _parts(self, arrays: Mapping[str, Floats], rows: int) -> dict[str, Floats]:
        if rows == 0:
            return {name: np.zeros(0) for name in self.names}
        outcome = shared("T1").run(self._job(arrays))
        if outcome.status == "infrastructure":
            return {name: np.full(rows, np.nan) for name in self.names}
        if outcome.status != "done":
            raise failure(outcome)
        return checked(outcome.arrays, self._reading, rows)

    # ------------------------------------------------------------------ identity
    @property
    def size(self) -> int:
        """Statements and expressions of the source."""
        return self._reading.size

    @property
    def structural_hash(self) -> str:
        """A short hash, the same in every process, for sources that differ in comments, spaces, docstrings and
        annotations only.
        """
        return self._reading.digest

    def __str__(self) -> str:
        return self.source

    __repr__ = __str__

    def __getstate__(self) -> dict[str, Any]:
        return {"source": self.source, "function": self.function, "table": self.table}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_source(cls, text: str, fields: Iterable[Field]) -> PythonReward:
        """The reward that a larger reward's text quotes; ``fields`` are what it may read."""
        return parse_python(text, tuple(fields))

    def _to_json(self) -> dict[str, Any]:
        return {"source": self.source, "function": self.function, "fields": fields_to_json(self.table)}

    @classmethod
    def _from_json(cls, data: Mapping[str, Any], terms: Any) -> PythonReward:
        del terms
        return cls(data["source"], data["function"], fields_from_json(data["fields"]))


def parse_python(source: str, fields: Any, function: str = "") -> PythonReward:
    r"""Read a reward in Python without running it.

    Args:
        fields: what it may read: a sequence of ``Field``, or a task (anything with ``table()``).
        function: the name of its function; by default ``reward``, or the last one that the source defines.

    Raises:
        ProgramError: with a code, the place, and what is allowed instead.

    Example:
        >>> parse_python("def f(angle):\n    return -abs(angle)", [Field("angle")]).function
        'f'
        >>> parse_python("def f(speed):\n    return speed", [Field("angle")])
        Traceback (most recent call last):
        rewardsmith.core.errors.ProgramError: Y_SIGNATURE at 1:7: the argument 'speed' is no field; ...
    """
    if not isinstance(source, str):
        raise BadInput("source of a reward", type(source).__name__, "text")
    rows: Any = fields.table() if callable(getattr(fields, "table", None)) else fields
    if not function:
        defined = functions_of(source)
        function = SOLE if SOLE in defined or not defined else defined[-1]
    return PythonReward(source, function, tuple(rows))


def failure(outcome: Outcome) -> ProgramError:
    """What a job did, as an error that can be fed back to who wrote it."""
    fault = outcome.fault
    line, column = (max(fault.line, 1), max(fault.column, 1)) if fault else (1, 1)
    message = f"{fault.type}: {fault.message}" if fault and outcome.status == "raised" else outcome.reason
    return refuse(_CODES[outcome.status], message, "", line, column)


def checked(arrays: Mapping[str, Floats], reading: Reading, rows: int) -> dict[str, Floats]:
    """The parts ``(rows,)`` that a job returned, which may have returned anything.

    Raises:
        ProgramError: Y_RETURN for other parts than the source shows, Y_SHAPE.
    """
    if set(arrays) == {""} and reading.parts == (SOLE,) and not reading.total:
        arrays = {SOLE: arrays[""]}
    if set(arrays) != {*reading.parts, *([""] if reading.total else [])}:
        got = ", ".join(name or "a total" for name in sorted(arrays))[:200] or "no part"
        raise refuse("Y_RETURN", f"it returned {got}; the source shows {', '.join(reading.names)}")
    parts = {name: _rows(name, arrays[name], rows) for name in reading.parts}
    if not reading.total:
        return parts
    total = _rows("", arrays[""], rows)
    with np.errstate(invalid="ignore"):
        rest = total - sum(parts.values())
    # infinity less infinity is NaN, which would say "no verdict" of what is an error
    return {**parts, REST: np.where(np.isinf(total), total, rest)}


def _rows(name: str, array: Floats, rows: int) -> Floats:
    if array.shape not in ((), (rows,)):
        what = f"part {name!r}" if name else "the result"
        raise refuse(
            "Y_SHAPE", f"{what} has shape {array.shape}", f"({rows},), one number for each row, or one number"
        )
    return np.array(np.broadcast_to(array, (rows,)))


def _like(array: Floats, like: Array) -> Array:
    """In the library and the float type of the first field."""
    lib = xp(like)
    narrow = "float32" in str(getattr(like, "dtype", ""))
    return lib.asarray(array, dtype=lib.float32) if narrow else array if lib is np else lib.asarray(array)
