"""The final report: the winner and the controls, trained side by side on seeds that nothing was chosen on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.stats import mean_interval
from ..optimize.control import Policy, Population, evaluate, evaluate_in_gymnasium
from ..tasks import Task
from . import portray
from .candidate import Candidate
from .config import gymnasium_id
from .controls import controls
from .race import Race, curve_arrays, train_race
from .train.planned import planned_success
from .words import in_words

if TYPE_CHECKING:
    from .loop import Search

EPISODES = 32
GYMNASIUM_EPISODES = 100
FAILED = 0.5
# Starts of the final episodes; no other stage uses them.
_STARTS = 2_000_000_000


def report(search: Search, winner: Candidate) -> None:
    """Train, judge and record the winner beside the controls; everything after the training is cheap."""
    run, task = search.run, search.task
    if run.done("final") is not None and run.done("film") is not None:
        return
    named = {"winner": winner.program, **(controls(task) if search.config.controls else {})}
    seeds = search.config.all_seeds().of("final")
    race = Race(
        "final/trained",
        task,
        tuple(named.values()),
        tuple(named),
        tuple(seeds),
        search.config.config(),
        observations=search.config.resolved.observed([winner.observation] + [None] * (len(named) - 1)),
        checkpoint=search.config.resolved.training.checkpoint,
    )
    if search.config.controls:
        search.watch.event("controls", {"names": list(named)[1:], "seeds": len(seeds)})
    with search.span(race.key):
        population, env_steps, _ = train_race(run, race, search.progress("final"), search.engine)
    policies = population.policies()
    played = evaluate(task, policies, [_STARTS + seed for seed in population.seeds], EPISODES, keep=0)
    success = np.asarray(played.success).mean(axis=1)
    success[population.failures()] = np.nan
    of = {name: [m for m, owner in enumerate(population.owners) if owner == i] for i, name in enumerate(named)}
    others = {name: rows for name, rows in of.items() if name != "winner"}
    _record_controls(search, named, success, others, population, env_steps)
    best = of["winner"][int(np.nanargmax(np.where(np.isnan(success), -1.0, success)[of["winner"]]))]
    episode = portray.episodes(task, winner.program, policies[best], _STARTS + seeds[0])
    planned = _planned(search, winner, seeds)
    _record_final(search, winner, success, population.keep(of["winner"]), policies[best], episode, planned)
    film, arrays = portray.film(task, policies[best], episode, _STARTS + seeds[0])
    run.record("film", "film", film, arrays)


def _planned(search: Search, winner: Candidate, seeds: Sequence[int]) -> dict[str, Any]:
    """The winner as its method uses it, where that is a planner and not a training."""
    if search.config.resolved.training.kind != "plan":
        return {}
    key = "final/planned"
    stored = search.run.done(key)
    if stored is None:
        with search.span(key):
            success, steps = planned_success(search.task, winner.reward, [_STARTS + seed for seed in seeds])
        stored = {"success": summary(success), "model_steps": steps}
        search.run.record("planned", key, stored)
    return {"planned": stored}


def _record_controls(
    search: Search,
    named: dict[str, Any],
    success: Any,
    rows: dict[str, list[int]],
    population: Population,
    env_steps: int,
) -> None:
    payload: dict[str, Any] = {"native": None, "naive": None}
    arrays: dict[str, Any] = {}
    for name, mine in rows.items():
        values = success[mine]
        payload[name] = {"success": summary(values), "reward": str(named[name])}
        curves = curve_arrays(population.keep(mine))
        arrays["steps"] = curves.pop("steps")
        arrays |= {f"{name}/{key}": curve for key, curve in curves.items()}
    cost = {"env_steps": env_steps, "trainings": len(population)}
    search.run.record("controls", "controls", {**payload, "cost": cost}, arrays)


def _record_final(
    search: Search,
    winner: Candidate,
    success: Any,
    population: Population,
    policy: Policy,
    episode: dict[str, Any],
    planned: dict[str, Any],
) -> None:
    task, config = search.task, search.config
    selected_on = search.selection[winner.id].mean
    seeds = list(population.seeds)
    success = success[: len(seeds)]  # the winner comes first in the race
    result = summary(success)
    used = planned["planned"]["success"] if planned else result  # what selection measured, on fresh seeds
    payload = {
        **planned,
        "id": winner.id,
        "reward": str(winner.program),
        "words": in_words(winner.program, task.table()),
        "numbers": winner.program.numbers(),
        "success": {**result, "seeds": seeds},
        "selected_on": selected_on,
        "shrinkage": selected_on - used["mean"],
        "failed_seeds": [seed for seed, value in zip(seeds, success, strict=True) if not value >= FAILED],
        "term_names": list(winner.program.names),
        "gymnasium": _in_gymnasium(task, policy, config.seed),
        "best": result["mean"],
    }
    policy_arrays = {f"policy/{name}": getattr(policy, name) for name in ("params", "mean", "variance")}
    if population.observations is not None:
        payload["observation"] = None if winner.observation is None else list(winner.observation)
    if population.peak is not None:
        payload["checkpoints"] = [int(steps) for steps in population.peak.steps]
    arrays = {**curve_arrays(population), **policy_arrays}
    fields, heat_arrays = portray.heat(task, winner.program, episode)
    search.run.record("final", "final", {**payload, "heat": fields}, {**arrays, **episode, **heat_arrays})
    search.watch.event(
        "final", {key: payload[key] for key in ("id", "reward", "words", "success", "selected_on")}
    )


def summary(values: Sequence[float]) -> dict[str, Any]:
    """Mean with its 95 % interval (limited to 0..1) over training seeds, and every seed's value.

    NaN is a training without a verdict: it is left out of the mean, and stands among the values for all to see.
    What cannot be told of the others is NaN too.
    """
    each = [float(value) for value in values]
    undecided = {"mean": math.nan, "low": math.nan, "high": math.nan, "per_seed": each}
    if all(map(math.isnan, each)):
        return undecided
    found = mean_interval(each, drop_nan=True)
    low, high = np.clip([found.low, found.high], 0.0, 1.0)
    return undecided | {"mean": found.mean, "low": float(low), "high": float(high)}


def _in_gymnasium(task: Task, policy: Policy, seed: int) -> dict[str, Any] | None:
    """The best of the final policies in Gymnasium itself, on starts of its own."""
    name = gymnasium_id(task)
    if name is None or (not task.is_array and task.env.engine == "envpool"):
        return None  # an id that only envpool knows, such as Meta-World's there
    played = evaluate_in_gymnasium(task, policy, GYMNASIUM_EPISODES, seed=_STARTS % 2**31 + seed, keep=0)
    return {
        "id": name,
        "episodes": GYMNASIUM_EPISODES,
        "success": float(np.mean(played.success)),
        "native_return": float(np.mean(played.returns)),
    }
