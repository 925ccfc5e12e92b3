"""Independent: every program from nothing; the baseline of every search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..candidate import View
from ..propose.ask import Ask
from .protocol import Stateless


@dataclass(frozen=True)
class Independent(Stateless):
    """Asks for fresh programs only.

    Args:
        group: fewest candidates per round: a learned generator needs two, since a group of one has no
            baseline to learn from.
    """

    kind: ClassVar[str] = "independent"
    needs: ClassVar[tuple[str, ...]] = ()
    group: int = 1

    @property
    def smallest(self) -> int:
        return self.group

    def asks(self, state: Any, view: View, count: int, rng: np.random.Generator) -> list[Ask]:
        del state, view, rng
        return [Ask("fresh")] * count
