"""Tables from files: JSON lines, JSON and CSV, as columns."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..core.errors import BadInput

_ALLOWED = "rows in a .jsonl, .json (a list of objects) or .csv file"


def read_table(file: Path, most: int | None = None) -> dict[str, list[Any]]:
    """The columns of a file; what a row lacks is None.

    Args:
        most: the first so many rows only.

    Raises:
        BadInput: the file is missing, is not of a known kind, has no rows, or fails in a line.
    """
    if not file.is_file():
        raise BadInput("rows", str(file), _ALLOWED, "there is no such file")
    readers = {".jsonl": _lines, ".json": _json, ".csv": _csv}
    if file.suffix not in readers:
        raise BadInput("rows", str(file), _ALLOWED)
    rows = readers[file.suffix](file)[:most]
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise BadInput("rows", str(file), _ALLOWED, "no rows" if not rows else "a row is no object")
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def column(table: dict[str, list[Any]], given: str | None, usual: Sequence[str], option: str) -> str | None:
    """The name of a column: the one that was given, else the first of the usual ones, else None.

    Raises:
        BadInput: the given one is not there.
    """
    if given is not None and given not in table:
        raise BadInput(option, given, f"a column of the data: {', '.join(table)}")
    return given or next((name for name in usual if name in table), None)


def text_of(value: Any) -> str:
    """A cell as text; None as the empty one."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _lines(file: Path) -> list[Any]:
    rows: list[Any] = []
    for number, line in enumerate(_read(file).split("\n"), 1):
        if line.strip():
            rows.append(_parsed(line, f"{file}, line {number}"))
    return rows


def _json(file: Path) -> list[Any]:
    found = _parsed(_read(file), str(file))
    if not isinstance(found, list):
        raise BadInput("rows", f"{file}: a {type(found).__name__}", _ALLOWED)
    return found


def _csv(file: Path) -> list[Any]:
    try:
        return list(csv.DictReader(_read(file).splitlines(keepends=True), restkey="more", strict=True))
    except csv.Error as problem:
        raise BadInput("rows", str(file), _ALLOWED, str(problem)) from None


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as problem:
        raise BadInput("rows", where, "JSON", str(problem)) from None


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput("rows", str(file), "text in UTF-8") from None
