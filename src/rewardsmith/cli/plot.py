"""``rewardsmith plot``: a picture of a reward on a task."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..core.errors import BadInput
from .output import number, positive, row, say, say_json, table, tell
from .report import outcome_of, require_result
from .runs import Json, Root

if TYPE_CHECKING:
    from ..core.algebra import Reward
    from ..optimize.control import Policy
    from ..report.landscape import Landscape
    from ..tasks import Task

NAME = "plot"
HELP = "Draw a reward, and what its parts pay."
FORMATS = (".png", ".svg", ".html")


def command(
    reward: Annotated[
        str | None,
        typer.Argument(help="reward.py, reward.py:NAME or reward.json [default: what --run found]."),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(help="A task (see `rewardsmith tasks`) or a task file [default: of --run]."),
    ] = None,
    fields: Annotated[
        str | None, typer.Option(help="One or two fields, a,b [default: those that matter most].")
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option(help="FIELD=VALUE, also several times: fix a field there instead of at its median."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="The file to write: .png, .svg or .html.")] = Path(
        "reward.png"
    ),
    episodes: Annotated[int, typer.Option(help="Episodes to record.")] = 6,
    seed: Annotated[int, typer.Option(help="Seed of the recorded episodes.")] = 0,
    run: Annotated[
        str | None, typer.Option(help="Record with the final policy of this run instead of random actions.")
    ] = None,
    runs: Root = None,
    json: Json = False,
) -> None:
    """Run the verb."""
    from ..design.landscape import landscape
    from ..report.landscape import write
    from ..tasks.record import record_episodes

    if out.suffix.lower() not in FORMATS:
        raise BadInput("--out", str(out), f"a name that ends in {', '.join(FORMATS)}")
    positive("--episodes", episodes)
    if seed < 0:
        raise BadInput("--seed", seed, "a whole number, at least 0")
    chosen = tuple(name.strip() for name in fields.split(",")) if fields else ()
    fixed = dict(_pair(text) for text in at or ())
    found, shown, policy, played = _sources(reward, task, run, runs)
    tell(f"recording {episodes} episodes of {found.name} ({played})")
    recorded = record_episodes(found, seed, episodes, policy)
    scene = landscape(found, shown, recorded, chosen, fixed, played)
    written = write(scene, out)
    say_json(_record(scene, found, written)) if json else _show(scene, written)


def _sources(
    reward: str | None, task: str | None, run: str | None, runs: Path | None
) -> tuple[Task, Reward, Policy | None, str]:
    """Task, reward, policy and who plays."""
    from .. import tasks
    from ..connect.load import load_reward

    if run is None:
        if reward is None or task is None:
            missing = "no reward file" if reward is None else "no --task"
            raise BadInput("plot", missing, "reward.py --task TASK, or --run RUN for what a run found")
        return tasks.resolve(task), load_reward(reward), None, "random actions"
    from ..design.policy import final_policy
    from ..program import parse
    from ..store import Run

    with Run.open(runs, run) as opened:
        require_result(opened)
        own = tasks.resolve(opened.config["task_spec"])
        if task is not None and tasks.resolve(task).name != own.name:
            raise BadInput("--task", task, own.name, f"run {opened.id} has a policy for that task")
        shown = parse(outcome_of(opened, None)["reward"], own) if reward is None else load_reward(reward)
        return own, shown, final_policy(opened, own), f"the policy of run {opened.id}"


def _pair(text: str) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not equals or not math.isfinite(number):
        raise BadInput("--at", repr(text), "FIELD=VALUE with a finite number, such as x=0.5")
    return name.strip(), number


def _record(scene: Landscape, task: Task, written: Path) -> dict[str, Any]:
    from ..report.landscape import income_table

    income = {name: dict(zip(_COLUMNS, row, strict=True)) for name, row in income_table(scene.income).items()}
    axes = [axis.name for axis in scene.axes]
    return {
        "file": str(written),
        "task": task.name,
        "reward": scene.text,
        "fields": axes,
        "fixed": dict(scene.fixed),
        "income": income,
    }


def _show(scene: Landscape, written: Path) -> None:
    from ..report.landscape import income_table

    rows = [(name, *(number(v, 3) for v in row)) for name, row in income_table(scene.income).items()]
    say(table(("paid in a whole episode", *_COLUMNS), rows))
    say(row("written", str(written)))


_COLUMNS = ("mean", "lowest", "highest")
