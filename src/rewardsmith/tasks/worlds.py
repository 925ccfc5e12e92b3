"""Small worlds for exploration: one that is the same in every episode, one that is new in every episode.

Both are vectorised: states are whole numbers ``(n, k)``, and randomness comes in as uniform numbers ``(n,
draws)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import BadInput

Table = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Corridors:
    """A hub with corridors, the same in every episode; one end pays, and reaching any end is the end.

    In the hub the action picks a corridor; inside, even actions go on and odd ones go back.  The goal is at
    the end of the last corridor.

    Fields: ``cell`` and ``next_cell`` (0 is the hub), ``action``, ``success`` (the goal was reached).
    """

    count: int = 6
    length: int = 6
    horizon: int = 14
    draws: int = 1

    def __post_init__(self) -> None:
        if self.count < 2 or self.length < 1 or self.horizon < self.length:
            received = f"{self.count} corridors of {self.length} cells, {self.horizon} steps"
            raise BadInput("Corridors", received, "2 or more of 1 or more cells, and as many steps as cells")

    @property
    def observations(self) -> int:
        """The hub and every cell."""
        return 1 + self.count * self.length

    @property
    def actions(self) -> int:
        """One for each corridor."""
        return self.count

    def start(self, uniform: Table) -> Table:
        """In the hub: corridor 0, depth 0."""
        return np.zeros((len(uniform), 2), np.int64)

    def observe(self, state: Table) -> Table:
        """The number of the cell."""
        return np.where(state[:, 1] == 0, 0, 1 + state[:, 0] * self.length + state[:, 1] - 1)

    def step(self, state: Table, action: Table, uniform: Table) -> tuple[Table, Table]:
        """Pick a corridor, or go on or back; the end of any corridor terminates."""
        del uniform
        corridor, depth = state[:, 0], state[:, 1]
        hub = depth == 0
        after = np.where(hub, 1, np.where(action % 2 == 0, depth + 1, depth - 1))
        return np.stack([np.where(hub, action, corridor), after], axis=-1), after >= self.length

    def fields(self, state: Table, action: Table, after: Table) -> dict[str, Table]:
        """What rewards may read."""
        reached = (after[:, 1] >= self.length) & (after[:, 0] == self.count - 1)
        cells = {"cell": self.observe(state), "next_cell": self.observe(after)}
        return {**cells, "action": action, "success": reached.astype(float)}


@dataclass(frozen=True)
class Rooms:
    """Rooms one behind the other, new in every episode; in each, a cue tells which door leads on.

    The policy sees the cue only.  Cue c is answered by door (c + 1) mod ``cues``; a wrong door leads nowhere.
    Every room has a random name out of ``names``, different within an episode, so which rooms are new is a
    matter of the episode and not of all experience.

    Fields: ``room`` and ``next_room`` (how far), ``name`` and ``next_name``, ``action``, ``success``.
    """

    rooms: int = 8
    cues: int = 5
    names: int = 20
    horizon: int = 14

    def __post_init__(self) -> None:
        if self.rooms < 1 or self.cues < 2 or self.names <= self.rooms or self.horizon < self.rooms:
            received = f"{self.rooms} rooms, {self.cues} cues, {self.names} names, {self.horizon} steps"
            raise BadInput("Rooms", received, "more names than rooms, at least as many steps, 2 or more cues")

    @property
    def draws(self) -> int:
        """A cue for each room, and the order of the names."""
        return self.rooms + self.names

    @property
    def observations(self) -> int:
        """The cues."""
        return self.cues

    @property
    def actions(self) -> int:
        """The doors."""
        return self.cues

    def start(self, uniform: Table) -> Table:
        """Room 0; then the cues of all rooms, then their names and that of the goal."""
        cues = (uniform[:, : self.rooms] * self.cues).astype(np.int64)
        names = np.argsort(uniform[:, self.rooms :], axis=-1)[:, : self.rooms + 1]
        return np.concatenate([np.zeros((len(uniform), 1), np.int64), cues, names], axis=-1)

    def observe(self, state: Table) -> Table:
        """The cue of the room; the goal shows that of the last one."""
        return state[np.arange(len(state)), 1 + np.minimum(state[:, 0], self.rooms - 1)]

    def step(self, state: Table, action: Table, uniform: Table) -> tuple[Table, Table]:
        """Through the right door; behind the last one the episode terminates."""
        del uniform
        right = (action == (self.observe(state) + 1) % self.cues) & (state[:, 0] < self.rooms)
        after = state.copy()
        after[:, 0] += right
        return after, after[:, 0] == self.rooms

    def fields(self, state: Table, action: Table, after: Table) -> dict[str, Table]:
        """What rewards may read."""
        everyone = np.arange(len(state))
        found: dict[str, Table] = {"action": action, "success": (after[:, 0] == self.rooms).astype(float)}
        for prefix, each in (("", state), ("next_", after)):
            found[prefix + "room"] = each[:, 0]
            found[prefix + "name"] = each[everyone, 1 + self.rooms + each[:, 0]]
        return found
