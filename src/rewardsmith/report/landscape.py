"""Pictures of a reward: a heat map with recorded episodes on it, the response of its parts, what they pay.

Draws the arrays it is given; ``design.landscape`` makes them.
"""

from __future__ import annotations

import html
import io
import os
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import BadInput, MissingExtra, StoreError
from .draw import limits, score

FORMATS = (".png", ".svg", ".html")
# Okabe and Ito's colours, told apart with every kind of colour vision; black is the whole reward.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#8c6d31", "#777777")
MOST_PARTS = len(COLOURS)
PER_ROW = 6  # entries of the legend
STEPS_ON_MAP = 500  # recorded steps drawn on the map; more would hide it
WHOLE = "whole reward"
INK, PALE = "#1f2328", "#8b949e"

Numbers = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Axis:
    """A field along which the reward is looked at, and where it went in recorded episodes."""

    name: str
    unit: str
    values: Numbers
    paths: tuple[Numbers, ...]
    with_twin: bool = False

    @property
    def label(self) -> str:
        """Name and unit."""
        return self.name if self.unit in ("", "1") else f"{self.name}  [{self.unit}]"


@dataclass(frozen=True, eq=False)
class Response:
    """The reward and its parts ``(n,)`` along one field."""

    name: str
    values: Numbers
    total: Numbers
    parts: Mapping[str, Numbers]


@dataclass(frozen=True, eq=False)
class Landscape:
    """What is drawn.

    Args:
        title, text: the headline, and the whole reward as text.
        axes: one or two fields.
        heat: ``(len(y), len(x))`` for two fields, NaN where there is no verdict.
        responses: one for each axis.
        income: of each part, what it paid in each step of each episode.
        fixed: fields that stay where they are, and where.
        played: who played the episodes.
    """

    title: str
    text: str
    axes: tuple[Axis, ...]
    heat: Numbers | None
    responses: tuple[Response, ...]
    income: Mapping[str, tuple[Numbers, ...]]
    fixed: Mapping[str, float]
    played: str

    @property
    def caption(self) -> str:
        """What the reader must know: who played, and what stays where."""
        count = len(next(iter(self.income.values()), ()))
        words = [_number(count, "recorded episode") + (f" ({self.played})" if self.played else "")]
        if any(axis.with_twin for axis in self.axes):
            words.append("state fields move together with their next values")
        if self.fixed:
            words.append("fixed: " + ", ".join(f"{k}\u00a0=\u00a0{v:.3g}" for k, v in self.fixed.items()))
        silent = {name: float(np.mean(np.isnan(np.concatenate(rows)))) for name, rows in self.income.items()}
        silent = {name: share for name, share in silent.items() if share > 0.0}
        if silent:
            shares = ", ".join(f"{name}\u00a0{100 * share:.3g}\u00a0%" for name, share in silent.items())
            words.append(f"recorded steps without verdict, left out of the income: {shares}")
        return "; ".join(words)


def write(scene: Landscape, path: str | os.PathLike[str]) -> Path:
    """Write the picture; the ending of the name says as what: ``.png``, ``.svg`` or ``.html``.

    Raises:
        BadInput: another ending.
        StoreError: the file cannot be written.
        MissingExtra: matplotlib is not installed.
    """
    target = Path(path)
    kind = target.suffix.lower()
    if kind not in FORMATS:
        raise BadInput("--out", str(target), f"a name that ends in {', '.join(FORMATS)}")
    data = render_html(scene).encode() if kind == ".html" else render(scene, kind[1:])
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    except OSError as error:
        raise StoreError(f"cannot write {target}: {error.strerror or error}") from error
    return target


def render(scene: Landscape, kind: str) -> bytes:
    """The picture as PNG or SVG."""
    with _style():
        out = io.BytesIO()
        metadata = {"Date": None} if kind == "svg" else {}  # the same picture is the same file
        figure_of(scene).savefig(out, format=kind, dpi=140, metadata=metadata, facecolor="white")
    return out.getvalue()


def figure_of(scene: Landscape) -> Any:
    """The picture as a matplotlib figure.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    with _style():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(11.5, 8.2), layout="constrained")
        _compose(figure, scene)
    return figure


def render_html(scene: Landscape) -> str:
    """A page that needs nothing from elsewhere: the picture, the reward, and the income as a table."""
    picture = render(scene, "svg").decode()
    picture = picture[picture.index("<svg") :]
    rows = "".join(
        f"<tr><th scope=row>{html.escape(name)}</th>{''.join(f'<td>{score(v, 3)}</td>' for v in values)}</tr>"
        for name, values in income_table(scene.income).items()
    )
    head = "".join(f"<th scope=col>{word}</th>" for word in ("part", "mean", "lowest", "highest"))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(scene.title)}</title><style>{_CSS}</style></head><body><main>"
        f"<h1>{html.escape(scene.title)}</h1><p>{html.escape(scene.caption)}</p>"
        f'<figure role="img" aria-label="{html.escape(_spoken(scene), quote=True)}">{picture}</figure>'
        f"<h2>Income of an episode</h2><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"<h2>The reward</h2><pre>{html.escape(scene.text)}</pre></main></body></html>\n"
    )


def income_table(income: Mapping[str, Sequence[Numbers]]) -> dict[str, tuple[float, float, float]]:
    """Of the whole and of each part: mean, least and greatest sum over an episode (of steps with a verdict)."""
    series = {WHOLE: whole(income), **income} if len(income) > 1 else income
    sums = {name: np.array([np.nansum(row) for row in rows]) for name, rows in series.items()}
    return {name: (float(v.mean()), float(v.min()), float(v.max())) for name, v in sums.items()}


def whole(income: Mapping[str, Sequence[Numbers]]) -> tuple[Numbers, ...]:
    """What the whole reward paid in each step: the sum of its parts, NaN where one has no verdict."""
    return tuple(np.sum(rows, axis=0) for rows in zip(*income.values(), strict=True))


def _style() -> Any:
    try:
        import matplotlib
    except ModuleNotFoundError:
        raise MissingExtra("matplotlib", "report", "pictures of rewards") from None
    style: Any = {"svg.fonttype": "none", "svg.hashsalt": "rewardsmith", "font.size": 10, "axes.titlesize": 11}
    style |= {"axes.edgecolor": PALE, "axes.labelcolor": INK, "text.color": INK, "axes.linewidth": 0.8}
    style |= {"xtick.color": INK, "ytick.color": INK, "axes.titlelocation": "left", "legend.frameon": False}
    return matplotlib.rc_context(style)


# ---------------------------------------------------------------------- panels
def _compose(figure: Any, scene: Landscape) -> None:
    order, rest = _ranked(scene)
    colours = {name: COLOURS[i] for i, name in enumerate(order)} | dict.fromkeys(rest, COLOURS[-1])
    grid = figure.add_gridspec(3, 1, height_ratios=(1.15, 1.0, 0.1 if len(colours) < PER_ROW else 0.16))
    count = len(scene.responses)
    if scene.heat is not None:
        top = grid[0].subgridspec(count, 2, width_ratios=(1.25, 1.0))
        _heat_map(figure, figure.add_subplot(top[:, 0]), scene)
        places = [figure.add_subplot(top[i, 1]) for i in range(count)]
    else:
        places = [figure.add_subplot(grid[0])]
    for axes, response, axis in zip(places, scene.responses, scene.axes, strict=True):
        _response(axes, response, axis, order, rest, colours)
    places[0].set_title("Response of each part")
    bottom = grid[1].subgridspec(1, 2, width_ratios=(1.25, 1.0))
    _income_over_time(figure.add_subplot(bottom[0]), scene, order, rest, colours)
    _income_bars(figure.add_subplot(bottom[1]), scene, order, rest, colours)
    _legend(figure.add_subplot(grid[2]), order, rest, colours)
    figure.suptitle("\n".join(textwrap.wrap(scene.title, 96)), fontsize=13, fontweight="bold")
    figure.supxlabel("\n".join(textwrap.wrap(scene.caption, 150)), fontsize=9, color="#57606a")


def _legend(axes: Any, order: list[str], rest: list[str], colours: dict[str, str]) -> None:
    """One for all panels."""
    from matplotlib.lines import Line2D

    names = [(_short(name), colours[name]) for name in order]
    names += [(f"{len(rest)} more parts", COLOURS[-1])] if rest else []
    lines = [Line2D([], [], color=INK, linewidth=2.2, label=WHOLE)] if len(colours) > 1 else []
    lines += [Line2D([], [], color=colour, linewidth=2.2, label=name) for name, colour in names]
    # Legends fill column by column; people read row by row.
    by_column = [each for column in range(PER_ROW) for each in lines[column::PER_ROW]]
    axes.set_axis_off()
    axes.legend(handles=by_column, loc="center", ncols=min(len(lines), PER_ROW), borderpad=0)


def _heat_map(figure: Any, axes: Any, scene: Landscape) -> None:
    x, y = scene.axes
    heat = np.asarray(scene.heat, float)
    axes.set_facecolor("#d0d7de")  # no verdict
    mesh = axes.pcolormesh(x.values, y.values, heat, cmap="viridis", shading="nearest", rasterized=True)
    shown = _drawn(x.paths)
    for along, up in zip(x.paths[:shown], y.paths[:shown], strict=True):
        axes.plot(along, up, color="black", linewidth=1.8, alpha=0.3)
        axes.plot(along, up, color="white", linewidth=0.8, alpha=0.9)
    for along, up in zip(x.paths[:shown], y.paths[:shown], strict=True):
        axes.plot(along[:1], up[:1], "o", color="white", markeredgecolor="black", markersize=6, clip_on=False)
        axes.plot(along[-1:], up[-1:], "s", color="black", markeredgecolor="white", markersize=6, clip_on=False)
    axes.set(xlabel=x.label, ylabel=y.label, title=f"Reward of one step, and {_counted(shown)}")
    axes.set_xlim(*_edges(x.values))
    axes.set_ylim(*_edges(y.values))
    _choices(axes, x, y)
    figure.colorbar(mesh, ax=axes, pad=0.02)
    if not np.isfinite(heat).all():
        axes.annotate("grey: no verdict", (0.012, 0.016), xycoords="axes fraction", fontsize=9, color=INK)


def _response(
    axes: Any, response: Response, axis: Axis, order: list[str], rest: list[str], colours: dict[str, str]
) -> None:
    style: dict[str, Any] = {"marker": "o"} if len(response.values) < 30 else {}
    parts = _gathered(response.parts, order, rest)
    axes.axhline(0.0, color=PALE, linewidth=0.8)
    if len(parts) > 1:
        axes.plot(response.values, response.total, color=INK, linewidth=2.4, **style)
    for name, values in parts.items():
        axes.plot(response.values, values, color=colours.get(name, COLOURS[-1]), linewidth=1.7, **style)
    axes.set_xlabel(axis.label, labelpad=1)
    axes.set_ylabel("per step")
    axes.set_xlim(*_edges(response.values))
    axes.set_ylim(*limits(response.total, *parts.values(), include=(0.0,)))
    axes.grid(axis="y", color="#eaeef2")
    axes.set_axisbelow(True)
    _choices(axes, axis, None)
    _clean(axes)


def _income_over_time(
    axes: Any, scene: Landscape, order: list[str], rest: list[str], colours: dict[str, str]
) -> None:
    parts = _gathered({name: _mean_so_far(rows) for name, rows in scene.income.items()}, order, rest)
    total = _mean_so_far(whole(scene.income))
    steps = np.arange(1, len(total) + 1)
    axes.axhline(0.0, color=PALE, linewidth=0.8)
    if len(parts) > 1:
        axes.plot(steps, total, color=INK, linewidth=2.4)
    for name, values in parts.items():
        axes.plot(steps, values, color=colours.get(name, COLOURS[-1]), linewidth=1.7)
    axes.set(xlabel="step of the episode", ylabel="paid so far", title="Income, mean over the episodes")
    axes.set_xlim(1, max(len(total), 2))
    axes.grid(axis="y", color="#eaeef2")
    axes.set_axisbelow(True)
    _clean(axes)


def _income_bars(
    axes: Any, scene: Landscape, order: list[str], rest: list[str], colours: dict[str, str]
) -> None:
    sums = {name: np.array([np.nansum(row) for row in rows]) for name, rows in scene.income.items()}
    parts = _gathered(sums, order, rest)
    shown = [(_short(name), values, colours.get(name, COLOURS[-1])) for name, values in parts.items()]
    if len(shown) > 1:
        shown.insert(0, (WHOLE, np.array([np.nansum(row) for row in whole(scene.income)]), INK))
    for place, (_, values, colour) in enumerate(shown):
        axes.barh(place, values.mean(), height=0.6, color=colour, alpha=0.45)
        spread = place + np.linspace(-0.18, 0.18, len(values)) if len(values) > 1 else np.array([place])
        axes.plot(values, spread, "o", color=colour, markersize=3.5)
    axes.axvline(0.0, color=PALE, linewidth=0.8)
    axes.set_yticks(range(len(shown)), [name for name, _, _ in shown])
    axes.set_ylim(max(len(shown), 4) - 0.5, -0.5)
    axes.set(xlabel="paid in a whole episode", title="Income (bar: mean, dots: episodes)")
    axes.grid(axis="x", color="#eaeef2")
    axes.set_axisbelow(True)
    _clean(axes)


# ---------------------------------------------------------------------- pieces
def _ranked(scene: Landscape) -> tuple[list[str], list[str]]:
    """Parts with a colour of their own, in the order of the reward, and those that share one."""
    names = list(scene.income)
    if len(names) <= MOST_PARTS:
        return names, []
    size = {name: sum(float(np.nansum(np.abs(row))) for row in scene.income[name]) for name in names}
    chosen = set(sorted(names, key=lambda name: -size[name])[: MOST_PARTS - 1])
    return [name for name in names if name in chosen], [name for name in names if name not in chosen]


def _gathered(parts: Mapping[str, Numbers], order: list[str], rest: list[str]) -> dict[str, Numbers]:
    found = {name: np.asarray(parts[name], float) for name in order}
    if rest:
        found[f"{len(rest)} more parts"] = np.sum([np.asarray(parts[name], float) for name in rest], axis=0)
    return found


def _mean_so_far(rows: Sequence[Numbers]) -> Numbers:
    """Mean over episodes of what was paid up to each step; an episode that has ended keeps what it got."""
    longest = max(len(row) for row in rows)
    sums = [np.nancumsum(row) for row in rows]
    return np.mean([np.concatenate([each, np.full(longest - len(each), each[-1])]) for each in sums], axis=0)


def _drawn(paths: Sequence[Numbers]) -> int:
    """How many episodes fit on the map."""
    ends = np.cumsum([len(path) for path in paths])
    return max(1, int(np.sum(ends <= STEPS_ON_MAP)))


def _counted(episodes: int) -> str:
    return f"{_number(episodes, 'episode')} (circle: start, square: end)"


def _number(count: int, word: str) -> str:
    return f"{count} {word}" + "s" * (count != 1)


def _edges(values: Numbers) -> tuple[float, float]:
    if len(values) < 30:  # choices
        return float(values[0]) - 0.5, float(values[-1]) + 0.5
    return float(values[0]), float(values[-1])


def _choices(axes: Any, x: Axis, y: Axis | None) -> None:
    for axis, set_ticks in ((x, axes.set_xticks), (y, axes.set_yticks)):
        if axis is not None and len(axis.values) < 30:
            set_ticks(axis.values)


def _clean(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)


def _short(name: str) -> str:
    return name if len(name) <= 26 else f"{name[:24]}\u2026"


def _spoken(scene: Landscape) -> str:
    means = income_table(scene.income)
    said = "; ".join(f"{name} pays {score(values[0], 2)}" for name, values in means.items())
    over = " and ".join(axis.name for axis in scene.axes)
    return f"{scene.title}. The reward over {over}. In a whole episode, on average: {said}."


_CSS = (
    "body{font:16px/1.5 system-ui,sans-serif;color:#1f2328;background:#fff;margin:0}"
    "main{max-width:72rem;margin:auto;padding:1rem}h1{font-size:1.3rem}h2{font-size:1.05rem}"
    "figure{margin:0;overflow-x:auto}svg{max-width:100%;height:auto;min-width:40rem}"
    "table{border-collapse:collapse}th,td{padding:.25rem .9rem .25rem 0;text-align:right;"
    "font-variant-numeric:tabular-nums;border-bottom:1px solid #d0d7de}th:first-child{text-align:left}"
    "pre{background:#f6f8fa;padding:.8rem;overflow-x:auto;white-space:pre-wrap}"
)
