"""Consensus: terms that hardly any other sample of the round has are doubtful (URDP)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...core.algebra import Reward
from ...core.arrays import Batch, to_numpy
from .protocol import Evidence
from .refusal import Refusal


def uncertainty(values: Any, others: list[list[Any]], alike: float) -> float:
    """Share of the other samples without a part whose |correlation| with ``values`` is at least ``alike``.

    U(r_i) = 1 - (1/K) sum_j 1[max_part similarity >= alike]; NaN without other samples.
    """
    if not others:
        return float("nan")
    agree = [any(_correlation(values, part) >= alike for part in parts) for parts in others]
    return 1.0 - float(np.mean(agree))


def _correlation(a: Any, b: Any) -> float:
    if a.std() == 0 or b.std() == 0:
        return 0.0
    return abs(float(np.corrcoef(a, b)[0, 1]))


@dataclass(frozen=True)
class Consensus:
    """Refuses a program all of whose parts are unlike every part of nearly all other samples of its round.

    Args:
        alike: correlation over recorded steps from which two parts count as the same.
        most: uncertainty above which a part is doubtful.
        samples: other samples without which nothing is refused.

    Source: Yang et al., "Uncertainty-aware reward design process", TMLR 2025.
    Differs from the paper: similarity is the correlation of what parts pay, not of texts and embeddings; a
    doubtful part alone does not cost a program its training, all its parts must be doubtful.
    """

    kind: ClassVar[str] = "consensus"
    needs: ClassVar[tuple[str, ...]] = ()
    uses: ClassVar[tuple[str, ...]] = ()
    alike: float = 0.8
    most: float = 0.95
    samples: int = 4

    def judge(self, program: Reward, values: Any, evidence: Evidence) -> Refusal | None:
        del values
        steps = evidence.steps
        others = [list(parts_paid(other, steps).values()) for other in evidence.drafts if other is not program]
        if len(others) < self.samples:
            return None
        doubts = [uncertainty(part, others, self.alike) for part in parts_paid(program, steps).values()]
        if not doubts or min(doubts) <= self.most:
            return None
        return Refusal(
            "S_CONSENSUS", f"no part is like a part of more than {1 - min(doubts):.0%} of the other samples"
        )


def parts_paid(program: Reward, steps: Batch) -> dict[str, np.ndarray[Any, Any]]:
    """What each part pays at recorded steps, ``(N,)``; without those that are not finite everywhere."""
    found = {name: np.asarray(to_numpy(part), float) for name, part in program.terms(steps).items()}
    return {name: part for name, part in found.items() if np.isfinite(part).all()}
