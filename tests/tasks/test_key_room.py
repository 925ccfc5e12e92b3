"""The key room, played by hand."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core import mdp as tables
from rewardsmith.core.errors import BadInput
from rewardsmith.tasks.key_room import USE, key_room, rewordings

LEFT, DOWN, RIGHT, UP = range(4)
ROOM = key_room()


def play(*actions: int) -> tuple[tuple[int, ...], list[str], list[str], float]:
    state, said, happened, paid = int(ROOM.mdp.initial.argmax()), list[str](), list[str](), 0.0
    for action in actions:
        said.append(ROOM.captions[state, action])
        happened += [name for name, table in ROOM.events.items() if table[state, action]]
        paid += ROOM.mdp.expected_reward[state, action]
        state = int(ROOM.mdp.transition[state, action].argmax())
    return tuple(int(v) for v in ROOM.place[state]), said, happened, paid


def test_the_way_to_the_goal() -> None:
    way = [RIGHT, RIGHT, DOWN, DOWN, USE, RIGHT, USE, RIGHT, RIGHT, RIGHT, RIGHT]
    place, said, happened, paid = play(*way)
    assert (place, happened, paid) == ((2, 7, 1, 1), ["key", "door"], 1.0)
    assert said[4:8] == ["picks up the key", "walks right", "opens the door", "walks right"]
    assert said[-1] == "reaches the exit"
    best = float(ROOM.mdp.initial @ tables.value_iteration(ROOM.mdp))
    assert best == pytest.approx(0.97 ** (len(way) - 1))  # no shorter way


def test_events_can_be_repeated_and_a_locked_door_stops() -> None:
    to_key = [RIGHT, RIGHT, DOWN, DOWN]
    place, said, happened, _ = play(*to_key, RIGHT, RIGHT, LEFT, USE, USE, USE)
    assert (place, happened) == ((2, 2, 1, 0), ["key", "key"])
    assert said[5] == "bumps into a locked door"
    assert said[-2] == "puts the key down"
    _, said, happened, _ = play(*to_key, USE, RIGHT, USE, USE, USE)
    assert happened == ["key", "door", "door"]
    assert said[-2] == "locks the door"
    assert play(UP, USE)[1] == ["bumps into a wall", "waves empty hands"]


def test_what_cannot_be_played() -> None:
    assert (ROOM.subgoals.sum((1, 2)) == [2, 2]).all()
    assert np.array_equal(ROOM.subgoals[0], ROOM.events["key"])
    with pytest.raises(BadInput, match="once each"):
        key_room("S.K\n..G")


def test_every_caption_has_four_wordings_that_no_other_has() -> None:
    captions = sorted(set(ROOM.captions.ravel()))
    every = [text for caption in captions for text in rewordings(caption)]
    assert len(every) == 4 * len(captions) == len(set(every))
    with pytest.raises(BadInput, match="starts with"):
        rewordings("dances")
