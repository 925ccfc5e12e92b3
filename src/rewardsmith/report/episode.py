"""Pictures of episodes: what each term paid, the reward as a map, the film."""

from __future__ import annotations

import base64
import html
import json
from typing import Any

import numpy as np

from .draw import Chart, dot, limits, line, png, runs, score, tick_texts, ticks, tip_of, words
from .story import Numbers, Story, mean_of

TERM_COLOURS = (
    "var(--blue)", "var(--orange)", "var(--green)", "var(--pink)",
    "var(--vermilion)", "var(--sky)", "var(--brown)", "var(--grey)",
)  # fmt: skip
_GIF_BYTES = 2_200_000
_FRAMES = 500


def term_arrays(story: Story, episode: int = 0) -> dict[str, Numbers]:
    """What each term paid in one episode, for the steps that happened."""
    alive = _alive(story, episode)
    found: dict[str, Numbers] = {}
    prefix = "episode/term/"
    names = [name.removeprefix(prefix) for name in story.final_arrays if name.startswith(prefix)]
    order = [name for name in story.final.get("term_names") or () if name in names]
    for name in (*order, *(name for name in names if name not in order)):
        values = np.asarray(story.final_arrays[prefix + name], float)
        if values.ndim == 2 and episode < len(values):
            found[name] = values[episode][: len(alive)][alive]
    return found


def terms_over_time(story: Story) -> str:
    """Lines of every term over one episode, their sum, and where the success signal was on."""
    terms = term_arrays(story)
    if not terms or not len(next(iter(terms.values()))):
        return ""
    total = np.sum(list(terms.values()), axis=0)
    steps = np.arange(len(total), dtype=float)
    low, high = limits(total, *terms.values(), include=(0.0,))
    said = "; ".join(f"{name} pays {score(mean_of(v), 3)} a step on average" for name, v in terms.items())
    chart = Chart(
        (0.0, max(len(total) - 1.0, 1.0)), (low, high), 560, 330, 60, 14, 34, 44, f"One episode: {said}"
    )
    chart.axes("step of the episode", "paid per step")
    chart.add(line(chart.px(0), chart.py(0), chart.px(chart.x[1]), chart.py(0), "zero"))
    if len(terms) > 1:
        chart.curve(steps, total, "stroke:var(--ink)", "curve total", "the whole reward")
    for i, (name, values) in enumerate(terms.items()):
        colour = TERM_COLOURS[i % len(TERM_COLOURS)]
        chart.band(steps, np.minimum(values, 0.0), np.maximum(values, 0.0), f"fill:{colour}")
        chart.curve(steps, values, f"stroke:{colour}", "curve", name)
    _success_strip(chart, story)
    return chart.svg()


def term_table(story: Story) -> list[dict[str, Any]]:
    """Of every term: colour, mean per step, and its share of everything that was paid or charged."""
    terms = term_arrays(story)
    size = {name: float(np.nansum(np.abs(values))) for name, values in terms.items()}
    whole = sum(size.values()) or 1.0
    return [
        {
            "name": name,
            "colour": TERM_COLOURS[i % len(TERM_COLOURS)],
            "mean": score(mean_of(values), 3),
            "share": f"{100 * size[name] / whole:.0f} %",
        }
        for i, (name, values) in enumerate(terms.items())
    ]


def heat_map(story: Story) -> str:
    """The reward over two fields, the others at their median, with the episodes drawn on it."""
    heat, arrays = story.final.get("heat") or {}, story.final_arrays
    if not heat or any(f"heat/{part}" not in arrays for part in ("x", "y", "reward")):
        return ""
    xs, ys, values = (np.asarray(arrays[f"heat/{part}"], float) for part in ("x", "y", "reward"))
    known = values[np.isfinite(values)]
    if not len(known):
        return ""
    low, high = float(known.min()), float(known.max())
    said = f"Reward over {heat['x']} and {heat['y']}, from {score(low)} to {score(high)}"
    half = [(a[-1] - a[0]) / max(len(a) - 1, 1) / 2 for a in (xs, ys)]
    span = [(float(a[0] - h), float(a[-1] + h)) for a, h in zip((xs, ys), half, strict=True)]
    chart = Chart(span[0], span[1], 560, 400, 60, 74, 12, 46, said)
    x0, x1, y0, y1 = chart.px(span[0][0]), chart.px(span[0][1]), chart.py(span[1][1]), chart.py(span[1][0])
    box = f'x="{x0:.1f}" y="{y0:.1f}" width="{x1 - x0:.1f}" height="{y1 - y0:.1f}"'
    chart.add(
        f'<clipPath id="heatclip"><rect {box}/></clipPath>',
        f'<image href="{png(values, low, high)}" {box} preserveAspectRatio="none"/>',
    )
    chart.add('<g clip-path="url(#heatclip)">', *_trajectories(chart, story, heat), "</g>")
    for tick, text in zip(ticks(*span[0], 6), tick_texts(ticks(*span[0], 6)), strict=True):
        chart.add(
            line(chart.px(tick), y1, chart.px(tick), y1 + 4, "axis"),
            words(chart.px(tick), y1 + 18, text, "tick mid"),
        )
    for tick, text in zip(ticks(*span[1], 6), tick_texts(ticks(*span[1], 6)), strict=True):
        chart.add(
            line(x0 - 4, chart.py(tick), x0, chart.py(tick), "axis"),
            words(x0 - 7, chart.py(tick) + 4, text, "tick end"),
        )
    chart.add(words((x0 + x1) / 2, chart.height - 6, _axis_name(story, heat["x"]), "label mid"))
    middle = (y0 + y1) / 2
    name = html.escape(_axis_name(story, heat["y"]))
    chart.add(f'<text class="label mid" transform="translate(13 {middle:.1f}) rotate(-90)">{name}</text>')
    _colour_bar(chart, low, high, y0, y1)
    return chart.svg()


def film(story: Story) -> dict[str, Any]:
    """What the page needs to show the film: ``kind``, and data, or why there is none."""
    kind = story.film.get("kind")
    if kind == "gif" and "gif" in story.film_arrays:
        data = np.asarray(story.film_arrays["gif"], np.uint8).tobytes()
        if len(data) > _GIF_BYTES:
            return {
                "kind": "none",
                "why": f"the film is {len(data) / 1e6:.1f} MB, too large to put into this page",
            }
        caption = story.film.get("caption", "")
        return {
            "kind": "gif",
            "caption": caption,
            "src": "data:image/gif;base64," + base64.b64encode(data).decode(),
        }
    frames = story.film.get("frames") or []
    if kind == "sketch" and frames:
        return {"kind": "sketch", "caption": story.film.get("caption", ""), "data": _film_data(story, frames)}
    if kind == "none":
        return {"kind": "none", "why": story.film.get("why") or "none was recorded"}
    return {"kind": "none", "why": "none was recorded" if story.film else "not there yet"}


def _film_data(story: Story, frames: list[Any]) -> str:
    """JSON for the page's player; the bars are there where the film is known to show a recorded episode."""
    keep = -(-len(frames) // _FRAMES)
    data: dict[str, Any] = {
        "world": story.film.get("world") or [-1, 1, -1, 1],
        "dt": float(story.film.get("dt") or 0.02) * keep,
        "frames": frames[::keep],
        "terms": [],
        "success": [],
    }
    episode = story.film.get("episode")
    if isinstance(episode, int):
        every = int(story.film.get("every") or 1) * keep
        for i, (name, values) in enumerate(term_arrays(story, episode).items()):
            colour = TERM_COLOURS[i % len(TERM_COLOURS)].removeprefix("var(").removesuffix(")")
            shown = np.nan_to_num(values[::every], nan=0.0, posinf=0.0, neginf=0.0)
            data["terms"].append({"name": name, "colour": colour, "values": np.round(shown, 4).tolist()})
        signal = story.final_arrays.get("episode/success")
        if signal is not None:
            alive = _alive(story, episode)
            shown = np.nan_to_num(np.asarray(signal, float)[episode][: len(alive)][alive][::every])
            data["success"] = np.round(shown, 3).tolist()
    return json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _alive(story: Story, episode: int) -> Numbers:
    alive = story.final_arrays.get("episode/alive")
    if alive is None or episode >= len(alive):
        signal = next(
            (v for k, v in story.final_arrays.items() if k.startswith("episode/term/")), np.zeros((1, 0))
        )
        return np.ones(np.shape(signal)[-1], bool)
    return np.asarray(alive[episode], bool)


def _success_strip(chart: Chart, story: Story) -> None:
    signal = story.final_arrays.get("episode/success")
    if signal is None or not len(signal):
        return
    alive = _alive(story, 0)
    values = np.nan_to_num(np.asarray(signal, float)[0][: len(alive)][alive])
    left, right = chart.px(0), chart.px(chart.x[1])
    chart.add(f'<rect class="strip" x="{left:.1f}" y="10" width="{right - left:.1f}" height="12" rx="2"/>')
    for part in runs(values > 0.0):
        a, b = chart.px(part.start), chart.px(min(part.stop, chart.x[1]))
        said = f"success signal on, steps {part.start} to {part.stop - 1}"
        strength = 0.25 + 0.75 * float(values[part].mean())
        chart.add(
            f'<rect class="stripon" x="{a:.1f}" y="10" width="{max(b - a, 1):.1f}" height="12" rx="1" '
            f'style="opacity:{strength:.2f}"{tip_of(said)}/>'
        )
    chart.add(words(left - 7, 20, "success", "tick end"))


def _trajectories(chart: Chart, story: Story, heat: dict[str, Any]) -> list[str]:
    along, up = (story.final_arrays.get(f"episode/field/{heat[axis]}") for axis in ("x", "y"))
    if along is None or up is None:
        return []
    found: list[str] = []
    for e in range(min(len(along), 4)):
        alive = _alive(story, e)
        a, b = (np.asarray(values, float)[e][: len(alive)][alive] for values in (along, up))
        if len(a) < 2:
            continue
        before = len(chart.items)
        chart.curve(a, b, "", "halo")
        chart.curve(a, b, "", "trajectory")
        found += chart.items[before:]
        del chart.items[before:]
        found.append(dot(chart.px(a[0]), chart.py(b[0]), 5, "", f"episode {e + 1}: start", "start"))
        found.append(dot(chart.px(a[-1]), chart.py(b[-1]), 5, "", f"episode {e + 1}: end", "finish"))
    return found


def _colour_bar(chart: Chart, low: float, high: float, top: float, bottom: float) -> None:
    x = chart.width - chart.right + 16
    ramp = png(np.linspace(0, 1, 64)[:, None], 0.0, 1.0)
    chart.add(
        f'<image href="{ramp}" x="{x:.1f}" y="{top:.1f}" width="12" height="{bottom - top:.1f}" '
        'preserveAspectRatio="none"/>'
    )
    marks = ticks(low, high, 5) if high > low else [low]
    for tick, text in zip(marks, tick_texts(marks), strict=True):
        y = bottom - (tick - low) / ((high - low) or 1.0) * (bottom - top)
        chart.add(line(x + 12, y, x + 16, y, "axis"), words(x + 19, y + 4, text, "tick"))


def _axis_name(story: Story, name: str) -> str:
    unit = story.field(name).get("unit") or "1"
    return name.replace("_", " ") + ("" if unit == "1" else f" [{unit}]")
