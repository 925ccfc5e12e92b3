"""The simulated recommender: its probabilities by counting, its books by loops."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.optimize.episodic import rollout
from rewardsmith.tasks.recommender import MOOD, TASTE, Recommender


def roll(world: Recommender, count: int = 400):
    policy = np.full((1, world.observations, 3), 1 / 3)
    return rollout(world, policy, [np.random.default_rng(0)], count)


def test_clicks_have_the_stated_probability() -> None:
    world, rng = Recommender(), np.random.default_rng(0)
    state = world.start(np.tile([0.6, 0.2, 0.0], (40_000, 1)))
    assert (state[0, TASTE], state[0, MOOD]) == (60, 1)
    state, _ = world.step(state, np.zeros(40_000, int), rng.random((40_000, 3)))  # the high level decides
    for action in range(3):
        actions = np.full(40_000, action)
        after, _ = world.step(state, actions, rng.random((40_000, 3)))
        clicked = world.fields(state, actions, after)["click"].mean()
        assert clicked == pytest.approx(1 / (1 + np.exp(4 * abs(action / 2 - 0.9) - 2)), abs=0.01)


@pytest.mark.parametrize("levels", [False, True])
def test_the_books(levels: bool) -> None:
    world = Recommender(levels=levels)
    record = roll(world)
    fields, live = record.fields, record.live
    items = (live & (fields["level"] == 0)).sum(0)
    assert set(items) <= set(range(10, 61, 10))
    sessions = items // 10
    visits = np.where(live, fields["returned"], 0).sum(0)
    # whoever came for s sessions came back s - 1 times, and once more after the last one if it was the sixth
    assert ((visits == sessions - 1) | ((sessions == 6) & (visits == 6))).all()
    assert len(set(sessions)) > 2
    if levels:
        clicks = np.where(live, fields["click"], 0).sum(0)
        np.testing.assert_array_equal(clicks, np.where(live, fields["segment_clicks"], 0).sum(0))
        high = live & (fields["level"] == 1)
        np.testing.assert_array_equal(high.sum(0), items // 5 + 1)
        assert (np.flatnonzero(high[:, 0])[:-1] % 6 == 0).all()
        assert (record.observation[high] < 9).all()
        assert (record.observation[live & ~high] >= 9).all()
    else:
        assert (fields["level"][live] == 0).all()
        assert record.observation[live].max() < 9
    assert fields["terminated"][live].sum() == 400


def test_what_is_known_of_a_user() -> None:
    """Oracle: the mean accepted novelty so far, recomputed from the record of a single policy."""
    record = roll(Recommender(levels=False), 50)
    for m in range(50):
        steps = np.flatnonzero(record.live[:, m])
        click, novelty = record.fields["click"][steps, m], record.fields["novelty"][steps, m]
        for t in steps:
            ever = [n for c, n in zip(click[:t], novelty[:t], strict=True) if c]
            now = [n for c, n in zip(click[t - t % 10 : t], novelty[t - t % 10 : t], strict=True) if c]
            bins = [0 if x <= 1 / 3 else 1 if x <= 2 / 3 else 2 for x in (_mean(ever), _mean(now))]
            assert record.observation[t, m] == 3 * bins[0] + bins[1]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.5


def test_all_users_alike() -> None:
    world = Recommender(mood=0.0, tastes=False)
    assert set(world.start(np.random.default_rng(0).random((50, 3)))[:, TASTE]) == {50}
    with pytest.raises(BadInput, match="whole segments"):
        Recommender(segment=3)
