"""A population learns from a reward in Python as from the same reward as a term."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith import tasks
from rewardsmith.core.errors import NonFiniteError
from rewardsmith.core.term import term
from rewardsmith.optimize.control import PPO, Population, train
from rewardsmith.sandbox import Limits, Pool, parse_python, using

TASK = tasks.load("cartpole")
QUICK = PPO(steps=512, envs=4, rollout=32, epochs=1, minibatches=2, hidden=(8,))
SOURCE = """
def reward(next_x, terminated):
    side = np.zeros(len(next_x))
    for row, x in enumerate(next_x):
        side[row] = 1.0 if x < 0 else 0.5
    return {"side": side, "stand": 1.0 - terminated}
"""


@term
def the_same(next_x, terminated):
    return np.where(next_x < 0, 1.0, 0.5) + (1.0 - terminated)


def test_training_is_that_of_the_same_reward_as_a_term() -> None:
    """All its values are sums of halves, so not one bit may differ."""
    with Pool(limits=Limits(wall=20.0), size=1) as pool, using(pool):
        found, expected = (
            Population.start(TASK, [reward], [0, 1], QUICK).advance(512).curves
            for reward in (parse_python(SOURCE, TASK), the_same)
        )
        assert pool.failures == 0
    for name in expected.figures:
        np.testing.assert_array_equal(found.figures[name], expected.figures[name])
    assert {"side", "stand"} <= set(found.terms[0])


SOMETIMES = """
def reward(next_x):
    if next_x.max() > 0.05:
        return next_x / missing
    return next_x
"""


def test_a_mistake_that_shows_in_training_costs_its_own_member_alone(caplog: pytest.LogCaptureFixture) -> None:
    rewards = [parse_python(SOMETIMES, TASK), the_same]
    with Pool(limits=Limits(wall=20.0), size=1) as pool, using(pool):
        both = Population.start(TASK, rewards, [0], QUICK).advance(512)
        assert pool.failures == 0
    alone = Population.start(TASK, [the_same], [0], QUICK).advance(512)
    assert both.failures() == [0]
    for name, values in alone.curves.figures.items():
        np.testing.assert_array_equal(both.curves.figures[name][:, 1], values[:, 0])
    assert "Y_RAISES at 4:25: NameError: name 'missing' is not defined" in caplog.text


def test_a_training_whose_reward_fails_is_an_error(caplog: pytest.LogCaptureFixture) -> None:
    with (
        Pool(limits=Limits(wall=20.0), size=1) as pool,
        using(pool),
        pytest.raises(NonFiniteError, match="was infinite during training, or failed"),
    ):
        train(TASK, [parse_python("def reward(next_x):\n    return np.ones(3)", TASK)], [0], QUICK)
    assert "Y_SHAPE" in caplog.text
