"""Planned: a planner maximises a reward at once, instead of a training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..race import STARTS, Race, Result
from .protocol import Site
from .record import judged, nothing, recorded, stored

PLANNED = 2  # episodes per seed: each of their steps is a search


@dataclass(frozen=True)
class Planned:
    """No training: every reward is carried out by predictive control, and judged as others are after training.

    Source: Yu et al., "Language to Rewards", CoRL 2023, arXiv:2306.08647.
    Differs from the paper: planning by sampling (iCEM) in the task's own dynamics or simulator instead of the
    planners of MuJoCo MPC.
    """

    def train(self, race: Race, site: Site) -> Result:
        """Plan in every candidate's name."""
        if (known := stored(site.run, race)) is not None:
            return known
        from ...optimize.plan import Planner, control_each

        planner = Planner()
        seeds = [STARTS + seed for seed in race.seeds]
        with site.span(race.key):
            played = control_each(race.task, race.rewards, planner, seeds, PLANNED, keep=PLANNED)
        pairs = list(zip(race.ids, played, strict=True))
        found = [
            nothing(name, len(seeds)) if each is None else judged(name, each, range(len(seeds)))
            for name, each in pairs
        ]
        done = [(name, each) for name, each in pairs if each is not None]
        owned = [(name, one) for name, each in done for kept in each.trajectories for one in kept]
        steps = sum(int(each.lengths.sum()) for _, each in done) * planner.simulated
        return recorded(site.run, race, found, owned if race.keep else [], steps)


def planned_success(task: Any, reward: Any, seeds: Sequence[int]) -> tuple[list[float], int]:
    """Success of a reward as a planner carries it out, one episode for each seed; model steps per decision."""
    from ...optimize.plan import Planner, control_each

    planner = Planner()
    (played,) = control_each(task, [reward], planner, seeds, 1, keep=0)
    success = np.full(len(seeds), np.nan) if played is None else played.success[:, 0]
    return [float(value) for value in success], planner.simulated
