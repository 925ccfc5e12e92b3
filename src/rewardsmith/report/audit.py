"""The page of an audit, drawn from its JSON record alone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import draw
from .template import fill, put

_TONES = {"error": "bad", "warning": "mixed", "note": "open"}
_COLOURS = {
    "error": "var(--vermilion)",
    "warning": "var(--orange)",
    "note": "var(--blue)",
    None: "var(--faint)",
}


def write(record: Mapping[str, Any], path: str | os.PathLike[str]) -> Path:
    """Write the page of an audit.

    Args:
        record: ``AuditReport.record()``, also as read back from JSON.
        path: the file: one HTML file that needs no network.

    Raises:
        StoreError: the file cannot be written.
        MissingExtra: Jinja2 is not installed.
    """
    return put(render(record), Path(path))


def render(record: Mapping[str, Any]) -> str:
    """The HTML of an audit."""
    return fill("audit.html.j2", {"css": ("page.css", "audit.css")}, _content(record))


def _content(record: Mapping[str, Any]) -> dict[str, Any]:
    levels = [finding["level"] for finding in record["findings"]]
    counts = [(levels.count(level), level) for level in _TONES]
    attacks = [each for each in record["attacks"] if not each["relation"] and each["rows"]]
    return {
        "record": record,
        "badge": ", ".join(_some(n, level) for n, level in counts if n) or "nothing found",
        "tone": next((_TONES[level] for n, level in counts if n), "good"),
        "sentence": _sentence(record, attacks),
        "facts": _facts(record),
        "chart": _chart(attacks),
        "findings": [_finding(each) for each in record["findings"]],
        "allowed": record["allowed"],
        "relations": [_relation(each) for each in record["attacks"] if each["relation"]],
        "unpaid": [each for each in attacks if each["level"] is None],
        "idle": [each for each in record["attacks"] if not each["rows"]],
    }


def _sentence(record: Mapping[str, Any], attacks: list[Any]) -> str:
    paid = [each for each in attacks if each["level"] is not None]
    if not attacks:
        return "The right answers earn no more than wrong ones, so no attack could be measured."
    if not paid:
        return f"None of {len(attacks)} attacks earned a tenth of what the right answer earns on any row."
    worst = max(paid, key=lambda each: (each["level"] == "error", each["earned"]))
    share = f"{round(100 * worst['earned'])} % of what the right answer earns, on average"
    return f"{len(paid)} of {len(attacks)} attacks are paid; \u2018{worst['attack']}\u2019 earns {share}."


def _facts(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    times = record["times"]
    found = [
        ("rows", f"{record['rows']}" + (f" of {record['data']}" if record.get("data") else "")),
        ("right answers", f"said {record['form']}, earn {draw.score(record['oracle'])} on average"),
    ]
    if times:
        clock = f"median {_milliseconds(times['p50'])}, 99 % within {_milliseconds(times['p99'])}"
        found.append(("one completion", f"{clock}, over {draw.amount(times['calls'])} calls"))
    return [*found, ("audit", f"{draw.seconds(record['seconds'])}, seed {record['seed']}")]


def _chart(attacks: list[Any]) -> str:
    """One bar for each attack: the mean earned share, and the interval of the share of rows that earn 0.9."""
    if not attacks:
        return ""
    height = 26.0
    chart = draw.Chart((0.0, 1.0), (0.0, 1.0), 800.0, 58.0 + height * len(attacks), left=222.0, right=24.0)
    chart.label = "What each attack earns, as a share of the right answer"
    bottom = chart.height - chart.bottom
    for tick in (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0):
        kind = "axis" if tick in (0.0, 1.0) else "zero" if tick in (0.1, 0.9) else "grid"
        chart.add(draw.line(chart.px(tick), chart.top, chart.px(tick), bottom, kind))
        chart.add(draw.words(chart.px(tick), bottom + 18, f"{tick:g}", "tick mid"))
    for i, each in enumerate(attacks):
        middle = chart.top + height * (i + 0.5)
        colour = _COLOURS[each["level"]]
        kind = "row end" + (" strongtext" if each["level"] in ("error", "warning") else "")
        chart.add(draw.words(chart.left - 10, middle + 4, f"{each['attack']}  {each['code']}", kind))
        tip = f"earns {each['earned']:.2f} on average; at least 0.9 on {each['full'][0]:.0%} of rows"
        width = max(chart.px(each["earned"]) - chart.px(0.0), 1.5)
        chart.add(
            f'<rect x="{chart.px(0.0):.1f}" y="{middle - 7:.1f}" width="{width:.1f}" height="14" rx="3" '
            f'style="fill:{colour}"><title>{tip}</title></rect>'
        )
        if each["some"][0] > 0:
            low, high = chart.px(each["full"][1]), chart.px(each["full"][2])
            chart.add(draw.line(low, middle, high, middle, "axis"))
            chart.add(*(draw.line(x, middle - 4, x, middle + 4, "axis") for x in (low, high)))
    chart.add(
        draw.words((chart.left + chart.width - chart.right) / 2, chart.height - 4, "earned share", "label mid")
    )
    return chart.svg("audit")


def _finding(each: Mapping[str, Any]) -> dict[str, Any]:
    evidence = dict(each["evidence"])
    shown = {name: evidence.pop(name) for name in ("prompt", "answer", "completion") if name in evidence}
    scores = {name: evidence.pop(name) for name in ("score", "oracle_score") if name in evidence}
    for name in ("full", "some", "attacks", "rows", "earned"):
        evidence.pop(name, None)
    shown = {name: "None" if text is None else text or "(empty)" for name, text in shown.items()}
    return {
        **each,
        "tone": _TONES[each["level"]],
        "shown": shown,
        "scores": {name.replace("_", " "): _value(value) for name, value in scores.items()},
        "more": {
            name.replace("_", " "): _value(value) for name, value in evidence.items() if value not in ("", None)
        },
    }


def _relation(each: Mapping[str, Any]) -> dict[str, str]:
    said = "not tried" if not each["rows"] else f"changes {each['full'][0]:.0%} of {each['rows']} rows"
    return {
        "name": each["attack"],
        "code": each["code"],
        "said": said,
        "tone": _TONES.get(each["level"], "good"),
    }


def _value(value: Any) -> str:
    if isinstance(value, float) or (isinstance(value, int) and not isinstance(value, bool)):
        return f"{value:.4g}".replace("-", "\u2212")
    return "no verdict" if value is None else str(value)


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.3g} ms"


def _some(count: int, level: str) -> str:
    return f"{count} {level}{'s' * (count != 1)}"
