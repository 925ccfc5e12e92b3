"""Method: a published way to search for rewards, as a configuration of the one loop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..core.errors import BadInput
from .fit import Fit
from .screen.protocol import Screen
from .strategy.protocol import Strategy

SIGHTS = ("order", "terms", "score")
WATCHED = {"trajectory", "preference", "analyzer", "people"}  # feedback about recorded episodes
ASKED = {"analyzer": "score", "difference": "order"}  # feedback that is asked for, and what it tells
TOLD = {**ASKED, "history": "terms"}


@dataclass(frozen=True)
class Writing:
    """How programs are written.

    Args:
        generator: who writes where no language model is given: the ``grammar``, one that reads the
            ``difference`` of two programs, or a ``learned`` one.
        language: what is written: ``programs`` of the reward language, sandboxed ``python``, or the
            ``parameters`` of a cost that is fixed by the task (``design.parameters``): a model sets them in
            two steps, from words to a description and from that to numbers; without a model, chance does.
        describe: how the environment is described to a model: a ``table`` of fields, ``classes`` with typed
            attributes, or the ``code`` that computes the fields.
        temperature: of a model.
        repairs: how often a refusal goes back to the model.
        critic: a second call judges every program before it is trained.
        compose: ``sum`` of the parts; ``signs``: the sign of the part ``sparse`` plus a tenth of the sign
            of the part ``dense`` (Auto MC-Reward).
        observation: the writer also chooses which fields the agents see, instead of the task's observation.
        feedback: what a model is told of its parents: ``reflection`` (curves of parts), ``process``,
            ``trajectory``, ``preference``, ``analyzer`` (why agents failed), ``difference`` (to the choice of
            the round before), ``history`` (what rounds before chose, and what its parts paid), ``people``.
    """

    generator: Literal["grammar", "difference", "learned"] = "grammar"
    language: Literal["programs", "python", "parameters"] = "programs"
    describe: Literal["table", "classes", "code"] = "table"
    temperature: float = 1.0
    repairs: int = 3
    critic: bool = False
    compose: Literal["sum", "signs"] = "sum"
    observation: bool = False
    feedback: tuple[
        Literal[
            "reflection", "process", "trajectory", "preference", "analyzer", "difference", "history", "people"
        ],
        ...,
    ] = ("reflection",)

    def __post_init__(self) -> None:
        _between("writing.temperature", self.temperature, 0.0, 2.0)
        _at_least("writing.repairs", self.repairs, 0)
        if self.language == "parameters":
            self._check_parameters()

    def _check_parameters(self) -> None:
        misfits = {
            "generator": self.generator != "grammar",
            "critic": self.critic,
            "compose": self.compose != "sum",
            "observation": self.observation,
        }
        if wrong := [name for name, is_set in misfits.items() if is_set]:
            why = "parameters fill in a fixed sum of costs"
            raise BadInput("writing.language", f"parameters with {', '.join(wrong)}", "programs", why)


@dataclass(frozen=True)
class Training:
    """How candidates are trained.

    Args:
        kind: ``ppo``: every candidate by itself; ``shared_replay``: one buffer that is relabelled under every
            candidate; ``plan``: no training, a planner maximises the reward.
        first: share of the training steps after which a round's losers are dropped.
        survivors: share of a round's candidates that is trained to the end.
        least: success below which a candidate is dropped at that point too (a cascade).
        confirmed, confirm: share of a round's candidates that is trained again, and on how many more seeds:
            one seed tells luck from merit too rarely for a parent.
        checkpoint: which policy of a training is judged, in every stage: the ``last`` one, or the one at the
            ``peak`` of its own return, among some six checkpoints (``optimize.control.peak``).
    """

    kind: Literal["ppo", "shared_replay", "plan"] = "ppo"
    first: float = 0.35
    survivors: float = 0.25
    least: float = 0.0
    confirmed: float = 0.125
    confirm: int = 3
    checkpoint: Literal["last", "peak"] = "last"

    def __post_init__(self) -> None:
        for name in ("first", "survivors", "least", "confirmed"):
            _between(f"training.{name}", getattr(self, name), 0.0, 1.0)
        _at_least("training.confirm", self.confirm, 1)
        if self.checkpoint != "last" and self.kind != "ppo":
            why = f"{self.kind} has no checkpoints to choose from"
            raise BadInput("training.checkpoint", self.checkpoint, "last", why)


@dataclass(frozen=True)
class Selection:
    """How the winner is chosen.

    Args:
        kind: ``honest``: finalists are trained again on selection seeds; ``argmax``: the best of the search, as
            most papers do; ``last``: the last candidate of a chain.
        judge: whose verdict orders candidates: ``success``, or ``people`` who watch films.
        finalists: how many of the best are trained again.
        enough, agreeing: the search ends early when ``agreeing`` confirmed candidates reach this mean success.
    """

    kind: Literal["honest", "argmax", "last"] = "honest"
    judge: Literal["success", "people"] = "success"
    finalists: int = 3
    enough: float = 0.97
    agreeing: int = 4

    def __post_init__(self) -> None:
        _between("selection.enough", self.enough, 0.0, 1.0)
        for name in ("finalists", "agreeing"):
            _at_least(f"selection.{name}", getattr(self, name), 1)


@dataclass(frozen=True)
class Method:
    """A strategy, a way of writing, screens, training and selection.

    Args:
        name: what ``--method`` takes.
        meaning: one sentence.
        strategy: what to ask for next (``design.strategy``).
        source: where it was published.
        sees: what proposers may see of trained candidates: ``order`` (which were best, never how good),
            ``terms`` (what each part paid during training), ``score`` (success itself).
        rounds: rounds of propose, screen, train, select.
        candidates: candidates per round as published; a budget of trainings overrides it.
        seeds: training seeds per candidate as published; ``--seeds`` overrides it.
        writing, screens, training, selection: see there.
        fit: how the numbers of a new program are fitted before it is trained; None trains it as it was written.
        open: values that the paper leaves open or contradicts itself on: key -> what was chosen here and why.

    Raises:
        BadInput: for a value out of range, or a part that needs to see more than ``sees``.
    """

    name: str
    meaning: str
    strategy: Strategy
    source: str = ""
    sees: tuple[str, ...] = ()
    rounds: int = 5
    candidates: int = 8
    seeds: int = 1
    writing: Writing = field(default_factory=Writing)
    screens: tuple[Screen, ...] = ()
    training: Training = field(default_factory=Training)
    selection: Selection = field(default_factory=Selection)
    fit: Fit | None = None
    open: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.fit is not None and self.writing.compose == "signs":
            raise BadInput("fit", self.fit.kind, "none", "signs of parts have no numbers to fit")
        unknown = sorted(set(self.sees) - set(SIGHTS))
        if unknown:
            raise BadInput(f"'sees' of method {self.name}", ", ".join(unknown), ", ".join(SIGHTS))
        for name in ("rounds", "candidates", "seeds"):
            _at_least(f"{name} of method {self.name}", getattr(self, name), 1)
        if self.writing.observation and self.training.kind != "ppo":
            why = "only agents of ppo can see chosen fields"
            raise BadInput(f"training of method {self.name}", self.training.kind, "ppo", why)
        parts = (self.strategy, *self.screens, *(() if self.fit is None else (self.fit,)))
        needed = [(part.kind, sight) for part in parts for sight in part.needs]
        if self.writing.generator == "learned":
            needed.append(("a learned generator", "score"))
        needed += [(kind, TOLD[kind]) for kind in self.writing.feedback if kind in TOLD]
        for kind, sight in needed:
            if sight not in self.sees:
                seen = ", ".join(self.sees) or "nothing"
                raise BadInput(f"'sees' of method {self.name}", seen, f"also {sight}", f"{kind} needs it")

    def observed(self, chosen: Iterable[tuple[str, ...] | None]) -> tuple[tuple[str, ...] | None, ...] | None:
        """What the agents of candidates see, as ``Population.start`` takes it; None where nobody chooses."""
        return tuple(chosen) if self.writing.observation else None

    @property
    def smallest(self) -> int:
        """Fewest candidates per round."""
        return self.strategy.smallest

    @property
    def uses(self) -> frozenset[str]:
        """The evidence that its screens, its notes and people use, and that must be collected."""
        wanted = {part for screen in self.screens for part in screen.uses}
        watched = self.selection.judge == "people" or WATCHED & set(self.writing.feedback) or self.fit
        return frozenset(wanted | ({"episodes"} if watched else set()))


def _at_least(what: str, value: int, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise BadInput(what, repr(value), f"a whole number, at least {least}")


def _between(what: str, value: float, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise BadInput(what, repr(value), f"{low:g} to {high:g}")
