"""The page of ``rewardsmith compare``: a heat map and a tree for every metric, drawn from the JSON record."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .code import coloured
from .draw import dot, hex_of, line, score, svg, viridis, words
from .template import fill, put

_CELL, _TREE, _TOP, _LETTER = 84.0, 130.0, 34.0, 8.2
_LONGEST = 26


def write(record: Mapping[str, Any], path: str | os.PathLike[str]) -> Path:
    """Write the page: one HTML file that needs no network.

    Args:
        record: what ``rewardsmith compare --json`` prints.
        path: the file.

    Raises:
        StoreError: the file cannot be written.
        MissingExtra: Jinja2 is not installed.
    """
    return put(render(record), Path(path))


def render(record: Mapping[str, Any]) -> str:
    """The HTML of a record."""
    rewards = [(name, coloured(text)) for name, text in record["rewards"].items()]
    values = {
        "task": record["task"],
        "version": record.get("version", ""),
        "rewards": rewards,
        "sections": [_section(each) for each in record["comparisons"]],
    }
    return fill("compare.html.j2", {"css": ("page.css", "compare.css")}, values)


def _section(each: Mapping[str, Any]) -> dict[str, Any]:
    known = [value for row in each["mean"] for value in row if value is not None]
    return {
        **each,
        "map": heat_map(each) if known else "",
        "basis": _basis(each),
        "rows": _pairs(each),
    }


def _basis(each: Mapping[str, Any]) -> str:
    if each["why"]:
        return ""
    if each["metric"] == "regret":
        return f"{each['episodes']} trainings of {each['steps']:,} steps."
    return f"{each['steps']:,} transitions of {each['episodes']:,} episodes: {each['played']}."


def _pairs(each: Mapping[str, Any]) -> list[dict[str, str]]:
    """A row for every pair, for ``regret`` both ways."""
    names, both = each["names"], each["metric"] == "regret"
    rows: list[dict[str, str]] = []
    for i in range(len(names)):
        for j in range(len(names)):
            if i == j or (i > j and not both) or each["mean"][i][j] is None:
                continue
            low, high = each["low"][i][j], each["high"][i][j]
            pair = f"{names[j]} instead of {names[i]}" if both else f"{names[i]} and {names[j]}"
            floor = each["floor"][i][j]
            rows.append(
                {
                    "pair": pair,
                    "value": score(each["mean"][i][j]),
                    "interval": f"{score(low)} to {score(high)}",
                    "floor": "" if both else score(floor),
                    "told": "" if told(each, i, j) else "not distinguishable",
                }
            )
    return rows


def told(each: Mapping[str, Any], i: int, j: int) -> bool:
    """Whether the whole interval lies above the noise floor; a regret may also lie below 0."""
    low, high, floor = (each[name][i][j] for name in ("low", "high", "floor"))
    return (low is not None and low > (floor or 0.0)) or (high is not None and high < 0.0)


# ---------------------------------------------------------------------- the picture
def heat_map(each: Mapping[str, Any]) -> str:
    """The matrix, rows in the order of the tree, and the tree beside it."""
    names, tree = each["names"], each["tree"]
    order, places = leaves(tree, len(names)) if tree else (list(range(len(names))), {})
    shown = [name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}\u2026" for name in names]
    label = max(len(name) for name in shown) * _LETTER + 14
    left = (_TREE if tree else 0.0) + label
    items = _branches(tree, places, len(names)) if tree else []
    for row, i in enumerate(order):
        y = _TOP + row * _CELL
        items.append(words(left - 9, y + _CELL / 2 + 4, shown[i], "row end"))
        items.append(words(left + (row + 0.5) * _CELL, _TOP - 12, _short(shown[i]), "tick mid"))
        items += [_cell(each, i, j, left + column * _CELL, y) for column, j in enumerate(order)]
    size = len(names) * _CELL
    said = f"{each['unit']} of {len(names)} rewards"
    return svg(left + size + 8, _TOP + size + 8, items, said, "chart matrix")


def _short(name: str) -> str:
    most = int(_CELL / 6.6)
    return name if len(name) <= most else f"{name[: most - 1]}\u2026"


def _cell(each: Mapping[str, Any], i: int, j: int, x: float, y: float) -> str:
    value = each["mean"][i][j]
    box = f'x="{x + 1.5:.1f}" y="{y + 1.5:.1f}" width="{_CELL - 3:.0f}" height="{_CELL - 3:.0f}" rx="6"'
    if value is None:
        return f'<rect class="refused" {box}/>' + words(x + _CELL / 2, y + _CELL / 2 + 5, "\u2013", "row mid")
    share = min(max(value, 0.0), 1.0)
    colour, ink = viridis(1.0 - share), "#111" if share < 0.55 else "#fff"
    faint = i != j and not told(each, i, j)
    low, high = score(each["low"][i][j]), score(each["high"][i][j])
    names = each["names"]
    tip = f"{names[i]}, {names[j]}\n{score(value)}  [{low}, {high}]"
    tip += f"\nnoise floor {score(each['floor'][i][j])}" if each["floor"][i][j] else ""
    style = f'style="fill:{hex_of(colour)}{";opacity:.45" if faint else ""}"'
    drawn = f"<rect {box} {style}><title>{html.escape(tip)}</title></rect>"
    ink = "var(--ink)" if faint else ink
    middle = x + _CELL / 2
    drawn += words(middle, y + _CELL / 2 + (0 if i != j else 5), score(value), "value mid", f"fill:{ink}")
    if i != j:
        text = "\u2248 noise" if faint else f"{low}\u2013{high}"
        drawn += words(middle, y + _CELL / 2 + 18, text, "small mid", f"fill:{ink}")
    return drawn


def leaves(tree: Sequence[Sequence[float]], count: int) -> tuple[list[int], dict[int, float]]:
    """Leaves of a linkage from top to bottom, and the vertical place of every node in cells.

    Example:
        >>> leaves([[0, 2, 0.1, 2], [1, 3, 0.5, 3]], 3)
        ([1, 0, 2], {1: 0.5, 0: 1.5, 2: 2.5, 3: 2.0, 4: 1.25})
    """

    def below(node: int) -> list[int]:
        if node < count:
            return [node]
        first, second = (int(part) for part in tree[node - count][:2])
        return below(first) + below(second)

    order = below(count + len(tree) - 1)
    places = {leaf: row + 0.5 for row, leaf in enumerate(order)}
    for node, row in enumerate(tree, count):
        places[node] = (places[int(row[0])] + places[int(row[1])]) / 2
    return order, places


def _branches(tree: Sequence[Sequence[float]], places: Mapping[int, float], count: int) -> list[str]:
    """Joints as far to the left as their distance is large."""
    greatest = max((row[2] for row in tree), default=0.0) or 1.0
    right = _TREE - 4

    def x(node: int) -> float:
        return right if node < count else right - 12 - tree[node - count][2] / greatest * (right - 24)

    items: list[str] = []
    for node, row in enumerate(tree, count):
        pair = [int(part) for part in row[:2]]
        ys = [_TOP + places[part] * _CELL for part in pair]
        items += [line(x(node), y, x(part), y, "branch") for part, y in zip(pair, ys, strict=True)]
        items.append(line(x(node), ys[0], x(node), ys[1], "branch"))
        items.append(dot(x(node), sum(ys) / 2, 3.5, "fill:var(--ink)"))
    return items
