"""Bayes: terms by the writer, numbers by Bayesian optimisation (URDP)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...core.errors import BadInput, MissingExtra
from ...program import Program, movable_numbers
from ..candidate import Parent, View
from ..doubts import number_doubts
from ..propose.ask import Ask
from .protocol import Stateless

Point = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Bayes(Stateless):
    """Every so many rounds new terms are asked for; in between the numbers of the best program move to where a
    Gaussian process of success over their logarithms expects the largest improvement.

    The length scale of number i is ``spread / (1 + doubt * U_i)``, U_i the uncertainty of its part (the share
    of the other samples of its round without a part like it): what is known at one value of a doubtful number
    says less of other values, so more of these are tried.

    Args:
        structures: a round of new terms comes every so many rounds.
        spread: standard deviation of the proposals, in natural logarithms of a number.
        proposals: random points among which the expected improvement is the largest.
        doubt: how much the uncertainty of parts shortens length scales; 0 leaves it out.  It is 0 too for parts
            of which no other samples are known: only methods with the screen ``consensus`` compare samples.

    Source: Yang et al., "Uncertainty-aware reward design process" (URDP), TMLR 2025.
    Differs from the paper: that the uncertainty of terms enters the kernel is public, the formula was not to be
    found; this one is ours.
    """

    kind: ClassVar[str] = "bayes"
    needs: ClassVar[tuple[str, ...]] = ("order", "score")
    structures: int = 2
    spread: float = 0.7
    proposals: int = 256
    doubt: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.doubt < math.inf:
            raise BadInput("strategy.doubt", self.doubt, "0 or more, finite")

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
        doubts = number_doubts(best.candidate.program, names, best.candidate.doubts)
        scale = self.spread / (1.0 + self.doubt * np.asarray(doubts))
        points = [_logs(parent, names) for parent in kin]
        values = [parent.score or 0.0 for parent in kin]
        asks: list[Ask] = []
        for _ in range(count):
            tried = _around(points, values, self.spread, self.proposals, rng)
            new = most_promising(points, values, tried, scale)
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


def _around(
    points: Sequence[Point], values: Sequence[float], spread: float, count: int, rng: np.random.Generator
) -> Point:
    best = points[int(np.argmax(values))]
    return best + spread * rng.standard_normal((count, len(best)))


def most_promising(points: Sequence[Point], values: Sequence[float], tried: Point, scale: Any) -> Point:
    """Of ``tried (M, K)`` the point with the largest expected improvement ``E[max(f - best, 0)]``.

    f is a Gaussian process through ``points (N, K)`` with ``values``, standardised, with the kernel
    ``exp(-|(x - y) / scale|^2 / 2)`` and noise of variance 0.01.

    Args:
        scale: ``(K,)`` length scales.

    Source: Rasmussen and Williams, "Gaussian processes for machine learning", 2006, sections 2.2 and 5.1 (one
    length scale for each input); Jones et al., J. Global Optimization 13 (1998) (expected improvement).
    """
    try:
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import RBF
    except ImportError:
        raise MissingExtra("scikit-learn", "zoo", "Bayesian optimisation of numbers") from None
    from scipy.stats import norm

    x, y = np.stack(points), np.asarray(values)
    # a few points cannot tell their own length scale and noise; alpha is noise of the data, and none of f
    model = GaussianProcessRegressor(RBF(scale, "fixed"), alpha=0.01, normalize_y=True).fit(x, y)
    mean, deviation = model.predict(tried, return_std=True)
    gain = mean - y.max()
    z = gain / np.maximum(deviation, 1e-12)
    return tried[int(np.argmax(gain * norm.cdf(z) + deviation * norm.pdf(z)))]
