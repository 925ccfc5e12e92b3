"""Environments that misbehave: one line that names the environment and what it did, and no traceback."""

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from rewardsmith.core.errors import BadInput
from rewardsmith.tasks import GymEnv


class Broken(gymnasium.Env):
    """Behaves for three steps."""

    observation_space = spaces.Box(-1.0, 1.0, (3,))
    action_space = spaces.Discrete(2)

    def __init__(self, fault="", end=None):
        self.fault, self.end = fault, end

    def reset(self, *, seed=None, options=None):
        self.age = 0
        return np.zeros(2 if self.fault == "shape" else 3, np.float32), {}

    def step(self, action):
        self.age += 1
        late = self.age > 3
        if late and self.fault == "raise":
            raise RuntimeError("the motor\nburned out")
        if late and self.fault == "exit":
            raise SystemExit(4)
        obs = np.zeros(3, np.float32)
        if late and self.fault in ("nan", "inf"):
            obs[1] = float(self.fault)
        told = {"range": 7.0, "text": "yes", "unknown": float("nan")}.get(self.fault, True) if late else False
        return obs, 0.0, self.age == self.end, False, {"good": told}


@pytest.fixture(autouse=True)
def registered():
    gymnasium.register("Broken-v0", entry_point=Broken, max_episode_steps=20, disable_env_checker=True)
    yield
    del gymnasium.registry["Broken-v0"]


def play(fault, end=None):
    env = GymEnv.inspect("Broken-v0", options={"fault": fault, "end": end}, success_key="good")
    copies = env.open(2, 0)
    copies.reset()
    for _ in range(6):
        step = copies.step(np.zeros(2, int))
    return step


LINES = {
    "raise": r"step of Broken-v0: received RuntimeError: the motor burned out \(test_guard.py, line \d+\)",
    "exit": r"step of Broken-v0: received SystemExit: 4 \(test_guard.py",
    "nan": "observation of Broken-v0: received nan in column 1; allowed: finite numbers",
    "inf": "observation of Broken-v0: received inf in column 1",
    "range": r"info\['good'\] of Broken-v0: received 7.0; allowed: True, False, or a number from 0 to 1",
    "text": r"info\['good'\]: received .*yes.*; allowed: True, False",
}


@pytest.mark.parametrize("fault", LINES)
def test_a_fault_in_mid_episode_is_one_line(fault):
    with pytest.raises(BadInput, match=LINES[fault]) as raised:
        play(fault)
    assert "\n" not in str(raised.value)


def test_a_final_observation_is_looked_at_too():
    with pytest.raises(BadInput, match="received nan in column 1"):
        play("nan", end=4)


def test_an_observation_of_another_shape_than_its_space_is_refused_at_the_start():
    with pytest.raises(
        BadInput, match=r"received shape \(2,\); allowed: \(3,\), as its observation_space says"
    ):
        play("shape")


def test_no_verdict_and_good_behaviour_pass():
    assert np.isnan(play("unknown").success).all()
    assert (play("").success == 1.0).all()
