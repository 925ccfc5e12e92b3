"""Ensemble: one number from several opinions of the same reward, with as much pessimism as wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from ..core.algebra import Reward, Shares
from ..core.arrays import Array, Batch, xp
from ..core.errors import BadInput
from ..core.fields import read_field
from ..core.node import Node, number
from ..core.nodes import as_reward, merge_parts, share_each
from .normalize import Normalize

Rule = Literal["mean", "deviation", "variance", "quantile", "worst"]
RULES = ("mean", "deviation", "variance", "quantile", "worst")


def fold_members(values: Array, rule: Rule, k: float = 1.0, level: float = 0.25, least: int = 1) -> Array:
    r"""One number from K opinions: (..., K) -> (...).

    mean: m;  deviation: m - k s;  variance: m - k s^2;  quantile: the ``level`` quantile (interpolated);
    worst: the minimum.  m is the mean and s the population standard deviation of the members with a verdict.

    Order of pessimism, for K members and k >= 0:

    m - \sqrt{K - 1} s <= worst <= m - s / \sqrt{K - 1} <= m,  and worst <= quantile,

    so ``deviation`` with k above \sqrt{K - 1} is more pessimistic than the worst member (Samuelson 1968).

    Args:
        values: NaN where a member has no verdict; it is left out.
        least: with fewer verdicts than this the result is NaN.

    Example:
        >>> import numpy as np
        >>> values = np.array([[1.0, 3.0], [5.0, np.nan]])
        >>> fold_members(values, "deviation", k=0.5).tolist(), fold_members(values, "worst", least=2).tolist()
        ([1.5, 5.0], [1.0, nan])
    """
    lib = xp(values)
    known = ~lib.isnan(values)
    filled = lib.where(known, values, 0.0)
    count = lib.sum(lib.where(known, lib.ones_like(values), lib.zeros_like(values)), axis=-1)
    safe = lib.where(count > 0, count, lib.ones_like(count))
    mean = lib.sum(filled, axis=-1) / safe
    if rule == "mean":
        folded = mean
    elif rule in ("deviation", "variance"):
        variance = lib.sum(lib.where(known, (values - mean[..., None]) ** 2, 0.0), axis=-1) / safe
        # sqrt has no gradient at 0, where all members agree
        certain = variance <= 0
        spread = lib.sqrt(lib.where(certain, lib.ones_like(variance), variance))
        folded = mean - k * (variance if rule == "variance" else lib.where(certain, 0.0 * spread, spread))
    else:
        folded = _quantile(lib, values, known, count, level if rule == "quantile" else 0.0)
    return lib.where(count >= max(least, 1), folded, lib.nan * lib.ones_like(folded))


def _quantile(lib: Any, values: Array, known: Array, count: Array, level: float) -> Array:
    """Linear interpolation between order statistics, written as a sum with hat-shaped weights."""
    ordered = lib.sort(lib.where(known, values, lib.inf * lib.ones_like(values)), axis=-1)
    place = lib.cumulative_sum(lib.ones_like(values), axis=-1) - 1.0
    at = level * lib.where(count > 0, count - 1.0, 0.0 * count)[..., None]
    weight = 1.0 - lib.abs(place - at)
    return lib.sum(lib.where(weight > 0, weight * lib.where(weight > 0, ordered, 0.0), 0.0), axis=-1)


@dataclass(frozen=True, repr=False)
class Ensemble(Reward):
    r"""Several rewards (or K columns of a field) that say the same, folded into one; see ``fold_members``.

    Members without a verdict are left out, and with fewer than ``least`` verdicts there is none.  In
    ``terms()`` each member contributes its share of the mean, and ``ensemble`` what pessimism takes off.

    Args:
        members: the rewards; or
        scores: a field ``(..., K)`` with one column for each member.
        rule: ``mean``, ``deviation`` (a lower bound), ``variance`` (UWO), ``quantile``, ``worst`` (WCO).
        k: how many standard deviations (or variances) are taken off the mean.
        level: of the quantile, 0 to 1.
        least: fewest verdicts.
        standardise: every member is brought to mean 0 and spread 1 first, by running statistics in the state;
            without it, a member with a wide scale decides alone what disagreement is.

    Source: Coste et al., "Reward Model Ensembles Help Mitigate Overoptimization", arXiv:2310.02743 (mean, worst
    case, mean minus k variances); Eisenstein et al., arXiv:2312.09244.
    Differs from the paper: members may be silent; the standard deviation and quantiles are there too.

    Example:
        >>> import numpy as np
        >>> batch = {"member_scores": np.array([[1.0, 3.0], [2.0, 2.0]])}
        >>> ensemble(scores="member_scores", rule="deviation", k=1.0)(batch).tolist()
        [1.0, 2.0]
    """

    members: tuple[Reward, ...] = ()
    scores: str = ""
    rule: Rule = "deviation"
    k: float = number(default=1.0)
    level: float = number(default=0.25)
    least: int = 1
    standardise: bool = False
    written: ClassVar[str] = "ensemble"

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        if bool(self.members) == bool(self.scores):
            received = f"{len(self.members)} rewards and scores={self.scores!r}"
            raise BadInput("ensemble", received, "rewards, or the name of a field with their scores")
        if self.rule not in RULES:
            raise BadInput("ensemble rule", repr(self.rule), ", ".join(RULES))
        if isinstance(self.level, float) and not 0.0 <= self.level <= 1.0:
            raise BadInput("ensemble level", self.level, "0 to 1")
        if self.least < 1 or (self.members and self.least > len(self.members)):
            raise BadInput("ensemble least", self.least, f"1 to {len(self.members) or 'K'}")

    @classmethod
    def called(cls, *members: Any, **settings: Any) -> Reward:
        return ensemble(*members, **settings)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        """Small valid instances."""
        field = "member_scores"
        rules = [
            cls(scores=field, rule=rule, k=0.5, least=2) for rule in ("mean", "variance", "quantile", "worst")
        ]
        return (*rules, cls(scores=field), cls(scores=field, standardise=True))

    @property
    def fields(self) -> frozenset[str]:
        own = {self.scores} if self.scores else set[str]()
        return frozenset(own).union(*(member.fields for member in self.members))

    def init(self, batch: Batch) -> Any:
        inner = tuple(member.init(batch) for member in self.members)
        if not self.standardise:
            return inner, ()
        count = len(self.members) or read_field(batch, self.scores, "ensemble").shape[-1]
        return inner, tuple(Normalize().init(batch) for _ in range(count))

    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        inner, running = state
        labelled, inner = self._opinions(batch, inner)
        values = [value for _, value in labelled]
        if self.standardise:
            pairs = [Normalize().apply(value, batch, own) for value, own in zip(values, running, strict=True)]
            values, running = [value for value, _ in pairs], tuple(own for _, own in pairs)
        lib = xp(values[0])
        stacked = lib.stack(values, axis=-1)
        total = fold_members(stacked, self.rule, self.k, self.level, self.least)
        known = ~lib.isnan(stacked)
        count = lib.sum(lib.where(known, lib.ones_like(stacked), lib.zeros_like(stacked)), axis=-1)
        count = lib.where(count > 0, count, lib.ones_like(count))
        shares = [lib.where(lib.isnan(value), 0.0, value) / count for value in values]
        parts = merge_parts([{name: s} for (name, _), s in zip(labelled, shares, strict=True)])
        taken = total - lib.sum(lib.stack(shares, axis=-1), axis=-1)
        return Shares(total, merge_parts([parts, {self.label: taken}])), (inner, running)

    def _opinions(self, batch: Batch, inner: Any) -> tuple[list[tuple[str, Array]], Any]:
        """The members' values by name."""
        if self.members:
            shares, inner = share_each(self.members, batch, inner)
            return [(m.label, s.total) for m, s in zip(self.members, shares, strict=True)], inner
        scores = read_field(batch, self.scores, "ensemble")
        if scores.ndim < 2:
            raise BadInput(
                f"field {self.scores}", f"shape {tuple(scores.shape)}", "(..., K), a column for each member"
            )
        return [(f"{self.scores}[{k}]", scores[..., k]) for k in range(scores.shape[-1])], inner


def ensemble(*members: Reward, **settings: Any) -> Ensemble:
    """Several rewards, or ``scores="field"``, folded into one; see ``Ensemble`` for the settings."""
    settings.pop("members", ())  # the text of an ensemble without rewards says members=()
    return Ensemble(tuple(as_reward(member) for member in members), **settings)
