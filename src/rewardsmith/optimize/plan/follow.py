"""follow: whole episodes of skills in sequence, judged like those of a planner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.errors import BadInput
from ..control.config import whole
from ..control.evaluate import Evaluation
from .arrays import ArrayModel
from .control import judged
from .model import Fields
from .primitives import Primitive


def follow(
    task: Any,
    sequence: Sequence[tuple[Primitive, int]],
    seeds: Sequence[int] = (0,),
    episodes: int = 8,
    *,
    keep: int = 2,
) -> Evaluation:
    """Play episodes in which skills are carried out one after the other, from the starts that ``control`` uses.

    Args:
        task: of one of the two small robots (``tasks.instructed``).
        sequence: skills and the number of steps of each; the last one goes on to the end.

    Raises:
        BadInput: no skill, no seeds, or a skill that lacks an argument.
    """
    whole("episodes", episodes)
    if not sequence or not len(seeds):
        raise BadInput("sequence and seeds", f"{len(sequence)} and {len(seeds)}", "at least one of each")
    pairs = [(int(seed), e) for seed in seeds for e in range(episodes)]
    try:
        batch = _play(ArrayModel(task), sequence, pairs)
    except TypeError as problem:
        raise BadInput("arguments of a primitive", " ".join(str(problem).split()), "those it takes") from None
    return judged(task, batch, len(seeds), episodes, keep)


def _play(
    model: ArrayModel, sequence: Sequence[tuple[Primitive, int]], pairs: Sequence[tuple[int, int]]
) -> Fields:
    env, states, began = model.task.env, model.begin(pairs), 0
    steps: list[Fields] = []
    start, row = env.observe(states), 0
    for time in range(model.task.horizon):
        obs = env.observe(states)
        if row + 1 < len(sequence) and time - began >= sequence[row][1]:
            row, began, start = row + 1, time, obs
        states, fields = model.step(states, sequence[row][0].act(env, obs, start))
        steps.append(fields)
    return {name: np.stack([step[name] for step in steps], axis=1) for name in steps[0]}
