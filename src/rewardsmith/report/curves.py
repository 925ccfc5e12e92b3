"""Pictures about success: learning curves, the winner beside the controls, shrinkage."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .draw import Chart, amount, dot, line, score, words
from .story import CONTROLS, Numbers, Story, verdicts

# Colour and dashes: two signs for each curve, so that the figure reads without colour too.
STYLES = {
    "winner": ("var(--blue)", ""),
    "zero": ("var(--grey)", "2 3"),
    "sparse": ("var(--orange)", "7 3"),
    "native": ("var(--green)", "11 3 2 3"),
    "naive": ("var(--pink)", "4 2"),
}
MEANING = {
    "winner": "the designed reward",
    "zero": "no reward at all",
    "sparse": "success itself as the reward",
    "native": "the environment's own reward",
    "naive": "one obvious dense reward",
}


def learning_curves(story: Story) -> str:
    """Success over environment steps: mean over seeds, band from the worst to the best quarter."""
    found: dict[str, tuple[Numbers, Numbers]] = {}
    for name in ("winner", *CONTROLS):
        arrays = story.final_arrays if name == "winner" else story.controls_arrays
        curve = arrays.get("success_curve" if name == "winner" else f"{name}/success_curve")
        steps = arrays.get("steps")
        if curve is not None and steps is not None and curve.size and len(steps) == curve.shape[-1]:
            found[name] = (np.asarray(steps, float), np.atleast_2d(np.asarray(curve, float)))
    if not any(np.isfinite(curve).any() for _, curve in found.values()):
        return ""
    last = max(float(steps[-1]) for steps, _ in found.values())
    unit, unit_name = (1e6, "million ") if last >= 2e6 else (1e3, "thousand ") if last >= 2e3 else (1.0, "")
    chart = Chart((0.0, last), (-0.02, 1.02), right=62, height=330, label=_curve_label(found))
    chart.axes(
        f"{unit_name}environment steps per training",
        "success signal",
        y_ticks=(0, 0.2, 0.4, 0.6, 0.8, 1),
        x_unit=unit,
    )
    for name in reversed(found):
        steps, curve = found[name]
        colour, dashes = STYLES[name]
        low, middle, high = _spread(curve)
        chart.band(steps, low, high, f"fill:{colour}")
        if name == "winner":
            for row in curve:
                chart.curve(steps, row, f"stroke:{colour}", "thread")
        dashed = f";stroke-dasharray:{dashes}" if dashes else ""
        kind = "curve strong" if name == "winner" else "curve"
        chart.curve(steps, middle, f"stroke:{colour}{dashed}", kind, f"{name}: {MEANING[name]}")
    _end_labels(chart, found)
    return chart.svg()


def beside_controls(story: Story) -> str:
    """Success on fresh seeds: every seed a dot, the mean with its 95 % interval."""
    rows: list[tuple[str, dict[str, Any]]] = []
    if story.final.get("success"):
        rows.append(("winner", story.final["success"]))
    for name in CONTROLS:
        if (story.controls.get(name) or {}).get("success"):
            rows.append((name, story.controls[name]["success"]))
    if not rows:
        return ""
    height = 34.0 * len(rows) + 40
    said = ", ".join(f"{name} {score(success.get('mean'))}" for name, success in rows)
    chart = Chart((0.0, 1.0), (0.0, 1.0), 560, height, 70, 58, 6, 34, f"Success on fresh seeds: {said}")
    for tick in (0, 0.25, 0.5, 0.75, 1):
        x = chart.px(tick)
        chart.add(line(x, 4, x, height - 30, "grid"), words(x, height - 14, f"{tick:g}", "tick mid"))
    for i, (name, success) in enumerate(rows):
        y = 22 + 34.0 * i
        colour = STYLES[name][0]
        kind = "row strongtext end" if name == "winner" else "row end"
        chart.add(words(60, y + 4.5, name, kind), _interval(chart, success, y, colour))
        for seed, value in enumerate(verdicts(success.get("per_seed"))):
            if math.isfinite(value):
                off = 9 if name == "winner" else 8
                chart.add(
                    dot(
                        chart.px(value),
                        y + off,
                        2.6,
                        f"fill:{colour}",
                        f"{name}, seed {seed + 1}: {score(value)}",
                    )
                )
        chart.add(words(chart.width - 6, y + 5, score(success.get("mean")), "row strongtext end"))
    return chart.svg("chart wide")


def shrinkage(story: Story) -> str:
    """What it was selected on and what fresh seeds say."""
    success = story.final.get("success") or {}
    fresh = verdicts(success.get("per_seed"))
    chosen = story.final.get("selected_on")
    if not len(fresh) or not isinstance(chosen, (int, float)) or not math.isfinite(chosen):
        return ""
    winner = next((c for c in story.candidates if c.id == story.winner), None)
    before = verdicts(winner.seeds if winner else ())
    mean = success.get("mean", math.nan)
    said = f"Selected at {score(chosen)}, {score(mean)} on fresh seeds"
    chart = Chart((0.0, 1.0), (-0.04, 1.04), 420, 300, 46, 20, 14, 40, said)
    for tick in (0, 0.25, 0.5, 0.75, 1):
        y = chart.py(tick)
        chart.add(line(46, y, 400, y, "grid"), words(39, y + 4, f"{tick:g}", "tick end"))
    left, right = chart.px(0.2), chart.px(0.74)
    if math.isfinite(mean):
        chart.add(line(left, chart.py(chosen), right, chart.py(mean), "slope"))
    for place, values, who in ((left, before, "selection"), (right, fresh, "fresh")):
        for i, value in enumerate(values):
            if math.isfinite(value):
                x = place + ((i * 0.618) % 1.0 - 0.5) * 34
                hue = "var(--grey)" if who == "selection" else "var(--blue)"
                chart.add(
                    dot(
                        x, chart.py(value), 4, f"fill:{hue}", f"{who} seed {i + 1}: {score(value)}", "dot faint"
                    )
                )
    chart.add(_diamond(left, chart.py(chosen), "var(--grey)"))
    chart.add(words(left - 26, chart.py(chosen) + 4, score(chosen), "row strongtext end"))
    if math.isfinite(mean):
        chart.add(_upright(chart, success, right), _diamond(right, chart.py(mean), "var(--blue)"))
        chart.add(words(right + 30, chart.py(mean) + 4, score(mean), "row strongtext"))
    chart.add(words(left, 284, "selection seeds", "label mid"), words(right, 284, "fresh seeds", "label mid"))
    return chart.svg("chart small")


def _interval(chart: Chart, success: dict[str, Any], y: float, colour: str) -> str:
    mean, low, high = (success.get(name) for name in ("mean", "low", "high"))
    if not isinstance(mean, (int, float)) or not math.isfinite(mean):
        return words(chart.px(0.0) + 6, y + 5, "no verdict", "tick")
    found = ""
    if isinstance(low, (int, float)) and isinstance(high, (int, float)) and math.isfinite(low + high):
        found = line(chart.px(max(low, 0)), y, chart.px(min(high, 1)), y, "interval", f"stroke:{colour}")
    return found + dot(
        chart.px(mean), y, 5.5, f"fill:{colour}", f"mean {score(mean)} [{score(low)}, {score(high)}]"
    )


def _upright(chart: Chart, success: dict[str, Any], x: float) -> str:
    low, high = success.get("low"), success.get("high")
    if not isinstance(low, (int, float)) or not isinstance(high, (int, float)) or not math.isfinite(low + high):
        return ""
    return line(x, chart.py(low), x, chart.py(high), "interval", "stroke:var(--blue)")


def _diamond(x: float, y: float, colour: str) -> str:
    points = f"{x:.1f},{y - 7:.1f} {x + 7:.1f},{y:.1f} {x:.1f},{y + 7:.1f} {x - 7:.1f},{y:.1f}"
    return f'<polygon class="mark" points="{points}" style="fill:{colour}"/>'


def _spread(curve: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Lower quartile, mean, upper quartile over the seeds that have a verdict; NaN where none has."""
    low, middle, high = (np.full(curve.shape[1], math.nan) for _ in range(3))
    some = np.isfinite(curve).any(axis=0)
    if some.any():
        low[some], high[some] = np.nanquantile(curve[:, some], (0.25, 0.75), axis=0)
        middle[some] = np.nanmean(curve[:, some], axis=0)
    return low, middle, high


def _end_labels(chart: Chart, found: dict[str, tuple[Numbers, Numbers]]) -> None:
    """The names at the ends of the curves, moved apart."""
    ends: list[tuple[float, str]] = []
    for name, (_, curve) in found.items():
        middle = _spread(curve)[1]
        known = middle[np.isfinite(middle)]
        if len(known):
            ends.append((chart.py(float(known[-1])), name))
    ends.sort()
    places: list[float] = []
    for y, _ in ends:
        places.append(max(y, places[-1] + 15) if places else y)
    overflow = max(0.0, (places[-1] if places else 0.0) - (chart.height - chart.bottom - 2))
    for (_, name), place in zip(ends, places, strict=True):
        colour = STYLES[name][0]
        chart.add(
            words(chart.width - chart.right + 6, place - overflow + 4, name, "endlabel", f"fill:{colour}")
        )


def _curve_label(found: dict[str, tuple[Numbers, Numbers]]) -> str:
    said = [f"{name} ends at {score(float(_spread(curve)[1][-1]))}" for name, (_, curve) in found.items()]
    steps = max(float(steps[-1]) for steps, _ in found.values())
    return f"Success over {amount(steps)} environment steps: {', '.join(said)}"
