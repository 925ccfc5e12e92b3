"""``rewardsmith design``: search for a reward and report honestly what was found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..core.errors import BadInput, RewardsmithError
from . import report, summary
from .interrupt import Stopped, Stopper
from .output import one_line, positive, say, say_json, tell
from .progress import Narrator, narrator

if TYPE_CHECKING:
    from ..design import Design
    from ..store import Run

NAME = "design"
HELP = "Design a reward for a task and test it honestly."


def command(
    task: Annotated[str | None, typer.Argument(help="A task (see `rewardsmith tasks`) or a task file.")] = None,
    task_option: Annotated[
        str | None, typer.Option("--task", help="The same as an option, for example --task my_task.py.")
    ] = None,
    method: Annotated[str | None, typer.Option(help="How to search (see `rewardsmith methods`).")] = None,
    trainings: Annotated[int | None, typer.Option(help="Trainings that the search may start.")] = None,
    steps: Annotated[int | None, typer.Option(help="Environment steps of one training.")] = None,
    seeds: Annotated[int | None, typer.Option(help="Seeds per candidate during the search.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "--runs", help="The runs folder [default: $REWARDSMITH_RUNS, else ./runs]."),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option("--resume", help="Continue a run: its id, the beginning of it, a folder, latest."),
    ] = None,
    engine: Annotated[str, typer.Option(help="Where trainings run: local, ray.")] = "local",
    address: Annotated[
        str | None, typer.Option(help="Of a running Ray cluster [default: one is started on this machine].")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Ray workers to use [default: one per CPU].")] = None,
    store: Annotated[
        str | None,
        typer.Option(help="postgresql+psycopg://...: the journal of a new run [default: $REWARDSMITH_STORE]."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON in the last line.")] = False,
) -> None:
    """Run the verb."""
    if seed is not None and seed < 0:
        raise BadInput("--seed", seed, "a whole number, at least 0")
    budget = {"trainings": positive("--trainings", trainings), "steps": positive("--steps", steps)}
    given = {"method": method, **budget, "seeds": positive("--seeds", seeds), "seed": seed}
    given = {name: value for name, value in given.items() if value is not None}
    place = _Place(engine, address, positive("--workers", workers), store)
    named = _one_task(task, task_option)
    config, root = _resumed(resume, out, named, given) if resume is not None else _new(named, given, out)
    run = _run(config, root, out, place)
    speak = tell if json else say
    for line in summary.lines(report.outcome_of(run, None)):
        speak(line)
    page = _report(run)
    for line in summary.next_steps(run.id, page, out):
        speak(line)
    if json:
        say_json(report.outcome_of(run, page))


def _one_task(argument: str | None, option: str | None) -> str | None:
    if argument is not None and option is not None and argument != option:
        raise BadInput("task", f"{argument!r} and --task {option!r}", "one task")
    return argument if argument is not None else option


def _new(task: str | None, given: dict[str, Any], out: Path | None) -> tuple[Design, Path | None]:
    from .. import tasks

    if task is None:
        raise BadInput("task", "nothing", f"{', '.join(tasks.names())}, a task file, or --resume RUN")
    from ..design import Design

    return Design(task=task, **given), out


def _resumed(
    name: str, out: Path | None, task: str | None, given: dict[str, Any]
) -> tuple[Design, Path | None]:
    """The design of a stored run; what it was made with cannot be changed any more."""
    if task is not None or given:
        extra = ", ".join(f"--{key}" for key in given) or f"the task {task!r}"
        raise BadInput("--resume", f"{name} and {extra}", "--resume RUN alone", "a run goes on as it began")
    from ..design import from_record
    from ..store import Run

    stored = Run.open(out, name)
    config, folder = stored.config, stored.folder
    stored.close()
    return from_record(config), folder.parent


@dataclass(frozen=True)
class _Place:
    """Where a search runs and is recorded; no part of what it is."""

    engine: str
    address: str | None
    workers: int | None
    store: str | None


def _run(config: Design, root: Path | None, out: Path | None, place: _Place) -> Run:
    from ..design import design
    from ..optimize.control.cluster import named_engine

    engine = named_engine(place.engine, place.address, place.workers)
    watcher = narrator()
    began: list[Run] = []
    stopper = Stopper(
        farewell=lambda: _how_to_go_on(began[-1].id if began else "", out),
        clean_up=lambda: began[-1].stop("interrupted") if began else None,
    )
    try:
        with stopper:
            return design(config, root, _Relay(watcher, stopper, began), engine, store=place.store)
    except KeyboardInterrupt as error:
        raise Stopped(str(error)) from None  # Typer has an answer of its own to KeyboardInterrupt
    finally:
        watcher.close()


@dataclass(frozen=True)
class _Relay:
    """Passes events on to the narrator; each of them is a safe point to stop at."""

    watcher: Narrator
    stopper: Stopper
    began: list[Run]

    def event(self, kind: str, data: dict[str, Any]) -> None:
        """Something happened."""
        if kind == "start":
            self.began.append(data["run"])
        self.watcher.event(kind, data)
        self.stopper.check()


def _report(run: Run) -> Path | None:
    """The page.  The run is complete without it, so no failure to draw may cost the user the result."""
    try:
        return report.write(run, run.folder / report.FILE)
    except Exception as error:
        kind = "" if isinstance(error, RewardsmithError) else f"{type(error).__name__}: "
        why = f"{kind}{one_line(error)}"
        tell(f"warning: no report ({why}); the result is complete, try: rewardsmith report {run.id}")
        return None


def _how_to_go_on(run_id: str, out: Path | None) -> str:
    if not run_id:
        return "stopped before the run began; nothing was recorded"
    place = f" --out {out}" if out is not None else ""
    return f"stopped; nothing is lost; continue with: rewardsmith design --resume {run_id}{place}"
