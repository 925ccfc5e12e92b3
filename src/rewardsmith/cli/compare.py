"""``rewardsmith compare``: how far apart rewards are, and what that means."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..core.errors import BadInput, ScopeError
from .output import number, one_line, positive, row, say, say_json, tell
from .rewards import ALLOWED, Given, from_file, from_text, is_file
from .runs import Json, Root

if TYPE_CHECKING:
    from ..core.algebra import Reward
    from ..measure.distance import Comparison
    from ..tasks import Task

NAME = "compare"
HELP = "Say how far apart rewards are on a task."
ALL = "all"
_SECONDS_BETWEEN_LINES = 10.0
_LONGEST = 30


def command(
    rewards: Annotated[
        list[str],
        typer.Argument(metavar="REWARD REWARD...", help=f"Any of {ALLOWED}."),
    ],
    task: Annotated[str, typer.Option(help="A task (see `rewardsmith tasks`) or a task file.")],
    metric: Annotated[
        str,
        typer.Option(
            help="starc, starc-minimal, epic, dard, srrd, returns, ranks, regret (trains on each), several "
            "with commas, or all."
        ),
    ] = "starc",
    seed: Annotated[int, typer.Option(help="Seed of everything that is drawn.")] = 0,
    record: Annotated[int, typer.Option(help="Transitions to record.")] = 32_000,
    seeds: Annotated[int, typer.Option(help="regret: trainings of each reward.")] = 4,
    steps: Annotated[
        int | None, typer.Option(help="regret: environment steps of a training [default: the task's budget].")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write an HTML page.")] = None,
    runs: Root = None,
    json: Json = False,
) -> None:
    """Run the verb."""
    from .. import tasks

    if out is not None and out.suffix.lower() not in (".html", ".htm"):
        raise BadInput("--out", str(out), "a name that ends in .html")
    for option, value in (("--record", record), ("--seeds", seeds), ("--steps", steps)):
        positive(option, value)
    if seed < 0:
        raise BadInput("--seed", seed, "a whole number, at least 0")
    wanted, chosen = _metrics(metric), tasks.resolve(task)
    named = _named(rewards, chosen, runs)
    training = {"seeds": tuple(range(1000 * seed, 1000 * seed + seeds)), "steps": steps}
    found = _compared(named, chosen, wanted, seed, record, training)
    told = _record(named, chosen, found)
    page = None if out is None else _page(told, out)
    if json:
        say_json({**told, "report": None if page is None else str(page)})
        return
    for each in found:
        _show(each)
    if page is not None:
        say(row("written", str(page)))


def _metrics(text: str) -> tuple[str, ...]:
    from ..measure.distance import METRICS

    names = METRICS if text == ALL else tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in METRICS:
            raise BadInput("--metric", repr(name), ", ".join((*METRICS, ALL)))
    return tuple(dict.fromkeys(names))


def _named(sources: Sequence[str], task: Task, runs: Path | None) -> dict[str, Reward]:
    """The rewards by short names.

    Raises:
        BadInput: fewer than two, or the same one twice.
    """
    given = [each for source in sources for each in _given(source, task, runs)]
    if len(given) < 2:
        raise BadInput("rewards", f"{len(given)}", "at least two", "a comparison is between two rewards")
    for i, each in enumerate(given):
        twin = next((other for other in given[:i] if _same(other, each)), None)
        if twin is not None:
            same = f"{one_line(twin.source)} and {one_line(each.source)}, which are the same reward"
            raise BadInput("rewards", same, "different rewards", "their distance is 0")
    short = [_short(each) for each in given]
    counts = Counter(short)
    names = [each.source if counts[name] > 1 else name for name, each in zip(short, given, strict=True)]
    return {one_line(name): each.reward for name, each in zip(names, given, strict=True)}


def _same(one: Given, other: Given) -> bool:
    """Equal rewards; of files that were executed twice, the same name in the same file."""
    if one.reward == other.reward:
        return True
    if one.file is None or other.file is None:
        return False
    return one.file.resolve() == other.file.resolve() and _short(one) == _short(other)


def _short(given: Given) -> str:
    """The name in the file, the file's own, or the beginning of the text."""
    if given.file is None:
        text = one_line(given.source)
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
    name = given.source.rpartition(".py:")[2]
    return name if ".py:" in given.source else given.file.stem


def _given(source: str, task: Task, runs: Path | None) -> list[Given]:
    found = list(from_file(source)) if is_file(source) else [from_text(source, task, runs)]
    for each in found:
        if each.task is not None and each.task.name != task.name:
            raise BadInput(
                "reward", each.source, f"a reward for {task.name}", f"it was made for {each.task.name}"
            )
    return found


def _compared(
    rewards: dict[str, Reward],
    task: Task,
    metrics: Sequence[str],
    seed: int,
    steps: int,
    training: dict[str, Any],
) -> list[Comparison]:
    from ..measure.distance import check_fields, compare, record_coverage

    for reward in rewards.values():
        check_fields(reward, task)
    coverage = None
    if any(metric != "regret" for metric in metrics):
        tell(f"recording about {steps:,} transitions of {task.name}")
        coverage = record_coverage(task, seed, steps)
    found: list[Comparison] = []
    for metric in metrics:
        tell(f"comparing {len(rewards)} rewards: {metric}")
        report = _trained(len(rewards), task, training) if metric == "regret" else None
        try:
            found.append(
                compare(rewards, task, metric, seed=seed, coverage=coverage, training=training, progress=report)
            )
        except ScopeError as problem:
            others = "returns, ranks and regret can be compared"
            if len(metrics) == 1:
                raise BadInput("--metric", metric, others, one_line(problem)) from None
            tell(f"left out: {metric} ({one_line(problem)})")
    return found


def _trained(count: int, task: Task, training: dict[str, Any]) -> Callable[[int], None]:
    """A line on stderr every ten seconds."""
    from ..measure.distance.trained import training_rounds

    rounds = training_rounds(training["steps"] or task.steps)
    tell(f"  training {count} rewards with {len(training['seeds'])} seeds each")
    due = [time.monotonic() + _SECONDS_BETWEEN_LINES]

    def report(done: int) -> None:
        if time.monotonic() >= due[0]:
            due[0] = time.monotonic() + _SECONDS_BETWEEN_LINES
            tell(f"  {min(1.0, done / rounds):4.0%}")

    return report


def _record(rewards: dict[str, Reward], task: Task, found: Sequence[Comparison]) -> dict[str, Any]:
    from .. import __version__

    return {
        "task": task.name,
        "rewards": {name: str(reward) for name, reward in rewards.items()},
        "comparisons": [each.record() for each in found],
        "version": __version__,
    }


def _page(record: dict[str, Any], out: Path) -> Path:
    from ..report.compare import write

    return write(record, out)


def _show(each: Comparison) -> None:
    """The matrix as a table, and the sentence."""
    import numpy as np
    from rich import box
    from rich.console import Console
    from rich.table import Table

    found, names = each.distances, each.names
    record = each.record()
    say(record["unit"] + _noise(each))
    if not np.isnan(found.mean).all():
        drawn = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        drawn.add_column("")
        for name in names:
            drawn.add_column(name, no_wrap=True)
        for i, name in enumerate(names):
            drawn.add_row(name, *(_cell(each, i, j) for j in range(len(names))))
        wide = None if sys.stdout.isatty() else 24 * (len(names) + 2)
        Console(highlight=False, width=wide, markup=False).print(drawn)
    say(each.sentence)
    say()


def _noise(each: Comparison) -> str:
    import numpy as np

    if np.isnan(each.distances.mean).all():
        return ""
    floors = each.distances.floor[each.distances.floor < 1.0]
    floor = float(floors.max(initial=0.0))
    said = "; 95 % interval" + (f", noise floor {floor:.2f}" if floor >= 0.005 else "")
    names = range(len(each.names))
    return said + (
        "; ~ not distinguishable" if any("~" in _cell(each, i, j) for i in names for j in names) else ""
    )


def _cell(each: Comparison, i: int, j: int) -> str:
    found = each.distances
    if i == j or (i > j and each.metric != "regret"):
        return "0" if i == j else ""
    value = number(float(found.mean[i, j]))
    if value == "-":
        return value
    bounds = [number(float(bound[i, j])) for bound in (found.low, found.high)]
    text = value if "-" in bounds else f"{value} [{bounds[0]}, {bounds[1]}]"
    return text if found.distinguishable[i, j] else f"{text} ~"
