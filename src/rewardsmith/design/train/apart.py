"""Apart: every candidate learns by itself, from nothing, with PPO."""

from __future__ import annotations

from dataclasses import dataclass

from ..race import Race, Result, run_race
from .protocol import Site


@dataclass(frozen=True)
class Apart:
    """All candidates of a race side by side in one compiled population; they share nothing."""

    def train(self, race: Race, site: Site) -> Result:
        """Train, drop the losers where the race says so, and judge."""
        return run_race(site.run, race, site.progress, site.span, site.engine)
