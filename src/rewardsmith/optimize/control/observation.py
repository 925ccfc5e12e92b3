"""Observation: the fields that an agent sees, where they were chosen for it (instead of the task's ``obs``).

A choice is a tuple of names of state fields.  Rewards and success read the task's own fields as always; only
the networks see less, or other things:

- a field that is one column of ``obs`` is that column;
- any other field (a vector, or computed from ``obs``) is computed at every step and appended to the inputs;
  where it is undefined or infinite, the networks see 0.

All agents of a population have networks over the same inputs: ``obs`` and every appended field.  What an agent
does not see has an infinite variance in its statistics, so it is 0 once it is standardised, its weights get no
gradient, and they start at 0: the training is that of a network over the chosen columns alone, up to the
rounding of sums.  A choice therefore compiles nothing, and it lies in arrays that checkpoints and policies have
anyhow.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...core.errors import BadInput
from ...core.fields import Field
from .networks import Networks
from .update import Member

Numbers = np.ndarray[Any, Any]
Observation = tuple[str, ...] | None  # names of state fields; None: the task's own observation
Observations = tuple[Observation, ...] | None  # one for each reward; None: nobody chose


def appended(task: Any) -> tuple[Field, ...]:
    """The state fields that are no column of ``obs``: further inputs, in the order of the task."""
    return tuple(f for f in task.fields if f.kind == "state" and not isinstance(f.read, int))


def check_observable(task: Any) -> None:
    """Refuse a task whose fields cannot be inputs of networks, before anything runs.

    Raises:
        BadInput: there is no state field, or one is computed by what JAX cannot compile.
    """
    if not any(field.kind == "state" for field in task.fields):
        raise BadInput("fields to observe", f"task {task.name} without state fields", "at least one")
    import jax

    obs = jax.ShapeDtypeStruct((2, task.observation_size), np.float32)
    for field in appended(task):
        try:
            jax.eval_shape(field.of, obs)
        except Exception as problem:  # whatever a function of a user's own raises
            why = f"agents may see it, and then JAX compiles it: {type(problem).__name__}"
            allowed = "array functions of rewardsmith.xp(obs)"
            raise BadInput(f"field {field.name} of task {task.name}", "other functions", allowed, why) from None


def check_observation(task: Any, names: Observation) -> None:
    """Refuse a choice that is not one.

    Raises:
        BadInput: no field, a doubled one, or one that is no state field of the task.
    """
    if names is None:
        return
    allowed = ", ".join(field.name for field in task.fields if field.kind == "state")
    if isinstance(names, str) or not names:
        raise BadInput("fields to observe", repr(names), f"a tuple of at least one of {allowed}")
    for name in names:
        if not any(field.name == name and field.kind == "state" for field in task.fields):
            raise BadInput("fields to observe", repr(name), allowed)
    if len(set(names)) < len(names):
        raise BadInput("fields to observe", ", ".join(names), "different fields")


def seen_inputs(task: Any, names: Observation) -> tuple[int, ...]:
    """Which inputs of the networks an agent sees, in the order of its choice.

    Example:
        >>> from rewardsmith import tasks
        >>> seen_inputs(tasks.load("pendulum_hold"), ("energy", "upright"))  # three columns, then energy
        (3, 0)
    """
    if names is None:
        return tuple(range(task.observation_size))
    start = task.observation_size
    places: dict[str, range] = {}
    for field in appended(task):
        places[field.name] = range(start, start + max(1, field.width))
        start += max(1, field.width)
    for field in task.fields:
        if field.kind == "state" and isinstance(field.read, int):
            places[field.name] = range(field.read, field.read + 1)
    return tuple(dict.fromkeys(place for name in names for place in places[name]))


def shown(task: Any, networks: Networks, observations: Sequence[Observation], members: Member) -> Member:
    """Untrained members of which member m sees ``observations[m]`` and nothing else."""
    seen = [list(seen_inputs(task, names)) for names in observations]
    params = [_untrained(networks, inputs, int(seed)) for inputs, seed in zip(seen, members.seed, strict=True)]
    variance = np.full_like(members.observed.variance, np.inf)
    for m, inputs in enumerate(seen):
        variance[m, inputs] = 1.0
    return members._replace(params=np.stack(params), observed=members.observed._replace(variance=variance))


def _untrained(networks: Networks, inputs: list[int], seed: int) -> Numbers:
    """First parameters ``(P,)``: those of networks over the seen inputs alone, and 0 for all others."""
    small = replace(networks, observation_size=len(inputs), appended=())
    parts = small.unpack(small.initial(np.random.default_rng([seed, 0x5EED])))
    for first in (0, 2 * len(networks.hidden) + 2):  # the first layers of actor and critic
        wide = np.zeros(networks.shapes[first], np.float32)
        wide[inputs] = parts[first]
        parts[first] = wide
    return np.concatenate([np.ravel(part) for part in parts])


def checked(task: Any, observations: Sequence[Observation] | None, count: int) -> Observations:
    """What agents of ``count`` rewards shall see; None where nobody chose.

    Raises:
        BadInput: as ``check_observable`` and ``check_observation``, or not one choice for each reward.
    """
    if observations is None:
        return None
    if len(observations) != count:
        raise BadInput("observations", f"{len(observations)} for {count} rewards", "one for each reward")
    check_observable(task)
    for names in observations:
        check_observation(task, names)
    return tuple(names if names is None else tuple(names) for names in observations)


def recorded(observations: tuple[Observation, ...]) -> Numbers:
    """As an array of a saved population."""
    return np.asarray([json.dumps(observations)])


def chosen_in(arrays: Mapping[str, Numbers]) -> Observations:
    """What ``recorded`` wrote under ``observations``, None where nothing was."""
    if "observations" not in arrays:
        return None
    rows = json.loads(str(arrays["observations"][0]))
    return tuple(None if names is None else tuple(names) for names in rows)
