"""Who interacts: Thompson sampling over candidates, by the outcomes of their last episodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Numbers = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Window:
    """The last W episodes of each candidate, successes and failures in ONE window.

    With two windows, one for successes and one for failures, both fill up, and the posterior mean of any
    candidate goes to 1/2.

    Args:
        outcomes: ``(K, W)``, 1 success, 0 failure, -1 where no episode is yet; the oldest is overwritten.
        next: ``(K,)`` where the next outcome goes.

    Source: the sampling of LaRes (2025), whose released code has the two windows.

    Example:
        >>> window = Window.empty(2, 3).with_outcome(0, True).with_outcome(0, False)
        >>> window.mean.tolist()
        [0.5, 0.5]
    """

    outcomes: Numbers
    next: Numbers

    @staticmethod
    def empty(candidates: int, length: int) -> Window:
        """Nothing known."""
        return Window(np.full((candidates, length), -1, np.int8), np.zeros(candidates, np.int32))

    def with_outcome(self, candidate: int, success: bool) -> Window:
        """One more episode."""
        outcomes, following = self.outcomes.copy(), self.next.copy()
        outcomes[candidate, following[candidate]] = int(success)
        following[candidate] = (following[candidate] + 1) % outcomes.shape[1]
        return Window(outcomes, following)

    def forgotten(self, candidates: list[int]) -> Window:
        """Nothing known of some candidates."""
        outcomes, following = self.outcomes.copy(), self.next.copy()
        outcomes[candidates], following[candidates] = -1, 0
        return Window(outcomes, following)

    @property
    def posterior(self) -> tuple[Numbers, Numbers]:
        """The two numbers of Beta(1 + successes, 1 + failures), ``(K,)`` each."""
        return 1.0 + (self.outcomes == 1).sum(axis=1), 1.0 + (self.outcomes == 0).sum(axis=1)

    @property
    def mean(self) -> Numbers:
        """Posterior mean of each candidate's success rate, ``(K,)``."""
        first, second = self.posterior
        return first / (first + second)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Numbers:
        """Candidates, each the best of one draw from all posteriors."""
        first, second = self.posterior
        return np.argmax(rng.beta(first, second, (*shape, len(first))), axis=-1)
