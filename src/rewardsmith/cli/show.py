"""``rewardsmith show``: what a run came to, or how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import summary
from .output import interval, number, row, say, say_json
from .report import outcome_of, page_of
from .runs import Json, RootOrOut, RunName

if TYPE_CHECKING:
    from ..store import Run

NAME = "show"
HELP = "Show what a run came to or how far it is."


def command(run: RunName = "latest", runs: RootOrOut = None, json: Json = False) -> None:
    """Run the verb."""
    from ..store import Run

    with Run.open(runs, run) as found:
        if found.done("final") is not None:
            page = page_of(found)
            outcome = outcome_of(found, page)
            if json:
                say_json(outcome)
                return
            say(row("task", f"{outcome['task']}    method {outcome['method']}    run {found.id}"))
            for line in [*summary.lines(outcome), *summary.next_steps(found.id, page, runs)]:
                say(line)
            return
        state = _state(found)
        say_json(state) if json else _show(state)


def _state(run: Run) -> dict[str, Any]:
    config, chosen = run.config, run.events("selected")
    last = chosen[-1].payload if chosen else {}
    method = config.get("method")
    return {
        "run": run.id,
        "task": config.get("task"),
        "method": method.get("name") if isinstance(method, dict) else method,
        "status": run.status,
        "rounds_done": len(chosen),
        "incumbent": last.get("incumbent"),
        "incumbent_success": last.get("incumbent_success"),
        "reward": _text_of(run, last.get("incumbent")),
    }


def _text_of(run: Run, candidate: Any) -> str | None:
    rows = (each for event in run.events("proposed") for each in event.payload["candidates"])
    return next((each["text"] for each in rows if each["id"] == candidate), None)


def _show(state: dict[str, Any]) -> None:
    say(row("task", f"{state['task']}    method {state['method']}    run {state['run']}"))
    say(row("status", f"{state['status']}, {number(state['rounds_done'], 0)} rounds done, no result yet"))
    if state["reward"]:
        say(row("best so far", f"{interval(state['incumbent_success'])}  {state['reward']}"))
    if state["status"] != "running":
        say(row("continue", f"rewardsmith design --resume {state['run']}"))
