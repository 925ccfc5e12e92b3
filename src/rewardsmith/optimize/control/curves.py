"""Curves: what a training recorded, iteration by iteration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .update import RECORDED

Numbers = np.ndarray[Any, Any]
FIGURES = (*RECORDED, "signal")


@dataclass(frozen=True)
class Curves:
    """Learning curves of a population.

    Args:
        steps: ``(I,)`` environment steps per member after each iteration.
        figures: name -> ``(I, M)``: ``reward`` (mean per step), ``signal`` (mean success signal per
            step), ``episodes`` (finished), ``episode_return``, ``episode_length`` (NaN where none
            finished), ``missing`` and ``infinite`` (shares of steps), ``entropy``, ``divergence``,
            ``value_error``, ``gradient_norm``.
        terms: for each member, name of a part of its reward -> ``(I,)`` mean per step.
    """

    steps: Numbers
    figures: dict[str, Numbers]
    terms: tuple[dict[str, Numbers], ...] = ()

    @staticmethod
    def empty(members: int) -> Curves:
        """Nothing recorded yet."""
        none = {name: np.zeros((0, members), np.float32) for name in FIGURES}
        return Curves(np.zeros(0, np.int64), none, ({},) * members)

    def extended(self, steps: Numbers, figures: Numbers, terms: Sequence[dict[str, Numbers]]) -> Curves:
        """With more iterations: ``steps (I,)``, ``figures (I, M, len(FIGURES))``, ``terms`` per member."""
        joined = {
            name: np.concatenate([self.figures[name], figures[:, :, i]]) for i, name in enumerate(FIGURES)
        }
        none = np.zeros(0, np.float32)
        parts = tuple(
            {name: np.concatenate([old.get(name, none), values]) for name, values in new.items()}
            for old, new in zip(self.terms, terms, strict=True)
        )
        return Curves(np.concatenate([self.steps, steps]), joined, parts)

    def kept(self, indices: Sequence[int]) -> Curves:
        """Of some members only."""
        figures = {name: array[:, list(indices)] for name, array in self.figures.items()}
        return Curves(self.steps, figures, tuple(self.terms[i] for i in indices))

    @staticmethod
    def beside(parts: Sequence[Curves]) -> Curves:
        """The curves of several groups of members that were trained equally far."""
        figures = {name: np.concatenate([part.figures[name] for part in parts], axis=1) for name in FIGURES}
        return Curves(parts[0].steps, figures, tuple(terms for part in parts for terms in part.terms))
