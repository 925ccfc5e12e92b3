"""Tournament: methods side by side under one budget, by one proposer, on the same tasks and seeds."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from ..core.endpoint import Endpoint
from ..core.errors import BadInput, RewardsmithError
from ..core.stats import mean_interval, paired_difference
from ..learn.preferences import fit_preferences
from ..store import Run
from ..tasks import resolve
from .clock import Silent, Watcher
from .config import Design
from .loop import design
from .method import Method, Selection
from .outcome import outcome
from .schema import load_method

BASELINE = "random"
SAME = 0.02  # of success: a smaller difference of two winners is a draw
RESAMPLES = 500
_ELO = 400.0 / np.log(10.0)


@dataclass(frozen=True)
class Tournament:
    """What is compared.

    Args:
        methods, tasks: names, or paths of files.
        trainings, steps: the budget of every search, in environment steps of so many whole trainings; a method
            that drops losers early may begin more of them.
        seeds: searches of each method on each task, seeds 0, 1, ...
        each: training seeds per candidate, the same for all methods.
        honest: every winner is chosen on selection seeds; otherwise by the rule of its method.
        llm: a language model that writes for all methods; None lets the grammar write for all.

    Raises:
        BadInput: fewer than two methods, no task, or a doubled name.
    """

    methods: tuple[str, ...]
    tasks: tuple[str, ...]
    trainings: int
    steps: int | None = None
    seeds: int = 3
    each: int = 1
    honest: bool = True
    llm: Endpoint | None = None

    def __post_init__(self) -> None:
        for name, least in (("methods", 2), ("tasks", 1)):
            given = getattr(self, name)
            if len(given) < least or len(set(given)) < len(given):
                raise BadInput(name, ", ".join(given) or "none", f"at least {least}, each once")
        for name in ("trainings", "seeds", "each"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise BadInput(name, repr(value), "a whole number, at least 1")
        names = self.names  # read now: a name with a mistake must not cost a night
        if len(set(names)) < len(names):
            raise BadInput("methods", ", ".join(names), "methods of different names")
        for name in self.tasks:
            resolve(name)

    @property
    def names(self) -> tuple[str, ...]:
        """What the methods call themselves."""
        return tuple(load_method(name).name for name in self.methods)

    def method(self, name: str) -> Method:
        """A method as it takes part."""
        found = load_method(name)
        if not self.honest or found.selection.judge == "people":
            return found
        return replace(found, selection=replace(Selection(), enough=1.0, agreeing=1000))

    def affordable(self, method: Method) -> int:
        """How many trainings a method may start for the environment steps of ``trainings`` whole ones."""
        training = method.training
        again = training.confirmed * training.confirm
        cost = self.each * (training.first + training.survivors * (1.0 - training.first)) + again
        return max(int(self.trainings * (self.each + again) / cost), self.each * method.smallest)

    def search(self, method: str, task: str, seed: int) -> Design:
        """One search.  People are replaced by an oracle of hidden success, which favours their methods."""
        chosen = self.method(method)
        asks = chosen.selection.judge == "people"
        return Design(
            task,
            chosen,
            self.affordable(chosen),
            self.steps,
            self.each,
            seed,
            llm=None if chosen.writing.generator == "learned" else self.llm,
            feedback="scripted:success" if asks else None,
            controls=False,
        )


@dataclass(frozen=True)
class Cell:
    """The result of one search: success of its winner on fresh seeds; NaN where the method cannot be used."""

    method: str
    task: str
    seed: int
    success: float
    selected: float
    trainings: int
    env_steps: int
    why: str = ""


@dataclass
class _Within:
    """Passes progress on with the cell that it belongs to."""

    watch: Watcher
    cell: tuple[str, str, int]
    place: tuple[int, int]

    def event(self, kind: str, data: dict[str, Any]) -> None:
        """Something happened in a search."""
        self.watch.event(kind, {**data, "cell": self.cell, "place": self.place})


def play(tournament: Tournament, root: Path | str | None, watch: Watcher, jobs: int = 1) -> list[Cell]:
    """Run every search, or read it where it was run before.

    A search that cannot be made is a cell with the reason.

    Args:
        jobs: searches at the same time, each in a process of its own on one core; the results are the same.
    """
    wanted = [
        (method, task, seed)
        for seed in range(tournament.seeds)
        for task in tournament.tasks
        for method in tournament.methods
    ]
    if jobs > 1:
        return _spread(tournament, wanted, root, watch, jobs)
    found: list[Cell] = []
    for number, (method, task, seed) in enumerate(wanted):
        within = _Within(watch, (method, task, seed), (number, len(wanted)))
        found.append(_cell(tournament, method, task, seed, root, within))
        within.event("done", {"success": found[-1].success, "why": found[-1].why})
    return found


def _spread(
    tournament: Tournament,
    wanted: Sequence[tuple[str, str, int]],
    root: Path | str | None,
    watch: Watcher,
    jobs: int,
) -> list[Cell]:
    """Cells on several processes; whoever is free takes the next one."""
    found: dict[tuple[str, str, int], Cell] = {}
    with ProcessPoolExecutor(jobs, get_context("spawn"), _one_core) as pool:
        begun = {pool.submit(_cell, tournament, *cell, root, Silent()): cell for cell in wanted}
        for number, each in enumerate(as_completed(begun)):
            cell = begun[each]
            found[cell] = each.result()
            within = _Within(watch, cell, (number, len(wanted)))
            within.event("done", {"success": found[cell].success, "why": found[cell].why})
    return [found[cell] for cell in wanted]


def _one_core() -> None:
    """Trainings of this process shall not compete with those of its neighbours."""
    os.environ["REWARDSMITH_CORES"] = "1"


def _cell(
    tournament: Tournament, method: str, task: str, seed: int, root: Path | str | None, watch: Watcher
) -> Cell:
    name = load_method(method).name
    try:
        run = design(tournament.search(method, task, seed), root, watch)
    except RewardsmithError as error:
        return Cell(name, task, seed, float("nan"), float("nan"), 0, 0, " ".join(str(error).split()))
    with run:
        return cell_of(run, name, task, seed)


def cell_of(run: Run, method: str, task: str, seed: int) -> Cell:
    """The result of a finished search, judged as its method uses a reward: by a planner where it plans."""
    said = outcome(run)
    used = said.get("planned", said)
    return Cell(
        method, task, seed, used["success"]["mean"], said["selected_on"], said["trainings"], said["env_steps"]
    )


@dataclass(frozen=True)
class Rating:
    """How a method did.

    Args:
        rating, low, high: Bradley-Terry on the scale of Elo (mean 0 over methods), with a 95 % interval by
            resampling pairs of task and seed (NaN where there is only one).
        success: task -> mean success of the winners, low, high over searches.
        gain, error: mean difference to a rival on the same task and seed, and its standard error.
        shrinkage: mean of success on selection minus success on fresh seeds.
        missing: searches that could not be made.
    """

    method: str
    rating: float
    low: float
    high: float
    success: Mapping[str, tuple[float, float, float]]
    gain: float
    error: float
    shrinkage: float
    missing: int


def ratings(cells: Sequence[Cell], rival: str = BASELINE) -> list[Rating]:
    """Ratings of all methods, best first.

    Args:
        rival: the method against which the gain of every other is told.
    """
    names = list(dict.fromkeys(cell.method for cell in cells))
    blocks = list(dict.fromkeys((cell.task, cell.seed) for cell in cells))
    table = {(cell.method, cell.task, cell.seed): cell for cell in cells}
    reached = np.array([[_reached(table, name, block) for block in blocks] for name in names])
    middle = bradley_terry(reached)
    rng = np.random.default_rng(0)
    draws = rng.integers(len(blocks), size=(RESAMPLES, len(blocks)))
    spread = np.array([bradley_terry(reached[:, draw]) for draw in draws])
    low, high = np.quantile(spread, [0.025, 0.975], axis=0)
    if len(blocks) < 2:  # one search tells nothing of how others would go
        low = high = np.full(len(names), np.nan)
    found = [
        _rating(
            name, (middle[i], low[i], high[i]), [cell for cell in cells if cell.method == name], table, rival
        )
        for i, name in enumerate(names)
    ]
    return sorted(found, key=lambda each: -each.rating)


def bradley_terry(reached: Any) -> Any:
    """Strengths ``(M,)`` on the scale of Elo with mean 0, from success ``(M, blocks)``; NaN takes no part.

    Within a block every pair of methods plays once; a difference of at most ``SAME`` is a draw.
    """
    first, second = np.triu_indices(len(reached), 1)
    gap = (reached[first] - reached[second]).ravel()
    known = ~np.isnan(gap)
    if not known.any():
        return np.zeros(len(reached))
    pairs = np.zeros((len(first), len(reached)))
    pairs[np.arange(len(first)), first], pairs[np.arange(len(first)), second] = 1.0, -1.0
    differences = np.repeat(pairs, reached.shape[1], axis=0)[known]
    labels = np.where(np.abs(gap) <= SAME, 0.5, (gap > 0).astype(float))[known]
    strengths = _ELO * fit_preferences(differences, labels)
    return strengths - strengths.mean()


def _reached(table: Mapping[Any, Cell], name: str, block: tuple[str, int]) -> float:
    cell = table.get((name, *block))
    return float("nan") if cell is None else cell.success


def _rating(name: str, rating: Any, mine: Sequence[Cell], table: Mapping[Any, Cell], rival: str) -> Rating:
    known = [cell for cell in mine if not np.isnan(cell.success)]
    success: dict[str, tuple[float, float, float]] = {}
    for task in dict.fromkeys(cell.task for cell in mine):
        values = [cell.success for cell in known if cell.task == task]
        found = mean_interval(values) if values else None
        none = (np.nan, np.nan, np.nan)
        success[task] = none if found is None else (found.mean, found.low, found.high)
    rivals = [_reached(table, rival, (cell.task, cell.seed)) for cell in known]
    both = [(cell.success, value) for cell, value in zip(known, rivals, strict=True) if not np.isnan(value)]
    gain, error = float("nan"), float("nan")
    if both and name != rival:
        found = paired_difference([ours for ours, _ in both], [theirs for _, theirs in both])
        gain, error = found.mean, found.standard_error
    shrinkage = float(np.mean([c.selected - c.success for c in known])) if known else float("nan")
    middle, low, high = (float(value) for value in rating)
    return Rating(name, middle, low, high, success, gain, error, shrinkage, len(mine) - len(known))
