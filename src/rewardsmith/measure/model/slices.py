"""Accuracy by group or language: which slices fall behind, allowing for how many were looked at."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

import numpy as np

from ...core.errors import BadInput
from ...core.stats import paired_difference
from .scores import Bools, Floats, ItemMean, checked, item_mean, same_length


@dataclass(frozen=True)
class Slice:
    """One group.

    Args:
        name: of the group.
        score: its mean with a 95 % interval of its own.
        behind: mean of all other items minus that of this slice; NaN for a single slice.
        p: two-sided, of no difference; Holm-adjusted over all slices; NaN where it cannot be computed.
        differs: p is below the level of the report.
    """

    name: Hashable
    score: ItemMean
    behind: float
    p: float
    differs: bool


@dataclass(frozen=True)
class SliceReport:
    """All slices, the worst first, and the mean over items, which hides the worst."""

    slices: tuple[Slice, ...]
    overall: ItemMean
    level: float

    @property
    def worst(self) -> Slice:
        """The slice with the lowest mean."""
        return self.slices[0]

    def __str__(self) -> str:
        rows = [
            f"{each.name!s:<16} {each.score}" + (f"  differs (p = {each.p:.2g})" if each.differs else "")
            for each in self.slices
        ]
        least = f"minimum {self.worst.score.mean:.3g} ({self.worst.name}), overall {self.overall}"
        return "\n".join([*rows, f"{len(self.slices)} slices: {least}"])


def slice_report(
    verdicts: Any, slices: Sequence[Hashable], items: Any = None, level: float = 0.05, drop_nan: bool = False
) -> SliceReport:
    """Mean verdict of every slice, and whether it differs from that of all other slices.

    The test is the two-proportion z test, or, where the same items appear in every slice (translations, say),
    a test of the differences per item, which is much sharper.  Holm's step-down keeps the chance of any false
    alarm at ``level`` or below.

    Args:
        verdicts: ``(N,)`` in [0, 1], say of ``pair_verdicts``.
        slices: N names.
        items: ``(N,)`` numbers of the item that each verdict is about, if slices are parallel.
        drop_nan: leave verdicts that are NaN out and count them.

    Example:
        >>> print(slice_report([1, 1, 1, 1, 0, 0], ["en", "en", "en", "en", "sw", "sw"]))
        sw               0 [0, 0.658] (n = 2)  differs (p = 0.029)
        en               1 [0.51, 1] (n = 4)  differs (p = 0.029)
        2 slices: minimum 0 (sw), overall 0.667 [0.3, 0.903] (n = 6)
    """
    values = checked("verdicts", verdicts, 1, drop_nan)
    if ((values < 0) | (values > 1)).any() or len(slices) != len(values):
        raise BadInput("verdicts", f"{len(values)} for {len(slices)} names", "one in [0, 1] for every name")
    names = list(dict.fromkeys(slices))
    number = np.array([{name: k for k, name in enumerate(names)}[name] for name in slices])
    known = ~np.isnan(values)
    scores: list[ItemMean] = []
    tests: list[tuple[float, float]] = []
    for k, name in enumerate(names):
        inside = number == k
        if not (inside & known).any():
            raise BadInput("slice", f"{name!s} without a verdict", "at least one verdict in every slice")
        scores.append(_mean(values[inside]))
        if items is None:
            tests.append(two_proportions(values[inside & known], values[~inside & known]))
        else:
            tests.append(_paired(values, inside, np.asarray(items)))
    adjusted = holm([p for _, p in tests])
    parts = [
        Slice(name, score, behind, float(p), bool(p < level))
        for name, score, (behind, _), p in zip(names, scores, tests, adjusted, strict=True)
    ]
    return SliceReport(tuple(sorted(parts, key=lambda part: part.score.mean)), _mean(values), level)


def holm(p: Any) -> Floats:
    """Holm-adjusted p-values, ``(K,)``: rejecting those below a level errs anywhere with at most that chance.

    The i-th smallest of k becomes ``max over j <= i of min(1, (k - j + 1) p_(j))``.  NaN stays NaN and counts
    for nothing.

    Source: Holm, "A simple sequentially rejective multiple test procedure", 1979.

    Example:
        >>> holm([0.01, 0.04, 0.03]).tolist()
        [0.03, 0.06, 0.06]
    """
    p = np.asarray(p, np.float64)
    if p.ndim != 1 or (p < 0).any() or (p > 1).any():
        raise BadInput("p-values", p.tolist(), "(K,) probabilities")
    adjusted = np.full(len(p), np.nan)
    order = np.argsort(p, kind="stable")[: int((~np.isnan(p)).sum())]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(factors * p[order]), 1.0) if len(order) else []
    return adjusted


def two_proportions(inside: Any, outside: Any) -> tuple[float, float]:
    """Difference of two means in [0, 1], outside minus inside, and the p-value of a pooled z test.

    NaN where either is empty or all values are alike.
    """
    inside, outside = np.asarray(inside, np.float64), np.asarray(outside, np.float64)
    if not len(inside) or not len(outside):
        return math.nan, math.nan
    gap = float(outside.mean() - inside.mean())
    spread = float(np.concatenate([inside, outside]).std())
    error = spread * math.sqrt(1 / len(inside) + 1 / len(outside))
    return gap, _two_sided(gap, error)


def _paired(values: Floats, inside: Bools, items: Any) -> tuple[float, float]:
    """Per item: mean verdict in the other slices minus that in this one."""
    same_length("items", values, items)
    known = ~np.isnan(values)
    codes = np.unique(items, return_inverse=True)[1]
    gaps: list[Floats] = []
    for part in (inside & known, ~inside & known):
        count = np.bincount(codes[part], minlength=codes.max() + 1)
        total = np.bincount(codes[part], values[part], minlength=codes.max() + 1)
        gaps.append(np.where(count > 0, total / np.maximum(count, 1), np.nan))
    if np.isnan(gaps[1] - gaps[0]).all():
        return math.nan, math.nan
    got = paired_difference(gaps[1], gaps[0], drop_nan=True)
    return got.mean, _two_sided(got.mean, got.standard_error)


def _mean(values: Floats) -> ItemMean:
    known = ~np.isnan(values)
    # a verdict of 0.5 may be a tie or half of several pairs: it does not say
    return replace(item_mean(values[known], values[known] == 0.5, int((~known).sum())), ties=math.nan)


def _two_sided(gap: float, error: float) -> float:
    if not error > 0:
        return math.nan
    return 2 * NormalDist().cdf(-abs(gap) / error)
