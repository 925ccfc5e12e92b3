"""Peak: the policy with which each member earned the most so far, by the reward that it is trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ...core.errors import BadInput
from .curves import Curves
from .update import Member

Numbers = np.ndarray[Any, Any]
_PREFIX = "peak."


@dataclass(frozen=True, eq=False)
class Peak:
    """The best checkpoint of each member so far.

    At every checkpoint a member's score is the mean return of its own episodes (of the reward that it is
    trained on, never success) in the last iterations before it, always equally many.  Of two equal ones the
    later is kept; NaN, no verdict, replaces nothing but another NaN.

    Args:
        returns: ``(M,)`` the score of what is kept; NaN where no episode had ended yet.
        steps: ``(M,)`` environment steps after which it was kept.
        params, mean, variance: ``(M, P)``, ``(M, inputs)``, ``(M, inputs)``: policies, as ``Policy`` has them.

    Source: "A Bird's-Eye View of Iterative Reward Design", safety-research/bird, train.checkpoint_selection:
    best_own_return.
    Differs from the paper: the episodes of the training itself, which explore, instead of extra ones; the later
    of two equal checkpoints, so that a reward that pays everything the same leaves the last policy.
    """

    returns: Numbers
    steps: Numbers
    params: Numbers
    mean: Numbers
    variance: Numbers

    @staticmethod
    def now(members: Member, curves: Curves, iterations: int) -> Peak:
        """Every member as it is, scored by its last ``iterations``."""
        policies = (members.params, members.observed.mean, members.observed.variance)
        steps = np.full(len(members.params), curves.steps[-1] if len(curves.steps) else 0, np.int64)
        return Peak(recent_returns(curves, iterations), steps, *(np.array(each) for each in policies))

    def or_later(self, later: Peak) -> Peak:
        """Whichever of two checkpoints of each member scored higher."""
        taken = np.isnan(self.returns) | (later.returns >= self.returns)
        pairs = ((getattr(later, name), getattr(self, name)) for name in _NAMES)
        return Peak(*(np.where(taken.reshape(-1, *[1] * (new.ndim - 1)), new, old) for new, old in pairs))

    def kept(self, indices: Sequence[int]) -> Peak:
        """Of some members only."""
        return Peak(*(getattr(self, name)[list(indices)] for name in _NAMES))

    @staticmethod
    def beside(parts: Sequence[Peak | None]) -> Peak | None:
        """Those of several groups of members; None where nobody keeps one.

        Raises:
            BadInput: some keep one and others do not.
        """
        known = [part for part in parts if part is not None]
        if not known:
            return None
        if len(known) < len(parts):
            raise BadInput("populations to join", "peaks of some of them", "parts of one population")
        return Peak(*(np.concatenate([getattr(part, name) for part in known]) for name in _NAMES))

    def arrays(self) -> dict[str, Numbers]:
        """As a population's ``arrays`` hold it."""
        return {_PREFIX + name: getattr(self, name) for name in _NAMES}

    @staticmethod
    def from_arrays(arrays: Mapping[str, Numbers]) -> Peak | None:
        """What ``arrays`` described; None where nothing is there."""
        if f"{_PREFIX}returns" not in arrays:
            return None
        return Peak(*(np.asarray(arrays[_PREFIX + name]) for name in _NAMES))


def recent_returns(curves: Curves, iterations: int) -> Numbers:
    """``(M,)`` mean return of the episodes that ended in the last iterations; NaN where none did.

    Example:
        >>> from dataclasses import replace
        >>> blank = Curves.empty(1).figures
        >>> told = {"episodes": np.array([[9.0], [1.0], [0.0], [3.0]]),
        ...         "episode_return": np.array([[9.0], [8.0], [np.nan], [4.0]])}
        >>> curves = Curves(np.arange(4), blank | told)
        >>> recent_returns(curves, 3).tolist(), recent_returns(Curves.empty(1), 3).tolist()
        ([5.0], [nan])
    """
    mean, count = (
        np.asarray(curves.figures[name][-iterations:], np.float64) for name in ("episode_return", "episodes")
    )
    known = np.isfinite(mean)
    total = np.where(known, count, 0.0).sum(axis=0)
    summed = np.where(known, mean * count, 0.0).sum(axis=0)
    return np.where(total > 0, summed / np.maximum(total, 1.0), np.nan)


_NAMES = tuple(field.name for field in fields(Peak))
