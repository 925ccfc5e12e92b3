"""Names, words and replies of strangers are text on every page: nothing of them runs, in a real browser."""

from __future__ import annotations

import html
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pytest

from report.fixture import make_run
from rewardsmith.report import page, story
from rewardsmith.report.audience import contact_sheet
from rewardsmith.report.code import coloured

RUNS = "top.document.documentElement.dataset.ran=1"
EVIL = (
    f'"\'></style></title></script></textarea></svg><script>{RUNS}</script><img src=x onerror="{RUNS}">'
    f"<svg onload='{RUNS}'></svg><a href=\"javascript:{RUNS}\" id=go>x</a>{{{{ 7*7 }}}}]]><!--"
)
KEPT = {"kind", "stage", "status", "frames", "version"}  # what the page decides by


def poisoned(value: Any, key: str = "") -> Any:
    """The same with hostile words behind every text, and so the same for equal texts."""
    if key in KEPT:
        return value
    if isinstance(value, str):
        return value + EVIL
    if isinstance(value, dict):
        return {name: poisoned(each, str(name)) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(poisoned(each) for each in value)
    if isinstance(value, story.Candidate):
        return replace(value, **{each.name: poisoned(getattr(value, each.name)) for each in fields(value)})
    return value


@dataclass(frozen=True)
class Row:
    id: str = f"r0c1{EVIL}"
    reward: str = f"x + 1  # {EVIL}"
    words: str = EVIL
    film: str | None = None


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    run = make_run(tmp_path_factory.mktemp("runs"))
    told = story.read(run)
    answers = ({"round": 0, "person": "me", "words": {"": "no", "r0c1": "yes"}},)
    prompts = {"messages": [{"role": "user", "content": "do"}], "versions": {"a": "1"}}
    told = replace(told, answers=answers, prompts=prompts, sandbox="walls")
    evil = replace(told, **{each.name: poisoned(getattr(told, each.name), each.name) for each in fields(told)})
    arrays = {
        f"{name}{EVIL}" if name.startswith("episode/term/") else name: value
        for name, value in told.final_arrays.items()
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "read", lambda _: replace(evil, final_arrays=arrays))
        found = {"report": page.render(run)}
    found["contact sheet"] = contact_sheet(EVIL, EVIL, 0, [Row()])
    found["code"] = f"<pre>{coloured(EVIL)}{coloured('def f(x): return ' + repr(EVIL))}</pre>"
    yield found
    run.close()


def opened(texts: list[str], folder: Path) -> str:
    """What a browser makes of pages, each in a frame of the same origin, after their links were followed."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert browser, "this test needs Chromium; install it with: apt-get install -y chromium"
    frames = "".join(f'<iframe srcdoc="{html.escape(text, quote=True)}"></iframe>' for text in texts)
    follow = (
        "<script>addEventListener('load', () => { for (const frame of document.querySelectorAll('iframe')) "
        "for (const link of frame.contentDocument.querySelectorAll('a')) link.click(); "
        "document.body.dataset.followed = 1; })</script>"
    )
    file = folder / "frames.html"
    file.write_text(f"<!doctype html><html><body>{follow}{frames}</body></html>", "utf-8")
    flags = "--headless --no-sandbox --disable-gpu --no-first-run --virtual-time-budget=1500 --dump-dom"
    command = [browser, *flags.split(), f"--user-data-dir={folder / 'profile'}", file.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "data-followed" in done.stdout
    return done.stdout.split(">", 2)[1]  # the tag of the whole document


def test_what_is_not_escaped_runs(tmp_path: Path) -> None:
    """The control: the words are really hostile."""
    assert "data-ran" in opened([f"<p>{EVIL}</p>"], tmp_path)


def test_nothing_runs(pages: dict[str, str], tmp_path: Path) -> None:
    assert all(text.count(html.escape("onerror=")) >= 2 for text in pages.values())  # the words are there
    assert "data-ran" not in opened(list(pages.values()), tmp_path)


def test_no_page_holds_them_as_they_are(pages: dict[str, str]) -> None:
    for name, text in pages.items():
        assert "<img src=x" not in text, name
        assert f"<script>{RUNS}" not in text, name
        assert "<svg onload" not in text, name
        assert ">49<" not in text, name
        assert " 49]]" not in text, name  # not a template either
