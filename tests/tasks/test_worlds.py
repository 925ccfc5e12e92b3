"""The small worlds of exploration, step by step."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.tasks.worlds import Corridors, Rooms


def walk(world, actions, state):
    """States and ends along a list of actions, for one copy."""
    ends = []
    for action in actions:
        before = state
        state, ended = world.step(state, np.array([action]), np.zeros((1, world.draws)))
        fields = world.fields(before, np.array([action]), state)
        ends.append((bool(ended[0]), float(fields["success"][0])))
    return state, ends


def test_corridors() -> None:
    world = Corridors(count=3, length=3, horizon=8)
    start = world.start(np.zeros((1, 1)))
    assert world.observations == 10
    assert world.observe(start).tolist() == [0]
    assert walk(world, [2, 0, 2], start)[1] == [(False, 0.0), (False, 0.0), (True, 1.0)]
    assert walk(world, [0, 0, 0], start)[1][-1] == (True, 0.0)  # the end of a corridor without goal
    back, ends = walk(world, [1, 1], start)
    assert world.observe(back).tolist() == [0]
    assert not any(end for end, _ in ends)
    seen = {int(world.observe(np.array([[c, d]]))[0]) for c in range(3) for d in range(4)}
    assert seen == set(range(10))


def test_rooms() -> None:
    world = Rooms(rooms=3, cues=4, names=6, horizon=5)
    uniform = np.random.default_rng(0).random((500, world.draws))
    state = world.start(uniform)
    cues, names = state[:, 1:4], state[:, 4:]
    assert names.shape == (500, 4)
    assert all(len(set(row)) == 4 for row in names)
    assert set(cues.ravel()) == set(range(4))
    assert abs(np.bincount(names[:, 0], minlength=6) / 500 - 1 / 6).max() < 0.06
    one = state[:1]
    wrong = [int(world.observe(one)[0])]  # door c is never the answer to cue c
    assert walk(world, wrong, one)[0][0, 0] == 0
    for room in range(3):
        action = (world.observe(one) + 1) % 4
        before, (one, ended) = one, world.step(one, action, uniform[:1])
        fields = world.fields(before, action, one)
        assert fields["next_name"][0] == names[0, room + 1]
        assert fields["name"][0] == names[0, room]
        assert bool(ended[0]) == bool(fields["success"][0]) == (room == 2)


@pytest.mark.parametrize(
    "make", [lambda: Corridors(count=1), lambda: Corridors(horizon=2), lambda: Rooms(names=8)]
)
def test_impossible_worlds_are_refused(make) -> None:
    with pytest.raises(BadInput):
        make()
