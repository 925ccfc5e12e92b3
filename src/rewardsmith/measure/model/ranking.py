"""Does a reward model put the better answer first: against one other answer, and against many."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from ...core.errors import BadInput
from .scores import Bools, Floats, ItemMean, checked, item_mean, same_length


def pair_verdicts(chosen: Any, rejected: Any, ties: Literal["strict", "half"] = "strict") -> Floats:
    """Per pair, ``(N,)``: 1 right, 0 wrong, NaN without verdict; a tie is 0 (``strict``) or 0.5 (``half``)."""
    chosen, rejected = checked("chosen", chosen, 1, True), checked("rejected", rejected, 1, True)
    same_length("pairs", chosen, rejected)
    if ties not in ("strict", "half"):
        raise BadInput("ties", repr(ties), "'strict' or 'half'")
    right = np.heaviside(chosen - rejected, 0.0 if ties == "strict" else 0.5)
    return np.where(np.isnan(chosen) | np.isnan(rejected), np.nan, right)


def pairwise_accuracy(
    chosen: Any, rejected: Any, ties: Literal["strict", "half"] = "strict", drop_nan: bool = False
) -> ItemMean:
    """Share of pairs in which the chosen answer scores higher.

    Args:
        chosen, rejected: scores ``(N,)``.
        ties: ``strict`` counts a tie as wrong, as RewardBench does; ``half`` as a coin toss.
        drop_nan: leave pairs with a NaN out and count them; otherwise they are an error.

    Source: Lambert et al., "RewardBench", arXiv:2403.13787.

    Example:
        >>> print(pairwise_accuracy([2.0, 1.0, 0.0, 3.0], [1.0, 1.0, 1.0, 1.0], ties="half"))
        0.625 [0, 1] (n = 4, ties 0.25)
    """
    chosen, rejected = checked("chosen", chosen, 1, drop_nan), checked("rejected", rejected, 1, drop_nan)
    verdicts = pair_verdicts(chosen, rejected, ties)
    known = ~np.isnan(verdicts)
    return item_mean(verdicts[known], (chosen == rejected)[known], int((~known).sum()))


def one_to_many_accuracy(
    chosen: Any,
    rejected: Any,
    ties: Literal["strict", "lenient"] = "strict",
    valid: Any = None,
    drop_nan: bool = False,
) -> ItemMean:
    """Share of items whose chosen answer scores higher than every rejected one: ``chosen > max rejected``.

    It predicts what happens when the score is optimised better than one pair does, because optimisation
    finds the one wrong answer that scores highest.

    Args:
        chosen: scores ``(N,)``.
        rejected: scores ``(N, K)``.
        ties: ``strict`` needs >, ``lenient`` needs >=; a constant model scores 0 or 1.
        valid: ``(N, K)`` bools; False drops a rejected answer (a duplicate, or one that is correct after all).
            An item with none left has no verdict.
        drop_nan: leave items with a NaN among their valid scores out and count them.

    Source: Kim et al., "Evaluating Robustness of Reward Models for Mathematical Reasoning", arXiv:2410.01729.

    Example:
        >>> print(one_to_many_accuracy([3.0, 1.0, 0.5], [[1.0, 2.0], [1.0, 0.0], [2.0, 0.0]]))
        0.333 [0.0615, 0.792] (n = 3, ties 0.333)
    """
    if ties not in ("strict", "lenient"):
        raise BadInput("ties", repr(ties), "'strict' or 'lenient'")
    chosen, rejected, known = _one_to_many(chosen, rejected, valid, drop_nan)
    best = rejected.max(-1)
    right = chosen > best if ties == "strict" else chosen >= best
    return item_mean(right[known].astype(float), (chosen == best)[known], int((~known).sum()))


def mrr(chosen: Any, rejected: Any, valid: Any = None, drop_nan: bool = False) -> ItemMean:
    """Mean reciprocal rank of the chosen answer, ties against it: ``mean 1 / (1 + #{rejected >= chosen})``.

    Numbers for different K cannot be compared: what a constant model gets is 1 / (K + 1).  Arguments as in
    ``one_to_many_accuracy``.

    Source: Kim et al., arXiv:2410.01729.

    Example:
        >>> mrr([3.0, 1.0, 0.5], [[1.0, 2.0], [1.0, 0.0], [2.0, 0.0]]).mean
        0.6666666666666666
    """
    chosen, rejected, known = _one_to_many(chosen, rejected, valid, drop_nan)
    above = (rejected >= chosen[:, None]).sum(-1)
    tied = (rejected == chosen[:, None]).any(-1)
    return item_mean(1 / (1 + above[known]), tied[known], int((~known).sum()))


def _one_to_many(chosen: Any, rejected: Any, valid: Any, drop_nan: bool) -> tuple[Floats, Floats, Bools]:
    """Scores with -inf for what was dropped, and which items have a verdict."""
    others = np.asarray(rejected, np.float64)
    keep = np.ones(others.shape, bool) if valid is None else np.asarray(valid)
    if keep.shape != others.shape or keep.dtype != bool:
        raise BadInput("valid", f"{keep.dtype} {keep.shape}", f"bools {others.shape}")
    # what is dropped may be anything, NaN too
    others = checked("rejected", np.where(keep, others, 0.0), 2, drop_nan)
    chosen = checked("chosen", chosen, 1, drop_nan)
    same_length("items", chosen, others)
    known = ~np.isnan(chosen) & ~np.isnan(others).any(-1) & keep.any(-1)
    return chosen, np.where(keep, others, -np.inf), known
