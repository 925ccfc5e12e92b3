"""PreferenceAsReward: how probably an answer beats reference answers to the same prompt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from ..core.algebra import Transform
from ..core.arrays import Array, Batch, xp
from ..core.errors import BadInput
from ..core.fields import read_field
from ..core.laws import Laws


@dataclass(frozen=True, repr=False)
class PreferenceAsReward(Transform):
    r"""R = (1/M) \sum_m \sigma(r - r_m): PAR, and with M = 1 the calibrated reward of CGPO.

    Bounded, steep near the references and flat far above them, and free of any offset that a reward model gives
    to a prompt.  For one prompt it is increasing in r, so the best answer stays the best: it buys time against
    reward hacking, not immunity.

    Args:
        references: the field with the scores of M reference answers to the same prompt, ``(..., M)``; NaN where
            a reference has no score.

    Raises:
        MissingField: there are no reference scores; a raw score is never passed through instead.

    Source: Fu et al., "Reward Shaping to Mitigate Reward Hacking in RLHF", arXiv:2502.18770; Xu et al.,
    arXiv:2409.20370, equation 5.
    Differs from the paper: an answer without a verdict, or without any reference, has no verdict.

    Example:
        >>> import numpy as np
        >>> batch = {"reference_scores": np.array([[0.0, 0.0], [1.0, 3.0]])}
        >>> PreferenceAsReward().apply(np.array([0.0, 2.0]), batch, ())[0].round(3).tolist()
        [0.5, 0.5]
    """

    references: str = "reference_scores"

    @property
    def fields(self) -> frozenset[str]:
        return frozenset({self.references})

    @property
    def laws(self) -> Laws:
        # The order is kept among answers to one prompt, which are not the answers seen together.
        return Laws(policy_invariant=None, bounds=(0.0, 1.0))

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return (cls(),)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        lib = xp(reward)
        scores = read_field(batch, self.references, "PreferenceAsReward")
        if tuple(scores.shape[:-1]) != tuple(reward.shape):
            raise BadInput(
                f"field {self.references}", f"shape {tuple(scores.shape)}", f"{tuple(reward.shape)} + (M,)"
            )
        known = ~lib.isnan(scores)
        gap = reward[..., None] - lib.where(known, scores, 0.0)
        # by tanh, which does not overflow where exp would
        beats = lib.where(known, 0.5 + 0.5 * lib.tanh(0.5 * gap), 0.0)
        count = lib.sum(lib.where(known, lib.ones_like(gap), lib.zeros_like(gap)), axis=-1)
        beaten = lib.sum(beats, axis=-1) / lib.where(count > 0, count, lib.ones_like(count))
        return lib.where((count > 0) & ~lib.isnan(reward), beaten, lib.nan * reward), state
