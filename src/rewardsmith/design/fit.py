"""Fit: the numbers of a program by maximum likelihood of labelled pairs of segments (Bradley and Terry)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np

from ..core.arrays import Batch, to_numpy
from ..core.errors import BadInput, RewardsmithError
from ..program import Program, movable_numbers

Floats = np.ndarray[Any, np.dtype[np.float64]]
STEPS = 200  # of the optimiser
_OUTSIDE = 1e12  # where a program is not finite


@dataclass(frozen=True)
class Pair:
    """Two recorded segments, fields ``(L, ...)`` each, of which the first is preferred."""

    better: Batch
    worse: Batch


@dataclass(frozen=True)
class Fit:
    """How the numbers of a new program are fitted before it is trained.

    Args:
        kind: ``preferences``: to pairs of segments on which critics agree.
        critics: how many vote on a pair.
        agree: shares of them that must agree; pairs that reach the first are kept before those that only reach
            the next, and so on.
        labels: pairs wanted; once there are so many, no smaller share is tried.
        pairs: pairs of segments that are shown to the critics.
        segment: steps of a segment at most; a shorter episode makes it shorter, down to 5.
        held: share of the labelled pairs that chooses among the steps of the optimiser and is not fitted.
        ridge: weight of ``|factor - 1|^2 / 2``, which pulls towards the numbers as they were written.
        factor: a number may become at most so many times as large, and may change its sign.

    Source: Li et al., "R*: Efficient reward design via reward structure evolution and parameter alignment
    optimization with large language models", ICML 2025.
    """

    needs: ClassVar[tuple[str, ...]] = ("order", "score")
    kind: Literal["preferences"] = "preferences"
    critics: int = 5
    agree: tuple[float, ...] = (1.0, 0.8, 0.6)
    labels: int = 20
    pairs: int = 200
    segment: int = 20
    held: float = 0.3
    ridge: float = 0.01
    factor: float = 10.0

    def __post_init__(self) -> None:
        for name, least in (("critics", 1), ("labels", 1), ("pairs", 1), ("segment", 5)):
            if getattr(self, name) < least:
                raise BadInput(f"fit.{name}", getattr(self, name), f"a whole number, at least {least}")
        if not self.agree or not all(0.5 < share <= 1.0 for share in self.agree):
            raise BadInput("fit.agree", repr(self.agree), "shares above 0.5 and at most 1")
        if not 0.0 <= self.held < 1.0:
            raise BadInput("fit.held", self.held, "0 or more, below 1")
        if not 0.0 < self.ridge < np.inf or not 1.0 <= self.factor < np.inf:
            raise BadInput("fit", f"ridge {self.ridge}, factor {self.factor}", "ridge > 0, factor >= 1")


@dataclass(frozen=True)
class Fitted:
    """What a fit did, as the journal has it.

    Args:
        written: structural hash of the program before.
        pairs: labelled pairs that were fitted, and that were held out.
        loss: mean loss of all of them before and after; log 2 is chance.
        numbers: those that changed, as ``Program.numbers`` names them.
        labels: who labelled them.
    """

    written: str
    pairs: tuple[int, int]
    loss: tuple[float, float]
    numbers: Mapping[str, float] = field(default_factory=dict[str, float])
    labels: str = ""

    def record(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "written": self.written,
            "pairs": list(self.pairs),
            "loss": list(self.loss),
            "numbers": dict(self.numbers),
            "labels": self.labels,
        }

    @classmethod
    def from_record(cls, row: Mapping[str, Any]) -> Fitted:
        """What ``record`` gave."""
        pairs, loss = tuple(row["pairs"]), tuple(row["loss"])
        return cls(row["written"], pairs, loss, row["numbers"], row["labels"])


def preference_loss(program: Program, pairs: Sequence[Pair]) -> float:
    r"""Mean of ``-log \sigma(R(better) - R(worse))``, R the sum of a program over a segment.

    NaN where a program is not finite at some step; 0 pairs are an error.

    Source: Bradley and Terry, Biometrika 39 (1952); Christiano et al., NeurIPS 2017.

    Example:
        >>> from rewardsmith.core.fields import Field
        >>> from rewardsmith.program import parse
        >>> pair = Pair({"x": np.array([1.0, 2.0])}, {"x": np.array([3.0, 0.0])})
        >>> round(preference_loss(parse("5 * x", [Field("x")]), [pair]), 4)
        0.6931
    """
    if not pairs:
        raise BadInput("pairs of a preference loss", 0, "at least one")
    return _loss_of(pairs, program.fields)(program)


def fit_numbers(
    program: Program, pairs: Sequence[Pair], setting: Fit | None = None, held: Sequence[Pair] = ()
) -> dict[str, float]:
    r"""The numbers of a program that make labelled pairs most likely; the written ones where nothing is gained.

    ``P(better > worse) = \sigma(R(better) - R(worse))``.  Each number that is not 0 and no exponent is its
    written value times a factor in ``[-factor, factor]``; the factors f minimise
    ``preference_loss + ridge / 2 |f - 1|^2`` by L-BFGS-B.  Where some pairs are ``held``, the one of its steps
    (or the beginning) with the smallest loss on them is taken.  The order of pairs makes no difference.

    Returns:
        Every number, as ``Program.numbers`` does; what cannot move or does not matter stays.

    Source: Li et al., "R*", ICML 2025 (parameter alignment); Byrd et al., SIAM J. Sci. Comput. 16 (1995).
    Differs from the paper: L-BFGS-B with differences instead of 1000 gradient steps, with a ridge and bounds:
    separable pairs have no maximum without them.

    Example:
        >>> from rewardsmith.core.fields import Field
        >>> from rewardsmith.program import parse
        >>> program = parse("-0.5 * x ** 2", [Field("x")])
        >>> pair = Pair({"x": np.array([2.0])}, {"x": np.array([1.0])})
        >>> fit_numbers(program, [pair])["program.reward.c0"] > 0
        True
    """
    from scipy.optimize import minimize

    setting, written = setting or Fit(), program.numbers()
    scaled = _Scaled(program)
    if not pairs or not scaled.places:
        return written
    loss, start = _loss_of(pairs, program.fields), np.ones(len(scaled.places))

    def objective(factors: Floats) -> float:
        ridge = 0.5 * setting.ridge * float(np.sum((factors - 1.0) ** 2))
        value = loss(scaled.at(factors)) + ridge
        return value if np.isfinite(value) else _OUTSIDE

    if not objective(start) < _OUTSIDE:
        return written
    path = [start]
    bounds = [(-setting.factor, setting.factor)] * len(start)
    minimize(
        objective,
        start,
        method="L-BFGS-B",
        bounds=bounds,
        callback=lambda x: path.append(np.array(x)),
        options={"maxiter": STEPS},
    )
    judge = _loss_of(held, program.fields) if held else None
    judged = [objective(f) if judge is None else judge(scaled.at(f)) for f in path]
    best = path[int(np.argmin(np.where(np.isfinite(judged), judged, np.inf)))]
    return scaled.at(best).numbers()


@dataclass(frozen=True)
class _Scaled:
    """A program whose numbers that may move are multiplied by factors."""

    program: Program

    @cached_property
    def values(self) -> dict[str, float]:
        """All numbers, as the program itself names them: rebuilding it takes these, thousands of times."""
        return self.program.own_numbers()

    @cached_property
    def places(self) -> list[str]:
        names = dict(zip(self.program.numbers(), self.values, strict=True))
        return [names[name] for name in movable_numbers(self.program) if self.values[names[name]]]

    def at(self, factors: Floats) -> Program:
        moved = {name: float(self.values[name] * f) for name, f in zip(self.places, factors, strict=True)}
        return self.program.with_own({**self.values, **moved}, ())


def _loss_of(pairs: Sequence[Pair], fields: frozenset[str]) -> Callable[[Program], float]:
    """The loss as a function of a program that reads these fields: all segments are evaluated at once."""
    ordered = sorted(pairs, key=_content)  # sums of floats depend on their order, fits shall not
    segments = [each for pair in ordered for each in (pair.better, pair.worse)]
    batch = {name: np.concatenate([to_numpy(each[name]) for each in segments]) for name in sorted(fields)}
    lengths = [len(next(iter(each.values()))) for each in segments]
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])

    def loss(program: Program) -> float:
        try:
            paid = np.asarray(to_numpy(program(batch)), np.float64)
        except RewardsmithError:  # infinite
            return float("nan")
        sums = np.add.reduceat(paid, starts)
        if not np.isfinite(sums).all():
            return float("nan")
        return float(np.mean(np.logaddexp(0.0, sums[1::2] - sums[::2])))

    return loss


def _content(pair: Pair) -> bytes:
    return b"".join(
        np.ascontiguousarray(to_numpy(each[name])).tobytes()
        for each in (pair.better, pair.worse)
        for name in sorted(each)
    )
