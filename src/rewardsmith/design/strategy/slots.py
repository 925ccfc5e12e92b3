"""Slots: a fixed population in which the losers are rewritten from the best (LaRes)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..candidate import View
from ..propose.ask import Ask
from .protocol import Stateless


@dataclass(frozen=True)
class Slots(Stateless):
    """The first round fills every slot; from then on the elites keep theirs, and each other slot is rewritten
    from the best.

    Args:
        elites: how many of the best stay as they are.

    Source: Li et al., "LaRes", NeurIPS 2025.
    """

    kind: ClassVar[str] = "slots"
    needs: ClassVar[tuple[str, ...]] = ("order", "score")
    elites: int = 3

    @property
    def smallest(self) -> int:
        return self.elites + 1

    def asks(self, state: Any, view: View, count: int, rng: np.random.Generator) -> list[Ask]:
        del state, rng
        if not view.ranked:
            return [Ask("fresh")] * count
        return [Ask("improve", (view.ranked[0],))] * max(1, count - self.elites)
