"""What goes into a sandbox and what comes out: plain data, never objects.

Outputs are untrusted: a job may have written anything that fits the frame.  What they are worth is
decided by the caller, outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np

Floats: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
Tier = Literal["T1", "T2"]
Status = Literal["done", "raised", "time", "memory", "output", "crashed", "infrastructure"]


@dataclass(frozen=True)
class Limits:
    """What one job may use.

    Args:
        wall: seconds by the clock on the wall.
        cpu: seconds of processor time.
        memory: bytes of address space, Python and NumPy included.
        output: bytes that are read back; whoever writes more is stopped.

    Example:
        >>> Limits(wall=1.0).output
        16777216
    """

    wall: float = 20.0
    cpu: float = 5.0
    memory: int = 1 << 30
    output: int = 16 << 20


@dataclass(frozen=True)
class ArrayJob:
    """Tier T1: call one function of a source on named arrays.

    Args:
        source: Python; ``np`` is NumPy.
        function: the name of the function that is called.
        arrays: its arguments by name, float64; the first axis counts the rows.

    The answer is ``Outcome.arrays``: what the function returned, by name (``""`` for a bare array).
    """

    source: str
    function: str
    arrays: Mapping[str, Floats]


@dataclass(frozen=True)
class ProgramJob:
    """Tier T2: run a program once, in a process of its own.

    Args:
        source: Python; the standard library may be imported.
        stdin: what the program reads; the answer is ``Outcome.text``, what it printed.
        function: where a name is given, that function is called and the program reads no input.
        args: its arguments, JSON values; the answer is ``Outcome.value``, a JSON value.
    """

    source: str
    stdin: str = ""
    function: str = ""
    args: tuple[Any, ...] = ()


Job: TypeAlias = ArrayJob | ProgramJob


@dataclass(frozen=True)
class Fault:
    """An exception of the job, as the job tells it (untrusted text, cut to a short length).

    Args:
        type: name of the exception's class.
        message: its text, without control characters.
        line, column: where in the source, from 1; 0 where unknown.
    """

    type: str
    message: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True)
class Outcome:
    """What came of one job.

    Args:
        status: ``done``: there is an output.  ``raised``, ``time``, ``memory``, ``output`` (too much of it),
            ``crashed`` (a signal, or the end without an answer): the job's own failure.
            ``infrastructure``: the sandbox failed, which says nothing about the job.
        stamp: the walls that held the job, such as ``"bubblewrap: ..."``, or ``"UNSANDBOXED"``.
        arrays: of an ``ArrayJob``: float64 arrays by name.
        text: of a ``ProgramJob`` without a function: what it printed.
        value: of a ``ProgramJob`` with a function: the JSON value that it returned.
        fault: of ``raised``.
        reason: of every status but ``done``, in one sentence.
        wall, cpu: seconds used.
    """

    status: Status
    stamp: str
    arrays: Mapping[str, Floats] = field(default_factory=dict[str, Floats])
    text: str = ""
    value: Any = None
    fault: Fault | None = None
    reason: str = ""
    wall: float = 0.0
    cpu: float = 0.0
