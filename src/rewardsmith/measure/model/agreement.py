"""Does a reward model prefer the same answer when the same pair is shown another way?

A margin is the score of one answer minus that of the other, the same two in the same order both times.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.errors import BadInput
from .scores import Bools, Floats, ItemMean, checked, item_mean, same_length


def preference_flip_rate(margin: Any, other: Any, drop_nan: bool = False) -> ItemMean:
    """Share of pairs whose preferred answer changes, say between English and another language.

    A pair that ties either time has no preference to flip and counts as missing.  Two models that are right
    with probabilities p and q flip by chance alone: report ``cohen_kappa`` too.

    Args:
        margin, other: ``(N,)`` of the same pairs.

    Source: Gureja et al., "M-RewardBench", arXiv:2410.15522.

    Example:
        >>> print(preference_flip_rate([1.0, 2.0, -1.0, 0.5], [0.3, -1.0, -2.0, 0.0]))
        0.333 [0.0615, 0.792] (n = 3, 1 without verdict)
    """
    margin, other, known = _margins(margin, other, drop_nan)
    flipped = np.sign(margin) != np.sign(other)
    return item_mean(flipped[known].astype(float), np.zeros(known.sum(), bool), int((~known).sum()))


@dataclass(frozen=True)
class Contrast:
    """How a model follows the instruction when two similar ones want different answers.

    Args:
        flips: share of items whose preference turns round with the instruction, right both times.
        response: share of instructions whose own answer scores above the other one.
        instruction: share of answers that score higher under their own instruction than under the other.
    """

    flips: ItemMean
    response: ItemMean
    instruction: ItemMean

    def __str__(self) -> str:
        return f"flips {self.flips}; response {self.response}; instruction {self.instruction}"


def contrast_consistency(scores: Any, drop_nan: bool = False) -> Contrast:
    """Consistency under contrast instructions: two of them, an answer to each, all four combinations scored.

    A model that looks at the answers alone gets ``response`` 0.5 and ``flips`` 0; one that looks at the
    instructions alone gets ``instruction`` 0.5.  Ties count half, and in ``flips`` as no flip.

    Args:
        scores: ``(N, 2, 2)``: items, instructions, answers; answer i belongs to instruction i.
        drop_nan: leave items with a NaN out and count them.

    Source: Shen et al., "The Trickle-down Impact of Reward (In-)consistency on RLHF", arXiv:2309.16155.
    Differs from the paper: ties count half, not as right; ``flips``, which needs both right, is added.

    Example:
        >>> got = contrast_consistency([[[2, 1], [0, 1]], [[2, 1], [2, 1]]])
        >>> got.flips.mean, got.response.mean, got.instruction.mean
        (0.5, 0.75, 0.625)
    """
    table = np.asarray(scores, np.float64)
    if table.ndim != 3 or table.shape[1:] != (2, 2):
        raise BadInput("scores", f"shape {table.shape}", "(N, 2, 2): items, instructions, answers")
    checked("scores", table.reshape(-1, 4), 2, drop_nan)
    known = ~np.isnan(table).any((1, 2))
    table = table[known]
    missing = int((~known).sum())
    answers = np.stack([table[:, 0, 0] - table[:, 0, 1], table[:, 1, 1] - table[:, 1, 0]], axis=1)
    instructions = np.stack([table[:, 0, 0] - table[:, 1, 0], table[:, 1, 1] - table[:, 0, 1]], axis=1)
    tied = (answers == 0).any(1)
    flips = item_mean((answers > 0).all(1).astype(float), tied, missing)
    response = item_mean(np.heaviside(answers, 0.5).mean(1), tied, missing)
    by_answer = np.heaviside(instructions, 0.5).mean(1)
    return Contrast(flips, response, item_mean(by_answer, (instructions == 0).any(1), missing))


def cohen_kappa(one: Any, other: Any) -> float:
    r"""Agreement beyond chance of two lists of choices: ``(p_observed - p_chance) / (1 - p_chance)``.

    1 is full agreement, 0 what independent choices of these frequencies give.  NaN where either list is
    constant: chance and observation then coincide whatever happens, and there is nothing to measure.

    Args:
        one, other: ``(N,)`` labels of any kind: choices, signs of margins.

    Source: Cohen, "A coefficient of agreement for nominal scales", 1960.

    Example:
        >>> round(cohen_kappa([1, 1, 0, 0], [1, 1, 0, 1]), 3)
        0.5
    """
    one, other = np.asarray(one), np.asarray(other)
    if one.ndim != 1 or one.shape != other.shape or not len(one):
        raise BadInput("choices", f"shapes {one.shape} and {other.shape}", "two of (N,)")
    if one.dtype.kind == "f" and (np.isnan(one).any() or np.isnan(other.astype(float)).any()):
        raise BadInput("choices", "NaN", "choices that were made; leave the others out")
    labels, codes = np.unique(np.concatenate([one, other]), return_inverse=True)
    table = np.zeros((len(labels), len(labels)))
    np.add.at(table, (codes[: len(one)], codes[len(one) :]), 1 / len(one))
    rows, columns = table.sum(1), table.sum(0)
    if (rows > 0).sum() == 1 or (columns > 0).sum() == 1:
        return float("nan")
    chance = float(rows @ columns)
    return (float(np.trace(table)) - chance) / (1 - chance)


def _margins(margin: Any, other: Any, drop_nan: bool) -> tuple[Floats, Floats, Bools]:
    margin, other = checked("margin", margin, 1, drop_nan), checked("other", other, 1, drop_nan)
    same_length("margins", margin, other)
    return margin, other, ~np.isnan(margin) & ~np.isnan(other) & (margin != 0) & (other != 0)
