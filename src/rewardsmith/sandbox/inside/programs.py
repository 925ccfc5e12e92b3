"""The job of tier T2, inside: run a program on its standard input, or call one function of it."""

from __future__ import annotations

import json
import os
import struct
import sys
from types import ModuleType
from typing import Any

from . import faults, frames

IN, PRINTED, REPORT, OUT = 0, 1, 3, 4


def run() -> int:
    """Do the job whose head waits at ``IN``; what follows it there is the program's input.  Its exit status."""
    head = _head()
    try:
        status = _main(head) if not head["function"] else _call(head)
        sys.stdout.flush()
    except SystemExit as end:
        status = _flushed(end.code)
    except BaseException as error:
        os.write(REPORT, faults.told(error))
        status = 1
    return status


def _head() -> dict[str, Any]:
    (length,) = struct.unpack("<I", _exactly(4))
    return json.loads(_exactly(length))


def _exactly(count: int) -> bytes:
    # Unbuffered, so that not one byte of the program's input is taken.
    data = b""
    while len(data) < count and (piece := os.read(IN, count - len(data))):
        data += piece
    return data


def _module(source: str) -> dict[str, Any]:
    module = ModuleType("__main__")
    sys.modules["__main__"] = module
    exec(compile(source, faults.SOURCE, "exec", dont_inherit=True), module.__dict__)
    return module.__dict__


def _main(head: dict[str, Any]) -> int:
    os.dup2(OUT, PRINTED)
    _standard_streams()
    _module(head["source"])
    return 0


def _call(head: dict[str, Any]) -> int:
    _standard_streams()
    scope = _module(head["source"])
    function = scope.get(head["function"])
    if function is None and "Solution" in scope:  # the form of LeetCode: a method of class Solution
        function = getattr(scope["Solution"](), head["function"], None)
    if function is None:
        raise NameError(f"the program defines no {head['function']!r}")
    text = json.dumps(function(*head["args"]), allow_nan=False)
    frames.write_all(OUT, [text.encode()])
    return 0


def _standard_streams() -> None:
    sys.argv = ["program.py"]
    sys.stdin = open(IN, encoding="utf-8", closefd=False)  # noqa: SIM115 - lives as long as the process
    sys.stdout = open(PRINTED, "w", encoding="utf-8", newline="\n", closefd=False)  # noqa: SIM115 - so does this


def _flushed(code: Any) -> int:
    try:
        sys.stdout.flush()
    except BaseException:
        return 1
    return code if isinstance(code, int) else int(code is not None)
