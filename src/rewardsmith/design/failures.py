"""Failure causes: what happened at the end of failed episodes, counted, with what came before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..program import Program
from .screen.protocol import Episode

TIME = "time ran out"


@dataclass(frozen=True)
class Cause:
    """How failed episodes ended.

    Args:
        event: its name, or ``time ran out`` where no named event happened.
        count: failed episodes that ended so.
        before: mean of each field over the last steps of these episodes.
    """

    event: str
    count: int
    before: Mapping[str, float]

    def __str__(self) -> str:
        told = ", ".join(f"{name} {value:.3g}" for name, value in self.before.items())
        return f"{self.event} ({self.count} times; before: {told})"


def failure_causes(
    episodes: Sequence[Episode], events: Mapping[str, Program], fields: Sequence[str], window: int = 3
) -> tuple[Cause, ...]:
    """Causes of failure, the most frequent first; equal counts in the order of ``events``.

    Args:
        events: name -> a program that is above 0.5 at the step where it happens; the first that is so at the
            last step of a failed episode is its cause.
        fields: of which the mean before the end is told.
        window: how many steps before the end.

    Source: the trajectory analyzer of Li et al., "Auto MC-Reward", CVPR 2024, arXiv:2312.09238.
    Differs from the paper: counts by rule instead of a language model that reads frames.
    """
    ends: dict[str, list[Episode]] = {name: [] for name in (*events, TIME)}
    for episode in episodes:
        if not episode.success:
            hit = (name for name, event in events.items() if _last(event, episode) > 0.5)
            ends[next(hit, TIME)].append(episode)
    causes = [
        Cause(name, len(found), {field: _before(found, field, window) for field in fields})
        for name, found in ends.items()
        if found
    ]
    return tuple(sorted(causes, key=lambda cause: -cause.count))


def _last(event: Program, episode: Episode) -> float:
    values = np.asarray(event(episode.batch), np.float64)
    return float(values[-1]) if len(values) else 0.0


def _before(episodes: Sequence[Episode], field: str, window: int) -> float:
    return float(
        np.mean([np.asarray(episode.batch[field], np.float64)[-window:].mean() for episode in episodes])
    )
