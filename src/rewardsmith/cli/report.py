"""``rewardsmith report``: one HTML page about a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..core.errors import BadInput
from .output import row, say, say_json
from .runs import Json, Root, RunName

if TYPE_CHECKING:
    from ..store import Run

NAME = "report"
HELP = "Write the HTML page of a run."
FILE = "report.html"


def command(
    run: RunName = "latest",
    out: Annotated[
        Path | None, typer.Option("--out", help="The file to write [default: report.html in the run folder].")
    ] = None,
    runs: Root = None,
    json: Json = False,
) -> None:
    """Run the verb."""
    from ..store import Run

    with Run.open(runs, run) as found:
        page = write(found, out if out is not None else found.folder / FILE)
        if json:
            say_json({"run": found.id, "report": str(page)})
        else:
            say(row("report", str(page)))


def write(run: Run, page: Path) -> Path:
    """Draw the page of a run, also of one that is not finished."""
    from ..report import write as draw

    return draw(run, page)


def require_result(run: Run) -> None:
    """Refuse a run that has not come to its end."""
    if run.done("final") is None:
        why = f"it is {run.status}; continue it with: rewardsmith design --resume {run.id}"
        raise BadInput("run", f"{run.id}, which has no result yet", "a finished run", why)


def page_of(run: Run) -> Path | None:
    """The page that lies in the run folder, if there is one."""
    page = run.folder / FILE
    return page if page.is_file() else None


def outcome_of(run: Run, page: Path | None) -> dict[str, Any]:
    """What ``--json`` prints of a finished run."""
    from ..design import outcome

    return {**outcome(run), "report": None if page is None else str(page)}
