"""Episodes: recorded behaviour of trained policies, as arrays in the journal and as batches for screens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..optimize.control import Trajectory
from ..tasks import Task
from .screen.protocol import Episode

Numbers = np.ndarray[Any, Any]
SUCCEEDED = 0.5


Owned = Sequence[tuple[str, Trajectory]]  # the candidate whose agent played it


def packed(played: Owned, ids: Sequence[str], horizon: int) -> dict[str, Numbers]:
    """``(E, horizon, ...)`` arrays, 0 after the end; nothing for no episodes."""
    if not played:
        return {}
    owners = np.array([ids.index(name) for name, _ in played])
    return {"episode_owner": owners, **_columns([one for _, one in played], horizon)}


def _columns(played: Sequence[Trajectory], horizon: int) -> dict[str, Numbers]:
    lengths = np.array([len(one.obs) for one in played])
    arrays = {"episode_length": lengths, "episode_success": np.array([one.success for one in played])}
    for name in ("obs", "action"):
        first = np.asarray(getattr(played[0], name))
        filled = np.zeros((len(played), horizon, *first.shape[1:]), first.dtype)
        for row, one in zip(filled, played, strict=True):
            row[: len(one.obs)] = getattr(one, name)
        arrays[f"episode_{name}"] = filled
    return arrays


def unpacked(arrays: Mapping[str, Numbers], ids: Sequence[str], task: Task) -> dict[str, tuple[Episode, ...]]:
    """The episodes of each candidate as batches of named fields, ``(L,)``.

    The successor of the last step is not recorded: it is taken to be the last observation itself.
    """
    if "episode_length" not in arrays:
        return {}
    found: dict[str, tuple[Episode, ...]] = {}
    columns = (arrays[f"episode_{name}"] for name in ("owner", "length", "success", "obs", "action"))
    for owner, length, success, obs, action in zip(*columns, strict=True):
        seen = obs[:length]
        ended = np.zeros(length, bool)
        ended[-1] = length < task.horizon
        batch = task.batch(seen, action[:length], np.concatenate([seen[1:], seen[-1:]]), ended)
        one = Episode(batch, bool(success >= SUCCEEDED))
        name = ids[int(owner)]
        found[name] = (*found.get(name, ()), one)
    return found
