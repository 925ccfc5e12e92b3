"""Policy: what a training leaves behind, as a value that acts with NumPy alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from ...core.errors import BadInput, StoreError
from ...core.fields import Field
from ...tasks.spaces import Box, Discrete
from .networks import Networks
from .statistics import Moments, standardise

Numbers = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Policy:
    """Parameters ``(P,)`` and the statistics ``(inputs,)`` of the networks' inputs in their training."""

    networks: Networks
    params: Numbers
    mean: Numbers
    variance: Numbers

    @property
    def moments(self) -> Moments:
        """The statistics as the networks use them."""
        return Moments(self.mean, self.variance, np.float32(1.0))

    def act(self, obs: Any, rng: np.random.Generator | None = None) -> Numbers:
        """Actions ``(...)`` or ``(..., A)`` for ``(..., O)``: the most probable, or drawn with ``rng``."""
        obs = np.asarray(obs, np.float32)
        if obs.shape[-1:] != (self.networks.observation_size,):
            raise BadInput("observation", f"shape {obs.shape}", f"(..., {self.networks.observation_size})")
        arrays = self.networks.unpack(self.params)
        head = self.networks.actor(arrays, standardise(self.networks.see(obs), self.moments))
        if rng is None:
            return np.asarray(self.networks.to_action(self.networks.greedy(head)))
        discrete = isinstance(self.networks.actions, Discrete)
        noise = (rng.gumbel if discrete else rng.normal)(size=head.shape).astype(np.float32)
        return np.asarray(self.networks.to_action(self.networks.sample(arrays, head, noise)))

    def save(self, path: str | Path) -> None:
        """Write one ``.npz`` file."""
        actions = self.networks.actions
        kind = [actions.n] if isinstance(actions, Discrete) else [actions.low, actions.high]
        with Path(path).open("wb") as file:
            np.savez(
                file,
                params=self.params,
                mean=self.mean,
                variance=self.variance,
                hidden=np.asarray(self.networks.hidden, np.int64),
                actions=np.asarray(kind),
                appended=np.asarray([field.name for field in self.networks.appended], np.str_),
            )

    @staticmethod
    def load(path: str | Path, task: Any = None) -> Policy:
        """Read what ``save`` wrote.

        Args:
            task: where the policy was trained; needed only if it may see computed fields.

        Raises:
            BadInput: no task, or one without these fields.
            StoreError: the file is missing, damaged or something else.
        """
        try:
            with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as stored:
                arrays = dict(stored)
            return _policy(arrays, _appended(task, arrays.get("appended", np.zeros(0, np.str_)).tolist()))
        except BadInput:
            raise
        except (OSError, ValueError, EOFError, BadZipFile, KeyError) as error:
            raise StoreError(f"policy {path} cannot be read: {error}") from None


def _policy(arrays: dict[str, Numbers], fields: tuple[Field, ...]) -> Policy:
    kind = arrays["actions"]
    actions = (
        Discrete(int(kind[0])) if kind.ndim == 1 else Box(tuple(kind[0].tolist()), tuple(kind[1].tolist()))
    )
    own = len(arrays["mean"]) - sum(max(1, field.width) for field in fields)
    networks = Networks(own, actions, tuple(int(width) for width in arrays["hidden"]), fields)
    return Policy(networks, arrays["params"], arrays["mean"], arrays["variance"])


def _appended(task: Any, names: Sequence[str]) -> tuple[Field, ...]:
    known = {} if task is None else {field.name: field for field in task.fields}
    missing = [name for name in names if name not in known]
    if missing:
        received = "none" if task is None else task.name
        raise BadInput(
            "task of a saved policy", received, "the task it was trained on", f"it sees {missing[0]}"
        )
    return tuple(known[name] for name in names)
