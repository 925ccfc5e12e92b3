"""Sums over what has a verdict, and GDPO: every part made group-relative before the parts are added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ..core.algebra import Reward, Shares, Transform
from ..core.arrays import Batch, xp
from ..core.errors import BadInput
from ..core.nodes import Piped, Scale, Sum, as_reward, merge_parts, share_each
from ..core.term import success
from .group import GroupNormalize


@dataclass(frozen=True, repr=False)
class KnownSum(Reward):
    r"""The sum of the parts that have a verdict; NaN only where no part has one.

    r = s \sum_{i known} w_i r_i, with s = 1, or with ``renormalize`` s = \sum_i |w_i| / \sum_{i known} |w_i|:
    as if the missing parts had earned what the others earned; w_i is the weight in ``2.0 * part``.

    In ``terms()`` a part without a verdict contributes 0, because that is what it contributes.

    Example:
        >>> import numpy as np
        >>> from rewardsmith.core.term import term
        >>> @term
        ... def a(a): return a
        >>> @term
        ... def b(b): return b
        >>> batch = {"a": np.array([1.0, np.nan, np.nan]), "b": np.array([1.0, 0.5, np.nan])}
        >>> known_sum(3.0 * a, b)(batch).tolist()
        [4.0, 0.5, nan]
        >>> known_sum(3.0 * a, b, renormalize=True)(batch).tolist()
        [4.0, 2.0, nan]
    """

    parts: tuple[Reward, ...]
    renormalize: bool = False
    written: ClassVar[str] = "known_sum"

    def __post_init__(self) -> None:
        if not self.parts:
            raise BadInput("known_sum", "no rewards", "one or more rewards")

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls((success, 2.0 * success)), cls((success, 2.0 * success), renormalize=True)

    @classmethod
    def called(cls, *parts: Reward, renormalize: bool = False) -> Reward:
        return known_sum(*parts, renormalize=renormalize)

    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        shares, state = share_each(self.parts, batch, state)
        lib = xp(shares[0].total)
        known = [~lib.isnan(each.total) for each in shares]
        ones = [lib.where(k, lib.ones_like(each.total), 0.0) for k, each in zip(known, shares, strict=True)]
        weights = [abs(_weight(part)) if self.renormalize else 1.0 for part in self.parts]
        found = sum(w * one for w, one in zip(weights, ones, strict=True))
        whole = sum(weights) if self.renormalize else found
        scale = lib.where(found > 0, whole / lib.where(found > 0, found, 1.0), lib.nan)
        parts = [
            {name: scale * lib.where(k, part, 0.0) for name, part in each.parts.items()}
            for k, each in zip(known, shares, strict=True)
        ]
        total = sum(lib.where(k, each.total, 0.0) for k, each in zip(known, shares, strict=True))
        return Shares(scale * total, merge_parts(parts)), state


def known_sum(*parts: Reward | float, renormalize: bool = False) -> Reward:
    """The sum of the parts that have a verdict; see ``KnownSum``."""
    return KnownSum(tuple(as_reward(part) for part in parts), renormalize)


def normalize_then_sum(reward: Reward, transform: Transform | None = None) -> Reward:
    r"""GDPO: each part relative to its group, then the weighted sum.

    w_1 a + w_2 b becomes known_sum(w_1 (a | T), w_2 (b | T)), with T = ``GroupNormalize()`` unless said.  With
    (a + b) | T two answers of totals 1 + 0 and 0 + 1 get one advantage whatever the spread of a and b; here a
    part with little spread counts as much as one with much, and the weights are weights of advantages.  A part
    without spread in a group has nothing to say there and is left out, instead of masking the whole group.

    Follow it by ``BatchNormalize()`` for the advantages of TRL 1.16 (``normalize_then_sum``).

    Source: Liu et al., "GDPO", arXiv:2601.05242.
    Differs from TRL: where no part has spread the result is NaN and left out of the batch statistics; TRL puts
    0 there.  verl adds 1e-6 instead of 1e-4 and whitens over tokens; NeMo-RL leaves groups without spread
    unscaled.

    Example:
        >>> from rewardsmith.core.term import success
        >>> print(normalize_then_sum(2.0 * success + 1.0, Scale(3.0)))
        known_sum(2.0 * (3.0 * success), 3.0 * constant(1.0), renormalize=False)
    """
    transform = GroupNormalize() if transform is None else transform
    parts = reward.parts if isinstance(reward, Sum) else (reward,)
    return known_sum(*(_weighted(part, transform) for part in parts))


def _weighted(part: Reward, transform: Transform) -> Reward:
    if isinstance(part, Piped) and isinstance(part.transform, Scale):
        return part.transform.weight * (part.reward | transform)
    return part | transform


def _weight(part: Reward) -> Any:
    if isinstance(part, Piped) and isinstance(part.transform, Scale):
        return part.transform.weight
    return 1.0
