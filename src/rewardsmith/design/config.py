"""The configuration of a search, and the record of it that identifies a run."""

from __future__ import annotations

import hashlib
import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from .. import __version__, tasks
from ..core.errors import BadInput, StoreError
from ..optimize.control import PPO
from .method import Method
from .schema import DEFAULT, load_method, parse_method, record_of
from .seeds import Seeds

# Few copies and a high learning rate need the fewest environment steps to tell a good reward from a bad
# one (docs/training.md has the sweep).
QUICK: dict[str, Any] = {"envs": 8, "learning_rate": 2e-3, "minibatches": 16}


@dataclass(frozen=True)
class Design:
    """A search, fully resolved.

    Args:
        task: name of a shipped task, or path of a task file.
        method: a shipped method's name, the path of a YAML file, or a ``Method``.
        trainings: how many trainings (candidate x seed) the search may start; None takes the task's budget.
        steps: environment steps of one whole training; None takes the task's budget.
        seeds: seeds per candidate during the search; None takes the method's.
        seed: of everything.
        ppo: settings of the trainer besides ``steps``, as (name, value).

    Raises:
        BadInput: for a budget that buys nothing.
    """

    task: str
    method: str | Method = DEFAULT
    trainings: int | None = None
    steps: int | None = None
    seeds: int | None = None
    seed: int = 0
    ppo: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        for name in ("trainings", "steps", "seeds"):
            value = getattr(self, name)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise BadInput(name, repr(value), "a whole number, at least 1")
        method = self.resolved
        least = self.each * method.smallest
        if self.trainings is not None and self.trainings < least:
            why = f"{method.smallest} candidates x {self.each} seeds"
            raise BadInput("trainings", self.trainings, f"at least {least}", why)
        PPO(steps=self.steps or 1, **(QUICK | dict(self.ppo)))
        self.all_seeds()

    def budgeted(self, task: tasks.Task) -> Design:
        """The same design with the task's budget where none was given."""
        return replace(self, trainings=self.trainings or task.trainings, steps=self.steps or task.steps)

    @property
    def resolved(self) -> Method:
        """The method's configuration."""
        return self.method if isinstance(self.method, Method) else load_method(self.method)

    @property
    def each(self) -> int:
        """Training seeds per candidate."""
        return self.seeds or self.resolved.seeds

    @property
    def rounds(self) -> int:
        """Rounds of the search: the method's, or as many as the budget has trainings for."""
        method, trainings = self.resolved, self.trainings
        return (
            method.rounds
            if trainings is None
            else min(method.rounds, trainings // (self.each * method.smallest))
        )

    def config(self) -> PPO:
        """The trainer's configuration."""
        assert self.steps is not None, "budgeted() comes first"
        return PPO(steps=self.steps, **(QUICK | dict(self.ppo)))

    def all_seeds(self) -> Seeds:
        """Search, selection and final seeds."""
        return Seeds(self.seed, search=self.each, confirm=self.resolved.training.confirm)

    def record(self, task: tasks.Task) -> dict[str, Any]:
        """The resolved configuration; its hash is the run's id."""
        if self.trainings is None or self.steps is None:
            return self.budgeted(task).record(task)
        return {
            "task": task.name,
            "task_spec": self.task,
            "task_text": task.text,
            "task_definition": _definition(self.task, task),
            "method": record_of(self.resolved),
            "trainings": self.trainings,
            "steps": self.steps,
            "seeds": self.each,
            "seed": self.seed,
            "ppo": asdict(self.config()),
            "final_seeds": self.all_seeds().final,
            "version": __version__,
        }


def from_record(config: dict[str, Any]) -> Design:
    """The design that a run's configuration describes.

    Raises:
        StoreError: the run was made by another version, or of a task that has changed since: its results
            would not be repeated.
    """
    from .. import __version__

    if config.get("version") != __version__:
        raise StoreError(
            f"this run was made by rewardsmith {config.get('version')}, this is {__version__}; "
            "continue it with that version, or start a new run"
        )
    spec = config["task_spec"]
    if config["task_definition"] != _definition(spec, tasks.resolve(spec)):
        raise StoreError(f"the task {spec} has changed since this run began; start a new run")
    method = parse_method(config["method"], "method of the run")
    ppo = {name: value for name, value in _tuples(config["ppo"]).items() if name != "steps"}
    return Design(
        config["task_spec"],
        method,
        config["trainings"],
        config["steps"],
        config["seeds"],
        config["seed"],
        tuple(sorted(ppo.items())),
    )


def _tuples(stored: dict[str, Any]) -> dict[str, Any]:
    """JSON has lists where configurations have tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}


def describe(task: tasks.Task) -> dict[str, Any]:
    """A task as the journal stores it."""
    rows = [
        {
            "name": f.name,
            "unit": f.unit,
            "low": f.low if math.isfinite(f.low) else None,
            "high": f.high if math.isfinite(f.high) else None,
            "meaning": f.meaning,
            "kind": f.kind,
        }
        for f in task.fields
    ]
    return {
        "name": task.name,
        "text": task.text,
        "horizon": task.horizon,
        "discount": task.discount,
        "fields": rows,
        "success": task.success.meaning,
        "gym_id": gymnasium_id(task),
    }


def gymnasium_id(task: tasks.Task) -> str | None:
    """The environment's name in Gymnasium, where it has one."""
    return task.env.gym_id if task.is_array else task.env.id


def _definition(spec: str, task: tasks.Task) -> str:
    """A hash of what the task is, so that a run is never continued on a task that has changed."""
    path = Path(spec)
    source = path.read_bytes() if path.suffix == ".py" and path.is_file() else b""
    success = (task.success.reduce, task.success.window, str(task.success.signal))
    text = repr((describe(task), success, task.ending))
    return hashlib.sha256(text.encode() + source).hexdigest()[:12]
