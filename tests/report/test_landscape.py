"""Pictures of rewards as a decoder, a parser and a reader see them."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rewardsmith.core.errors import BadInput
from rewardsmith.report.landscape import Axis, Landscape, Response, figure_of, income_table, render, write


def scene(parts: int = 3, fields: int = 2, missing: bool = False) -> Landscape:
    rng = np.random.default_rng(parts)
    x, y = np.linspace(-1, 1, 41), np.linspace(0, 30, 31)
    names = [f"part_{i}" for i in range(parts)]
    axes = (
        Axis("angle", "rad", x, tuple(rng.uniform(-1, 1, n) for n in (20, 30)), with_twin=True),
        Axis("speed", "m/s", y, tuple(rng.uniform(0, 30, n) for n in (20, 30))),
    )[:fields]
    heat = np.add.outer(np.sin(y), x)
    heat[:5, :5] = np.nan if missing else 0.0
    income = {name: tuple(rng.normal(size=n) for n in (20, 30)) for name in names}
    if missing:
        income["part_0"][0][:5] = np.nan
    responses = []
    for axis in axes:
        curves = {name: np.sin(axis.values + i) for i, name in enumerate(names)}
        responses.append(Response(axis.name, axis.values, np.sum(list(curves.values()), axis=0), curves))
    return Landscape(
        "hopper: a < b & c", "a < b & c", axes, heat if fields == 2 else None, tuple(responses), income,
        {"height": 1.25}, "random actions",
    )  # fmt: skip


def test_png_is_a_picture_with_a_heat_map_in_it() -> None:
    picture = Image.open(io.BytesIO(render(scene(), "png"))).convert("RGB")
    assert picture.size == (1610, 1148)
    colours = {colour: count for count, colour in picture.getcolors(10**6)}
    assert {(255, 255, 255), (68, 1, 84), (0, 114, 178)} <= set(
        colours
    )  # paper, the low end of viridis, a curve
    gaps = Image.open(io.BytesIO(render(scene(missing=True), "png"))).convert("RGB")
    grey = {colour: count for count, colour in gaps.getcolors(10**6)}[208, 215, 222]
    assert grey > 4_000 > 50 * colours.get((208, 215, 222), 0)


def test_svg_says_everything_and_is_the_same_every_time() -> None:
    data = render(scene(missing=True), "svg")
    assert data == render(scene(missing=True), "svg")
    words = " ".join(
        "".join(e.itertext()) for e in ElementTree.fromstring(data).iter() if e.tag.endswith("text")
    )
    words = words.replace("\u00a0", " ")
    for said in (
        "hopper: a < b & c", "angle  [rad]", "speed  [m/s]", "2 episodes (circle: start, square: end)",
        "whole reward", "part_0", "part_2", "no verdict", "height = 1.25", "random actions", "part_0 10 %",
        "next values", "step of the episode", "paid in a whole episode",
    ):  # fmt: skip
        assert said in words, said


def test_html_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    text = write(scene(), tmp_path / "deep" / "a.html").read_text("utf-8")
    addresses = re.findall(r'(?:href|src)="([^"#]+)"', text)
    assert all(address.startswith("data:image/png;base64,") for address in addresses)
    assert len(addresses) >= 1
    assert "<script" not in text
    assert "a &lt; b &amp; c" in text
    body = text.replace("<!doctype html>", "").replace('<meta charset="utf-8">', "")
    body = (
        re.sub(r"<meta name[^>]*>", "", body)
        .replace("scope=row", 'scope="row"')
        .replace("scope=col", 'scope="col"')
    )
    rows = [["".join(cell.itertext()) for cell in row] for row in ElementTree.fromstring(body).iter("tr")]
    assert [row[0] for row in rows] == ["part", "whole reward", "part_0", "part_1", "part_2"]


def test_income_is_the_sum_of_the_steps_with_a_verdict() -> None:
    nan = float("nan")
    table = income_table({"a": (np.array([1.0, nan, 3.0]), np.array([5.0])), "b": (np.ones(3), np.ones(1))})
    assert table == {"whole reward": (6.0, 6.0, 6.0), "a": (4.5, 4.0, 5.0), "b": (2.0, 1.0, 3.0)}
    assert list(income_table({"a": (np.ones(2),)})) == ["a"]


@pytest.mark.parametrize(
    "given",
    [scene(1), scene(3), scene(12), scene(2, fields=1), scene(3, missing=True)],
    ids=["one part", "three", "twelve", "one field", "missing"],
)
def test_no_two_texts_overlap_and_all_are_on_the_paper(
    given: Landscape, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    long = {f"field_with_a_long_name_{i}": 1.0 for i in range(9)}
    figure = figure_of(replace(given, fixed=long, title="reward " * 24))
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()  # the layout is final now
    boxes: list[tuple[str, Any]] = []
    draw = Text.draw

    def watched(text: Text, renderer: Any) -> None:
        if text.get_visible() and text.get_text().strip():
            boxes.append((text.get_text(), text.get_window_extent(renderer).frozen()))
        draw(text, renderer)

    monkeypatch.setattr(Text, "draw", watched)
    figure.set_layout_engine("none")
    canvas.draw()
    paper = figure.bbox.padded(1.0)
    assert len(boxes) > 30
    assert [words for words, box in boxes if not paper.contains(*box.min) or not paper.contains(*box.max)] == []
    clashes = [(a, b) for (a, p), (b, q) in combinations(boxes, 2) if p.overlaps(q.padded(-1.0))]
    assert clashes == []


def test_many_parts_share_the_last_colour() -> None:
    words = " ".join(
        "".join(e.itertext())
        for e in ElementTree.fromstring(render(scene(12), "svg")).iter()
        if e.tag.endswith("text")
    )
    assert "5 more parts" in words


def test_other_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"a\.gif; allowed: a name that ends in \.png, \.svg, \.html"):
        write(scene(), tmp_path / "a.gif")
