"""Any registered Gymnasium environment is a task: nested observations, several choices, its own verdict."""

import dataclasses
from types import SimpleNamespace
from typing import Any, ClassVar

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from rewardsmith import Constant, tasks
from rewardsmith.core.errors import BadInput, MissingField
from rewardsmith.core.fields import Field
from rewardsmith.core.term import term
from rewardsmith.design.method import Writing
from rewardsmith.design.propose.messages import Conversation
from rewardsmith.design.render import render_gif
from rewardsmith.measure.exploit.living import living
from rewardsmith.optimize.control import PPO, Population, evaluate
from rewardsmith.tasks import Box, Discrete, GymEnv, Success, Task, native_success
from rewardsmith.tasks.record import record_episodes, record_steps

LAST = 6


class Odd(gymnasium.Env):
    """Observations of every kind; success is told in the last step only, and is the latest choice."""

    observation_space = spaces.Dict(
        place=spaces.Box(-1.0, 1.0, (2, 2)),
        room=spaces.Discrete(3, start=5),
        parts=spaces.Tuple([spaces.MultiBinary(2), spaces.MultiDiscrete([2, 3])]),
    )
    action_space = spaces.MultiDiscrete([2, 3], start=[0, 4])

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.age, self.seen = 0, []
        return self.look(), {}

    def step(self, action):
        self.age += 1
        self.seen.append(tuple(action))
        info = {"is_success": bool(action[0] == 1)} if self.age == LAST else {"action": tuple(action)}
        return self.look(), float(action[1]), self.age == LAST, False, info

    def look(self):
        place = np.full((2, 2), self.age / LAST, np.float32)
        parts = (np.array([1, 0], np.int8), np.array([1, 2]))
        return {"place": place, "room": 5 + self.age % 3, "parts": parts}

    def render(self):
        return np.full((300, 480, 3), 40 * self.age, np.uint8)


class Drawn(Odd):
    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["rgb_array"], "render_fps": 5}

    def __init__(self, render_mode=None):
        self.render_mode = render_mode


class Shapes(gymnasium.Env):
    def __init__(self, observation=None, action=None):
        self.observation_space = observation or spaces.Box(0.0, 1.0, (2,))
        self.action_space = action or spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        return self.observation_space.sample(), {}


@pytest.fixture(autouse=True)
def registered():
    for name, kind in (("Odd-v0", Odd), ("Drawn-v0", Drawn), ("Shapes-v0", Shapes)):
        gymnasium.register(name, entry_point=kind, max_episode_steps=20, disable_env_checker=True)
    yield
    for name in ("Odd-v0", "Drawn-v0", "Shapes-v0"):
        del gymnasium.registry[name]


@term
def high(next_height):
    return next_height


def odd_task(name="Odd-v0", **parts):
    field = Field("height", "1", -1.0, 1.0, "a number of the place", read=7)
    told = Success(native_success, "its own verdict", reduce="any")
    return Task.from_gymnasium(name, fields=[field], success=told, success_key="is_success", **parts)


def test_nested_observations_are_flattened_as_gymnasium_does():
    task, world = odd_task(), Odd()
    assert (task.observation_size, task.actions, task.horizon) == (14, Discrete(6), 20)
    copies = task.env.open(2, 0)
    obs, _ = copies.reset(), world.reset()
    for t in range(14):
        expected = spaces.flatten(Odd.observation_space, world.look())
        np.testing.assert_allclose(obs[0], expected, atol=1e-6)
        choice = t % 6
        step = copies.step(np.array([choice, choice]))
        after, paid, ended, _, _ = world.step(np.array([choice // 3, 4 + choice % 3]))
        assert step.reward.tolist() == [paid, paid]  # all pairs of choices, in order
        np.testing.assert_allclose(step.next_obs[1], spaces.flatten(Odd.observation_space, after), atol=1e-6)
        verdict = float(ended and choice >= 3)
        assert step.success is not None
        assert step.success.tolist() == [verdict, verdict]
        if ended:
            world.reset()
        obs = step.obs
    copies.close()


def test_choices_of_an_observation_are_columns():
    env = GymEnv.inspect("FrozenLake-v1", options={"is_slippery": False})
    assert (env.observation_size, env.actions, env.chosen_engine()) == (16, Discrete(4), "gymnasium")
    copies = env.open(1, 0)
    assert copies.reset().tolist() == [[1.0] + [0.0] * 15]
    assert copies.step(np.array([2])).next_obs[0].argmax() == 1
    copies.close()


def test_numbers_of_any_shape_and_choices_from_any_start():
    action = spaces.Box(-2.0, 3.0, (2, 2))
    assert GymEnv.inspect("Shapes-v0", options={"action": action}).actions == Box((-2.0,) * 4, (3.0,) * 4)
    assert GymEnv.inspect("Shapes-v0", options={"action": spaces.MultiBinary(3)}).actions == Discrete(8)
    assert GymEnv.inspect("Shapes-v0", options={"action": spaces.Discrete(4, start=-1)}).actions == Discrete(4)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"observation": spaces.Box(0, 255, (64, 48, 3), np.uint8)},
            r"an image or grid of bytes \(64 x 48 x 3\)",
        ),
        (
            {"observation": spaces.Dict(eye=spaces.Box(0.0, 1.0, (8, 8, 3)))},
            r"part \['eye'\]: received an image",
        ),
        ({"observation": spaces.Text(5)}, "Text"),
        (
            {"observation": spaces.Tuple([spaces.Sequence(spaces.Discrete(2))])},
            r"part \[0\]: received Sequence",
        ),
        ({"action": spaces.Box(-np.inf, np.inf, (2,))}, "finite"),
        ({"action": spaces.MultiDiscrete([9, 9, 9])}, "729 combinations"),
        ({"action": spaces.Dict(go=spaces.Discrete(2))}, "MultiBinary, or a Box"),
    ],
)
def test_what_no_field_can_be_read_from_is_refused_in_one_line(options, said):
    with pytest.raises(BadInput, match=said) as caught:
        GymEnv.inspect("Shapes-v0", options=options)
    assert "\n" not in str(caught.value)


def test_a_verdict_that_never_comes_is_named():
    with pytest.raises(BadInput, match=r"success_key of Odd-v0: received 'won'; allowed: action, is_success"):
        GymEnv.inspect("Odd-v0", success_key="won")
    with pytest.raises(BadInput, match="native_success"):
        dataclasses.replace(odd_task(), env=GymEnv.inspect("Odd-v0"))


def test_nothing_but_success_reads_the_verdict():
    task = odd_task()
    assert "native_success" not in {field.name for field in task.table()}
    with pytest.raises(BadInput, match="naive of task Odd-v0: received field 'native_success'"):
        dataclasses.replace(task, naive=native_success)
    with pytest.raises(MissingField, match="native_success"):
        Population.start(task, [native_success], [0], PPO(steps=64))
    assert np.isnan(record_steps(task, 0, envs=2, steps=8)["native_success"]).all()  # what screens see
    (episode,) = record_episodes(task, 0, 1)
    assert episode["native_success"].shape == (1, LAST)
    assert episode["native_success"].sum() in (0, 1)


def test_a_training_learns_what_the_environment_calls_success():
    from rewardsmith.core.term import success

    config = PPO(steps=1536, envs=4, rollout=32, epochs=4, minibatches=4, hidden=(8,), learning_rate=0.02)
    trained = Population.start(odd_task(), [success], [0], config).advance(config.steps)
    found = evaluate(odd_task(), trained.policies(), 3, 8)
    assert found.success.tolist() == [[1.0] * 8]
    assert found.lengths.tolist() == [[LAST] * 8]
    assert trained.curves.figures["signal"][-1, 0] == pytest.approx(1 / LAST, abs=0.05)


def test_films():
    task = odd_task("Drawn-v0")
    film = task.render(lambda obs: np.zeros(len(obs), int), frames=20, width=100)
    assert film.shape == (LAST, 60, 96, 3)  # pixels of 5 x 5, one picture before each step
    assert film.dtype == np.uint8
    assert film[:, 0, 0, 0].tolist() == [0, 40, 80, 120, 160, 200]
    assert task.render(lambda obs: np.zeros(len(obs), int), frames=10).shape[0] == LAST // 2
    with pytest.raises(BadInput, match="film of Odd-v0"):
        odd_task().render(lambda obs: np.zeros(len(obs), int))
    still = SimpleNamespace(act=lambda obs: np.zeros(len(obs), int))
    drawn, why = render_gif(odd_task(), still, 0)
    assert drawn is None
    assert "takes render_mode='rgb_array' and whose render() gives a picture" in why


def test_a_film_of_mujoco():
    film = tasks.load("Reacher-v5").render(lambda obs: np.ones((len(obs), 2)), seed=1, frames=3, width=80)
    assert film.shape == (3, 80, 80, 3)
    assert film.std() > 10  # not empty
    assert np.abs(film[1].astype(int) - film[0]).max() > 50  # and it moves


def test_whether_an_episode_ends_early_is_unknown_until_somebody_says_so():
    assert odd_task().ending == "unknown"
    told = {ending: Conversation(odd_task(ending=ending), Writing()).about() for ending in ("unknown", "never")}
    assert "at most 20 steps. It may end early." in told["unknown"]
    assert "at most 20 steps. It never ends early." in told["never"]
    costly = {"terminated": np.zeros(4)}
    assert living(Constant(-1.0), costly, "failure", 0.9) is not None
    assert living(Constant(-1.0), costly, "unknown", 0.9) is None
    with pytest.raises(BadInput, match="'failure', 'goal', 'never' or 'unknown'"):
        odd_task(ending="sometimes")
