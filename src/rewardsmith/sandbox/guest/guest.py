"""The program inside the WebAssembly sandbox: it runs one job of tier T2 in CPython, compiled to WebAssembly.

It is frozen when it is built: what is imported here is what jobs may import.  Nothing outside can be asked for,
so whatever needs the system ends the job.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import random
import sys
import time
import types
from typing import Any

FOR_JOBS = (
    "abc", "array", "ast", "base64", "binascii", "bisect", "calendar", "cmath", "collections.abc", "contextlib",
    "copy", "dataclasses", "datetime", "decimal", "difflib", "enum", "fractions", "functools", "graphlib",
    "hashlib", "heapq", "inspect", "itertools", "math", "numbers", "operator", "pprint", "queue", "re",
    "statistics", "string", "struct", "textwrap", "traceback", "typing", "unicodedata", "warnings", "weakref",
    "zlib",
)  # fmt: skip
for _name in (*FOR_JOBS, "componentize_py_types"):  # the last one is the builder's own
    importlib.import_module(_name)
faults: Any = importlib.import_module("faults")  # of the neighbour folder "inside", on the path when built


def _no_clock() -> float:
    """Time stands still inside: there is no clock to ask."""
    return 0.0


def _no_sleep(seconds: float) -> None:
    """Nobody would wake the program up again."""
    del seconds
    raise OSError("there is no clock in here")


def _no_files(event: str, details: tuple[Any, ...]) -> None:
    """A refusal that the program can read, where the missing system would end it without a word."""
    del details
    if event in ("open", "os.listdir", "os.scandir", "os.mkdir", "os.remove", "os.rename", "os.rmdir"):
        raise PermissionError("there are no files in here")


def _run(job: dict[str, Any]) -> tuple[str, int]:
    """What the program puts out, and its exit status."""
    sys.argv = ["program.py"]
    sys.stdin, sys.stdout, sys.stderr = io.StringIO(job["stdin"]), io.StringIO(), io.StringIO()
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    printed, status = sys.stdout, 0
    try:
        exec(compile(job["source"], faults.SOURCE, "exec", dont_inherit=True), module.__dict__)
        if job["function"]:
            return json.dumps(_function(module, job["function"])(*job["args"]), allow_nan=False), 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    return ("" if job["function"] else printed.getvalue()), status & 255


def _function(module: types.ModuleType, name: str) -> Any:
    found = getattr(module, name, None)
    if found is None and hasattr(module, "Solution"):  # the form of LeetCode: a method of class Solution
        found = getattr(module.Solution(), name, None)
    if found is None:
        raise NameError(f"the program defines no {name!r}")
    return found


class WitWorld:
    """What the component exports (sandbox.wit); the builder looks for this name."""

    def run(self, job: str) -> tuple[str, str, int]:
        """Run one job."""
        try:
            out, status = _run(json.loads(job))
            return out, "", status
        except BaseException as error:
            return "", faults.told(error).decode(), 1


time.time = time.monotonic = time.perf_counter = time.process_time = _no_clock
time.sleep = _no_sleep
sys.path.clear()  # what is not here is no module, instead of a question to a file system that is not there
sys.path_hooks.clear()
sys.addaudithook(_no_files)
random.seed(0)
gc.collect()
gc.freeze()
