"""Synthetic annotators: labels of pairs from a known preference, with noise, ties and skipped pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..core.errors import BadInput

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Annotator:
    r"""Who labels pairs: 1 the first is preferred, 0 the second, 0.5 a tie, NaN no label.

    What is preferred is a ``gap`` per pair, positive where the first is better: a difference of gold scores,
    or for preferences that need not be transitive the logit of any matrix P with P + P^T = 1.

    Args:
        kind: ``bt`` prefers the first with probability \sigma(gap / temperature) (Bradley and Terry);
            ``hard`` always prefers the better one and ties at gap 0.
        temperature: of ``bt``; small is reliable.
        flip: probability that a label is turned round; ties stay.
        tie: pairs with |gap| below this are ties.
        skip: probability that a pair gets no label (NaN).  It is masked out, never a 0.

    Source: the teachers of Lee et al., "B-Pref", arXiv:2111.03026.
    Differs from the paper: pairs are skipped at random, not where both are bad; there is no myopic teacher.

    Example:
        >>> Annotator("hard", tie=0.5).label([2.0, -1.0, 0.1], np.random.default_rng(0)).tolist()
        [1.0, 0.0, 0.5]
    """

    kind: Literal["bt", "hard"] = "bt"
    temperature: float = 1.0
    flip: float = 0.0
    tie: float = 0.0
    skip: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in ("bt", "hard"):
            raise BadInput("Annotator.kind", repr(self.kind), "'bt' or 'hard'")
        if not self.temperature > 0 or not np.isfinite(self.temperature):
            raise BadInput("Annotator.temperature", self.temperature, "> 0 and finite", "'hard' never errs")
        for name in ("flip", "skip"):
            if not 0 <= getattr(self, name) <= 1:
                raise BadInput(f"Annotator.{name}", getattr(self, name), "a probability")
        if not self.tie >= 0:
            raise BadInput("Annotator.tie", self.tie, "a width >= 0")

    def probability(self, gap: Any) -> Floats:
        """Probability that the first is labelled as preferred, given that the pair is labelled and no tie.

        NaN where the gap is NaN or the pair is a tie for certain.
        """
        gap = _checked(gap)
        clean = np.heaviside(gap, np.nan) if self.kind == "hard" else _sigmoid(gap / self.temperature)
        return np.where(np.abs(gap) < self.tie, np.nan, self.flip + (1 - 2 * self.flip) * clean)

    def label(self, gap: Any, rng: np.random.Generator) -> Floats:
        """One label per pair, of the shape of ``gap``; a NaN gap cannot be decided and gives NaN.

        Three numbers are drawn for every pair whatever the settings, so that annotators who differ in one
        number can be compared on the same luck.
        """
        gap = _checked(gap)
        choice, flip, skip = rng.random((3, *gap.shape))
        chance = 0.5 if self.kind == "hard" else choice
        clean = np.heaviside(gap, 0.5) if self.kind == "hard" else _sigmoid(gap / self.temperature)
        label = np.where(chance < clean, 1.0, 0.0)
        tied = (np.abs(gap) < self.tie) | ((gap == 0) & (self.kind == "hard"))
        label = np.where(tied, 0.5, np.where(flip < self.flip, 1 - label, label))
        return np.where(np.isnan(gap) | (skip < self.skip), np.nan, label)


def _checked(gap: Any) -> Floats:
    gap = np.asarray(gap, np.float64)
    if np.isinf(gap).any():
        raise BadInput("gap", "infinity", "finite numbers, or NaN where nothing is known")
    return gap


def _sigmoid(x: Floats) -> Floats:
    return 0.5 + 0.5 * np.tanh(0.5 * x)
