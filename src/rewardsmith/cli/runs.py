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

    records = list_runs(runs)
    if json:
        say_json([_record(each) for each in records])
        return
    if not records:
        say(f"no runs in {runs_folder(runs)}; make one with: rewardsmith design cartpole_swingup")
        return
    rows = [
        (r.id, r.task or "?", _method(r) or "?", r.status, number(r.best), _time(r.started), r.reason)
        for r in records
    ]
    say(table(("run", "task", "method", "status", "best", "started", ""), rows))


def _record(record: RunRecord) -> dict[str, Any]:
    return {
        "run": record.id,
        "path": str(record.path),
        "task": record.task,
        "method": _method(record),
        "status": record.status,
        "reason": record.reason,
        "started": record.started,
        "updated": record.updated,
        "events": record.events,
        "best": record.best,
    }


def _method(record: RunRecord) -> str:
    """Name of the method; runs store its whole configuration."""
    from ..store import Run

    if record.method or record.status == "unreadable":
        return record.method
    with Run.open(record.path.parent, record.path) as run:
        method = run.config.get("method")
    return str(method.get("name", "")) if isinstance(method, dict) else ""


def _time(seconds: float) -> str:
    if not seconds:
        return "?"
    return datetime.datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")
