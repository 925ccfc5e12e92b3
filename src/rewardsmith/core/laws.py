"""What a transform promises, as data: catalogues print it, compositions can be judged by it, tests prove it."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Laws:
    """Invariances of one transform (of the instance: they may depend on its numbers).

    Args:
        policy_invariant: the optimal policies of every MDP stay optimal, and no others become so.  None where
            the question cannot be put, because the result is not a function of one transition.
        order_preserving: of two rewards that the transform sees together, the better stays at least as good.
            "Together" is everything for STEP scope, one episode for EPISODE, one group for GROUP.
        conserves_return: the plain sum over an episode stays what it was.
        bounds: where every result lies, whatever comes in.

    Example:
        >>> Laws(order_preserving=True, bounds=(-1.0, 1.0)).describe()
        'may change optimal policies, keeps the order, within [-1, 1]'
    """

    policy_invariant: bool | None = False
    order_preserving: bool = False
    conserves_return: bool = False
    bounds: tuple[float, float] = (-math.inf, math.inf)

    def describe(self) -> str:
        """The laws in words, for catalogues."""
        policy = {True: "keeps optimal policies", False: "may change optimal policies", None: ""}
        words = [policy[self.policy_invariant]]
        words += ["keeps the order"] * self.order_preserving
        words += ["keeps the return"] * self.conserves_return
        low, high = self.bounds
        words += [f"within [{low:g}, {high:g}]"] * (math.isfinite(low) or math.isfinite(high))
        return ", ".join(word for word in words if word)
