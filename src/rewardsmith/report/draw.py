"""Small pieces of SVG: axes, lines, bands, dots.  Colours are CSS variables, so that pages can turn dark."""

from __future__ import annotations

import base64
import html
import math
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Numbers = np.ndarray[Any, Any]
# Five stops of viridis (BSD-licensed colour data of matplotlib): ordered for every kind of colour vision.
_VIRIDIS = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))


@dataclass
class Chart:
    """A drawing area with linear axes; everything is clipped by the caller's choice of range.

    Args:
        x, y: ranges of the axes.
        width, height: of the whole drawing; margins lie inside.
        label: what a screen reader says.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    width: float = 560.0
    height: float = 320.0
    left: float = 58.0
    right: float = 14.0
    top: float = 12.0
    bottom: float = 44.0
    label: str = ""
    items: list[str] = field(default_factory=list)

    def px(self, x: float) -> float:
        """Horizontal place of a value."""
        low, high = self.x
        inner = self.width - self.left - self.right
        return self.left + (x - low) / ((high - low) or 1.0) * inner

    def py(self, y: float) -> float:
        """Vertical place of a value."""
        low, high = self.y
        inner = self.height - self.top - self.bottom
        return self.height - self.bottom - (y - low) / ((high - low) or 1.0) * inner

    def add(self, *items: str) -> None:
        """Append elements."""
        self.items.extend(items)

    def axes(
        self,
        x_label: str,
        y_label: str,
        x_ticks: Sequence[float] | None = None,
        y_ticks: Sequence[float] | None = None,
        x_unit: float = 1.0,
        suffix: str = "",
    ) -> None:
        """Grid lines, tick texts and labels; ``x_unit`` divides what the x ticks say."""
        xs = ticks(*self.x, 6) if x_ticks is None else x_ticks
        ys = ticks(*self.y, 5) if y_ticks is None else y_ticks
        bottom, right = self.height - self.bottom, self.width - self.right
        for tick, text in zip(ys, tick_texts(ys), strict=True):
            place = self.py(tick)
            self.add(
                line(self.left, place, right, place, "grid"), words(self.left - 7, place + 4, text, "tick end")
            )
        for tick, text in zip(xs, tick_texts([value / x_unit for value in xs]), strict=True):
            place = self.px(tick)
            self.add(line(place, bottom, place, bottom + 4, "axis"))
            self.add(words(place, bottom + 18, text + (suffix if tick else ""), "tick mid"))
        self.add(line(self.left, bottom, right, bottom, "axis"))
        self.add(words((self.left + right) / 2, self.height - 6, x_label, "label mid"))
        if y_label:
            middle = (self.top + bottom) / 2
            self.add(
                f'<text class="label mid" transform="translate(13 {middle:.1f}) rotate(-90)">'
                f"{html.escape(y_label)}</text>"
            )

    def curve(self, xs: Numbers, ys: Numbers, style: str, kind: str = "curve", tip: str = "") -> None:
        """A line that breaks where there is no verdict."""
        data = path([(self.px(x), self.py(y)) for x, y in zip(xs, ys, strict=True)])
        if data:
            self.add(f'<path class="{kind}" d="{data}" style="{style}"{tip_of(tip)}/>')

    def band(self, xs: Numbers, low: Numbers, high: Numbers, style: str) -> None:
        """The area between two curves."""
        for part in runs(np.isfinite(low) & np.isfinite(high)):
            up = [(self.px(x), self.py(y)) for x, y in zip(xs[part], high[part], strict=True)]
            down = [(self.px(x), self.py(y)) for x, y in zip(xs[part], low[part], strict=True)]
            if len(up) > 1:
                self.add(f'<path class="band" d="{path(up + down[::-1])}Z" style="{style}"/>')

    def svg(self, kind: str = "chart") -> str:
        """The finished element."""
        return svg(self.width, self.height, self.items, self.label, kind)


# ---------------------------------------------------------------------- elements
def svg(width: float, height: float, items: Iterable[str], label: str, kind: str = "chart") -> str:
    """An image for people who see and for people who listen."""
    return (
        f'<svg class="{kind}" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'aria-label="{html.escape(label, quote=True)}">{"".join(items)}</svg>'
    )


def line(x1: float, y1: float, x2: float, y2: float, kind: str, style: str = "") -> str:
    """A straight line."""
    extra = f' style="{style}"' if style else ""
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"{extra}/>'


def words(x: float, y: float, text: str, kind: str = "", style: str = "") -> str:
    """Text; ``mid`` and ``end`` in ``kind`` align it."""
    extra = f' style="{style}"' if style else ""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}"{extra}>{html.escape(text)}</text>'


def dot(x: float, y: float, radius: float, style: str, tip: str = "", kind: str = "dot") -> str:
    """A circle with something to say."""
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" style="{style}"{tip_of(tip)}/>'


def tip_of(text: str) -> str:
    """The attribute that the page turns into a tooltip."""
    return f' data-tip="{html.escape(text, quote=True)}"' if text else ""


def path(points: Sequence[tuple[float, float]]) -> str:
    """Path data; NaN lifts the pen, and a lone point is left out."""
    pieces: list[str] = []
    good = np.array([math.isfinite(x) and math.isfinite(y) for x, y in points], bool)
    for part in runs(good):
        if part.stop - part.start > 1:
            pieces.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points[part]))
    return "".join(pieces)


def runs(good: Numbers) -> list[slice]:
    """The stretches of true values."""
    padded = np.concatenate([[False], good, [False]])
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    return [slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


# ---------------------------------------------------------------------- numbers
def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers that cover a range."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low] if math.isfinite(low) else []
    raw = (high - low) / max(about, 1)
    size = 10.0 ** math.floor(math.log10(raw))
    step = next((size * m for m in (1, 2, 2.5, 5, 10) if size * m >= raw * 0.999), size * 10)
    first = math.ceil(low / step - 1e-9)
    return [i * step for i in range(first, math.floor(high / step + 1e-9) + 1)]


def tick_texts(values: Sequence[float]) -> list[str]:
    """Texts with as many digits as it takes to tell the ticks apart."""
    for digits in range(7):
        shown = [f"{value:,.{digits}f}" for value in values]
        exact = all(math.isclose(round(value, digits), value, abs_tol=1e-12) for value in values)
        if len(set(shown)) == len(values) and exact:
            return [text.replace("-", "\u2212") if float(text.replace(",", "")) else "0" for text in shown]
    return [f"{value:.2g}" for value in values]


def limits(*arrays: Numbers, margin: float = 0.06, include: Sequence[float] = ()) -> tuple[float, float]:
    """A range around everything finite."""
    known = [np.asarray(a, float).ravel() for a in arrays] + [np.asarray(include, float)]
    joined = np.concatenate(known) if known else np.array([])
    joined = joined[np.isfinite(joined)]
    if not len(joined):
        return 0.0, 1.0
    low, high = float(joined.min()), float(joined.max())
    pad = margin * (high - low) or 0.5 * abs(high) or 0.5
    return low - pad, high + pad


def viridis(share: float) -> tuple[int, int, int]:
    """A colour for 0..1."""
    place = min(max(share, 0.0), 1.0) * (len(_VIRIDIS) - 1)
    i = min(int(place), len(_VIRIDIS) - 2)
    a, b, t = _VIRIDIS[i], _VIRIDIS[i + 1], place - i
    red, green, blue = (round(p + (q - p) * t) for p, q in zip(a, b, strict=True))
    return red, green, blue


def hex_of(rgb: tuple[int, int, int]) -> str:
    """#rrggbb"""
    return "#" + "".join(f"{part:02x}" for part in rgb)


def png(values: Numbers, low: float, high: float) -> str:
    """A data URI of an image (rows from the bottom up); transparent where there is no verdict."""
    share = np.clip((np.asarray(values, float) - low) / ((high - low) or 1.0), 0.0, 1.0)
    table = np.array([viridis(i / 255) for i in range(256)], np.uint8)
    known = np.isfinite(share)
    pixels = np.zeros((*share.shape, 4), np.uint8)
    pixels[..., :3] = table[(np.where(known, share, 0.0) * 255).astype(int)]
    pixels[..., 3] = np.where(known, 255, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in pixels[::-1])
    header = struct.pack(">IIBBBBB", share.shape[1], share.shape[0], 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    body = b"".join(struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)
    return "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + body).decode()


def score(value: Any, digits: int = 2) -> str:
    """A success or weight; a dash where there is none."""
    if value is None or not isinstance(value, (int, float)) or not math.isfinite(value):
        return "\u2013"
    shown = f"{value:.{digits}f}"
    return shown.replace("-", "\u2212") if float(shown) else f"{0:.{digits}f}"


def amount(value: Any) -> str:
    """A count in words people read: 950, 12,400, 3.1 M."""
    if value is None or not isinstance(value, (int, float)) or not math.isfinite(value):
        return "\u2013"
    for size, name in ((1e9, "G"), (1e6, "M")):
        if abs(value) >= size:
            return f"{value / size:.3g} {name}"
    return f"{value:,.0f}"


def seconds(value: float) -> str:
    """A duration: 0.4 s, 48 s, 3 min 05 s, 2 h 10 min."""
    if not math.isfinite(value):
        return "\u2013"
    if value < 9.95:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
