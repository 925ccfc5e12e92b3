"""The page of an audit says what its record says, escapes what it quotes, and draws in a browser."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from measure.audit import graders
from rewardsmith.core.errors import StoreError
from rewardsmith.measure.audit import Audit, arithmetic, audit, examples_of
from rewardsmith.report.audit import render, write


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    rows = examples_of(["<b>a</b>?", "b?", "c?"], ["<i>41</i>", "x & y", "43"])
    how = Audit(deadline=1.0, allow={"A120": "the <reason>"})
    found = audit(graders.rows(graders.substring), rows, how, subject="<substring>")
    return json.loads(json.dumps(found.record()))


def test_what_it_says(record: dict[str, Any]) -> None:
    page = render(record)
    for finding in record["findings"]:
        assert f'id="{finding["code"]}"' in page
        assert finding["code"] + " " + finding["title"] in page
    for each in record["attacks"]:
        assert each["code"] in page
    assert "the &lt;reason&gt;" in page


def test_it_escapes_what_it_quotes(record: dict[str, Any]) -> None:
    page = render(record)
    assert "&lt;substring&gt;" in page
    assert "<substring>" not in page
    assert "<b>a</b>" not in page
    assert "<i>41</i>" not in page


def test_nothing_found() -> None:
    page = render(audit(graders.rows(graders.strict), arithmetic(4), Audit(deadline=1.0)).record())
    assert "Nothing was found." in page


def test_nothing_measurable() -> None:
    page = render(audit(graders.rows(graders.never), arithmetic(4), Audit(deadline=1.0)).record())
    assert "no attack could be measured" in page


def test_a_place_that_cannot_be_written(record: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        write(record, tmp_path / "file" / "a.html")


@pytest.mark.parametrize("width", [1280, 500])
def test_in_a_browser(record: dict[str, Any], tmp_path: Path, width: int) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert browser, "this test needs Chromium; install it with: apt-get install -y chromium"
    page = write(record, tmp_path / "a.html")
    probe = (
        "<script>const t=[...document.querySelectorAll('svg text')].map(e=>e.getBoundingClientRect());"
        "const s=document.querySelector('svg').getBoundingClientRect();document.body.dataset.probe="
        "[t.length,document.documentElement.scrollWidth-innerWidth,t.filter(b=>b.left<s.left-1).length]</script>"
    )
    page.write_text(page.read_text("utf-8").replace("</body>", f"{probe}</body>"), "utf-8")
    flags = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --dump-dom"
    command = [browser, *flags.split(), f"--user-data-dir={tmp_path / 'p'}", f"--window-size={width},1000"]
    done = subprocess.run([*command, page.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    texts, wide, outside = map(int, done.stdout.split('data-probe="')[1].split('"')[0].split(","))
    assert texts > 20
    assert wide <= 0, "the page scrolls sideways"
    assert outside == 0, "labels of the chart are cut off"
