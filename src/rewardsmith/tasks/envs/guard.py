"""Guarded: copies of a simulator whose faults are one line that names the environment and the place."""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...core.arrays import Array
from ...core.errors import BadInput, RewardsmithError
from .host import HostStep, HostVector

_OURS = str(Path(__file__).resolve().parents[2])
_LIBRARIES = (_OURS, "site-packages", "dist-packages", sys.base_prefix)


@dataclass(frozen=True)
class Guarded:
    """Passes everything on, and refuses what no agent can learn from.

    Args:
        copies: of the simulator.
        id: of the environment, for messages.
        key: the entry of ``info`` that tells success, for messages.

    Raises:
        BadInput: the environment fails, its observations are not finite, or its verdict lies outside 0 to 1.
    """

    copies: HostVector
    id: str
    key: str | None = None

    def reset(self) -> Array:
        """Start N episodes."""
        with _named(self.id, "reset"):
            obs = self.copies.reset()
        _check_finite(self.id, obs)
        return obs

    def step(self, actions: Array) -> HostStep:
        """Act in every copy."""
        with _named(self.id, "step"):
            step = self.copies.step(actions)
        _check_finite(self.id, step.next_obs)
        if step.obs is not step.next_obs:
            _check_finite(self.id, step.obs)
        if step.success is not None:
            _check_verdict(self.id, self.key, step.success)
        return step

    def draw(self) -> Array:
        """The first copy as a picture."""
        return self.copies.draw()

    def close(self) -> None:
        """Release the simulator."""
        self.copies.close()


@contextlib.contextmanager
def _named(id: str, call: str) -> Generator[None]:
    try:
        yield
    except (RewardsmithError, MemoryError):
        raise
    except (Exception, SystemExit) as problem:
        said = " ".join(str(problem).split())
        what = f"{type(problem).__name__}: {said}" if said else type(problem).__name__
        allowed = "an environment that plays every episode to its end"
        raise BadInput(f"{call} of {id}", f"{what}{_place(problem)}", allowed) from problem


def _place(problem: BaseException) -> str:
    """The last line of the user's own code that was on the way to the fault."""
    frames = traceback.extract_tb(problem.__traceback__)
    own = [frame for frame in frames if not any(part in frame.filename for part in _LIBRARIES)]
    return f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""


def _check_finite(id: str, obs: Array) -> None:
    if np.isfinite(obs).all():
        return
    copy, column = np.argwhere(~np.isfinite(obs))[0]
    received = f"{obs[copy, column]} in column {column}"
    raise BadInput(f"observation of {id}", received, "finite numbers", "nobody can act on anything else")


def _check_verdict(id: str, key: str | None, success: Array) -> None:
    wrong = success[(success < 0.0) | (success > 1.0)]
    if len(wrong):
        allowed = "True, False, or a number from 0 to 1 (NaN: no verdict)"
        raise BadInput(f"info[{key!r}] of {id}", wrong[0], allowed, "it says whether a step succeeded")
