"""``rewardsmith design``: search for a reward and report honestly what was found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..core.errors import BadInput, RewardsmithError
from . import report, summary
from .asking import person_of
from .endpoint import endpoint_of
from .interrupt import Stopped, Stopper
from .output import one_line, positive, say, say_json, tell
from .progress import Narrator, narrator

if TYPE_CHECKING:
    from ..core.endpoint import Endpoint
    from ..design import Design
    from ..store import Run

NAME = "design"
HELP = "Design a reward for a task and test it honestly."


TaskName = Annotated[str | None, typer.Argument(help="A task (see `rewardsmith tasks`) or a task file.")]
TaskOption = Annotated[
    str | None, typer.Option("--task", help="The same as an option, for example --task my_task.py.")
]
Method = Annotated[str | None, typer.Option(help="How to search (see `rewardsmith methods`).")]
Trainings = Annotated[int | None, typer.Option(help="Trainings that the search may start.")]
Steps = Annotated[int | None, typer.Option(help="Environment steps of one training.")]
Seeds = Annotated[int | None, typer.Option(help="Seeds per candidate during the search.")]
Seed = Annotated[int | None, typer.Option(help="Seed of everything.")]
Out = Annotated[
    Path | None,
    typer.Option("--out", "--runs", help="The runs folder [default: $REWARDSMITH_RUNS, else ./runs]."),
]
Llm = Annotated[
    str | None, typer.Option("--llm", help="A language model writes: address of its endpoint, up to /v1.")
]
Model = Annotated[str | None, typer.Option(help="The name of the model there.")]
Key = Annotated[str, typer.Option("--key-variable", help="The environment variable that holds the key.")]
Calls = Annotated[int | None, typer.Option("--max-calls", help="Replies that may be used.")]
Tokens = Annotated[int | None, typer.Option("--max-tokens", help="Tokens that may be used.")]
Money = Annotated[float | None, typer.Option("--max-cost", help="Money that may be spent.")]
Prices = Annotated[
    tuple[float, float], typer.Option("--prices", help="Money for a million tokens read and written.")
]
Structured = Annotated[
    bool, typer.Option("--structured", help="Ask for JSON by a schema instead of code in a fence.")
]
Language = Annotated[
    str | None, typer.Option(help="What is written: programs, sandboxed python, or parameters of a fixed cost.")
]
Unsandboxed = Annotated[
    bool, typer.Option("--allow-unsandboxed", help="Run a model's Python without a sandbox, in this run only.")
]
Feedback = Annotated[
    str | None,
    typer.Option(help="Who picks: terminal, json, scripted:success[:NOISE], scripted:FILE.json."),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what it would cost and which prompts it would send.")
]
Resume = Annotated[
    str | None,
    typer.Option("--resume", help="Continue a run: its id, the beginning of it, a folder, latest."),
]
Engine = Annotated[str, typer.Option(help="Where trainings run: local, ray.")]
Address = Annotated[
    str | None, typer.Option(help="Of a running Ray cluster [default: one is started on this machine].")
]
Workers = Annotated[int | None, typer.Option(help="Ray workers to use [default: one per CPU].")]
Store = Annotated[
    str | None,
    typer.Option(help="postgresql+psycopg://...: the journal of a new run [default: $REWARDSMITH_STORE]."),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON in the last line.")]


def command(
    task: TaskName = None,
    task_option: TaskOption = None,
    method: Method = None,
    trainings: Trainings = None,
    steps: Steps = None,
    seeds: Seeds = None,
    seed: Seed = None,
    out: Out = None,
    llm: Llm = None,
    model: Model = None,
    key: Key = "OPENAI_API_KEY",
    calls: Calls = None,
    tokens: Tokens = None,
    money: Money = None,
    prices: Prices = (0.0, 0.0),
    structured: Structured = False,
    language: Language = None,
    unsandboxed: Unsandboxed = False,
    feedback: Feedback = None,
    dry_run: DryRun = False,
    resume: Resume = None,
    engine: Engine = "local",
    address: Address = None,
    workers: Workers = None,
    store: Store = None,
    json: Json = False,
) -> None:
    """Run the verb."""
    if seed is not None and seed < 0:
        raise BadInput("--seed", seed, "a whole number, at least 0")
    budget = {"trainings": positive("--trainings", trainings), "steps": positive("--steps", steps)}
    given = {"method": method, **budget, "seeds": positive("--seeds", seeds), "seed": seed}
    endpoint = endpoint_of(llm, model, key, prices, resume)
    spend = {"calls": calls, "tokens": tokens, "money": money}
    given |= {"spend": spend if any(v is not None for v in spend.values()) else None}
    given |= {"structured": structured or None, "feedback": feedback}
    given |= {"language": language, "unsandboxed": unsandboxed or None}
    given = {name: value for name, value in given.items() if value is not None}
    place = _Place(engine, address, positive("--workers", workers), store)
    named = _one_task(task, task_option)
    if resume is not None:
        config, root = _resumed(resume, out, named, given, endpoint)
    else:
        config, root = _new(named, given | {"llm": endpoint}, out)
    if dry_run:
        return _preview(config, json)
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
    from ..core.endpoint import Budget
    from ..design import Design
    from ..feedback.person import Recorded, parse_person

    if given.get("llm") is None:
        _check_unpaid(given)
    given["spend"] = Budget(**given.get("spend", {}))
    config = Design(task=task, **given)
    script = None if config.feedback is None else parse_person(config.feedback)
    if isinstance(script, Recorded):
        script.rows()  # read when a round has been trained, which is late to say that there is no such file
    return config, out


def _check_unpaid(given: dict[str, Any]) -> None:
    """Limits on a model that nobody named would be taken for kept."""
    names = {"calls": "--max-calls", "tokens": "--max-tokens", "money": "--max-cost"}
    named = [(names[name], value) for name, value in given.get("spend", {}).items() if value is not None]
    named += [("--structured", "the flag")] if given.get("structured") else []
    if named:
        raise BadInput(
            *named[0], "with --llm URL and --model NAME", "without a model the grammar writes, for nothing"
        )


def _preview(config: Design, json: bool) -> None:
    """What would be asked and what it would cost; nothing is asked, trained or stored."""
    from ..design.propose.preview import preview

    text = preview(config)
    return say_json({"preview": text}) if json else say(text)


def _resumed(
    name: str, out: Path | None, task: str | None, given: dict[str, Any], endpoint: Endpoint | None
) -> tuple[Design, Path | None]:
    """The design of a stored run; what it was made with cannot be changed any more.

    That it runs code without a sandbox must be typed again: the run folder may be a stranger's.
    """
    allowed = bool(given.get("unsandboxed"))
    given = {key: value for key, value in given.items() if key != "unsandboxed"}
    if task is not None or given:
        extra = ", ".join(f"--{key}" for key in given) or f"the task {task!r}"
        raise BadInput("--resume", f"{name} and {extra}", "--resume RUN alone", "a run goes on as it began")
    from ..core.endpoint import Endpoint
    from ..design import from_record
    from ..store import Run

    stored = Run.open(out, name)
    config, folder, asked = stored.config, stored.folder, stored.event("endpoint")
    stored.close()
    _check_unsandboxed(stored.id, bool(config.get("unsandboxed")), allowed)
    if endpoint is None and asked is not None:
        endpoint = Endpoint(asked.payload["model"], **asked.timing)
    return from_record(config, endpoint), folder.parent


def _check_unsandboxed(run_id: str, stored: bool, typed: bool) -> None:
    why = "a run folder may be a stranger's, so it cannot switch the sandbox off by itself"
    if stored and not typed:
        allowed = f"--resume {run_id} --allow-unsandboxed, if you trust what it runs"
        raise BadInput("--resume", f"{run_id}, which runs a model's Python without a sandbox", allowed, why)
    if typed and not stored:
        received = f"{run_id} and --allow-unsandboxed"
        raise BadInput("--resume", received, "--resume RUN alone", "this run began in the sandbox")


@dataclass(frozen=True)
class _Place:
    """Where a search runs and is recorded; no part of what it is."""

    engine: str
    address: str | None
    workers: int | None
    store: str | None


def _run(config: Design, root: Path | None, out: Path | None, place: _Place) -> Run:
    from ..design import design
    from ..design.winner import NoWinner
    from ..optimize.control.cluster import named_engine

    engine = named_engine(place.engine, place.address, place.workers)
    watcher = narrator()
    began: list[Run] = []
    stopper = Stopper(
        farewell=lambda: _how_to_go_on(began, out, config.unsandboxed),
        clean_up=lambda: began[-1].stop("interrupted") if began else None,
    )
    try:
        with stopper:
            relay, person = _Relay(watcher, stopper, began), person_of(config.feedback)
            return design(config, root, relay, engine, person, store=place.store)
    except NoWinner:
        raise  # the search is over: to continue it would end the same way
    except RewardsmithError:
        if began:
            tell(_how_to_go_on(began, out, config.unsandboxed))
        raise
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


def _how_to_go_on(began: list[Run], out: Path | None, unsandboxed: bool) -> str:
    if not began:
        return "stopped before the run began; nothing was recorded"
    options = (f" --out {out}" if out is not None else "") + (" --allow-unsandboxed" if unsandboxed else "")
    return f"stopped; nothing is lost; continue with: rewardsmith design --resume {began[-1].id}{options}"
