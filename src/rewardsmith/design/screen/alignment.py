"""Alignment: the trajectory alignment coefficient of a reward with recorded verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...core.algebra import Reward
from .protocol import Episode, Evidence
from .refusal import Refusal
from .tpe import mean_per_step


def alignment(program: Reward, episodes: tuple[Episode, ...]) -> float:
    """(concordant - discordant) / pairs over all pairs of a success and a failure, by the mean reward per step.

    1: every success is paid more than every failure; -1: the other way round; NaN without such a pair.  With P
    pairs in the right order of N it is (2P - N) / N, as the paper writes it; ties count half.  Episodes without
    a verdict are left out.
    """
    paid = [(mean_per_step(program, each), each.success) for each in episodes]
    good = np.array([value for value, success in paid if success and not np.isnan(value)])
    bad = np.array([value for value, success in paid if not success and not np.isnan(value)])
    if not len(good) or not len(bad):
        return float("nan")
    return float(np.mean(np.sign(good[:, None] - bad[None, :])))


@dataclass(frozen=True)
class Alignment:
    """Refuses rewards whose alignment is below a limit; passes everything while too few pairs are recorded.

    Args:
        least: smallest coefficient, -1 to 1.
        pairs: pairs of a success and a failure without which nothing is refused.

    Source: the trajectory alignment filter of "Automated reward design for Gran Turismo", arXiv:2511.02094.
    Differs from the paper: pairs come from success and failure, not from a model that watches clips.
    """

    kind: ClassVar[str] = "alignment"
    needs: ClassVar[tuple[str, ...]] = ("score",)
    uses: ClassVar[tuple[str, ...]] = ("episodes",)
    least: float = 0.0
    pairs: int = 100

    def judge(self, program: Reward, values: Any, evidence: Evidence) -> Refusal | None:
        del values
        good = sum(each.success for each in evidence.episodes)
        if good * (len(evidence.episodes) - good) < self.pairs:
            return None
        found = alignment(program, evidence.episodes)
        if np.isnan(found) or found >= self.least:
            return None
        return Refusal("S_ALIGNMENT", f"trajectory alignment {found:.2f}, asked {self.least:.2f}")
