"""Has a model that decides stopped deciding: how much more often one decision is made than it is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import BadInput

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, eq=False)
class DecisionCollapse:
    """How often each of D decisions is made, and how well.

    Args:
        share, true_share: ``(D,)``, of the decisions made, and of the right ones.
        recall, precision: ``(D,)``; NaN where a decision is never right, or never made.
        accuracy, balanced_accuracy: the latter is the mean recall of the decisions that are sometimes right.
        margin: how much more often than right a decision may be made.
        group_share: group -> ``(D,)``, the share of each decision in it.
    """

    share: Floats
    true_share: Floats
    recall: Floats
    precision: Floats
    accuracy: float
    balanced_accuracy: float
    margin: float
    group_share: dict[Any, Floats]

    @property
    def decision(self) -> int:
        """The decision that is made too often by most."""
        return int(np.argmax(self.share - self.true_share))

    @property
    def excess(self) -> float:
        """By how much it is."""
        return float(np.max(self.share - self.true_share))

    @property
    def collapsed(self) -> bool:
        """The excess reaches the margin."""
        return self.excess >= self.margin


def decision_collapse(chances: Any, right: Any, groups: Any = None, margin: float = 0.2) -> DecisionCollapse:
    """Shares, recall and precision of each decision, and whether one has swallowed the others.

    Args:
        chances: ``(N, D)`` chances of the decisions (rows sum to 1), or one-hot decisions.
        right: ``(N,)`` numbers of the right ones.
        groups: ``(N,)`` of anything comparable, such as a protected attribute; shares are given for each.
        margin: between 0 and 1.

    Example:
        >>> found = decision_collapse([[1, 0], [1, 0], [1, 0], [0, 1]], [0, 0, 1, 1])
        >>> found.share.tolist(), found.recall.tolist(), found.collapsed
        ([0.75, 0.25], [1.0, 0.5], True)
    """
    given, truth = np.asarray(chances, np.float64), np.asarray(right, np.int64)
    if given.ndim != 2 or given.shape[:1] != truth.shape or not len(truth):
        raise BadInput("decisions", f"chances {given.shape}, right {truth.shape}", "(N, D) and (N,), N >= 1")
    if not (given >= 0).all() or not np.allclose(given.sum(1), 1.0):
        raise BadInput("chances", "rows that are no distribution", "numbers >= 0 with sum 1")
    if not 0 < margin <= 1 or truth.min() < 0 or truth.max() >= given.shape[1]:
        raise BadInput(
            "decisions", f"margin={margin}, right up to {truth.max()}", "margin in (0, 1], right < D"
        )
    hot = np.eye(given.shape[1])[truth]
    hits, made, asked = (given * hot).sum(0), given.sum(0), hot.sum(0)
    recall = np.divide(hits, asked, out=np.full(len(asked), np.nan), where=asked > 0)
    precision = np.divide(hits, made, out=np.full(len(made), np.nan), where=made > 0)
    n = len(truth)
    names = np.zeros(0) if groups is None else np.asarray(groups)
    if groups is not None and names.shape != truth.shape:
        raise BadInput("groups", f"shape {names.shape}", f"{truth.shape}")
    of_group = {name.item(): given[names == name].mean(0) for name in np.unique(names)}
    return DecisionCollapse(
        made / n,
        asked / n,
        recall,
        precision,
        float(hits.sum() / n),
        float(np.nanmean(recall)),
        margin,
        of_group,
    )
