"""Racing: train many candidates a little, drop the losers, train the rest to the end.

One race is one unit of work of a run: it is recorded as a whole, and checkpointed in pieces, so that
a killed run continues in the middle and ends with the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ..core.algebra import Reward
from ..optimize.control import PPO, Population, evaluate
from ..optimize.control.cluster import Engine
from ..store import Run
from ..tasks import Task
from .candidate import TermTrace, evenly
from .episodes import Owned, packed, unpacked
from .screen.protocol import Episode

EPISODES = 8
CHUNKS = 6
# Starts of evaluations; training seeds stay far below.
STARTS = 1_500_000_000


@dataclass(frozen=True)
class Race:
    """What to train.

    Args:
        key: name of the race in the journal.
        task, rewards, ids, seeds, config: candidates and the seeds each is trained on.
        first: share of the steps after which losers are dropped; 1 keeps everybody.
        survivors: how many candidates are kept then.
        least: success below which a candidate is dropped then, whatever its rank (a cascade).
        keep: episodes of each finished member that are recorded for screens.
        about: what the journal says of the race besides (its round and stage).
        observations: for each candidate, the fields that its agents see; None where nobody chooses.
        checkpoint: which policy of a training is judged: the ``last`` one, or that at the ``peak`` of its own
            return, among the checkpoints.
    """

    key: str
    task: Task
    rewards: tuple[Reward, ...]
    ids: tuple[str, ...]
    seeds: tuple[int, ...]
    config: PPO
    first: float = 1.0
    survivors: int = 0
    least: float = 0.0
    keep: int = 0
    about: Mapping[str, Any] = field(default_factory=dict)
    observations: tuple[tuple[str, ...] | None, ...] | None = None
    checkpoint: Literal["last", "peak"] = "last"


@dataclass(frozen=True)
class Standing:
    """How one candidate did.

    Args:
        success: per seed, NaN where there is no verdict.
        signal: success per step late in training.
        finished: it was trained to the end.
        confirmed: on further seeds too.
        terms: what its parts paid.
        curve: success per step during training, evenly spaced.
    """

    id: str
    success: tuple[float, ...]
    signal: float
    finished: bool
    confirmed: bool = False
    terms: Mapping[str, TermTrace] = field(default_factory=dict)
    curve: tuple[float, ...] = ()

    @property
    def mean(self) -> float:
        """Mean success over seeds; NaN if any seed has no verdict."""
        return float(np.mean(self.success))

    @property
    def order(self) -> tuple[bool, bool, bool, float, float]:
        """Sort key, best first: a verdict, more seeds, trained to the end, success to a digit, and in training.

        One seed cannot tell more than a digit.  The last breaks ties: early, when nobody succeeds to the
        end of an episode, and late, when many do and the quickest to learn needs the least luck.
        """
        known = not np.isnan(self.mean)
        return (
            not known,
            not self.confirmed,
            not self.finished,
            -round(self.mean, 1) if known else 0.0,
            -self.signal,
        )


@dataclass(frozen=True)
class Result:
    """Standings best first, curves, and (right after training, not after a resume) the population."""

    standings: tuple[Standing, ...]
    env_steps: int
    trainings: int
    population: Population | None = None
    episodes: Mapping[str, tuple[Episode, ...]] = field(default_factory=dict)


def joined(first: Standing, again: Standing) -> Standing:
    """What is known of a candidate after it was trained on further seeds."""
    old, new = len(first.success), len(again.success)
    signal = (old * first.signal + new * again.signal) / (old + new)
    return Standing(first.id, first.success + again.success, signal, True, True, again.terms, again.curve)


Progress = Callable[[dict[str, Any]], None]


def run_race(run: Run, race: Race, progress: Progress, spans: Callable[[str], Any], engine: Engine) -> Result:
    """Train and judge, or read back what was recorded."""
    done = run.done(race.key)
    if done is not None:
        return read_result(done, run.arrays(race.key) if race.keep else {}, race.ids, race.task)
    with spans(race.key):
        population, env_steps, dropped = train_race(run, race, progress, engine)
        judged, played = _judge(race, population, True)
        standings = sorted(judged + dropped, key=lambda s: s.order)
    recorded = packed(played, race.ids, race.task.horizon)
    episodes = unpacked(recorded, race.ids, race.task)
    result = Result(tuple(standings), env_steps, len(race.ids) * len(race.seeds), population, episodes)
    run.record("trained", race.key, _payload(race, result), curve_arrays(population) | recorded)
    return result


def train_race(
    run: Run, race: Race, progress: Progress, engine: Engine
) -> tuple[Population, int, list[Standing]]:
    """Advance in chunks with a checkpoint after each; the cut is made at a fixed number of steps."""
    config, batch = race.config, race.config.batch
    total = -(-config.steps // batch)
    chunk = max(1, total // CHUNKS)
    cut = max(1, round(race.first * total)) if race.survivors else total
    population, env_steps, dropped = _continue(run, race)
    while (done := population.steps // batch) < total:
        until = cut if done < cut else total
        rounds = min(until - done, chunk)
        start = done

        def report(i: int, start: int = start, alive: int = len(population)) -> None:
            progress({"done": start + i, "total": total, "members": alive, "steps_per_round": batch * alive})

        population = engine.advance(population, rounds * batch, report)
        env_steps += rounds * batch * len(population)
        if race.checkpoint == "peak":
            population = population.with_peak(chunk)
        if done + rounds == cut and race.survivors:
            population, dropped = _drop(race, population)
        _checkpoint(run, race, population, env_steps, dropped)
    return population, env_steps, dropped


def _continue(run: Run, race: Race) -> tuple[Population, int, list[Standing]]:
    saved = run.latest_checkpoint(race.key)
    if saved is None:
        begun = Population.start(race.task, race.rewards, race.seeds, race.config, race.observations)
        return begun, 0, []
    population = Population.from_arrays(saved.arrays, race.task, race.rewards, race.config)
    return population, int(saved.meta["env_steps"]), [_standing(each) for each in saved.meta["dropped"]]


def _checkpoint(run: Run, race: Race, population: Population, env_steps: int, dropped: list[Standing]) -> None:
    meta = {"env_steps": env_steps, "dropped": [row(standing) for standing in dropped]}
    run.checkpoint(race.key, population.steps, population.arrays(), meta)


def _drop(race: Race, population: Population) -> tuple[Population, list[Standing]]:
    ranked = sorted(_judge(race, population, False)[0], key=lambda s: s.order)
    kept = {s.id for s in ranked[: race.survivors] if s.mean >= race.least} or {ranked[0].id}
    stay = [m for m, owner in enumerate(population.owners) if race.ids[owner] in kept]
    return population.keep(stay), [standing for standing in ranked if standing.id not in kept]


def _judge(race: Race, population: Population, finished: bool) -> tuple[list[Standing], Owned]:
    """Greedy episodes from starts that depend on the training seed alone: candidates are compared in pairs."""
    starts = [STARTS + seed for seed in population.seeds]
    keep = race.keep if finished else 0
    played = evaluate(race.task, population.policies(), starts, EPISODES, keep=keep)
    success = np.asarray(played.success).mean(axis=1)
    success[population.failures()] = np.nan
    tail = max(1, len(population.curves.steps) // 2)
    learning = population.curves.figures["signal"]
    signal = learning[-tail:].mean(axis=0)
    owners = np.asarray(population.owners)
    standings: list[Standing] = []
    for owner in dict.fromkeys(population.owners):
        rows = np.flatnonzero(owners == owner)
        terms = _traces([population.curves.terms[m] for m in rows])
        each = tuple(float(value) for value in success[rows])
        curve = evenly(learning[:, rows].mean(axis=1))
        mean = float(signal[rows].mean())
        standings.append(Standing(race.ids[owner], each, mean, finished, terms=terms, curve=curve))
    of = [race.ids[owner] for owner in population.owners]
    return standings, [(name, one) for name, kept in zip(of, played.trajectories, strict=True) for one in kept]


def _traces(members: Sequence[Mapping[str, Any]]) -> dict[str, TermTrace]:
    """Early and late mean of every part over the seeds, and its share of the total size."""
    names = list(members[0]) if members else []
    means = {name: np.mean([member[name] for member in members], axis=0) for name in names}
    sizes = {name: float(np.mean(np.abs(curve))) for name, curve in means.items()}
    whole = math.fsum(sizes.values())  # whatever order the parts are in
    found: dict[str, TermTrace] = {}
    for name, curve in means.items():
        tail = max(1, len(curve) // 5)
        share = sizes[name] / whole if whole > 0 else float("nan")
        points = tuple(_decided(value) for value in evenly(curve))
        early, late = _decided(curve[:tail].mean()), _decided(curve[-tail:].mean())
        found[name] = TermTrace(early, late, _decided(share), points)
    return found


def _decided(value: float) -> float:
    """A part that overflowed has no mean; its training counts the steps at which it did."""
    return float(value) if np.isfinite(value) else float("nan")


def _payload(race: Race, result: Result) -> dict[str, Any]:
    population = result.population
    assert population is not None  # only a race that was just run is recorded
    cost = {"env_steps": result.env_steps, "trainings": result.trainings}
    of = {standing.id: iter(standing.success) for standing in result.standings}
    peak = population.peak
    paid = population.curves.figures["episode_return"][-1] if peak is None else peak.returns
    members = [
        {"id": race.ids[owner], "seed": seed, "success": next(of[race.ids[owner]]), "return": float(paid[m])}
        | ({} if peak is None else {"checkpoint": int(peak.steps[m])})
        for m, (owner, seed) in enumerate(zip(population.owners, population.seeds, strict=True))
    ]
    rows = [row(standing) for standing in result.standings]
    return {**race.about, "members": members, "standings": rows, "cost": cost}


def curve_arrays(population: Population) -> dict[str, Any]:
    """What the journal keeps of learning curves: ``steps (C,)`` and a row per member."""
    curves = population.curves
    return {
        "steps": curves.steps,
        "success_curve": curves.figures["signal"].T,
        "return_curve": curves.figures["episode_return"].T,
    }


def row(standing: Standing) -> dict[str, Any]:
    """A standing as the journal stores it."""
    terms = {
        name: [trace.early, trace.late, trace.share, list(trace.points)]
        for name, trace in standing.terms.items()
    }
    return {
        "id": standing.id,
        "success": list(standing.success),
        "signal": standing.signal,
        "finished": standing.finished,
        "confirmed": standing.confirmed,
        "terms": terms,
        "curve": list(standing.curve),
    }


def _standing(row: Mapping[str, Any]) -> Standing:
    terms = {
        name: TermTrace(early, late, share, tuple(points))
        for name, (early, late, share, points) in row["terms"].items()
    }
    success, curve = tuple(row["success"]), tuple(row["curve"])
    return Standing(row["id"], success, row["signal"], row["finished"], row["confirmed"], terms, curve)


def read_result(
    payload: Mapping[str, Any], arrays: Mapping[str, Any], ids: Sequence[str], task: Task
) -> Result:
    """A race as the journal has it; ``arrays`` hold its recorded episodes, if any."""
    standings = tuple(_standing(each) for each in payload["standings"])
    cost, episodes = payload["cost"], unpacked(arrays, ids, task)
    return Result(standings, cost["env_steps"], cost["trainings"], None, episodes)
