"""The catalogue of answers to rewards in Python: what each code means and what to write instead.

As in ``rewardsmith.program.CODES``, codes are stable: proposers are told them, stores keep them.  ``Y_`` stands
for Python in the sandbox; the first six refuse a source before it runs, the others say what it did.
"""

from __future__ import annotations

from typing import NamedTuple

from ..core.errors import ProgramError
from .inside.arrays import PRELOADED

MODULES = tuple(sorted({name.partition(".")[0] for name in PRELOADED} | {"__future__"}))


class Answer(NamedTuple):
    """One code: what happened, and what is allowed instead."""

    meaning: str
    allowed: str


CODES: dict[str, Answer] = {
    "Y_SYNTAX": Answer("the text is not Python", "Python with def reward(<fields>): ..."),
    "Y_SIZE": Answer("too long, too deep, or too many parts", "a shorter source"),
    "Y_FUNCTION": Answer("the function is not defined", "def reward(<fields>): ... at the top level"),
    "Y_SIGNATURE": Answer(
        "an argument that is no field", "the names of fields; other arguments with a default value"
    ),
    "Y_IMPORT": Answer(
        "an import of a module that is not inside", ", ".join(MODULES) + "; np is NumPy already"
    ),
    "Y_RETURN": Answer(
        "not one array, nor a dict of named arrays",
        'return x; or return {"name": x, ...} with literal names; or return total, {"name": x, ...}',
    ),
    "Y_RAISES": Answer("the code raised an exception", "code that works on every row of the batch"),
    "Y_SHAPE": Answer("an array of another shape", "one number for each row, (rows,), or a single number"),
    "Y_TIME": Answer("it ran too long", "NumPy operations on whole arrays instead of loops over rows"),
    "Y_MEMORY": Answer("it asked for too much memory", "arrays about as large as the fields"),
    "Y_OUTPUT": Answer("it returned too much", "one number for each row and part"),
    "Y_CRASHED": Answer("its process ended without an answer", "code that returns its result"),
}


def refuse(code: str, message: str, allowed: str = "", line: int = 1, column: int = 1) -> ProgramError:
    """A ``ProgramError`` whose ``allowed`` comes from the catalogue unless given."""
    return ProgramError(code, message, allowed or CODES[code].allowed, line, column)
