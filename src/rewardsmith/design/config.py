"""The configuration of a search, and the record of it that identifies a run."""

from __future__ import annotations

import hashlib
import math
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .. import __version__, tasks
from ..core.endpoint import Budget, Endpoint
from ..core.errors import BadInput, StoreError
from ..feedback.person import parse_person
from ..optimize.control import PPO
from ..optimize.control.observation import check_observable
from .method import Method
from .schema import DEFAULT, load_method, parse_method, record_of
from .seeds import Seeds

if TYPE_CHECKING:
    from .propose.model import ModelWriter

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
        llm: a language model that writes the programs; None leaves them to the method's generator.
        spend: calls, tokens and money that the model may use.
        structured: the model replies in JSON by a schema; otherwise code in a fence.
        feedback: who answers where the method asks people: ``terminal``, ``json`` or ``scripted:...``.
        controls: train the controls beside the winner in the end; a comparison of methods needs none.
        language: what is written, instead of the method's: ``programs``, sandboxed ``python``, or the
            ``parameters`` of a fixed cost.
        unsandboxed: run its Python without a sandbox; for this run alone, and stamped on its results.

    Raises:
        BadInput: for a budget that buys nothing, or a method that asks people where nobody is named.
    """

    task: str
    method: str | Method = DEFAULT
    trainings: int | None = None
    steps: int | None = None
    seeds: int | None = None
    seed: int = 0
    ppo: tuple[tuple[str, Any], ...] = ()
    llm: Endpoint | None = None
    spend: Budget = field(default_factory=Budget)
    structured: bool = False
    feedback: str | None = None
    controls: bool = True
    language: Literal["programs", "python", "parameters"] | None = None
    unsandboxed: bool = False

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
        self._check_parts()
        PPO(steps=self.steps or 1, **(QUICK | dict(self.ppo)))
        self.all_seeds()

    def _check_parts(self) -> None:
        method = self.resolved
        if method.writing.generator == "learned" and self.llm is not None:
            raise BadInput("--llm", self.llm.model, "no model", f"the generator of {method.name} is learned")
        if method.selection.judge == "people" and self.feedback is None:
            allowed = "terminal, json, scripted:success[:NOISE] or scripted:FILE.json"
            raise BadInput(
                "--feedback", "nothing", allowed, f"{method.name} asks people which candidate is best"
            )
        if self.feedback is not None:
            parse_person(self.feedback)
        if self.language not in (None, "programs", "python", "parameters"):
            raise BadInput("language", repr(self.language), "programs, python or parameters")
        if method.writing.language == "python" and self.llm is None:
            raise BadInput("language", "python without --llm", "programs", "the grammar writes programs only")

    def budgeted(self, task: tasks.Task) -> Design:
        """The same design with the task's budget where none was given.

        Raises:
            BadInput: the method cannot be used on this task.
        """
        if self.resolved.training.kind == "shared_replay" and not (
            task.is_array and isinstance(task.actions, tasks.Discrete)
        ):
            allowed = "a task of array functions whose actions are choices"
            raise BadInput(f"task of method {self.resolved.name}", task.name, allowed, "one buffer is shared")
        if self.resolved.writing.observation:
            check_observable(task)
        return replace(self, trainings=self.trainings or task.trainings, steps=self.steps or task.steps)

    @property
    def resolved(self) -> Method:
        """The method's configuration."""
        found = self.method if isinstance(self.method, Method) else load_method(self.method)
        if self.language is None:
            return found
        return replace(found, writing=replace(found.writing, language=self.language))

    @property
    def each(self) -> int:
        """Training seeds per candidate."""
        return self.seeds or self.resolved.seeds

    @property
    def rounds(self) -> int:
        """Rounds of the search: the method's, or as many as the budget has trainings for."""
        method, trainings = self.resolved, self.trainings
        affordable = method.rounds if trainings is None else trainings // (self.each * method.smallest)
        return min(method.rounds, affordable)

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
            **self._writer(task),
        }

    def _writer(self, task: tasks.Task) -> dict[str, Any]:
        """Who writes and who answers, where it is not the method alone that decides."""
        found: dict[str, Any] = {} if self.feedback is None else {"feedback": self.feedback}
        found |= {} if self.controls else {"controls": False}
        found |= {"unsandboxed": True} if self.unsandboxed else {}
        if self.llm is None:
            return found
        written = self.model_writer(task).record()
        return {**found, "model": {**written, "spend": asdict(self.spend)}}

    def model_writer(self, task: tasks.Task, steps: Any = None) -> ModelWriter:
        """The language model as a writer.

        Args:
            steps: recorded steps on which a program is tried before it counts as written.
        """
        from .propose.model import ModelWriter

        assert self.llm is not None, "there is no model"
        return ModelWriter(self.llm, task, self.resolved.writing, self.spend, self.structured, steps=steps)


def from_record(config: dict[str, Any], llm: Endpoint | None = None) -> Design:
    """The design that a run's configuration describes.

    Args:
        llm: where the run's model is now; its address is no part of a run.

    Raises:
        StoreError: the run was made by another version, or of a task that has changed since: its results
            would not be repeated.
    """
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
        **_model(config.get("model"), llm),
        feedback=config.get("feedback"),
        controls=config.get("controls", True),
        unsandboxed=config.get("unsandboxed", False),
    )


def _model(stored: dict[str, Any] | None, llm: Endpoint | None) -> dict[str, Any]:
    """The model of a run, at the address where it is now."""
    if stored is None:
        return {}
    if llm is None:
        raise BadInput(
            "--llm", "nothing", "the address of the endpoint", f"the run was made with {stored['model']}"
        )
    price_in, price_out = stored["prices"]
    same = {name: stored[name] for name in ("model", "revision", "max_tokens", "seed")}
    endpoint = replace(llm, **same, price_in=price_in, price_out=price_out)
    return {"llm": endpoint, "spend": Budget(**stored["spend"]), "structured": stored["structured"]}


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
