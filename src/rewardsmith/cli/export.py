"""``rewardsmith export``: the reward of a run as a Python file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .output import row, say, say_json
from .report import outcome_of, require_result
from .runs import Json, Root, RunName

if TYPE_CHECKING:
    from ..store import Run

NAME = "export"
HELP = "Write the reward of a run as Python."


def command(
    run: RunName = "latest",
    out: Annotated[Path, typer.Option("--out", help="The file to write.")] = Path("reward.py"),
    runs: Root = None,
    json: Json = False,
) -> None:
    """Run the verb."""
    from ..store import Run

    with Run.open(runs, run) as found:
        require_result(found)
        written = _write(found, out)
        if json:
            say_json({"run": found.id, "file": str(written)})
        else:
            say(row("written", f"{written}  (its last lines put it into an environment)"))


def _write(run: Run, file: Path) -> Path:
    from .. import tasks
    from ..design.export import export
    from ..program import parse

    task, result = tasks.resolve(run.config["task_spec"]), outcome_of(run, None)
    about = {name: result.get(name) for name in ("run", "words", "success", "selected_on")}
    return export(parse(result["reward"], task), task, file, {**about, "version": run.config["version"]})
