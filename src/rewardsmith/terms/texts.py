"""What the text terms share: one number for each text, and which part of a completion is the answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.arrays import is_array, to_numpy
from ..core.errors import BadInput

Floats = np.ndarray[Any, np.dtype[np.float64]]
_THINK_OPEN, _THINK_CLOSE = "<think>", "</think>"
_FENCED = re.compile(r"```[^\S\n]*([\w+-]*)[^\S\n]*\n(.*?)```", re.DOTALL)


def per_text(function: Callable[..., float | None], **columns: Any) -> Floats:
    """``function`` of the texts of each sample, shape (N,); NaN where one of them is None.

    Args:
        function: gets one text from each column, in order.
        columns: lists (or arrays) of texts, all of one length, by the name of their field.
    """
    lists = {name: text_list(name, column) for name, column in columns.items()}
    sizes = {len(column) for column in lists.values()}
    if len(sizes) > 1:
        received = ", ".join(f"{name}: {len(column)}" for name, column in lists.items())
        raise BadInput("texts", received, "lists of one length, one entry for each sample")
    rows = zip(*lists.values(), strict=True)
    values = [None if None in row else function(*row) for row in rows]
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def text_list(name: str, column: Any) -> list[str | None]:
    """A column as a list of texts; None stays, because it means that there is no text."""
    items: list[Any] = to_numpy(column).tolist() if is_array(column) else list(column)
    if isinstance(column, str) or any(not (item is None or isinstance(item, str)) for item in items):
        wrong = (
            column
            if isinstance(column, str)
            else next(i for i in items if not isinstance(i, (str, type(None))))
        )
        raise BadInput(f"field {name}", repr(wrong)[:60], "a list of texts (None where there is none)")
    return items


def after_thought(text: str) -> str | None:
    """What follows the thought: all after the last ``</think>``; None where a thought was opened and not
    closed.

    Example:
        >>> after_thought("<think>is it 3?</think> 4"), after_thought("4"), after_thought("<think>4")
        (' 4', '4', None)
    """
    _, closed, rest = text.rpartition(_THINK_CLOSE)
    if closed:
        return None if _THINK_OPEN in rest else rest
    return None if _THINK_OPEN in text else text


def code_blocks(text: str) -> list[tuple[str, str]]:
    r"""Language and content of every block between ``` fences.

    Example:
        >>> code_blocks("so:\n```python\nprint(1)\n```")
        [('python', 'print(1)\n')]
    """
    return [(match.group(1).lower(), match.group(2)) for match in _FENCED.finditer(text)]


def whole(value: float, what: str, least: int = 1) -> int:
    """A number that counts something: refused where it is not whole or below ``least``."""
    if value != int(value) or value < least:
        raise BadInput(what, value, f"a whole number of at least {least}")
    return int(value)


def one_of(value: str, what: str, allowed: tuple[str, ...]) -> str:
    """One of the words that an option may be."""
    if value not in allowed:
        raise BadInput(what, repr(value), ", ".join(allowed))
    return value
