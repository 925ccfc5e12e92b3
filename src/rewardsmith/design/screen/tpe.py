"""TPE: trajectory preference evaluation; a reward must tell recorded successes from failures (CARD)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...core.algebra import Reward
from ...core.arrays import to_numpy
from .protocol import Episode, Evidence
from .refusal import Refusal


def mean_per_step(program: Reward, episode: Episode) -> float:
    """What a program pays per step of an episode; NaN where it has no verdict at any step.

    The mean and not the sum: episodes that succeed may end early, and a sum would mistake that for less.
    """
    paid = np.asarray(to_numpy(program(episode.batch)), float)
    known = paid[np.isfinite(paid)]
    return float(known.mean()) if len(known) else float("nan")


def separation(program: Reward, episodes: tuple[Episode, ...]) -> float:
    """Share of the successful episodes that are paid more per step than every failed one.

    NaN where there is no success or no failure to tell apart.  Episodes without a verdict are left out.
    """
    paid = [(mean_per_step(program, each), each.success) for each in episodes]
    good = [value for value, success in paid if success and not np.isnan(value)]
    bad = [value for value, success in paid if not success and not np.isnan(value)]
    if not good or not bad:
        return float("nan")
    return float(np.mean(np.asarray(good) > max(bad)))


@dataclass(frozen=True)
class TPE:
    """Refuses what does not pay most successes more per step than the best paid failure.

    With no recorded success (or no failure) everything passes: the screen is blind until the first success.

    Args:
        share: of the successes that must stand above all failures.

    Source: Sun et al., "CARD", arXiv:2410.14660, Definition 4.1 and section 4.4.
    """

    kind: ClassVar[str] = "tpe"
    needs: ClassVar[tuple[str, ...]] = ("score",)
    uses: ClassVar[tuple[str, ...]] = ("episodes",)
    share: float = 0.8

    def judge(self, program: Reward, values: Any, evidence: Evidence) -> Refusal | None:
        del values
        found = separation(program, evidence.episodes)
        if np.isnan(found) or found >= self.share:
            return None
        return Refusal(
            "S_TPE", f"{found:.0%} of the successes are paid more than every failure, asked {self.share:.0%}"
        )
