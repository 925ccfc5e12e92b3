"""``rewardsmith tasks``: what can be achieved, and what a reward may read there."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import row, say, say_json, table

if TYPE_CHECKING:
    from ..core.fields import Field
    from ..tasks import Task

NAME = "tasks"
HELP = "List the tasks, or show one and its fields."

ENDINGS = {
    "failure": "; ends early where the agent fails",
    "goal": "; ends early at the goal",
    "never": "",
    "unknown": "; may end early: say why with ending= in the task file",
}


def command(
    name: Annotated[str | None, typer.Argument(help="A task, or the path of a task file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON as the last line.")] = False,
) -> None:
    """Run the verb."""
    from .. import tasks

    if name is not None:
        found = tasks.resolve(name)
        say_json(_record(found)) if json else _show(found)
        return
    listed = [tasks.load(each) for each in tasks.names()]
    if json:
        say_json([_record(each) for each in listed])
        return
    say(table(("task", "steps", "success"), [(t.name, str(t.horizon), t.success.meaning) for t in listed]))
    say()
    say("more about one: rewardsmith tasks NAME    your own: one Python file, see docs/tutorials/own_task.md")


def _record(task: Task) -> dict[str, Any]:
    fields = [
        {"name": f.name, "kind": f.kind, "unit": f.unit, "low": f.low, "high": f.high, "meaning": f.meaning}
        for f in task.table()
    ]
    rewards = {"native": task.native, "naive": task.naive}
    return {
        "name": task.name,
        "text": task.text,
        "horizon": task.horizon,
        "ending": task.ending,
        "trainings": task.trainings,
        "steps": task.steps,
        "observation": task.observation_size,
        "actions": str(task.actions),
        "discount": task.discount,
        "success": task.success.meaning,
        **{name: None if reward is None else str(reward) for name, reward in rewards.items()},
        "fields": fields,
    }


def _show(task: Task) -> None:
    say(row(task.name, task.text))
    say(row("success", task.success.meaning))
    say(
        row(
            "episode",
            f"{'at most ' if task.ending != 'never' else ''}{task.horizon} steps{ENDINGS[task.ending]}",
        )
    )
    say(row("agent", f"sees {task.observation_size} numbers, acts by {task.actions}"))
    say(row("search", f"{task.trainings} trainings of {task.steps:,} steps, where design is told nothing else"))
    say(row("native reward", "none" if task.native is None else str(task.native)))
    say(row("naive reward", "none" if task.naive is None else str(task.naive)))
    say()
    say("fields that a reward may read (every state field also one step later, as next_<name>)")
    shown = [field for field in task.table() if field.kind != "next"]
    say(table(("name", "unit", "range", "meaning"), [(f.name, f.unit, _range(f), f.meaning) for f in shown]))


def _range(field: Field) -> str:
    if math.isinf(field.low) and math.isinf(field.high):
        return "any"
    return f"{field.low:.4g} to {field.high:.4g}"
