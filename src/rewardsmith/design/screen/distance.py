"""Distance: rewards that order behaviour almost like an earlier candidate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ...core.algebra import Reward
from .protocol import Evidence
from .refusal import Refusal


@dataclass(frozen=True)
class Distance:
    """Refuses a program whose sampled STARC distance to an accepted one is certainly below a limit.

    Finer than ``duplicate``: potential shaping, scale and what decides nothing are no difference either.

    Args:
        below: the limit for the upper end of the interval; distances are 0 to 1.

    Source: Skalse et al., "STARC", ICLR 2024.
    """

    kind: ClassVar[str] = "distance"
    needs: ClassVar[tuple[str, ...]] = ()
    uses: ClassVar[tuple[str, ...]] = ()
    below: float = 0.02

    def judge(self, program: Reward, values: Any, evidence: Evidence) -> Refusal | None:
        del values
        if not evidence.accepted:
            return None
        from ...measure.distance.sampled import sampled_distance

        others = [other for other, _ in evidence.accepted]
        found = sampled_distance([program, *others], evidence.coverage, "starc-minimal", resamples=50)
        high = found.high[0, 1:]
        nearest = int(high.argmin())
        if not high[nearest] < self.below:
            return None
        distance = found.mean[0, 1 + nearest]
        return Refusal(
            "S_DISTANCE", f"orders behaviour like an earlier candidate (STARC distance {distance:.3f})"
        )
