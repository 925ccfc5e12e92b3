"""The page: sections filled from a story, set by one template."""

from __future__ import annotations

import json
import math
import os
import shlex
from pathlib import Path
from typing import Any

from . import curves, episode, family
from .code import coloured
from .draw import amount, score, seconds
from .story import CONTROLS, Story, cost_of, read
from .template import fill, put
from .verdict import verdict

FILE = "report.html"


def write(run: Any, path: str | os.PathLike[str] | None = None) -> Path:
    """Write the page of a run.

    Args:
        run: an open ``store.Run``, finished or not.
        path: the file; ``report.html`` in the run folder if None.

    Returns:
        The file that was written: one HTML file that needs no network.

    Raises:
        StoreError: the file cannot be written.
        MissingExtra: Jinja2 is not installed.
    """
    return put(render(run), Path(path) if path is not None else run.folder / FILE)


def render(run: Any) -> str:
    """The HTML of a run."""
    assets = {name: (f"page.{name}",) for name in ("css", "js")}
    return fill("page.html.j2", assets, _content(read(run)))


def _authors(story: Story) -> dict[str, Any] | None:
    """Who wrote the programs and who judged them, where that was not the grammar and success."""
    if not story.prompts and not story.answers and not story.advice:
        return None
    spent = story.writer.get("spent") or {}
    rows = [("written by", str(story.writer.get("writer") or "-"))]
    if spent:
        tokens = spent.get("prompt_tokens", 0) + spent.get("completion_tokens", 0)
        rows.append(("replies", f"{spent.get('replies', 0)}, of them {spent.get('repairs', 0)} repairs"))
        rows.append(("tokens", f"{tokens:,}" + (f", {spent['money']:.2f} spent" if spent.get("money") else "")))
    if story.sandbox:
        rows.append(("Python held by", story.sandbox))
    if story.answers:
        rows.append(("judged by", f"{story.answers[-1]['person']}, {len(story.answers)} answers"))
    versions = sorted((story.prompts.get("versions") or {}).items())
    messages = story.prompts.get("messages") or []
    return {"rows": rows, "messages": messages, "versions": versions, "said": _said(story)}


def _said(story: Story) -> list[dict[str, str]]:
    """What people and analysts said of the rewards, round by round, as the next round was told it."""
    said = [
        (int(each["round"]), 0, {"of": name or "all", "by": str(each["person"]), "text": str(text)})
        for each in story.answers
        for name, text in sorted((each.get("words") or {}).items())
    ]
    said += [
        (
            int(each["round"]),
            1,
            {"of": str(row["id"]), "by": f"{row['kind']}, {each['by']}", "text": str(row["text"])},
        )
        for each in story.advice
        for row in each["advice"]
    ]
    said += [
        (
            int(each["round"]),
            2,
            {"of": "-", "by": str(each["by"]), "text": f"not asked, the budget is used up: {name}"},
        )
        for each in story.advice
        for name in each["unasked"]
    ]
    return [{"round": str(number + 1), **row} for number, _, row in sorted(said, key=lambda each: each[:2])]


def _content(story: Story) -> dict[str, Any]:
    task = story.task
    text = story.final.get("reward") or _text_of(story)
    return {
        "story": story,
        "title": task.get("name") or story.config.get("task") or "a run",
        "task_text": task.get("text") or story.config.get("task_text") or "",
        "success_text": task.get("success") or "",
        "verdict": verdict(story),
        "forest": curves.beside_controls(story),
        "reward": coloured(text) if text else "",
        "wraps": not text.startswith("def "),  # a function keeps its lines, and scrolls on a phone
        "words": _sentence(story.final.get("words") or ""),
        "numbers": _numbers(story),
        "learning": curves.learning_curves(story),
        "control_rows": _control_rows(story),
        "terms": episode.terms_over_time(story),
        "term_rows": episode.term_table(story),
        "heat": episode.heat_map(story),
        "heat_fields": story.final.get("heat") or {},
        "field": story.field,
        "tree": family.family_tree(story),
        "tree_legend": family.legend(),
        "shrinkage": curves.shrinkage(story),
        "shrinkage_text": _shrinkage_text(story),
        "screens": _screens(story),
        "budget": _budget(story),
        "film": episode.film(story),
        "authors": _authors(story),
        "command": _command(story.config),
        "config": json.dumps(story.config, indent=2, ensure_ascii=False),
        "version": story.config.get("version") or "unknown",
    }


def _text_of(story: Story) -> str:
    return next((c.text for c in story.candidates if c.id == story.winner), "")


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}." if words else ""


def _numbers(story: Story) -> list[tuple[str, str]]:
    """Names and values as they are written: assigned lines first, then the parts in order."""
    parts = [str(name) for name in story.final.get("term_names") or ()]

    def place(name: str) -> tuple[int, str, int]:
        owner, _, index = name.removeprefix("program.").rpartition(".c")
        return parts.index(owner) if owner in parts else -1, owner, int(index) if index.isdigit() else 0

    numbers: dict[str, float] = story.final.get("numbers") or {}
    # Every name of a program begins with the same word, which says nothing here.
    return [
        (name.removeprefix("program."), _plain_number(numbers[name])) for name in sorted(numbers, key=place)
    ]


def _plain_number(value: float) -> str:
    return f"{value:.6g}".replace("-", "\u2212")


def _control_rows(story: Story) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for name in CONTROLS:
        found = story.controls.get(name)
        if found:
            colour = curves.STYLES[name][0]
            rows.append(
                {
                    "name": name,
                    "meaning": curves.MEANING[name],
                    "reward": str(found.get("reward", "")),
                    "colour": colour,
                    "mean": score((found.get("success") or {}).get("mean")),
                }
            )
    return rows


def _shrinkage_text(story: Story) -> str:
    shrunk = story.final.get("shrinkage")
    if not isinstance(shrunk, (int, float)) or not math.isfinite(shrunk):
        return ""
    if abs(shrunk) < 0.005:
        return "Fresh seeds confirm the score it was selected on."
    word = "lower" if shrunk > 0 else "higher"
    return f"On fresh seeds success is {score(abs(shrunk))} {word} than where it was selected."


def _screens(story: Story) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for candidate in story.candidates:
        if candidate.screened:
            code = str(candidate.screened.get("code", "?"))
            row = found.setdefault(code, {"code": code, "count": 0, "why": candidate.screened.get("why", "")})
            row["count"] += 1
    rows = sorted(found.values(), key=lambda row: -row["count"])
    most = max((row["count"] for row in rows), default=1)
    return [{**row, "share": f"{100 * row['count'] / most:.0f}"} for row in rows]


def _budget(story: Story) -> dict[str, Any]:
    """What every stage used; times come apart from results, so they are joined by name."""
    used: dict[str, dict[str, float]] = {}
    unknown: dict[str, float] = dict.fromkeys(("steps", "trainings", "wall", "cpu"), math.nan)
    for payload in story.trained:
        last = payload.get("stage") == "selection"
        name = "selection" if last else f"round {int(payload.get('round', 0)) + 1}"
        row = used.setdefault(name, {**unknown, "steps": 0.0, "trainings": 0.0})
        row["steps"] += cost_of(payload, "env_steps")
        row["trainings"] += cost_of(payload, "trainings")
    cost = story.controls.get("cost") or {}
    if cost:
        row = used.setdefault("final + controls", dict(unknown))
        row["steps"], row["trainings"] = cost.get("env_steps") or 0, cost.get("trainings") or 0
    for stage, wall, cpu in story.spans:
        row = used.setdefault(_stage_name(stage), dict(unknown))
        row["wall"], row["cpu"] = (_plus(row[key], value) for key, value in (("wall", wall), ("cpu", cpu)))
    total = {key: _total(row[key] for row in used.values()) for key in ("steps", "trainings", "wall", "cpu")}
    for key, name in (("steps", "env_steps"), ("trainings", "trainings")):
        if isinstance(story.finished.get(name), (int, float)):
            total[key] = story.finished[name]
    most = max((row["wall"] for row in used.values() if math.isfinite(row["wall"])), default=1.0) or 1.0
    rows = [
        {
            **_shown(row),
            "name": name,
            "share": f"{100 * row['wall'] / most:.0f}" if math.isfinite(row["wall"]) else "0",
        }
        for name, row in used.items()
    ]
    proposed = len(story.candidates)
    refused = sum(1 for candidate in story.candidates if candidate.screened)
    return {"rows": rows, "total": _shown(total), "proposed": amount(proposed), "refused": amount(refused)}


def _stage_name(stage: str) -> str:
    parts = stage.split("/")
    if parts[0] == "round" and len(parts) > 1 and parts[1].isdigit():
        return f"round {int(parts[1]) + 1}"
    return "final + controls" if parts[0] in ("final", "controls") else parts[0] or "other"


def _shown(row: dict[str, float]) -> dict[str, str]:
    return {
        "steps": amount(row["steps"]),
        "trainings": amount(row["trainings"]),
        "wall": seconds(row["wall"]),
        "cpu": seconds(row["cpu"]),
    }


def _plus(a: float, b: float) -> float:
    return b if math.isnan(a) else a if math.isnan(b) else a + b


def _total(values: Any) -> float:
    known = [value for value in values if math.isfinite(value)]
    return sum(known) if known else math.nan


def _command(config: dict[str, Any]) -> str:
    method = config.get("method")
    name = method.get("name") if isinstance(method, dict) else method
    task = config.get("task_spec") or config.get("task") or "TASK"
    parts = ["rewardsmith", "design", shlex.quote(str(task))]
    parts += ["--method", shlex.quote(str(name))] if name else []
    for option in ("trainings", "steps", "seeds", "seed"):
        if config.get(option) is not None:
            parts += [f"--{option}", str(config[option])]
    return " ".join([*parts, *_asked(config)])


def _asked(config: dict[str, Any]) -> list[str]:
    """Options that say who writes and who answers; an address is no part of a run."""
    method, model = config.get("method"), config.get("model") or {}
    parts = ["--llm", "URL", "--model", shlex.quote(str(model["model"]))] if model.get("model") else []
    parts += ["--structured"] if model.get("structured") else []
    language = (method.get("writing") or {}).get("language") if isinstance(method, dict) else None
    parts += ["--language", str(language)] if language not in (None, "programs") else []
    prices = [float(each) for each in model.get("prices") or ()]
    parts += ["--prices", *(f"{each:g}" for each in prices)] if any(prices) else []
    for name, option in (("calls", "--max-calls"), ("tokens", "--max-tokens"), ("money", "--max-cost")):
        limit = (model.get("spend") or {}).get(name)
        parts += [option, f"{limit:g}" if isinstance(limit, float) else str(limit)] if limit is not None else []
    if config.get("feedback"):
        parts += ["--feedback", shlex.quote(str(config["feedback"]))]
    return [*parts, *(["--allow-unsandboxed"] if config.get("unsandboxed") else [])]
