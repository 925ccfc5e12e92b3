"""The wrapper against hand-made loops in real environments."""

from __future__ import annotations

import math
import pickle
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import rewardsmith as rs
from rewardsmith.connect.gymnasium import NoVerdict, RewardWrapper, wrap
from rewardsmith.core.errors import BadInput, NonFiniteError, ScopeError

ANGLE = rs.Field("angle", "rad", meaning="angle of the pole", read=2)
X = rs.Field("x", "m", read=0)


@rs.term
def lean(next_angle):
    return -(next_angle**2)


@rs.term
def push(action):
    return 1.0 * action


@rs.term
def progress(x, next_x):
    return abs(x) - abs(next_x)


@rs.term
def undecided_when_pushed(action):
    return np.where(action == 1, np.nan, 1.0)


@rs.term
def boundless(angle):
    return np.full_like(angle, np.inf)


REWARD = 2.0 * lean + 0.5 * push + progress


def steps(env: gymnasium.Env[Any, Any], actions: list[int], seed: int = 3) -> list[tuple[Any, ...]]:
    env.reset(seed=seed)
    return [env.step(action) for action in actions]


def test_pays_what_the_reward_says_and_lists_the_parts() -> None:
    actions = [1, 0, 1, 1, 0, 0, 1]
    plain = gymnasium.make("CartPole-v1")
    before, _ = plain.reset(seed=3)
    expected: list[float] = []
    for action in actions:
        after = plain.step(action)[0]
        angle, moved = float(after[2]), abs(float(before[0])) - abs(float(after[0]))
        expected.append(-2.0 * angle**2 + 0.5 * action + moved)
        before = after
    found = steps(wrap(gymnasium.make("CartPole-v1"), REWARD, fields=[ANGLE, X]), actions)
    np.testing.assert_allclose([step[1] for step in found], expected, rtol=1e-12, atol=1e-15)
    for _, paid, _, _, info in found:
        assert isinstance(paid, float)
        assert set(info["reward_terms"]) == {"lean", "push", "progress"}
        assert sum(info["reward_terms"].values()) == pytest.approx(paid, abs=1e-15)
        assert info["native_reward"] == 1.0


@pytest.mark.parametrize("name", ["CartPole-v1", "Pendulum-v1", "Reacher-v5", "FrozenLake-v1"])
@pytest.mark.filterwarnings("ignore:.*:UserWarning:gymnasium.*")
def test_passes_gymnasiums_own_checker(name: str) -> None:
    env = wrap(gymnasium.make(name), 0.5 * native + bonus)
    check_env(env, skip_render_check=True)
    env.close()


@rs.term
def native(native_reward):
    return native_reward


@rs.term
def bonus(terminated):
    return np.where(terminated, 1.0, 0.25)


def test_a_task_says_how_its_fields_are_read() -> None:
    task = rs.tasks.load("Reacher-v5")
    env = wrap(gymnasium.make("Reacher-v5"), task.naive, fields=task)
    env.reset(seed=0)
    obs, paid, *_ = env.step(np.zeros(2, np.float32))
    assert paid == pytest.approx(-math.hypot(obs[8], obs[9]))
    env.close()


def test_a_mutating_environment_cannot_change_the_past() -> None:
    class Growing(gymnasium.Env[Any, Any]):
        observation_space = gymnasium.spaces.Box(-10.0, 10.0, (1,))
        action_space = gymnasium.spaces.Discrete(2)

        def __init__(self) -> None:
            self.place = np.zeros(1, np.float32)

        def reset(self, *, seed=None, options=None):
            self.place[:] = 0.0
            return self.place, {}

        def step(self, action):
            self.place += 1.0
            return self.place, 0.0, False, False, {}

    found = steps(wrap(Growing(), progress, fields=[X]), [0, 0, 0])
    assert [step[1] for step in found] == [-1.0, -1.0, -1.0]


@pytest.mark.parametrize(("reset_state", "same"), [("episode", True), ("never", False)])
def test_state_of_a_reward_is_kept_or_reset_as_said(reset_state: Any, same: bool) -> None:
    env = wrap(gymnasium.make("CartPole-v1"), push | rs.Normalize(), reset_state=reset_state)
    first = [step[1] for step in steps(env, [1, 0, 0, 1])]
    second = [step[1] for step in steps(env, [1, 0, 0, 1])]
    assert (first == second) is same
    if not same:  # running statistics over both episodes: an independent computation
        values = np.array([1, 0, 0, 1, 1, 0, 0, 1.0])
        seen = [(v - values[: i + 1].mean()) / (values[: i + 1].std() + 1e-300) for i, v in enumerate(values)]
        np.testing.assert_allclose(first[1:] + second, seen[1:], rtol=1e-6)


def test_no_verdict_raises_unless_said_otherwise() -> None:
    def one(undecided: Any) -> float:
        env = wrap(gymnasium.make("CartPole-v1"), undecided_when_pushed, undecided=undecided)
        return steps(env, [1])[0][1]

    with pytest.raises(NoVerdict, match="undecided_when_pushed has no verdict"):
        one("raise")
    assert math.isnan(one("nan"))
    assert one("native") == 1.0
    with pytest.raises(BadInput, match="never 0"):
        one("zero")


def test_infinity_is_an_error() -> None:
    with pytest.raises(NonFiniteError):
        steps(wrap(gymnasium.make("CartPole-v1"), boundless, fields=[ANGLE]), [0])


def test_wiring_refuses_what_cannot_work() -> None:
    env = gymnasium.make("CartPole-v1")
    with pytest.raises(ScopeError, match=r"Delta.* must see a whole EPISODE.*Gymnasium wrapper"):
        wrap(env, lean | rs.Delta(), fields=[ANGLE])
    with pytest.raises(BadInput, match=r"no field 'next_angle'; allowed: action, .*reads it"):
        wrap(env, lean)
    with pytest.raises(BadInput, match="success is what a task judges by"):
        wrap(env, rs.success)
    with pytest.raises(BadInput, match="no 'read'"):
        wrap(env, lean, fields=[rs.Field("angle")])
    with pytest.raises(BadInput, match="received str"):
        wrap(env, "lean")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="Box or Discrete"):
        wrap(gymnasium.make("Blackjack-v1"), bonus)
    with pytest.raises(gymnasium.error.ResetNeeded):
        RewardWrapper(env.unwrapped, bonus).step(0)


def test_spec_rebuilds_the_wrapped_environment() -> None:
    env = wrap(gymnasium.make("CartPole-v1"), REWARD, fields=[ANGLE, X])
    again = gymnasium.make(pickle.loads(pickle.dumps(env.spec)))
    assert [s[1] for s in steps(again, [1, 0, 1])] == [s[1] for s in steps(env, [1, 0, 1])]
