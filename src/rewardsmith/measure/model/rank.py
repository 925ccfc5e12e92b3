"""Do two numbers order the same things alike?  Rank correlations, without SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.errors import BadInput
from .scores import Floats, checked, same_length


def ranks(values: Any) -> Floats:
    """Ranks from 1 for the smallest, the mean rank for values that tie.

    Example:
        >>> ranks([10.0, 30.0, 20.0, 20.0]).tolist()
        [1.0, 4.0, 2.5, 2.5]
    """
    _, code, count = np.unique(checked("values", values, 1, False), return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[code]


def spearman(one: Any, other: Any) -> float:
    """Correlation of the ranks; NaN where either list is constant.

    Example:
        >>> round(spearman([1, 2, 3, 4], [10, 30, 20, 40]), 3)
        0.8
    """
    one, other = _pair(one, other)
    a, b = ranks(one), ranks(other)
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0 else float("nan")


def kendall(one: Any, other: Any) -> float:
    """Kendall's tau-b: pairs in the same order minus pairs in the other order, over the pairs without ties.

    NaN where either list is constant.

    Example:
        >>> round(kendall([1, 2, 3, 4], [10, 30, 20, 40]), 3)
        0.667
    """
    one, other = _pair(one, other)
    a, b = np.sign(one[:, None] - one), np.sign(other[:, None] - other)
    scale = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / scale if scale > 0 else float("nan")


def _pair(one: Any, other: Any) -> tuple[Floats, Floats]:
    one, other = checked("values", one, 1, False), checked("values", other, 1, False)
    same_length("values", one, other)
    if len(one) < 2:
        raise BadInput("values", f"{len(one)} pair", "two or more")
    return one, other
