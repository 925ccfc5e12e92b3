"""The page of ``rewardsmith compare``."""

from __future__ import annotations

import re
from typing import Any

from rewardsmith.report.compare import heat_map, leaves, render


def record(**changes: Any) -> dict[str, Any]:
    mean = [[0.0, 0.1, 0.7], [0.1, 0.0, 0.8], [0.7, 0.8, 0.0]]

    def shift(by: float) -> list[list[float]]:
        return [[max(v + by, 0.0) for v in row] for row in mean]

    one: dict[str, Any] = {
        "metric": "starc", "unit": "STARC distance", "names": ["a<b", "b", "c"], "mean": mean,
        "low": shift(-0.05), "high": shift(0.05), "floor": [[0.06] * 3] * 3, "trivial": [],
        "tree": [[0, 1, 0.1, 2], [2, 3, 0.75, 3]], "sentence": "a<b and b are near.", "steps": 1000,
        "episodes": 20, "played": "random actions", "why": "",
    }  # fmt: skip
    return {
        "task": "t",
        "rewards": {"a<b": "up", "b": "2.0 * up", "c": "calm"},
        "comparisons": [{**one, **changes}],
        "version": "1",
    }


def test_the_page_holds_everything_and_loads_nothing() -> None:
    page = render(record())
    assert "a&lt;b and b are near." in page
    assert "1,000 transitions of 20 episodes: random actions." in page
    assert not re.search(r'(src|href)="(?!data:)', page)
    rows = re.findall(r"<tr><td>(.*?)</td><td class=\"r\">(.*?)</td>.*?<td>([^<]*)</td></tr>", page)
    assert rows == [
        ("a&lt;b and b", "0.10", "not distinguishable"),
        ("a&lt;b and c", "0.70", ""),
        ("b and c", "0.80", ""),
    ]


def test_cells_are_where_the_tree_puts_them() -> None:
    (one,) = record()["comparisons"]
    drawn = heat_map(one)
    assert drawn.count("<rect") == 9
    assert drawn.count("noise</text>") == 2  # both cells of the pair below the floor
    assert drawn.count('class="branch"') == 6
    order, places = leaves(one["tree"], 3)
    assert order == [2, 0, 1]
    assert places[4] == (0.5 + 2.0) / 2
    names = re.findall(r'class="row end"[^>]*>([^<]*)<', drawn)
    assert names == ["c", "a&lt;b", "b"]


def test_missing_numbers_and_metrics_without_a_verdict() -> None:
    none = [[None] * 3] * 3
    page = render(
        record(mean=none, low=none, high=none, floor=none, tree=None, why="cannot", sentence="cannot")
    )
    assert "<svg" not in page
    some = [[0.0, None, 0.7], [None, None, None], [0.7, None, 0.0]]
    page = render(record(mean=some, low=some, high=some, tree=None))
    assert page.count('class="refused"') == 5
    both = render(record(metric="regret"))
    assert both.count("instead of") == 6
