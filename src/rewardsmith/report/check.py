"""The page of ``rewardsmith check``: findings, evidence and films, drawn from the JSON record alone."""

from __future__ import annotations

import html
import math
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .code import coloured
from .draw import Chart, limits
from .episode import TERM_COLOURS
from .template import fill, put

_TONES = {"error": "bad", "warning": "mixed", "note": "open"}
_MOST_ROWS = 12


def write(record: Mapping[str, Any], path: str | os.PathLike[str]) -> Path:
    """Write the page: one HTML file that needs no network.

    Args:
        record: what ``rewardsmith check --json`` prints; a finding may also have a ``film``: ``{"kind": "gif",
            "src": data URL, "caption"}`` or ``{"kind": "curves", "fields": {name: numbers}, "caption"}``.
        path: the file.

    Raises:
        StoreError: the file cannot be written.
        MissingExtra: Jinja2 is not installed.
    """
    return put(render(record), Path(path))


def render(record: Mapping[str, Any]) -> str:
    """The HTML of a record."""
    values = {
        "rewards": [_reward(each) for each in record["rewards"]],
        "verdict": _verdict(record),
        "version": record.get("version", ""),
    }
    return fill("check.html.j2", {"css": ("page.css", "check.css")}, values, {"quoted": quoted})


def _verdict(record: Mapping[str, Any]) -> dict[str, Any]:
    found = [finding for each in record["rewards"] for finding in each["findings"]]
    counts = {level: sum(finding["level"] == level for finding in found) for level in _TONES}
    tone = "bad" if counts["error"] else "mixed" if counts["warning"] else "good"
    badge = {"bad": "errors", "mixed": "warnings", "good": "nothing that should stop you"}[tone]
    said = [f"{count} {level}{'s' * (count != 1)}" for level, count in counts.items() if count]
    count = len(record["rewards"])
    title = record["rewards"][0]["source"] if count == 1 else f"{count} rewards"
    return {
        "tone": tone,
        "badge": badge,
        "counts": counts,
        "said": ", ".join(said) or "nothing found",
        "title": title,
    }


def _reward(each: Mapping[str, Any]) -> dict[str, Any]:
    text = each["reward"]
    return {
        **each,
        "text": coloured(text),
        "wraps": not text.startswith("def "),
        "findings": [_finding(finding) for finding in each["findings"]],
        "checks": ", ".join(each["ran"]),
        "left_out": list(each["left_out"].items()),
    }


def _finding(finding: Mapping[str, Any]) -> dict[str, Any]:
    numbers, tables = _evidence(finding["evidence"])
    film = finding.get("film") or {}
    return {
        **finding,
        "tone": _TONES[finding["level"]],
        "numbers": numbers,
        "tables": tables,
        "film": film if film.get("kind") == "gif" else None,
        "curves": _curves(film) if film.get("kind") == "curves" else "",
        "caption": film.get("caption", ""),
    }


# ---------------------------------------------------------------------- evidence
def _evidence(evidence: Mapping[str, Any]) -> tuple[list[tuple[str, str]], list[dict[str, Any]]]:
    """Single values, and tables: of rows that share their columns, and of groups side by side."""
    numbers: list[tuple[str, str]] = []
    tables: list[dict[str, Any]] = []
    groups = {str(name): value for name, value in evidence.items() if isinstance(value, Mapping) and value}
    for name, value in evidence.items():
        label = str(name).replace("_", " ")
        if name in groups:
            if len(groups) == 1:
                numbers += [(f"{label}: {key}".replace("_", " "), shown(each)) for key, each in value.items()]
        elif isinstance(value, Sequence) and value and all(isinstance(row, Mapping) for row in value):
            tables.append(_table(label, list(value)))
        else:
            numbers.append((label, shown(value)))
    if len(groups) > 1:
        keys = list(dict.fromkeys(key for group in groups.values() for key in group))
        rows = [
            [str(key).replace("_", " "), *(shown(group.get(key)) for group in groups.values())] for key in keys
        ]
        tables.insert(0, {"label": "", "columns": ["", *groups], "rows": rows, "more": 0})
    return numbers, tables


def _table(label: str, rows: list[Mapping[str, Any]]) -> dict[str, Any]:
    columns = list(dict.fromkeys(str(key) for row in rows for key in row))
    cells = [[shown(row.get(column)) for column in columns] for row in rows[:_MOST_ROWS]]
    return {"label": label, "columns": columns, "rows": cells, "more": max(0, len(rows) - _MOST_ROWS)}


def shown(value: Any) -> str:
    """A value of the evidence as people read it.

    Example:
        >>> shown(0.123456), shown([1.0, 2.5]), shown(None)
        ('0.1235', '1, 2.5', '–')
    """
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}".replace("-", "\u2212")
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(shown(each) for each in value)
    return str(value)


def quoted(text: str) -> str:
    """HTML of a text in which backticks quote code.

    Example:
        >>> quoted("use `a < b`")
        'use <code>a &lt; b</code>'
    """
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))


def _curves(film: Mapping[str, Any]) -> str:
    """Fields over the steps of an episode, one small chart each."""
    drawn: list[str] = []
    for i, (name, values) in enumerate(film["fields"].items()):
        ys = np.asarray(values, float)
        if not ys.size or not np.isfinite(ys).any():
            continue
        steps = np.arange(len(ys), dtype=float)
        chart = Chart(
            (0.0, max(len(ys) - 1.0, 1.0)), limits(ys), 520, 130, 60, 10, 8, 34, f"{name} over the episode"
        )
        chart.axes("step" if i == len(film["fields"]) - 1 else "", name)
        chart.curve(steps, ys, f"stroke:{TERM_COLOURS[i % len(TERM_COLOURS)]}")
        drawn.append(chart.svg())
    return "".join(drawn)
