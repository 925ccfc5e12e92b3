"""The page of ``rewardsmith bench``: ratings with intervals, and what every method reached where."""

from __future__ import annotations

import math
import os
import shlex
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from .template import fill, put

_WIDTH, _ROW, _LEFT = 640.0, 26.0, 170.0


def write(record: Mapping[str, Any], path: str | os.PathLike[str]) -> Path:
    """Write the page: one HTML file that needs no network.

    Args:
        record: what ``rewardsmith bench methods --json`` prints.
        path: the file.

    Raises:
        StoreError: the file cannot be written.
        MissingExtra: Jinja2 is not installed.
    """
    return put(render(record), Path(path))


def render(record: Mapping[str, Any]) -> str:
    """The HTML of a record."""
    rows = [_row(each, record["tasks"]) for each in record["ratings"]]
    values = {
        "record": record,
        "rows": rows,
        "forest": forest(record["ratings"]),
        "searches": len(record["cells"]),
        "missing": _missing(record["cells"]),
        "intervals": any(not math.isnan(each["low"]) for each in record["ratings"]),
        "command": _command(record),
    }
    return fill("tournament.html.j2", {"css": ("page.css", "compare.css")}, values)


def _command(record: Mapping[str, Any]) -> str:
    methods = sorted(each["method"] for each in record["ratings"])
    parts = ["rewardsmith", "bench", "methods", "--tasks", shlex.quote(",".join(record["tasks"]))]
    parts += ["--methods", shlex.quote(",".join(methods))]
    for name in ("trainings", "steps", "seeds", "each", "against"):
        parts += [f"--{name}", shlex.quote(str(record[name]))] if record.get(name) is not None else []
    parts += [] if record["honest"] else ["--as-published"]
    grammar = record["proposer"] == "the grammar"
    return " ".join(
        [*parts, *([] if grammar else ["--llm", "URL", "--model", shlex.quote(record["proposer"])])]
    )


def forest(rated: list[Mapping[str, Any]]) -> str:
    """Ratings as dots with intervals, best first."""
    reached = [abs(each[name]) for each in rated for name in ("low", "high", "rating")]
    edge = max([size for size in reached if not math.isnan(size)] + [1.0]) * 1.05

    def px(value: float) -> float:
        return _LEFT + (value + edge) / (2 * edge) * (_WIDTH - _LEFT - 12)

    height = _ROW * len(rated) + 34
    out = [f'<svg viewBox="0 0 {_WIDTH:g} {height:g}" style="max-width:{_WIDTH:g}px"']
    out.append(' role="img" aria-label="ratings with 95 % intervals">')
    out.append(f'<line x1="{px(0):.1f}" x2="{px(0):.1f}" y1="4" y2="{height - 28:g}" stroke="var(--faint)"/>')
    for i, each in enumerate(rated):
        y = _ROW * (i + 0.5) + 4
        out.append(
            f'<text x="{_LEFT - 10:g}" y="{y + 4:g}" text-anchor="end" font-size="13" fill="var(--ink)">'
        )
        out.append(f"{escape(each['method'])}</text>")
        if not math.isnan(each["low"]):
            out.append(f'<line x1="{px(each["low"]):.1f}" x2="{px(each["high"]):.1f}" y1="{y:g}" y2="{y:g}"')
            out.append(' stroke="var(--blue)" stroke-width="2"/>')
        out.append(f'<circle cx="{px(each["rating"]):.1f}" cy="{y:g}" r="4.5" fill="var(--blue)"/>')
    for value in (-edge / 1.05, 0.0, edge / 1.05):
        out.append(f'<text x="{px(value):.1f}" y="{height - 8:g}" text-anchor="middle" font-size="12"')
        out.append(f' fill="var(--soft)">{value:+.0f}</text>')
    return "".join([*out, "</svg>"])


def _row(each: Mapping[str, Any], tasks: list[str]) -> dict[str, Any]:
    return {
        "method": each["method"],
        "rating": f"{each['rating']:+.0f}",
        "interval": "" if math.isnan(each["low"]) else f"{each['low']:+.0f} to {each['high']:+.0f}",
        "gain": gain_text(each["gain"], each["error"]),
        "shrinkage": "" if math.isnan(each["shrinkage"]) else f"{each['shrinkage']:+.2f}",
        "reached": [_reached(each["success"][task]) for task in tasks],
    }


def gain_text(mean: float, error: float) -> str:
    """A mean difference with its standard error, as far as they are known (NaN: they are not).

    Example:
        >>> gain_text(0.25, 0.1), gain_text(0.25, math.nan), gain_text(math.nan, math.nan)
        ('+0.250 ± 0.100', '+0.250', '')
    """
    if math.isnan(mean):
        return ""
    return f"{mean:+.3f}" if math.isnan(error) else f"{mean:+.3f} ± {error:.3f}"


def _reached(value: Any) -> str:
    mean, low, high = value
    if math.isnan(mean):
        return "-"
    return f"{mean:.2f}" if math.isnan(low) else f"{mean:.2f} [{max(low, 0.0):.2f}, {min(high, 1.0):.2f}]"


def _missing(cells: list[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    found = {(each["method"], each["task"], each["why"]): None for each in cells if each["why"]}
    return list(found)
