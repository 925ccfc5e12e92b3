"""``rewardsmith export``: the reward of a run as a Python file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .output import row, say, say_json
from .report import require_result
from .runs import Json, Root, RunName

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
        from ..design import export

        out.write_text(export(found), encoding="utf-8")
        if json:
            say_json({"run": found.id, "file": str(out)})
        else:
            say(row("written", f"{out}  (use it: see its last lines)"))
