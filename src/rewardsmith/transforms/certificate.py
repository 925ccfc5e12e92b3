"""trajectory_bound: how much a trajectory can collect at most, proven from the tree of a reward."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..core import nodes
from ..core.algebra import Reward, Transform
from ..core.errors import BadInput
from ..core.term import Term
from .clip import Clip
from .delta import Delta
from .potential import Potential
from .schedule import Schedule
from .step_delta import StepDelta
from .step_penalty import StepPenalty

Span = tuple[float, float]
_ANYTHING: Span = (-math.inf, math.inf)


def trajectory_bound(reward: Reward, steps: float = math.inf, once: Sequence[str] = ("success",)) -> Span:
    r"""Bounds (low, high) of the plain sum of a reward over any trajectory of 1 to ``steps`` steps.

    Interval arithmetic over the tree: from the ranges that terms declare (``@term(low=..., high=...)``),
    through sums, products, gates and transforms; sums that telescope (``StepDelta``, ``Delta``,
    ``Potential``) are bounded by their ends.  The bounds always hold; they need not be reached.  An infinite
    upper bound, with ``steps`` left infinite, says that the reward can be farmed by going on.

    Args:
        reward: any reward.  What is not known here counts as unbounded, or by the bounds that its laws promise.
        steps: the longest trajectory.
        once: labels of terms that pay at one step of a trajectory at most, such as an outcome.

    Example:
        >>> from rewardsmith.core.term import success, term
        >>> @term(low=0.0, high=1.0)
        ... def prm(score): return score
        >>> trajectory_bound(0.3 * prm + success), trajectory_bound(0.3 * prm + success, steps=10)
        ((0.0, inf), (0.0, 4.0))
        >>> trajectory_bound(success + 0.5 * (prm | StepPenalty(0.75) | StepDelta()))
        (-0.375, 1.0)
    """
    if not steps >= 1:
        raise BadInput("steps of trajectory_bound", steps, "at least 1")
    return _Bounds(float(steps), frozenset(once)).of(reward)[1]


@dataclass(frozen=True)
class _Bounds:
    """Bounds of one step, and of a whole trajectory."""

    steps: float
    once: frozenset[str]

    def of(self, reward: Reward) -> tuple[Span, Span]:
        match reward:
            case Term():
                step = (reward.info.low, reward.info.high)
                return step, _with_zero(step) if reward.label in self.once else repeated(step, self.steps)
            case nodes.Constant():
                step = (reward.value, reward.value)
                return step, repeated(step, self.steps)
            case nodes.Piped():
                step, total = self.of(reward.reward)
                return _after(reward.transform, step, total, self.steps)
            case nodes.AtNext():
                return self.of(reward.reward)
            case nodes.Sum():
                each = [self.of(part) for part in reward.parts]
                return _added([step for step, _ in each]), _added([total for _, total in each])
            case nodes.Product():
                step = functools.reduce(_product, (self.of(part)[0] for part in reward.parts))
                return step, repeated(step, self.steps)
            case nodes.Minimum():
                (low, high), (least, most) = self._of_minimum(reward.parts, 1.0)
                return (low, high), (least, most)
            case nodes.Maximum():
                (low, high), (least, most) = self._of_minimum(reward.parts, -1.0)
                return (-high, -low), (-most, -least)
            case nodes.Gate():
                step, total = self.of(reward.reward)
                gated = _with_zero(step)
                return gated, _narrowed(step, total, repeated(gated, self.steps))
            case nodes.Lexicographic():
                return (0.0, 1.0), repeated((0.0, 1.0), self.steps)
            case _:
                return _ANYTHING, _ANYTHING

    def _of_minimum(self, parts: tuple[Reward, ...], sign: float) -> tuple[Span, Span]:
        """Of the minimum of ``sign * part``: its sum is at most the sum of each."""
        each = [self.of(part) for part in parts]
        steps = [_scaled(step, sign) for step, _ in each]
        step = min(low for low, _ in steps), min(high for _, high in steps)
        low, high = repeated(step, self.steps)
        return step, (low, min(high, *(_scaled(total, sign)[1] for _, total in each)))


def repeated(step: Span, steps: float) -> Span:
    """The sum of 1 to ``steps`` numbers within ``step``.

    Example:
        >>> repeated((-1.0, 2.0), 3.0), repeated((1.0, 2.0), 3.0), repeated((-1.0, 0.0), math.inf)
        ((-3.0, 6.0), (1.0, 6.0), (-inf, 0.0))
    """
    low, high = step
    return (low * steps if low < 0 else low), (high * steps if high > 0 else high)


@functools.singledispatch
def _after(transform: Transform, step: Span, total: Span, steps: float) -> tuple[Span, Span]:
    """Bounds after a transform that has no rule of its own: what its laws promise."""
    inside = transform.laws.bounds
    del step
    return inside, total if transform.laws.conserves_return else repeated(inside, steps)


@_after.register
def _(transform: nodes.Scale, step: Span, total: Span, steps: float) -> tuple[Span, Span]:
    del steps
    return _scaled(step, transform.weight), _scaled(total, transform.weight)


@_after.register
def _(transform: Schedule, step: Span, total: Span, steps: float) -> tuple[Span, Span]:
    del total
    weight = min(transform.start, transform.end), max(transform.start, transform.end)
    weighted = _product(step, weight)
    return weighted, repeated(weighted, steps)


@_after.register
def _(transform: Clip, step: Span, total: Span, steps: float) -> tuple[Span, Span]:
    low, high = (min(max(end, transform.low), transform.high) for end in step)
    least, most = repeated((low, high), steps)
    if transform.low <= step[0]:  # nothing was raised
        most = min(most, total[1])
    if transform.high >= step[1]:
        least = max(least, total[0])
    return (low, high), (least, most)


@_after.register
def _(transform: StepPenalty, step: Span, total: Span, steps: float) -> tuple[Span, Span]:
    del total
    low, high = (min(end - transform.threshold, 0.0) for end in step)
    return (low, high), repeated((low, high), steps)


@_after.register
def _(transform: StepDelta, step: Span, total: Span, steps: float) -> tuple[Span, Span]:
    del total
    score = _with_zero(step)
    change = _added([score, _scaled(score, -transform.discount)])
    return change, _added([score, _drift(score, 1.0 - transform.discount, steps)])


@_after.register
def _(transform: Delta, step: Span, total: Span, steps: float) -> tuple[Span, Span]:
    del transform, total, steps
    level = _with_zero(step)
    return _added([level, _scaled(level, -1.0)]), step


@_after.register
def _(transform: Potential, step: Span, total: Span, steps: float) -> tuple[Span, Span]:
    potential = _Bounds(steps, frozenset()).of(transform.potential)[0]
    after = _scaled(_with_zero(potential), transform.discount)
    before = _scaled(potential, -1.0)
    drift = _drift(potential, transform.discount - 1.0, steps)
    return _added([step, after, before]), _added([total, after, before, drift])


def _drift(span: Span, left: float, steps: float) -> Span:
    """What remains of a telescoping sum at every inner step when the discount is not 1."""
    return _scaled(_with_zero(repeated(span, max(steps - 1.0, 1.0))), left)


def _with_zero(span: Span) -> Span:
    return min(span[0], 0.0), max(span[1], 0.0)


def _added(spans: Sequence[Span]) -> Span:
    return sum(low for low, _ in spans), sum(high for _, high in spans)


def _scaled(span: Span, weight: float) -> Span:
    return _product(span, (weight, weight))


def _product(a: Span, b: Span) -> Span:
    """All products of two numbers; 0 times anything is 0, because rewards are finite."""
    ends: list[Any] = [0.0 if x == 0 or y == 0 else x * y for x in a for y in b]
    return min(ends), max(ends)


def _narrowed(step: Span, total: Span, loose: Span) -> Span:
    """A sum over some of the steps only: for rewards of one sign it is no larger than the whole sum."""
    low = max(loose[0], total[0]) if step[1] <= 0 else loose[0]
    high = min(loose[1], total[1]) if step[0] >= 0 else loose[1]
    return low, high
