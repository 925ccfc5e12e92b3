"""How a job tells of an exception: its type, its text, and where in the job's own source."""

from __future__ import annotations

import itertools
import json
from types import TracebackType
from typing import Any

SOURCE = "<job>"  # the file name under which a job's source is compiled
_MOST = 500


def told(error: BaseException) -> bytes:
    """The exception as JSON."""
    try:
        line, column = _place(error)
        fault: dict[str, Any] = {"type": type(error).__name__, "message": str(error)[:_MOST]}
    except BaseException:  # the text of an exception is code of the job
        line, column, fault = 0, 0, {"type": "Exception", "message": "an exception without a text"}
    return json.dumps({**fault, "line": line, "column": column}).encode()


def _place(error: BaseException) -> tuple[int, int]:
    if isinstance(error, SyntaxError) and error.filename == SOURCE:
        return error.lineno or 0, error.offset or 0
    found, trace = (0, 0), error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == SOURCE:
            found = trace.tb_lineno, _column(trace)
        trace = trace.tb_next
    return found


def _column(trace: TracebackType) -> int:
    positions = trace.tb_frame.f_code.co_positions()
    _, _, column, _ = next(itertools.islice(positions, trace.tb_lasti // 2, None), (None,) * 4)
    return 0 if column is None else column + 1
