"""Rewards from what a user typed: files, several in one file, runs, programs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.errors import BadInput

if TYPE_CHECKING:
    from ..core.algebra import Reward
    from ..tasks import Task

WORDS = ("sparse", "native", "naive", "zero")  # rewards that a task has, or that need none
ALLOWED = (
    "reward.py, reward.py:NAME, reward.py:* (all in it), reward.json, a run, a program such as 'cos(angle)', "
    f"or {', '.join(WORDS)} of the task"
)


class NoReward(BadInput):
    """A Python file without any reward in it."""


class Given(NamedTuple):
    """One reward, where it is from (``reward.py:NAME``, a run, or its text), and the file if it is from one."""

    reward: Reward
    source: str
    file: Path | None = None
    task: Task | None = None  # of the run it is from, or whose fields the program reads


def is_file(source: str) -> bool:
    """Whether the text names a file and no run or program."""
    return source.endswith((".py", ".json")) or ".py:" in source


def from_file(source: str) -> Iterator[Given]:
    """The reward that is named, else the one called ``reward``, else all that are not parts of another.

    Raises:
        BadInput: the file is missing, fails, or has no reward.
    """
    from ..connect.load import execute, load_reward, pick, split_source

    file, name = split_source(source)
    if file.suffix == ".json":
        yield Given(load_reward(file), str(file), file)
        return
    module = execute(file)
    if name == "*" or (not name and "reward" not in vars(module)):
        whole = _whole(module)
        if not whole:
            raise NoReward("reward file", str(file), "a Python file that defines rewards", "it defines none")
        yield from (Given(reward, f"{file}:{key}", file) for key, reward in whole.items())
        return
    found, reward = pick(module, file, name)
    yield Given(reward, str(file) if not name and found == "reward" else f"{file}:{found}", file)


def from_text(source: str, task: Task | None, runs: Path | None) -> Given:
    """What a run found, a reward of the task by its role, or a program over the fields of the task.

    Raises:
        BadInput: it is none of these.
    """
    if task is not None and source in WORDS and not Path(source).exists():
        return Given(_of_task(source, task), source, None, task)
    if task is not None and not _may_be_run(source):
        from ..program import parse

        return Given(parse(source, task), source, None, task)
    if not re.fullmatch(r"[\w./~-]+", source):
        raise BadInput("--task", "nothing", "a task (see `rewardsmith tasks`)", "a program reads its fields")
    return _from_run(source, runs)


def _of_task(role: str, task: Task) -> Reward:
    from ..core.nodes import Constant
    from ..core.term import success

    found = {"sparse": success, "native": task.native, "naive": task.naive, "zero": Constant(0.0)}
    reward = found[role]
    if reward is None:
        others = ", ".join(word for word, other in found.items() if other is not None)
        raise BadInput("reward", role, others, f"the task {task.name} has no such reward")
    return reward


def _from_run(source: str, runs: Path | None) -> Given:
    from .. import tasks
    from ..program import parse
    from ..store import Run
    from .report import outcome_of, require_result

    try:
        opened = Run.open(runs, source)
    except BadInput as problem:
        raise BadInput("reward", repr(source), ALLOWED, f"as a run: {problem.why or problem}") from None
    with opened as run:
        require_result(run)
        task = tasks.resolve(run.config["task_spec"])
        return Given(parse(outcome_of(run, None)["reward"], task), f"run {run.id}", None, task)


def _may_be_run(source: str) -> bool:
    """Ids are hexadecimal; a name is a field until a folder of that name exists."""
    return source == "latest" or re.fullmatch(r"[0-9a-f]{2,}", source) is not None or Path(source).is_dir()


def _whole(module: Any) -> dict[str, Reward]:
    """The rewards of a module that are no part of another one; terms that it imports do not count."""
    from ..core.algebra import Reward
    from ..core.node import walk
    from ..core.term import Term

    found = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, Reward)
        and name[0] != "_"
        and not (isinstance(value, Term) and value.function.__module__ != module.__name__)
    }
    composed = {name: value for name, value in found.items() if not isinstance(value, Term)} or found
    parts = [node for value in found.values() for node in walk(value) if node is not value]
    return {name: value for name, value in composed.items() if not any(node is value for node in parts)}
