"""``rewardsmith export``: a reward as the Python file that a framework, or a reader, wants."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..core.errors import BadInput
from .output import row, say, say_json
from .report import outcome_of, require_result
from .runs import Json, Root

if TYPE_CHECKING:
    from ..connect.single import NoVerdictPolicy
    from ..store import Run

NAME = "export"
HELP = "Write a reward as Python, or for a framework."

What = Annotated[
    str,
    typer.Argument(
        metavar="[RUN or FILE]",
        help="A run (id, its beginning, folder, latest), or a file: reward.py, reward.py:NAME, reward.json.",
    ),
]


def command(
    run: What = "latest",
    framework: Annotated[
        str | None,
        typer.Option("--for", help="trl, verl, openrlhf, verifiers, eval-protocol or gymnasium."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The file to write [default: reward.py, or FILE_FRAMEWORK.py]."),
    ] = None,
    no_verdict: Annotated[
        str,
        typer.Option("--no-verdict", help="Where only numbers are understood: raise, or a number."),
    ] = "raise",
    runs: Root = None,
    json: Json = False,
) -> None:
    """Run the verb."""
    if _is_file(run):
        _of_file(run, framework, out, no_verdict, json)
        return
    if framework not in (None, "gymnasium"):
        given = f"{framework} with the run {run}"
        why = "runs hold rewards of control; for a reward of texts give its file"
        raise BadInput("--for", given, "gymnasium, or a file such as reward.py", why)
    from ..store import Run

    with Run.open(runs, run) as found:
        require_result(found)
        written = _write(found, out or Path("reward.py"))
        if json:
            say_json({"run": found.id, "file": str(written)})
        else:
            say(row("written", f"{written}  (its last lines put it into an environment)"))


def _is_file(what: str) -> bool:
    return what.endswith((".py", ".json")) or ".py:" in what


def _of_file(source: str, framework: str | None, out: Path | None, no_verdict: str, json: bool) -> None:
    from ..connect.export import TARGETS, export_for

    if framework is None:
        raise BadInput("--for", "nothing", ", ".join(TARGETS), "say who shall load the file")
    stem = Path(source.partition(".py:")[0]).with_suffix("").name
    file = out or Path(f"{stem}_{framework.replace('-', '_')}.py")
    written = export_for(framework, source, file, _policy(no_verdict))
    if json:
        say_json({"for": framework, "file": str(written)})
    else:
        say(row("written", f"{written}  (its last lines say how {framework} loads it)"))


def _policy(text: str) -> NoVerdictPolicy:
    if text == "raise":
        return "raise"
    try:
        return float(text)
    except ValueError:
        raise BadInput("--no-verdict", text, "raise, or a number") from None


def _write(run: Run, file: Path) -> Path:
    from .. import tasks
    from ..design.export import export
    from ..program import parse

    task, result = tasks.resolve(run.config["task_spec"]), outcome_of(run, None)
    about = {name: result.get(name) for name in ("run", "words", "success", "selected_on", "observation")}
    return export(parse(result["reward"], task), task, file, {**about, "version": run.config["version"]})
