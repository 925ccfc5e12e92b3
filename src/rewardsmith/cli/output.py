"""What the command line prints: results on stdout, progress and complaints on stderr, JSON as the last line."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..core.errors import BadInput

LABEL = 18  # width of the first column


def say(text: str = "") -> None:
    """A line of the result, on stdout."""
    print(plain(text), flush=True)


def tell(text: str = "") -> None:
    """A line about the work, on stderr."""
    print(plain(text), file=sys.stderr, flush=True)


def plain(text: str) -> str:
    r"""A text without what commands a terminal or turns letters around: strangers wrote parts of it.

    Example:
        >>> plain("ok\x1b[2J \u202etxt\n")
        'ok?[2J ?txt\n'
    """
    return "".join(letter if letter in "\n\t" or letter.isprintable() else "?" for letter in text)


def say_json(value: Any) -> None:
    """One line of JSON, the last on stdout; NaN and infinity become null, because JSON has neither."""
    print(as_json(value), flush=True)


def as_json(value: Any) -> str:
    """JSON on one line; what it does not know is null."""
    return json.dumps(_plain(value), allow_nan=False, ensure_ascii=False)


def one_line(message: object) -> str:
    """Any text without line breaks."""
    return " ".join(str(message).split())


def row(label: str, text: str) -> str:
    """``label`` in the first column and the text beside it, also for several lines."""
    lines = text.splitlines() or [""]
    head = f"{label:<{LABEL}} {lines[0]}".rstrip()
    return "\n".join([head, *(f"{'':<{LABEL}} {line}".rstrip() for line in lines[1:])])


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns as wide as they need to be; the last one is left open."""
    lines = [tuple(head), *(tuple(each) for each in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head) - 1)]
    return "\n".join(
        "  ".join([*(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=False)), line[-1]]).rstrip()
        for line in lines
    )


def number(value: Any, digits: int = 2) -> str:
    """A number for people; '-' where there is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return "-"
    return f"{value:.{digits}f}"


def interval(value: Any) -> str:
    """``0.91 [0.83, 0.97]``, or '-' where nothing was measured."""
    if not isinstance(value, Mapping) or value.get("mean") is None:
        return "-"
    low, high = number(value.get("low")), number(value.get("high"))
    bounds = "" if low == "-" else f" [{low}, {high}]"
    return f"{number(value['mean'])}{bounds}"


def count(value: float) -> str:
    """``312k``, ``4.1M``."""
    if not math.isfinite(value):
        return "-"
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            short = value / size
            return f"{short:.0f}{letter}" if short >= 100 else f"{short:.1f}{letter}"
    return f"{value:.0f}"


def duration(seconds: float) -> str:
    """``0:48``, ``1:02:03``."""
    if not math.isfinite(seconds):
        return "-"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def positive(option: str, value: int | None) -> int | None:
    """A budget must buy something.

    Raises:
        BadInput: for zero or less.
    """
    if value is not None and value < 1:
        raise BadInput(option, value, "a whole number, at least 1", "a budget of nothing finds nothing")
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
