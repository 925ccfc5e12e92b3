"""Screens: what is refused before it costs a training.

A screen sees recorded steps without success, and a program; it answers with a refusal or nothing, and
never changes a candidate.  Source of the list: the defects of published search loops, which train
constant, doubled and suicidal rewards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.arrays import Batch
from ..core.errors import RewardsmithError
from ..measure.exploit.living import living
from ..program import Program

REASONS = {
    "S_ERROR": "the program fails on recorded steps",
    "S_NONFINITE": "NaN or infinite on recorded or perturbed steps",
    "S_CONSTANT": "pays the same at every recorded step, so nothing can be learned from it",
    "S_DUPLICATE": "the same reward as an earlier candidate, up to a positive factor and a constant",
    "S_DIE_EARLY": "every step costs, and ending the episode by failing costs less than going on",
    "S_LIVE_FOREVER": "every step pays, and reaching the goal pays less than never reaching it",
}


@dataclass(frozen=True)
class Refusal:
    """Why a candidate is not trained."""

    code: str
    why: str

    def record(self) -> dict[str, str]:
        """As the journal stores it."""
        return {"code": self.code, "why": self.why}


@dataclass(frozen=True)
class Screened:
    """A verdict, and the values (``(N,)`` normalised) by which later duplicates are found."""

    refusal: Refusal | None
    values: Any = None


def screen(program: Program, batch: Batch, ending: str, discount: float, known: Sequence[Any]) -> Screened:
    """Judge one program.

    Args:
        program: the candidate.
        batch: recorded steps from ``tasks.record.record_steps``, shape ``(N,)``.
        ending: what it means that an episode ends early: ``failure``, ``goal`` or ``never``.
        discount: of the learner.
        known: ``Screened.values`` of the candidates accepted so far.
    """
    try:
        values = np.asarray(program(batch), float)
    except RewardsmithError as error:
        return Screened(Refusal("S_NONFINITE" if "infinite" in str(error) else "S_ERROR", str(error)))
    missing = int(np.sum(~np.isfinite(values)))
    if missing:
        return Screened(Refusal("S_NONFINITE", f"not finite at {missing} of {len(values)} steps"))
    spread = float(values.std())
    if spread <= 1e-9 * max(1.0, float(np.abs(values).max())):
        return Screened(Refusal("S_CONSTANT", f"{values[0]:.4g} at every step"))
    normal = (values - values.mean()) / spread
    for other in known:
        if float(np.abs(normal - other).max()) < 1e-6:
            return Screened(Refusal("S_DUPLICATE", "equal values at every recorded step"))
    refusal = _living_sign(program, batch, ending, discount)
    return Screened(refusal, None if refusal else normal)


def _living_sign(program: Program, batch: Batch, ending: str, discount: float) -> Refusal | None:
    """Refuse where the end of the episode is worth more, or less, than anything that is done before it."""
    found = living(program, batch, ending, discount)
    if found is None:
        return None
    if found.kind == "dies":
        why = f"no step pays more than {found.step:.3g}; failing pays {found.end:.3g}, going on "
        return Refusal("S_DIE_EARLY", f"{why}{found.forever:.3g}")
    why = f"every step pays {found.step:.3g} or more; the goal pays {found.end:.3g}, living on "
    return Refusal("S_LIVE_FOREVER", f"{why}{found.forever:.3g}")
