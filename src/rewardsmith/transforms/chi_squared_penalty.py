"""ChiSquaredPenalty: a price on the root of the chi-squared divergence from a base policy, while training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ..core.algebra import Scope, Transform
from ..core.arrays import Array, Batch, is_array, xp
from ..core.errors import BadInput
from ..core.fields import read_field
from ..core.laws import Laws
from ..core.node import Node, number


@dataclass(frozen=True, repr=False)
class ChiSquaredPenalty(Transform):
    r"""r - c (w - 1) / \sqrt{\chi^2}, w = \pi(a) / \pi_{base}(a), \chi^2 = mean of w - 1 over the batch.

    Its policy gradient is that of E[r] - c \sqrt{\chi^2(\pi || \pi_{base})}.  With c = sd(proxy) \sqrt{1 - r^2}
    under the base (``measure.hacking_report(...).coefficient``) what this objective gains is a true gain.

    Args:
        coefficient: c >= 0, in units of the reward.
        most: w counts as this at most, so that one sample cannot ruin an update.
        floor: the batch's \chi^2 counts as this at least: close to the base its root has no gradient.
        log_ratio: the field with log w of each sample of the policy.  For answers it is known; for visits of a
            control task it is the logit of a classifier that tells the policy's states from the base's.

    Source: Laidlaw, Singhal and Dragan, "Correlated Proxies", arXiv:2403.03185.
    Differs from the paper: w is bounded where the released code trims 1 % of the samples at either end.

    Example:
        >>> import numpy as np
        >>> batch = {"log_ratio": np.log([1.0, 5.0, 3.0])}
        >>> ChiSquaredPenalty(0.5, most=4.0).apply(np.zeros(3), batch, ())[0].round(3).tolist()
        [0.0, -1.162, -0.775]
    """

    coefficient: float = number(default=0.1)
    most: float = number(default=100.0)
    floor: float = number(default=1e-2)
    log_ratio: str = "log_ratio"
    own_scope: ClassVar[Scope] = Scope.GROUP

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        for name, least in (("coefficient", 0.0), ("most", 1.0), ("floor", 1e-12)):
            value = getattr(self, name)
            if not is_array(value) and not (value >= least and math.isfinite(value)):
                raise BadInput(f"ChiSquaredPenalty {name}", value, f"a finite number >= {least:g}")

    @property
    def fields(self) -> frozenset[str]:
        return frozenset({self.log_ratio})

    @property
    def laws(self) -> Laws:
        return Laws(policy_invariant=None)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(0.5), cls(0.5, most=4.0)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        lib = xp(reward)
        ratio = read_field(batch, self.log_ratio, "ChiSquaredPenalty")
        # bounded before the exponential, which would overflow
        top = lib.log(self.most + 0.0 * ratio)
        excess = lib.exp(lib.where(ratio > top, top, ratio)) - 1.0
        known = ~lib.isnan(reward + excess)
        count = lib.sum(lib.where(known, lib.ones_like(reward), lib.zeros_like(reward)))
        total = lib.sum(lib.where(known, excess, lib.zeros_like(reward)))
        apart = total / lib.where(count > 0, count, lib.ones_like(count))
        apart = lib.where(apart > self.floor, apart, self.floor + 0.0 * apart)
        return reward - self.coefficient * excess / lib.sqrt(apart), state
