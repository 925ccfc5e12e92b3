"""``rewardsmith runs``: what lies in the runs folder."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import number, say, say_json, table

if TYPE_CHECKING:
    from ..store import RunRecord

NAME = "runs"
HELP = "List the runs, the last used first."

RUNS_FOLDER = "The runs folder [default: $REWARDSMITH_RUNS, else ./runs]."
Root = Annotated[Path | None, typer.Option("--runs", help=RUNS_FOLDER)]
RootOrOut = Annotated[Path | None, typer.Option("--runs", "--out", help=RUNS_FOLDER)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON as the last line.")]
RunName = Annotated[str, typer.Argument(help="A run id, the beginning of one, a run folder, or latest.")]


def command(runs: RootOrOut = None, json: Json = False) -> None:
    """Run the verb."""
    from ..store import list_runs, runs_folder

    records = [_record(each) for each in list_runs(runs)]
    if json:
        say_json(records)
        return
    if not records:
        say(f"no runs in {runs_folder(runs)}; make one with: rewardsmith design cartpole_swingup")
        return
    rows = [
        (r["run"], r["task"] or "?", r["method"] or "?", r["status"], number(r["best"]), r["when"], r["reason"])
        for r in ({**each, "when": _time(each["started"])} for each in records)
    ]
    say(table(("run", "task", "method", "status", "success", "started", ""), rows))


def _record(record: RunRecord) -> dict[str, Any]:
    method, best = _details(record)
    return {
        "run": record.id,
        "path": str(record.path),
        "task": record.task,
        "method": method,
        "status": record.status,
        "reason": record.reason,
        "started": record.started,
        "updated": record.updated,
        "events": record.events,
        "best": best,
    }


def _details(record: RunRecord) -> tuple[str, float | None]:
    """The method's name, and success: on fresh seeds where the run has that, of the best so far elsewhere."""
    from ..store import Run

    if record.status == "unreadable":
        return record.method, record.best
    with Run.open(record.path.parent, record.path) as run:
        method, final = run.config.get("method"), run.done("final")
    name = str(method.get("name", "")) if isinstance(method, dict) else record.method
    return name, record.best if final is None else final["success"]["mean"]


def _time(seconds: float) -> str:
    if not seconds:
        return "?"
    return datetime.datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")
