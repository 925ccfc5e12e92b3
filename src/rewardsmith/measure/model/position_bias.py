"""Position bias: does a judge prefer a place?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.errors import BadInput


@dataclass(frozen=True)
class PositionBias:
    """What the two orders of each pair came to.

    Args:
        flips: share of pairs whose winner changes with the order; ties are no flips.
        first: share of all verdicts for the first place, a tie one half, minus 1/2: 0 without bias.
        n: pairs with a verdict in both orders; the others are left out.
    """

    flips: float
    first: float
    n: int


def position_bias(straight: Any, swapped: Any) -> PositionBias:
    """Compare verdicts on N pairs with those on the same pairs in the other order.

    Args:
        straight: ``(N,)``, 1 where the one in the first place won, 0 the second, 0.5 a tie, NaN no verdict.
        swapped: the same of the swapped pairs, again for the first place.

    Source: Zheng et al. 2023, "Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena", arXiv:2306.05685.

    Example:
        >>> position_bias([1, 1, 0, 1], [1, 0, 1, 0.5])
        PositionBias(flips=0.25, first=0.1875, n=4)
    """
    one, two = np.asarray(straight, np.float64), np.asarray(swapped, np.float64)
    if one.shape != two.shape or one.ndim != 1:
        raise BadInput("position_bias", f"shapes {one.shape} and {two.shape}", "(N,) and (N,)")
    known = ~np.isnan(one) & ~np.isnan(two)
    if not known.any():
        raise BadInput("position_bias", "no pair with both verdicts", "at least one")
    one, two = one[known], two[known]
    if not (((one >= 0) & (one <= 1)).all() and ((two >= 0) & (two <= 1)).all()):
        raise BadInput("position_bias", "verdicts beyond 0..1", "0 to 1, or NaN")
    flips = (one - 0.5) * (two - 0.5) > 0
    return PositionBias(float(flips.mean()), float(np.concatenate([one, two]).mean() - 0.5), len(one))
