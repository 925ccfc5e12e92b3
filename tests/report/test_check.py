"""The page of ``check``: everything of the record is on it, escaped, and it needs no network."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rewardsmith.core.errors import StoreError
from rewardsmith.report.check import quoted, render, shown, write
from rewardsmith.report.gif import FRAMES, WIDTH, gif


def finding(**more: Any) -> dict[str, Any]:
    return {
        "code": "R204",
        "title": "farmable loop",
        "level": "error",
        "part": "a<b",
        "message": "pays <for> ever",
        "why": "It `x < y` loops.",
        "fix": "Fix it.",
        "evidence": {},
        **more,
    }


def record(*findings: dict[str, Any], **more: Any) -> dict[str, Any]:
    reward = {
        "source": "reward.py",
        "reward": "a + b",
        "task": "cartpole",
        "findings": list(findings),
        "accepted": [],
        "ran": ["terms", "units"],
        "left_out": {"attacked": "trains policies"},
        "seconds": 1.5,
        **more,
    }
    return {"rewards": [reward], "version": "1.2"}


class Text(HTMLParser):
    """What a reader sees, and where the page points to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.feed(re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]

    @property
    def all(self) -> str:
        return " ".join(" ".join(self.words).split())


def test_what_was_found_is_said() -> None:
    evidence = {
        "share": 0.25,
        "good": {"paid": 1.0, "steps": 3},
        "bad": {"paid": -2.5, "steps": 4},
        "loop": [{"x": 0.5, "pays": 1.0}, {"x": -0.5, "pays": None}],
        "bounds": [-1.0, 1.0],
    }
    accepted = {**finding(code="R110", title="dominated term", message="small"), "reason": "on purpose"}
    page = Text(render(record(finding(evidence=evidence), accepted=[accepted])))
    for words in (
        "1 error", "reward.py", "on cartpole", "farmable loop R204 a<b", "pays <for> ever", "share 0.25",
        "good bad paid 1 −2.5 steps 3 4", "loop x pays 0.5 1 −0.5 –", "bounds −1, 1",
        "Accepted by this project", "R110 dominated term small on purpose", "terms, units; 1.5 s.",
        "Left out: attacked (trains policies).",
        "rewardsmith check 1.2",
    ):  # fmt: skip
        assert words in page.all, words
    assert page.links == []


def test_nothing_found_is_said_too() -> None:
    page = Text(render(record()))
    assert "nothing that should stop you" in page.all
    assert "Nothing was found by 2 checks." in page.all


@pytest.mark.parametrize(
    ("levels", "badge"), [(["error", "note"], "errors"), (["warning"], "warnings"), (["note"], "nothing that")]
)
def test_the_worst_level_is_the_verdict(levels: list[str], badge: str) -> None:
    page = Text(render(record(*(finding(level=level) for level in levels))))
    assert badge in page.all


def test_films_are_in_the_page() -> None:
    picture = {"kind": "gif", "src": "data:image/gif;base64,R0lGOD", "caption": "200 steps"}
    curves = {"kind": "curves", "fields": {"height": [0.0, 1.0, 0.5], "lean": [0.1, 0.2, 0.3]}, "caption": "x"}
    html = render(record(finding(film=picture), finding(film=curves), finding(film=None)))
    assert Text(html).links == [picture["src"]]
    assert html.count("<svg") == 2
    assert "height over the episode" in html


def test_the_page_is_written_at_once_or_not_at_all(tmp_path: Path) -> None:
    target = write(record(), tmp_path / "deep" / "check.html")
    assert target.read_text().startswith("<!doctype html>")
    assert [path.name for path in target.parent.iterdir()] == ["check.html"]
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        write(record(), tmp_path / "file" / "check.html")


def test_small_words() -> None:
    assert [shown(v) for v in (1, True, False, 1e-9, float("nan"), "a", [[1.0], 2])] == [
        "1", "yes", "no", "1e\u221209", "–", "a", "1, 2",
    ]  # fmt: skip
    assert quoted("a < b, `c > d`") == "a &lt; b, <code>c &gt; d</code>"


def test_shapes_are_where_the_world_has_them() -> None:
    """A disc at (1, 0.5) of a world of 2 x 1: in the middle of the right half."""
    frames = [[("circle", 1.5, 0.25, 0.1, "goal")], [("line", 0.0, 0.5, 2.0, 0.5, 0.1, "body")]]
    with Image.open(io.BytesIO(gif(frames, (0.0, 2.0, 0.0, 1.0), 0.1))) as picture:
        assert (picture.n_frames, picture.size, picture.info["duration"]) == (2, (WIDTH, WIDTH // 2), 100)
        disc = np.argwhere(_dark(picture))
        assert disc.mean(axis=0) / WIDTH == pytest.approx([0.375, 0.75], abs=0.01)
        assert len(disc) / WIDTH**2 == pytest.approx(np.pi * 0.05**2, rel=0.1)
        picture.seek(1)
        band = np.argwhere(_dark(picture))
        assert len(band) / WIDTH**2 == pytest.approx(0.05, rel=0.15)
        assert band[:, 0].mean() / WIDTH == pytest.approx(0.25, abs=0.01)


def test_long_films_are_thinned_and_keep_their_pace() -> None:
    frames = [[("circle", i / 1000, 0.5, 0.05, "limb")] for i in range(4 * FRAMES)]
    with Image.open(io.BytesIO(gif(frames, (0.0, 1.0, 0.0, 1.0), 0.02))) as picture:
        assert (picture.n_frames, picture.info["duration"]) == (FRAMES, 80)


def test_colours_of_one_frame_are_not_those_of_the_first() -> None:
    frames = [[("circle", 0.5, 0.5, 0.4, role)] for role in ("goal", "accent", "limb")]
    with Image.open(io.BytesIO(gif(frames, (0.0, 1.0, 0.0, 1.0), 0.1))) as picture:
        for number, colour in enumerate([(0x00, 0x80, 0x5E), (0xC9, 0x7A, 0x00), (0x0A, 0x6C, 0xB0)]):
            picture.seek(number)
            seen = picture.convert("RGB")
            assert seen.getpixel((WIDTH // 2, WIDTH // 2)) == colour
            assert seen.getpixel((0, 0)) == (0xFB, 0xFA, 0xF7)


def _dark(picture: Any) -> np.ndarray:
    return np.asarray(picture.convert("L"), float) < 160
