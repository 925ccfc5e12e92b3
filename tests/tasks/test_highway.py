"""The highway: our quantities are those of highway-env's own cars, and the two engines drive alike."""

import dataclasses
import itertools

import gymnasium
import highway_env  # noqa: F401  importing it registers the environments
import numpy as np
import pytest

from rewardsmith import tasks
from rewardsmith.core.errors import MissingExtra
from rewardsmith.optimize.control import PPO, Population, evaluate_in_gymnasium
from rewardsmith.tasks import GymEnv
from rewardsmith.tasks.envs import gym as gym_module

NAMES = ["highway-fast-v0", "highway-v0"]
FAST = tasks.load("highway-fast-v0")


def drives(name):
    """Steps of highway-env with random actions, without end: its road, the task's batch, and what it tells."""
    task, world, rng = tasks.load(name), gymnasium.make(name).unwrapped, np.random.default_rng(0)
    for episode in itertools.count():
        obs, ended, cut = world.reset(seed=episode)[0], False, False
        while not (ended or cut):
            action = int(rng.choice(5, p=[0.1, 0.3, 0.1, 0.4, 0.1]))
            after, _, ended, cut, info = world.step(action)
            batch = task.batch(
                obs.ravel().astype(float), np.array(action), after.ravel().astype(float), np.array(ended)
            )
            yield world, task.with_success(batch), info
            obs = after


@pytest.mark.parametrize(("name", "steps"), [("highway-fast-v0", 30), ("highway-v0", 3)])
def test_fields_are_what_the_cars_do(name, steps):
    near = 0
    for world, batch, info in itertools.islice(drives(name), steps):
        car = world.vehicle
        assert batch["next_speed"] == pytest.approx(car.velocity[0], abs=1e-4)
        assert batch["next_drift"] == pytest.approx(car.velocity[1], abs=1e-4)
        assert batch["next_lane"] == pytest.approx(car.position[1] / 4, abs=1e-4)
        assert batch["next_on_road"] == float(car.on_road)
        assert bool(batch["terminated"]) == info["crashed"]
        assert float(batch["success"]) == float(car.velocity[0] > 28 and not info["crashed"])
        others = [o for o in world.road.vehicles if o is not car and o.position[0] > car.position[0]]
        seen = sorted(others, key=lambda other: other.position[0])[:4]  # four cars are observed
        for side, field in ((0, "next_gap_ahead"), (-1, "next_gap_left"), (1, "next_gap_right")):
            lane = [o for o in seen if abs(o.position[1] - car.position[1] - 4 * side) < 2]
            far = min((o.position[0] - car.position[0] for o in lane), default=200.0)
            if batch[field] < 200 and far < 200:
                assert batch[field] == pytest.approx(far, abs=1e-3)
                near += 1
            if side == 0 and lane and batch[field] < 200:
                ahead = min(lane, key=lambda o: o.position[0])
                assert batch["next_pull_away"] == pytest.approx(ahead.velocity[0] - car.velocity[0], abs=1e-3)
    assert near >= 5


def formula(batch, lanes, crashed):
    """The documented reward, for steps in which the lane is not being changed."""
    quick = np.clip((batch["next_speed"] - 20) / 10, 0, 1)
    raw = -1.0 * crashed + 0.1 * np.round(batch["next_lane"]) / (lanes - 1) + 0.4 * quick
    return (raw + 1) / 1.5 * batch["next_on_road"]


@pytest.mark.parametrize("engine", ["envpool", "gymnasium"])
def test_native_reward_is_the_documented_formula_in_both_engines(engine):
    rng, compared = np.random.default_rng(1), 0
    count = 4 if engine == "envpool" else 2
    copies = dataclasses.replace(FAST.env, engine=engine).open(count, 0)
    obs = copies.reset()
    for _ in range(16):
        action = rng.choice(5, count, p=[0.05, 0.4, 0.05, 0.4, 0.1])
        step = copies.step(action)
        batch = FAST.batch(obs, action, step.next_obs, step.terminated, step.reward)
        straight = (np.abs(batch["next_drift"]) < 0.05) & (np.abs(batch["drift"]) < 0.05) & (action % 2 == 1)
        wanted = formula(batch, 3, step.terminated)
        np.testing.assert_allclose(FAST.native(batch)[straight], wanted[straight], atol=2e-3)
        compared, obs = compared + straight.sum(), step.obs
    copies.close()
    assert compared > 10


def test_an_empty_road_is_driven_alike_by_both_engines():
    """No other cars, the same lane at the start: speeds and places across the road, second by second."""
    env, rng = gymnasium.make("highway-fast-v0", config={"vehicles_count": 0, "initial_lane_id": 1}), None
    options = (("vehicles_count", 0), ("initial_lane_id", 1))
    copies = dataclasses.replace(FAST.env, engine="envpool", options=options).open(1, 0)
    ours, theirs, rng = copies.reset(), env.reset(seed=0)[0], np.random.default_rng(0)
    for _ in range(25):
        action = int(rng.integers(5))
        step, (after, *_) = copies.step(np.array([action])), env.step(action)
        theirs = after.ravel()
        np.testing.assert_allclose(step.next_obs[0, 2:5], theirs[2:5], atol=1e-3)
        ours = step.next_obs
    assert ours[0, 5:].max() == 0
    copies.close()


def test_traffic_starts_as_dense_in_both_engines():
    """Distances to the four cars that are seen, over starts: means within three standard errors."""
    world = gymnasium.make("highway-fast-v0").unwrapped
    theirs = np.array([world.reset(seed=seed)[0].ravel() for seed in range(40)])
    copies = dataclasses.replace(FAST.env, engine="envpool").open(400, 5)
    ours = copies.reset()
    copies.close()
    for column in (6, 11, 16, 21):
        error = np.hypot(ours[:, column].std() / 20, theirs[:, column].std() / np.sqrt(40))
        assert abs(ours[:, column].mean() - theirs[:, column].mean()) < 3 * error
    assert {round(float(y), 3) for y in ours[:, 2]} == {0.0, 0.333, 0.667}  # any of three lanes


@pytest.mark.parametrize("name", NAMES)
def test_shipped_sizes_are_those_of_highway_env(name):
    env = tasks.load(name).env
    found = GymEnv.inspect(name, horizon=env.horizon)
    assert (found.observation_size, found.actions) == (env.observation_size, env.actions)
    assert gymnasium.make(name).unwrapped.config["duration"] == env.horizon
    assert env.chosen_engine() == "envpool"


def test_a_film_of_the_road():
    film = FAST.render(lambda obs: np.full(len(obs), 1), seed=2, frames=6)
    assert film.shape[1:] == (50, 200, 3)
    assert 1 <= len(film) <= 6
    assert film.std() > 5


def test_a_missing_simulator_is_answered_with_its_extra(monkeypatch):
    env = dataclasses.replace(FAST.env, engine="envpool")
    monkeypatch.setattr(gym_module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"highway-fast-v0 .*pip install 'rewardsmith\[highway\]'"):
        env.open(1, 0)


def test_a_policy_is_judged_in_highway_env_itself():
    """Observations with rows and columns become one vector there too."""
    policy = Population.start(FAST, [FAST.naive], [0], PPO(steps=64, hidden=(4,))).policies()[0]
    found = evaluate_in_gymnasium(FAST, policy, episodes=2)
    assert found.success.shape == (1, 2)
    assert found.trajectories[0][0].obs.shape == (found.lengths[0, 0], 25)
