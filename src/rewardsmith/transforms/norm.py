"""Norm: how much a residual costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

from ..core.algebra import Transform
from ..core.arrays import Array, Batch, is_array, xp
from ..core.errors import BadInput
from ..core.laws import Laws
from ..core.node import Node, number

NormKind = Literal["quadratic", "smooth_abs", "cosh"]


@dataclass(frozen=True, repr=False)
class Norm(Transform):
    r"""n(r) of a residual r: 0 where it is 0, more the further it is away, with scale s.

    ``quadratic``   r^2 / 2 (the scale has no effect);
    ``smooth_abs``  sqrt(r^2 + s^2) - s: quadratic within about s of 0, beyond it linear, so that far misses do
    not drown everything else;
    ``cosh``        s^2 (cosh(r / s) - 1): quadratic within about s of 0, beyond it exponential, a soft wall.

    A reward is minus a weighted sum of such costs.

    Args:
        kind: ``quadratic``, ``smooth_abs`` or ``cosh``.
        scale: s > 0, in the unit of the residual.

    Source: the norms of MuJoCo MPC (Howell et al. 2022, arXiv:2212.00541).

    Example:
        >>> import numpy as np
        >>> Norm("smooth_abs", 1.0).apply(np.array([0.0, 0.1, -100.0]), {}, ())[0].round(3).tolist()
        [0.0, 0.005, 99.005]
    """

    kind: NormKind = "quadratic"
    scale: float = number(default=1.0)

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        if self.kind not in get_args(NormKind):
            raise BadInput("kind of Norm", repr(self.kind), ", ".join(map(repr, get_args(NormKind))))
        if not is_array(self.scale) and not self.scale > 0:
            raise BadInput("scale of Norm", self.scale, "> 0, where the cost stops being quadratic")

    @property
    def laws(self) -> Laws:
        return Laws()

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(), cls("smooth_abs", 0.5), cls("cosh", 2.0)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        del batch
        if self.kind == "quadratic":
            return 0.5 * reward**2, state
        if self.kind == "smooth_abs":  # written so that nothing cancels near 0
            return reward**2 / (xp(reward).sqrt(reward**2 + self.scale**2) + self.scale), state
        return 2.0 * self.scale**2 * xp(reward).sinh(reward / (2.0 * self.scale)) ** 2, state
