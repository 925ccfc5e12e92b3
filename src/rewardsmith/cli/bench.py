"""``rewardsmith bench methods``: all methods under one budget, by one proposer, on the same tasks."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..core.errors import BadInput
from .endpoint import endpoint_of
from .output import as_json, number, positive, say, say_json, table, tell

if TYPE_CHECKING:
    from ..design.tournament import Cell, Rating, Tournament

NAME = "bench"
HELP = "Compare the methods of the design loop under one budget."
WHAT = ("methods",)
CLASSIC = "cartpole_swingup,acrobot_high,mountain_car,pendulum_hold"


def command(
    what: Annotated[str, typer.Argument(help="What is compared: methods.")] = "methods",
    tasks: Annotated[str, typer.Option(help="Tasks, with commas.")] = CLASSIC,
    methods: Annotated[str | None, typer.Option(help="Methods, with commas [default: all].")] = None,
    trainings: Annotated[
        int, typer.Option(help="Budget of a search, in whole trainings (their environment steps).")
    ] = 40,
    steps: Annotated[int | None, typer.Option(help="Environment steps of one training.")] = None,
    seeds: Annotated[int, typer.Option(help="Searches of each method on each task.")] = 3,
    each: Annotated[int, typer.Option(help="Training seeds per candidate.")] = 1,
    published: Annotated[
        bool, typer.Option("--as-published", help="Winners by each method's own rule, not on selection seeds.")
    ] = False,
    against: Annotated[str, typer.Option(help="The method that all others are compared with.")] = "random",
    llm: Annotated[
        str | None, typer.Option("--llm", help="A model writes for all methods: its address, up to /v1.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="The name of the model there.")] = None,
    key: Annotated[str, typer.Option("--key-variable", help="The variable with the key.")] = "OPENAI_API_KEY",
    jobs: Annotated[int, typer.Option(help="Searches at the same time, each on a core of its own.")] = 1,
    out: Annotated[
        Path, typer.Option("--out", help="Folder for runs, table and page; the same again goes on.")
    ] = Path("bench"),
    json: Annotated[bool, typer.Option("--json", help="Print JSON as the last line.")] = False,
) -> None:
    """Run the verb."""
    if what not in WHAT:
        raise BadInput("bench", repr(what), ", ".join(WHAT))
    for name, value in (("--trainings", trainings), ("--seeds", seeds), ("--each", each), ("--jobs", jobs)):
        positive(name, value)
    from .. import __version__
    from ..design.schema import method_names
    from ..design.tournament import BASELINE, Tournament, play, ratings
    from ..report import tournament as page

    chosen = method_names() if methods is None else _names(methods)
    endpoint = endpoint_of(llm, model, key, (0.0, 0.0), None)
    match = Tournament(chosen, _names(tasks), trainings, steps, seeds, each, not published, endpoint)
    names = match.names
    if against not in names and against != BASELINE:
        raise BadInput("--against", repr(against), ", ".join(names))
    cells = play(match, out / "runs", _Told(), jobs)
    found = ratings(cells, against)
    record = _record(match, cells, found) | {"against": against, "version": __version__}
    path = page.write(record, out / "methods.html")
    (out / "methods.json").write_text(as_json(record) + "\n", encoding="utf-8")
    if json:
        return say_json({**record, "page": str(path)})
    say(shown(found, match.tasks, against))
    say(f"saved  open {path}")
    return None


def shown(found: list[Rating], tasks: tuple[str, ...], against: str) -> str:
    """The table of ratings."""
    from ..report.tournament import gain_text

    head = ("method", "rating", "95 %", f"vs {against}", *tasks, "cannot be used")
    rows = [
        (
            each.method,
            f"{each.rating:+.0f}",
            "-" if each.low != each.low else f"{each.low:+.0f} to {each.high:+.0f}",
            gain_text(each.gain, each.error) or "-",
            *(number(each.success[task][0]) for task in tasks),
            str(each.missing or ""),
        )
        for each in found
    ]
    return table(head, rows)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _record(match: Tournament, cells: list[Cell], found: list[Rating]) -> dict[str, Any]:
    proposer = "the grammar" if match.llm is None else match.llm.model
    settings = {
        name: getattr(match, name) for name in ("tasks", "trainings", "steps", "seeds", "each", "honest")
    }
    return {
        **settings,
        "proposer": proposer,
        "ratings": [asdict(each) for each in found],
        "cells": [asdict(each) for each in cells],
    }


class _Told:
    """One line per search on stderr."""

    def event(self, kind: str, data: dict[str, Any]) -> None:
        """Something happened."""
        if kind != "done":
            return
        method, task, seed = data["cell"]
        at, total = data["place"]
        result = f"cannot be used: {data['why']}" if data["why"] else number(data["success"])
        tell(f"{at + 1:>4}/{total}  {task}  seed {seed}  {method:<22} {result}")
