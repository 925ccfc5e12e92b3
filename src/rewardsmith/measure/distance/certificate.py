"""A certificate: what improving a proxy can cost at most, from the distance alone.

For every two policies with ``J2(pi2) >= J2(pi1)``, with canonical forms ``c1, c2`` and ``s = c / n(c)``:

    J1(pi1) - J1(pi2) = <c1, D> <= n(c1) <s1 - s2, D> <= n2(c1) * 2 d2 * sqrt(2) / (1 - discount)
                                                      <= nmax(c1) * 2 dmax * 2 / (1 - discount)

where D is the difference of their discounted state-action visits, because ``<s2, D> <= 0``,
``|D|_2 <= sqrt(2) / (1 - discount)`` and ``|D|_1 <= 2 / (1 - discount)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.errors import BadInput
from ...core.mdp import TabularMDP
from .canonical import CANONICAL, Floats, Table
from .distance import KINDS, ROUNDING, same_dynamics
from .regret import return_range


@dataclass(frozen=True, eq=False)
class Certificate:
    """Upper bounds of the regret, absolute; arrays with the rewards' leading axes.

    Args:
        l2: from the L2 distance.
        largest: from the distance in the maximum norm.
        scaled: the L2 bound with the proxy scaled to fit best instead of to norm 1: never above ``l2``.
        range: ``max J1 - min J1``.
    """

    l2: Any
    largest: Any
    scaled: Any
    range: Any

    @property
    def value(self) -> Any:
        """The smallest of the bounds, and of the range, which nothing exceeds."""
        return np.minimum(np.minimum(self.largest, self.scaled), self.range)[()]

    @property
    def share(self) -> Any:
        """``value / range``, in [0, 1]; 1 says nothing.  NaN where all policies are equally good."""
        known = np.asarray(self.range) > 0
        return np.where(known, self.value / np.where(known, self.range, 1.0), np.nan)[()]

    def __str__(self) -> str:
        return f"regret at most {np.asarray(self.value).round(4)} of {np.asarray(self.range).round(4)}"


def certificate(
    mdp: TabularMDP, true: TabularMDP | Table, proxy: TabularMDP | Table, kind: str = "starc-minimal"
) -> Certificate:
    """What any improvement by the proxy can cost under the true reward, at most.

    Args:
        mdp: the exact dynamics; with estimated ones the result is an estimate and certifies nothing.
        true: the reward that judges, ``(..., S, A)`` or ``(..., S, A, S)`` or an MDP that carries it.
        proxy: the reward that is optimised.
        kind: ``starc`` or ``starc-minimal``; both are valid, the second has the smaller ``n2(c1)``.

    Source: derived from Skalse et al. (2024), whose constant it makes explicit.

    Example:
        >>> from rewardsmith.core.mdp import chain
        >>> mdp = chain(1, 2, discount=0.5)
        >>> print(certificate(mdp, mdp.reward, 1.1 * mdp.reward + 0.01))
        regret at most 0.0137 of 0.5
    """
    if kind not in ("starc", "starc-minimal"):
        raise BadInput("kind of distance", repr(kind), "starc, starc-minimal", "the others bound no regret")
    form = CANONICAL[KINDS[kind].canonical]
    tables = [np.asarray(same_dynamics(mdp, each), dtype=np.float64) for each in (true, proxy)]
    forms = [form(mdp, table) for table in tables]
    low, high = return_range(mdp, tables[0])
    # What differs by rounding only is no range.
    span, size = high - low, np.maximum(np.abs(low), np.abs(high))
    return Certificate(
        *regret_bounds(forms[0], forms[1], mdp.discount), np.where(span > ROUNDING * size, span, 0.0)[()]
    )


def regret_bounds(first: Floats, second: Floats, discount: float) -> tuple[Any, Any, Any]:
    """The bounds ``(l2, largest, scaled)`` from two canonical forms ``(..., S, A)`` of any dynamics."""
    if first.shape[-2:] != second.shape[-2:]:
        raise BadInput(
            "canonical forms", f"shapes {first.shape}, {second.shape}", "the same states and actions"
        )
    one, two = np.broadcast_arrays(first, second)
    axes = (-2, -1)
    sizes = [np.sqrt((each**2).sum(axes, keepdims=True)) for each in (one, two)]
    tops = [np.abs(each).max(axes, keepdims=True) for each in (one, two)]
    # 0 / 1 where the proxy is trivial: then it says nothing and the bound is that of <c1, D> alone.
    unit = [np.where(part > 0, part, 1.0) for part in (*sizes, *tops)]
    gap = one - two * (sizes[0] / unit[1])
    top_gap = one - two * (tops[0] / unit[3])
    fit = np.maximum(0.0, (one * two).sum(axes, keepdims=True)) / unit[1] ** 2
    reach = np.sqrt(2) / (1 - discount)
    l2, scaled = (reach * np.sqrt((each**2).sum(axes)) for each in (gap, one - fit * two))
    return l2[()], (2 / (1 - discount) * np.abs(top_gap).max(axes))[()], scaled[()]
