"""Bayes: terms by the writer, numbers by Bayesian optimisation (URDP)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...core.errors import MissingExtra
from ...program import Program, movable_numbers
from ..candidate import Parent, View
from ..propose.ask import Ask
from .protocol import Stateless

Point = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Bayes(Stateless):
    """Every so many rounds new terms are asked for; in between the numbers of the best program move to where a
    Gaussian process of success over their logarithms expects the largest improvement.

    Args:
        structures: a round of new terms comes every so many rounds.
        spread: standard deviation of the proposals, in natural logarithms of a number.
        proposals: random points among which the expected improvement is the largest.

    Source: Yang et al., "Uncertainty-aware reward design process" (URDP), TMLR 2025.
    Differs from the paper: the uncertainty of a term among several samples is not part of the kernel.
    """

    kind: ClassVar[str] = "bayes"
    needs: ClassVar[tuple[str, ...]] = ("order", "score")
    structures: int = 2
    spread: float = 0.7
    proposals: int = 256

    def asks(self, state: Any, view: View, count: int, rng: np.random.Generator) -> list[Ask]:
        del state
        if not view.ranked:
            return [Ask("fresh")] * count
        best = view.ranked[0]
        if view.round % self.structures == 0 or not movable(best):
            return [Ask("improve", (best,))] * count
        return self._numbers(best, view, count, rng)

    def _numbers(self, best: Parent, view: View, count: int, rng: np.random.Generator) -> list[Ask]:
        names = movable(best)
        numbers = best.candidate.program.numbers()
        kin = [parent for parent in view.ranked if skeleton(parent) == skeleton(best)]
        points = [_logs(parent, names) for parent in kin]
        values = [parent.score or 0.0 for parent in kin]
        asks: list[Ask] = []
        for _ in range(count):
            new = _most_promising(points, values, self.spread, self.proposals, rng)
            points, values = [*points, new], [*values, float(np.mean(values))]  # believed until it is measured
            moved = zip(names, np.exp(new), strict=True)
            chosen = tuple((name, float(f"{math.copysign(v, numbers[name]):.4g}")) for name, v in moved)
            asks.append(Ask("numbers", (best,), numbers=chosen))
        return asks


def movable(parent: Parent) -> tuple[str, ...]:
    """The numbers of a program that are not 0 and can be scaled."""
    program = parent.candidate.program
    if not isinstance(program, Program):
        return ()  # sandboxed Python shows no numbers
    numbers = program.numbers()
    return tuple(name for name in movable_numbers(program) if numbers[name])


def skeleton(parent: Parent) -> str:
    """The program with every number replaced by its sign: equal for programs that differ in sizes only."""
    numbers = parent.candidate.program.numbers()
    signs = {name: math.copysign(1.0, numbers[name]) for name in movable(parent)}
    return str(parent.candidate.program.with_numbers(signs))


def _logs(parent: Parent, names: tuple[str, ...]) -> Point:
    numbers = parent.candidate.program.numbers()
    return np.log(np.abs([numbers[name] for name in names]))


def _most_promising(
    points: list[Point], values: list[float], spread: float, proposals: int, rng: np.random.Generator
) -> Point:
    """Largest expected improvement E[max(f - best, 0)] among random points around the best."""
    try:
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import RBF, WhiteKernel
    except ImportError:
        raise MissingExtra("scikit-learn", "zoo", "Bayesian optimisation of numbers") from None
    from scipy.stats import norm

    x, y = np.stack(points), np.asarray(values)
    around = x[int(np.argmax(y))]
    tried = around + spread * rng.standard_normal((proposals, len(around)))
    # a few points cannot tell their own length scale and noise
    kernel = RBF(spread, "fixed") + WhiteKernel(0.01, "fixed")
    model = GaussianProcessRegressor(kernel, normalize_y=True).fit(x, y)
    mean, deviation = model.predict(tried, return_std=True)
    gain = mean - y.max()
    z = gain / np.maximum(deviation, 1e-12)
    return tried[int(np.argmax(gain * norm.cdf(z) + deviation * norm.pdf(z)))]
