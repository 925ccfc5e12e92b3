"""The catalogue of answers: what each code means and what to write instead.

Codes are stable: proposers are told them, stores keep them.  ``E_`` refuses a program (at parse, or
when it is checked on a batch), ``W_`` accepts it with a warning.
"""

from __future__ import annotations

from typing import NamedTuple

from ..core.errors import ProgramError


class Answer(NamedTuple):
    """One code: what happened, and what is allowed instead."""

    meaning: str
    allowed: str


CODES: dict[str, Answer] = {
    "E_SYNTAX": Answer(
        "the text is not Python, or holds invisible or control characters",
        "one expression; or assignments and one return; or def reward(<fields>): ...",
    ),
    "E_NODE": Answer(
        "a construct outside the language (loop, import, comprehension, string, ...)",
        "assignments to names, one return at the end, arithmetic, comparisons, a if c else b, listed functions",
    ),
    "E_CALL": Answer(
        "a call of something that is not a listed function, or with other arguments", "see FUNCTIONS"
    ),
    "E_ATTR": Answer("an attribute, x.y", "plain names and listed functions: exp(x), x[:, i]"),
    "E_CONST": Answer("a constant that is not a finite number", "numbers such as 0.5, 2 or 1e-3, and pi"),
    "E_NAME": Answer("a name that is unknown or reserved", "field names and names assigned on an earlier line"),
    "E_INDEX": Answer(
        "an index that is not a literal column", "x[:, i] or x[:, i:j] with whole numbers, on a vector"
    ),
    "E_OP": Answer("an operator outside the language", "+ - * / ** %, < <= > >= == !=, and, or, not"),
    "E_DEPTH": Answer("nested too deeply", "intermediate results assigned to names"),
    "E_SIZE": Answer("too long", "a shorter program"),
    "E_SIGNATURE": Answer(
        "a def line that does not fit", "def reward(<field names>): without defaults or annotations"
    ),
    "E_RETURN": Answer("no value is returned", 'one return at the end: return x, or return {"name": x, ...}'),
    "E_SHAPE": Answer(
        "shapes that do not fit", "one number per row; columns with x[:, i]; sum(x) adds columns"
    ),
    "E_NONFINITE": Answer(
        "NaN or infinity in the result", "arguments inside the domain: bound them with clip(x, low, high)"
    ),
    "E_UNIT": Answer(
        "quantities of different units are added or compared", "divide each by a scale in its own unit first"
    ),
    "W_INTERNAL_NAN": Answer(
        "a step in between is NaN or infinite though the result is finite", "arguments inside the domain"
    ),
    "W_CONSTANT": Answer("the result is the same in every row", "a term that varies with the fields"),
    "W_PRECISION": Answer("32-bit and 64-bit results differ", "no differences of large numbers"),
    "W_RANGE": Answer(
        "a step overflows 32-bit numbers", "values below 1e38 in between: bound exp and ** with clip"
    ),
    "W_UNIT": Answer(
        "quantities of different units are added or compared", "divide each by a scale in its own unit first"
    ),
}


def refuse(code: str, message: str, allowed: str = "", line: int = 1, column: int = 1) -> ProgramError:
    """A ``ProgramError`` whose ``allowed`` comes from the catalogue unless given."""
    return ProgramError(code, message, allowed or CODES[code].allowed, line, column)
