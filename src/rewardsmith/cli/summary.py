"""The result of a design run in a few lines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..report.verdict import NOTHING
from .output import count, duration, interval, number, row

FAILED = 0.5
CONTROLS = ("zero", "sparse", "native", "naive")


def lines(outcome: Mapping[str, Any]) -> list[str]:
    """Winner, words, controls, what failed, cost, and where everything lies.

    Args:
        outcome: as ``design --json`` prints it.
    """
    success: Mapping[str, Any] = outcome["success"]
    seeds = success.get("seeds") or []
    amount = seeds if isinstance(seeds, int) else len(seeds)
    selected = number(outcome.get("selected_on"))
    found = [
        row(
            "winner",
            f"{interval(success)} on {amount} fresh seeds (selected at {selected} on seeds not used again)",
        ),
        *_planned(outcome),
        row("reward", str(outcome["reward"])),
        row("in words", str(outcome.get("words") or "-")),
        *([row("agent sees", ", ".join(outcome["observation"]))] if outcome.get("observation") else []),
        row("controls", _controls(outcome.get("controls") or {})),
    ]
    if outcome.get("writer") not in (None, "grammar"):
        found.append(row("written by", _author(outcome)))
    if outcome.get("person"):
        found.append(row("judged by", str(outcome["person"])))
    found += _honesty(outcome)
    cost = [f"{outcome.get('trainings', '-')} trainings", f"{count(outcome.get('env_steps') or 0)} steps"]
    if outcome.get("wall_s"):
        cost.append(duration(outcome["wall_s"]))
    return [*found, row("cost", " · ".join(cost))]


def next_steps(run_id: str, report: Path | None, runs: Path | None) -> list[str]:
    """What to do with the result."""
    place = f" --runs {runs}" if runs is not None else ""
    opened = f"open {report}" if report else f"rewardsmith report {run_id}{place}"
    return [row("saved", f"{opened}\nrewardsmith export {run_id}{place} --out reward.py")]


def _planned(outcome: Mapping[str, Any]) -> list[str]:
    found = outcome.get("planned")
    if not found:
        return []
    amount = len(found["success"]["per_seed"])
    told = f"{interval(found['success'])} on {amount} fresh episodes, {count(found['model_steps'])} model steps"
    return [row("planned", f"{told} per decision; the line above is of agents trained on it")]


def _author(outcome: Mapping[str, Any]) -> str:
    spent = outcome.get("spent") or {}
    tokens = spent.get("prompt_tokens", 0) + spent.get("completion_tokens", 0)
    told = f"{outcome['writer']}: {spent.get('replies', 0)} replies, {count(tokens)} tokens" if spent else ""
    money = f", {spent['money']:.2f} spent" if spent.get("money") else ""
    held = f", Python held by {outcome['sandbox']}" if outcome.get("sandbox") else ""
    return f"{told or outcome['writer']}{money}{held}"


def _controls(controls: Mapping[str, Any]) -> str:
    shown = [(name, controls.get(name)) for name in CONTROLS if name in controls]
    return "   ".join(f"{name} {interval(_success(each))}" for name, each in shown)


def _success(control: Any) -> Any:
    return control.get("success", control) if isinstance(control, Mapping) else None


def _honesty(outcome: Mapping[str, Any]) -> list[str]:
    """What a reader would be angry not to have been told."""
    found: list[str] = []
    each = outcome["success"].get("per_seed") or []
    failed = [index for index, value in enumerate(each) if value is None or not value >= FAILED]
    if failed:
        found.append(
            row("careful", f"{len(failed)} of {len(each)} final trainings stayed below {FAILED} success")
        )
    best = outcome["success"].get("mean")
    means = {name: (_success(each) or {}).get("mean") for name, each in (outcome.get("controls") or {}).items()}
    known = {name: mean for name, mean in means.items() if mean is not None}
    if best is not None and known and max(best, *known.values()) < NOTHING:
        told = "neither the winner nor a control learned anything: most often --steps are too few"
        return [*found, row("careful", told)]
    for name, mean in known.items():
        if best is not None and mean >= best:
            found.append(row("careful", f"the control {name} reaches {number(mean)}, no less than the winner"))
    return found
