"""Spaces of Gymnasium as plain arrays: observations as one vector, actions as a choice or as numbers.

Discrete parts of an observation become one column per value (one-hot), parts of a Dict follow in the order in
which it holds them, as in ``gymnasium.spaces.flatten``.  Several choices at once become one choice among all
pairs of them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.arrays import Array
from ...core.errors import BadInput
from ..spaces import Actions, Box, Discrete

MOST_CHOICES = 256
WRAP = "a Box, Discrete, MultiDiscrete, MultiBinary, or a Dict or Tuple of these"


def observation_size(id: str, space: Any) -> int:
    """Numbers in a flattened observation.

    Raises:
        BadInput: for images, text, graphs and sequences, which fields cannot be read from.
    """
    from gymnasium import spaces

    for name, part in _leaves(space, ""):
        where = f"observations of {id}" + (f", part {name}" if name else "")
        if isinstance(part, spaces.Box) and (len(part.shape) > 2 or part.dtype == np.uint8):
            shape = " x ".join(str(length) for length in part.shape)
            why = "name what a reward may read: wrap the environment so that it gives numbers"
            raise BadInput(where, f"an image or grid of bytes ({shape})", WRAP, why)
        if not isinstance(part, (spaces.Box, spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary)):
            raise BadInput(where, type(part).__name__, WRAP, "wrap the environment so that it gives numbers")
    size = int(spaces.flatdim(space))
    if size < 1:
        raise BadInput(f"observations of {id}", "no numbers", WRAP)
    return size


def is_vector(space: Any) -> bool:
    """True where observations are arrays of numbers already, which only need another shape."""
    return hasattr(space, "low") and 1 <= len(space.shape) <= 2 and space.dtype != np.uint8


def actions_of(id: str, space: Any) -> Actions:
    """What the agent may do.

    Raises:
        BadInput: for actions of other kinds, without bounds, or with too many combinations.
    """
    from gymnasium import spaces

    if isinstance(space, spaces.Discrete):
        return Discrete(int(space.n))
    if isinstance(space, spaces.Box) and np.issubdtype(space.dtype or object, np.floating):
        return Box(tuple(space.low.ravel().tolist()), tuple(space.high.ravel().tolist()))
    counts = _counts(space)
    if counts is not None:
        if math.prod(counts) > MOST_CHOICES:
            allowed = f"at most {MOST_CHOICES} combinations of choices"
            raise BadInput(f"actions of {id}", f"{space}, {math.prod(counts)} combinations", allowed)
        return Discrete(math.prod(counts))
    allowed = "Discrete, MultiDiscrete, MultiBinary, or a Box of numbers with finite bounds"
    raise BadInput(f"actions of {id}", space, allowed)


def legal(actions: Array, space: Any) -> Array:
    """Actions ``(N, ...)`` as the space wants them; numbers are clipped to its bounds, as a motor would."""
    actions = np.asarray(actions)
    if hasattr(space, "low"):
        if not np.isfinite(actions).all():
            raise BadInput("actions", "values that are not finite", "numbers", "the policy has diverged")
        shaped = actions.reshape(len(actions), *space.shape)
        return np.clip(shaped, space.low, space.high).astype(space.dtype)
    counts = _counts(space)
    if counts is not None:
        parts = np.stack(np.unravel_index(actions.astype(int), counts), axis=-1)
        starts = np.asarray(getattr(space, "start", 0))
        return (parts.reshape(len(actions), *space.shape) + starts).astype(space.dtype)
    return (actions + int(getattr(space, "start", 0))).astype(space.dtype)


def flat(obs: Array) -> Array:
    """Observations of N copies as ``(N, O)``."""
    return np.array(obs).reshape(len(obs), -1)


def _counts(space: Any) -> tuple[int, ...] | None:
    """Values of every part of several choices at once; None for other spaces."""
    if hasattr(space, "nvec"):
        return tuple(int(count) for count in np.ravel(space.nvec))
    if type(space).__name__ == "MultiBinary":
        return (2,) * math.prod(space.shape)
    return None


def _leaves(space: Any, name: str) -> list[tuple[str, Any]]:
    """The simple spaces inside a space, with the way to each."""
    from gymnasium import spaces

    if isinstance(space, (spaces.Dict, spaces.Tuple)):
        parts = space.spaces.items() if isinstance(space, spaces.Dict) else enumerate(space.spaces)
        return [leaf for key, part in parts for leaf in _leaves(part, f"{name}[{key!r}]")]
    return [(name, space)]
