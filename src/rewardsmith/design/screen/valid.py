"""Valid: whether a program runs at all; what fails here is invalid, not screened."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.algebra import Reward
from ...core.arrays import Batch, to_numpy
from ...core.errors import RewardsmithError
from .refusal import Refusal


def run(program: Reward, steps: Batch) -> tuple[Any, Refusal | None]:
    """What a program pays at recorded steps, ``(N,)``, or why it cannot be used."""
    try:
        values = np.asarray(to_numpy(program(steps)), float)
    except RewardsmithError as error:
        return None, Refusal("S_NONFINITE" if "infinite" in str(error) else "S_ERROR", str(error))
    missing = int(np.sum(~np.isfinite(values)))
    if missing:
        return None, Refusal("S_NONFINITE", f"not finite at {missing} of {len(values)} steps")
    return values, None
