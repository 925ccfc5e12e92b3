"""From how a job ended to an outcome.  Everything that the job itself wrote is checked here."""

from __future__ import annotations

import json
import math
import signal
from collections.abc import Mapping
from typing import Any, cast

from .exchange import Ended
from .inside import frames
from .jobs import ArrayJob, Fault, Floats, Job, Limits, Outcome, ProgramJob, Status

_MOST_TEXT = 500
_MOST_LINE = 1_000_000
_MOST_VALUE = 1 << 20  # bytes of JSON: as Python values they may take 25 times as much


def outcome(job: Job, limits: Limits, ended: Ended, stamp: str, wall: float) -> Outcome:
    """What came of a job."""
    told = ended.told
    if told is None:
        return Outcome("infrastructure", stamp, reason=ended.failure, wall=wall)
    status, reason, fault = _status(limits, ended, told)
    answer: dict[str, Any] = {}
    if status == "done":
        found = _answer(job, bytes(ended.out))
        if isinstance(found, str):
            status, reason = "crashed", found
        else:
            answer = found
    return Outcome(status, stamp, fault=fault, reason=reason, wall=wall, cpu=float(told["cpu"]), **answer)


def _status(limits: Limits, ended: Ended, told: Mapping[str, Any]) -> tuple[Status, str, Fault | None]:
    if ended.overflow:
        return "output", f"more than {limits.output:,} bytes of output", None
    if told["why"] == "wall":
        return "time", f"more than {limits.wall:g} s", None
    if told["why"] == "cpu" or told["signal"] == signal.SIGXCPU:
        return "time", f"more than {limits.cpu:g} s of processor time", None
    if ended.report:
        fault = read_fault(bytes(ended.report))
        if fault.type == "MemoryError":
            return "memory", f"more than {limits.memory >> 20:,} MiB", fault
        where = f" at line {fault.line}" if fault.line else ""
        return "raised", f"{fault.type}: {fault.message}{where}", fault
    if told["signal"]:
        return "crashed", f"ended by {_signal(int(told['signal']))}", None
    if told["exit"]:
        return "raised", f"exit status {told['exit']}", None
    return "done", "", None


def _answer(job: Job, out: bytes) -> dict[str, Any] | str:
    """The output as keyword arguments of ``Outcome``, or why it is none."""
    if isinstance(job, ArrayJob):
        try:
            return {"arrays": frames.unpack(out)[1]}
        except frames.BadFrame:
            return "ended without an answer"
    if not job.function:
        return {"text": out.decode(errors="replace")}
    if len(out) > _MOST_VALUE:
        return f"more than {_MOST_VALUE:,} bytes of a JSON value"
    try:
        return {"value": _value(out.decode())}
    except (ValueError, RecursionError):
        return "ended without an answer"


def _value(text: str) -> Any:
    value = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    if "\\u" in text:  # half of a pair of surrogates is no text: it could not be printed or stored
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is beyond all numbers")
    return value


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def read_fault(report: bytes) -> Fault:
    """What a job says of its exception, believed as far as it is text and small numbers."""
    try:
        data: Any = json.loads(report)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        return Fault("Exception", "an exception that was not told properly")
    told = cast(dict[str, Any], data)
    return Fault(
        _plain(told.get("type"))[:80],
        _plain(told.get("message")),
        _number(told, "line"),
        _number(told, "column"),
    )


def _plain(text: Any) -> str:
    if not isinstance(text, str):
        return ""
    return "".join(c if c.isprintable() else " " for c in text[:_MOST_TEXT])


def _number(told: Mapping[str, Any], name: str) -> int:
    value = told.get(name)
    return value if type(value) is int and 0 <= value <= _MOST_LINE else 0


def packed(job: Job) -> list[bytes | memoryview]:
    """What goes into the job's first pipe."""
    if isinstance(job, ArrayJob):
        arrays: dict[str, Floats] = dict(job.arrays)
        return frames.pack({"source": job.source, "function": job.function}, arrays)
    return _packed_program(job)


def _packed_program(job: ProgramJob) -> list[bytes | memoryview]:
    head = {"source": job.source, "function": job.function, "args": list(job.args)}
    text = json.dumps(head).encode()
    return [len(text).to_bytes(4, "little"), text, job.stdin.encode()]
