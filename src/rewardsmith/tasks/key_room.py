"""A room with a key, a locked door and a goal behind it: sparse, with events that can be repeated for ever."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..core.errors import BadInput
from ..core.grid import MOVES
from ..core.mdp import Floats, Table, TabularMDP

TEXT = """
S...#...
....#...
..K.D..G
....#...
"""
WAYS = ("left", "down", "right", "up")
USE = 4


@dataclass(frozen=True, eq=False)
class KeyRoom:
    """What ``key_room`` makes.

    Args:
        mdp: states are cell x key held x door open; actions are left, down, right, up, use.  Entering G pays 1
            and ends.  ``use`` picks the key up or puts it down on K, and opens or closes the door from a cell
            beside it with the key in hand.
        events: name -> ``(S, A)`` bools, what an action brings about: ``key`` (picked up), ``door`` (opened).
        captions: ``(S, A)`` texts, what an onlooker would say.
        place: ``(S, 4)`` row, column, key, open.
    """

    mdp: TabularMDP
    events: dict[str, Table]
    captions: Table
    place: Table

    @property
    def subgoals(self) -> Table:
        """``(2, S, A)`` bools: key, door."""
        return np.stack([self.events["key"], self.events["door"]])


def key_room(text: str = TEXT, discount: float = 0.97) -> KeyRoom:
    """The room of a map with one S, K, D and G, walls ``#`` and floor.

    Differs from the paper: MiniHack's KeyRoom is larger and seen from a window; here the state is exact.

    Example:
        >>> room = key_room()
        >>> room.mdp, int(room.events["key"].sum())
        (TabularMDP(states=116, actions=5, discount=0.97), 2)
    """
    rows = text.split()
    cells = [(r, c) for r, row in enumerate(rows) for c, letter in enumerate(row) if letter != "#"]
    at = {letter: cell for cell in cells for letter in [rows[cell[0]][cell[1]]] if letter != "."}
    if set(at) != set("SKDG") or len({len(row) for row in rows}) != 1:
        raise BadInput("map", sorted(at), "rows of one length with S, K, D and G, once each")
    every = [(cell, key, door) for cell in cells for key in (0, 1) for door in (0, 1)]
    index = {state: number for number, state in enumerate(every)}
    shape = (len(index), len(WAYS) + 1)
    after, captions = np.zeros(shape, np.int64), np.full(shape, "", object)
    events = {name: np.zeros(shape, bool) for name in ("key", "door")}
    for (cell, key, door), s in index.items():
        for a, (down, right) in enumerate(MOVES):
            new = (cell[0] + down, cell[1] + right)
            free = new in cells and (new != at["D"] or door == 1)
            after[s, a] = index[new if free else cell, key, door]
            what = "wall" if new not in cells else "locked door"
            captions[s, a] = f"walks {WAYS[a]}" if free else f"bumps into a {what}"
            if free and new == at["G"]:
                captions[s, a] = "reaches the exit"
        after[s, USE], captions[s, USE] = s, "waves empty hands" if not key else "waves the key about"
        beside = abs(cell[0] - at["D"][0]) + abs(cell[1] - at["D"][1]) == 1
        if cell == at["K"]:
            after[s, USE] = index[cell, 1 - key, door]
            captions[s, USE] = "puts the key down" if key else "picks up the key"
            events["key"][s, USE] = not key
        elif beside and key:
            after[s, USE] = index[cell, key, 1 - door]
            captions[s, USE] = "locks the door" if door else "opens the door"
            events["door"][s, USE] = not door
    place = np.array([(*cell, key, door) for cell, key, door in index])
    return KeyRoom(_tables(after, place, at, discount), events, captions, place)


def _tables(after: Table, place: Table, at: dict[str, tuple[int, int]], discount: float) -> TabularMDP:
    states = len(after)
    transition: Floats = np.eye(states)[after]
    goal = (place[:, :2] == at["G"]).all(1)
    initial = np.zeros(states)
    initial[np.flatnonzero((place == (*at["S"], 0, 0)).all(1))] = 1.0
    return TabularMDP(transition, np.where(goal[after], 1.0, 0.0), discount, initial, goal)


REWORDED = {
    "picks up": ("takes", "grabs", "lifts"),
    "puts": ("lays", "drops", "sets"),
    "opens": ("unlocks", "pushes open", "swings open"),
    "locks": ("shuts", "closes", "bolts"),
    "bumps into": ("runs into", "hits", "walks against"),
    "walks": ("goes", "steps", "moves"),
    "reaches": ("arrives at", "gets to", "enters"),
    "waves": ("shakes", "swings", "raises"),
}


def rewordings(caption: str) -> tuple[str, ...]:
    """A caption and three ways to say the same.

    Example:
        >>> rewordings("opens the door")
        ('opens the door', 'unlocks the door', 'pushes open the door', 'swings open the door')
    """
    for verb, others in REWORDED.items():
        if caption.startswith(verb):
            return (caption, *(other + caption.removeprefix(verb) for other in others))
    raise BadInput("caption", repr(caption), f"one that starts with {', '.join(REWORDED)}")


HELPFUL = ("picks up the key", "opens the door", "reaches the exit")


def event_texts(room: KeyRoom, distances: bool = True) -> tuple[tuple[str, ...], Table, Table]:
    """All W texts, with how far the door is if ``distances``; the number ``(S, A, 4)`` of what is said, in four
    wordings; and which texts are helpful ``(W,)``: key, door and exit.

    Example:
        >>> texts, index, helpful = event_texts(key_room())
        >>> len(texts), index.shape, int(helpful.sum()), texts[index[0, 1, 0]]
        (200, (116, 5, 4), 16, 'walks down, 6 from the door')
    """
    beside = room.place[room.events["door"].any(1)][:, :2]  # on either side of it
    away = np.abs(room.place[:, :2] - beside.mean(0)).sum(1).astype(int)
    number: dict[str, int] = {}
    index, good = np.zeros((*room.captions.shape, 4), np.int64), dict[int, bool]()
    for (s, a), caption in np.ndenumerate(room.captions):
        for wording, said in enumerate(rewordings(str(caption))):
            index[s, a, wording] = text = number.setdefault(
                said + f", {away[s]} from the door" * distances, len(number)
            )
            good[text] = str(caption) in HELPFUL
    return tuple(number), index, np.array([good[text] for text in range(len(number))])
