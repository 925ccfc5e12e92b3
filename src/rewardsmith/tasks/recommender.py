"""A simulated recommender: users who want more or less novelty, by nature and by the mood of the day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import BadInput

Table = np.ndarray[Any, Any]
# Columns of a state.
(
    TASTE,  # what the user likes, 0..100
    MOOD,  # 0 or 1
    SESSION,
    ITEM,  # items shown in this session
    EVER,  # novelty of all accepted items, in halves, and their number
    EVERS,
    NOW,  # the same in this session
    NOWS,
    OPTION,  # the novelty that the high level asks for, in halves
    PLACE,  # 0: the high level is to decide; 1..segment: items of the segment
    CLICKS,  # in this segment
    TOTAL,  # in this session
    FOUND,  # a new topic was liked in this session
    BACK,  # the user has just come back
    LAST,  # the novelty of the last item, in halves
    OVER,  # the last decision of the high level is due, which only collects
) = range(16)


@dataclass(frozen=True)
class Recommender:
    """One user per episode, some sessions of ten items; an action is the novelty of an item: none, some, all.

    A click has probability sigmoid(2 - 4 |novelty - wish|), where the wish is the user's taste plus or minus
    ``mood``, within [0, 1]; the mood stays from one session to the next in 7 of 10 cases.  After a session
    the user comes back with probability sigmoid(0.35 clicks - 1.5 + 0.8 [liked something all new]).

    With ``levels`` a high level picks the novelty to aim at, before every fifth item: those steps have the
    field ``level`` 1 and collect what the segment before brought (``segment_clicks``, ``returned``).  What
    the policy sees are the mean novelty of items that were accepted, ever and in this session, each in three
    bins, and at the low level the option.

    Fields: ``level``, ``click``, ``novelty`` (0, 0.5 or 1), ``diversity`` (it differs from the item before),
    ``option``, ``segment_clicks``, ``returned`` and ``action``.

    Args:
        levels: False for a single policy; ``returned`` is then paid with the last item of a session.
        mood: how far moods move the wish.
        tastes: all users alike at 0.5 (False), or anywhere between 0 and 1.
    """

    levels: bool = True
    mood: float = 0.3
    tastes: bool = True
    sessions: int = 6
    items: int = 10
    segment: int = 5
    draws: int = 3
    actions: int = 3

    def __post_init__(self) -> None:
        if self.items % self.segment or self.sessions < 1 or self.mood < 0:
            received = f"{self.items} items in segments of {self.segment}, {self.sessions} sessions"
            raise BadInput("Recommender", received, "whole segments, 1 or more sessions, mood >= 0")

    @property
    def horizon(self) -> int:
        """Items, and the decisions of the high level."""
        shown = self.sessions * self.items
        return shown + (shown // self.segment + 1 if self.levels else 0)

    @property
    def observations(self) -> int:
        """Nine of the high level (or the only one), and nine for each option below."""
        return 36 if self.levels else 9

    def start(self, uniform: Table) -> Table:
        """New users, about whom nothing is known."""
        state = np.zeros((len(uniform), 16), np.int64)
        state[:, TASTE] = np.round(100 * uniform[:, 0]) if self.tastes else 50
        state[:, MOOD] = uniform[:, 1] < 0.5
        state[:, LAST] = -1
        state[:, PLACE] = 0 if self.levels else 1
        return state

    def observe(self, state: Table) -> Table:
        """Bins of the accepted novelty, and where the decision is taken."""
        seen = 3 * _bin(state[:, EVER], state[:, EVERS]) + _bin(state[:, NOW], state[:, NOWS])
        low = 9 + 9 * state[:, OPTION] + seen
        return np.where(state[:, PLACE] == 0, seen, low) if self.levels else seen

    def step(self, state: Table, action: Table, uniform: Table) -> tuple[Table, Table]:
        """Show an item, or choose what to aim at."""
        high = state[:, PLACE] == 0
        chosen = state.copy()
        chosen[:, OPTION], chosen[:, PLACE] = action, 1
        chosen[:, CLICKS] = chosen[:, BACK] = 0
        shown = self._show(state, action, uniform)
        after = np.where(high[:, None], chosen, shown)
        ended = high & (state[:, OVER] == 1) if self.levels else after[:, OVER] == 1
        return after, ended

    def _show(self, state: Table, action: Table, uniform: Table) -> Table:
        after = state.copy()
        wish = np.clip(state[:, TASTE] / 100 + self.mood * (2 * state[:, MOOD] - 1), 0, 1)
        click = uniform[:, 0] < _sigmoid(2 - 4 * np.abs(action / 2 - wish))
        after[:, BACK] = 0
        after[:, CLICKS] = click if not self.levels else after[:, CLICKS] + click
        for total, count in ((EVER, EVERS), (NOW, NOWS)):
            after[:, total] += click * action
            after[:, count] += click
        after[:, TOTAL] += click
        after[:, FOUND] |= click & (action == 2)
        after[:, LAST], after[:, ITEM], after[:, PLACE] = action, after[:, ITEM] + 1, after[:, PLACE] + 1
        full = after[:, PLACE] > self.segment
        after[:, PLACE] = np.where(full, 0 if self.levels else 1, after[:, PLACE])
        done = after[:, ITEM] == self.items
        back = done & (uniform[:, 1] < _sigmoid(0.35 * after[:, TOTAL] - 1.5 + 0.8 * after[:, FOUND]))
        after[:, BACK], after[:, SESSION] = back, after[:, SESSION] + done
        after[:, OVER] = done & (~back | (after[:, SESSION] == self.sessions))
        for column in (ITEM, TOTAL, FOUND, NOW, NOWS):
            after[:, column] = np.where(done, 0, after[:, column])
        after[:, MOOD] = np.where(done & (uniform[:, 2] < 0.3), 1 - after[:, MOOD], after[:, MOOD])
        return after

    def fields(self, state: Table, action: Table, after: Table) -> dict[str, Table]:
        """What rewards may read."""
        low = state[:, PLACE] > 0
        click = low & (after[:, EVERS] > state[:, EVERS])
        level = (~low).astype(np.int64)
        return {
            "level": level,
            "action": action,
            "click": click.astype(float),
            "novelty": np.where(low, action / 2, 0.0),
            "diversity": (low & (state[:, LAST] >= 0) & (action != state[:, LAST])).astype(float),
            "option": np.where(low, state[:, OPTION] / 2, 0.0),
            "segment_clicks": np.where(low, 0, state[:, CLICKS]).astype(float),
            "returned": np.where(low, 0 if self.levels else after[:, BACK], state[:, BACK]).astype(float),
        }


def _bin(total: Table, count: Table) -> Table:
    """Three bins of the mean novelty (given in halves); the middle one where nothing is known."""
    mean = np.where(count > 0, total / np.maximum(count, 1) / 2, 0.5)
    return (mean > 1 / 3).astype(np.int64) + (mean > 2 / 3)


def _sigmoid(x: Table) -> Table:
    return 1 / (1 + np.exp(-x))
