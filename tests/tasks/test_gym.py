"""Simulators behind one interface: true final observations, the same physics, honest errors."""

import dataclasses
import warnings

import gymnasium
import numpy as np
import pytest

from rewardsmith import tasks
from rewardsmith.core.errors import BadInput, MissingExtra
from rewardsmith.core.fields import Field
from rewardsmith.core.term import term
from rewardsmith.tasks import Box, Discrete, GymEnv, Success, Task
from rewardsmith.tasks.envs import CartPole, MountainCar
from rewardsmith.tasks.envs import gym as gym_module

MUJOCO = ["Reacher-v5", "Hopper-v5", "HalfCheetah-v5"]
ENGINES = ["envpool", "gymnasium"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """MuJoCo writes its log into the working directory."""
    monkeypatch.chdir(tmp_path)


def opened(env, engine, copies=4, seed=1):
    return dataclasses.replace(env, engine=engine).open(copies, seed)


def random_actions(env, rng, copies):
    if env.actions.width:
        return rng.uniform(*env.actions.bounds, (copies, env.actions.width))
    return rng.integers(env.actions.n, size=copies)


@pytest.mark.parametrize("engine", ENGINES)
def test_final_observations_are_the_true_successors(engine):
    """CartPole-v1 through an engine: every next_obs, also at episode ends, is what the dynamics give."""
    env, ours, rng = GymEnv("CartPole-v1", 4, Discrete(2), 15), CartPole(), np.random.default_rng(0)
    copies = opened(env, engine)
    obs, age = copies.reset(), np.zeros(4, int)
    falls = cuts = 0
    for _ in range(200):
        actions = random_actions(env, rng, 4)
        step = copies.step(actions)
        after = ours.step(obs, actions)
        np.testing.assert_allclose(step.next_obs, ours.observe(after), atol=1e-5)
        age += 1
        np.testing.assert_array_equal(step.terminated, ours.terminated(after))
        np.testing.assert_array_equal(step.truncated, (age == 15) & ~step.terminated)
        ended = step.terminated | step.truncated
        assert (np.abs(step.obs[ended]) <= 0.05).all()  # a new start
        np.testing.assert_array_equal(step.obs[~ended], step.next_obs[~ended])
        assert (step.reward == 1).all()
        age[ended] = 0
        falls, cuts, obs = falls + step.terminated.sum(), cuts + step.truncated.sum(), step.obs
    copies.close()
    assert falls > 5
    assert cuts > 5


@pytest.mark.parametrize("engine", ENGINES)
def test_a_fall_in_the_last_step_is_a_termination(engine):
    """Pushing right always, the pole falls in step 8, 9 or 10: one of these horizons meets it."""
    met = 0
    for horizon in (8, 9, 10):
        copies = opened(GymEnv("CartPole-v1", 4, Discrete(2), horizon), engine, copies=8)
        copies.reset()
        for _ in range(horizon):
            step = copies.step(np.ones(8, int))
        fell = CartPole().terminated(step.next_obs)
        np.testing.assert_array_equal(step.terminated, fell)
        assert not (step.terminated & step.truncated).any()
        met += fell.sum()
        copies.close()
    assert met > 0


@pytest.mark.parametrize("engine", ENGINES)
def test_the_same_seed_gives_the_same_episodes(engine):
    env = tasks.load("Hopper-v5").env
    runs = []
    for seed in (5, 5, 6):
        copies, rng = opened(env, engine, seed=seed), np.random.default_rng(0)
        seen = [copies.reset()] + [copies.step(random_actions(env, rng, 4)).obs for _ in range(60)]
        runs.append(np.array(seen))
        copies.close()
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def gymnasium_copy(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return gymnasium.make(name, disable_env_checker=True).unwrapped


def state_of(name, obs):
    """MuJoCo's positions and velocities, rebuilt from an observation."""
    if name == "Reacher-v5":
        angles = np.arctan2(obs[2:4], obs[0:2])
        return np.concatenate([angles, obs[4:6]]), np.concatenate([obs[6:8], [0, 0]])
    joints = {"Hopper-v5": 5, "HalfCheetah-v5": 8}[name]
    return np.concatenate([[0.0], obs[:joints]]), obs[joints:]


@pytest.mark.parametrize("name", MUJOCO)
def test_envpool_steps_like_gymnasium(name):
    """Transitions of envpool, replayed in Gymnasium from the same positions and velocities."""
    env, rng, other = tasks.load(name).env, np.random.default_rng(0), gymnasium_copy(name)
    other.reset(seed=0)
    copies = opened(env, "envpool", copies=2)
    obs, compared = copies.reset(), 0
    for _ in range(40):
        actions = random_actions(env, rng, 2)
        step = copies.step(actions)
        if name != "Hopper-v5" or (np.abs(obs) < 9.9).all():  # its observed velocities are clipped at 10
            other.data.qacc_warmstart[:] = 0
            other.set_state(*state_of(name, obs[0]))
            again, paid, terminated, _, _ = other.step(actions[0])
            np.testing.assert_allclose(step.next_obs[0], again, atol=2e-3)
            assert step.reward[0] == pytest.approx(paid, abs=2e-3)
            assert step.terminated[0] == terminated
            compared += 1
        obs = step.obs
    copies.close()
    assert compared > 30


@pytest.mark.parametrize("name", MUJOCO)
@pytest.mark.parametrize("engine", ENGINES)
def test_native_reward_is_the_documented_formula_over_our_fields(name, engine):
    """Checks columns, signs and effort at once; forward speed is a difference quotient in the simulator."""
    task, rng = tasks.load(name), np.random.default_rng(3)
    copies = opened(task.env, engine)
    obs = copies.reset()
    paid, formula = [], []
    for _ in range(50):
        actions = random_actions(task.env, rng, 4)
        step = copies.step(actions)
        batch = task.with_success(task.batch(obs, actions, step.next_obs, step.terminated, step.reward))
        paid.append(task.native(batch))
        if name == "Reacher-v5":
            formula.append(-batch["next_distance"] - batch["effort"])
        else:
            healthy = 1.0 * ~step.terminated if name == "Hopper-v5" else 0.0
            weight = 1e-3 if name == "Hopper-v5" else 0.1
            middle = (batch["x_velocity"] + batch["next_x_velocity"]) / 2
            formula.append(healthy + middle - weight * batch["effort"])
        obs = step.obs
    copies.close()
    paid, formula = np.ravel(paid), np.ravel(formula)
    if name == "Reacher-v5":
        np.testing.assert_allclose(paid, formula, atol=1e-4)
    else:
        assert np.corrcoef(paid, formula)[0, 1] > 0.9
        assert abs(np.mean(paid - formula)) < 0.1


def test_columns_are_what_mujoco_says():
    """Names of joints and bodies from the simulator itself, not from our table."""
    import mujoco

    rng = np.random.default_rng(0)
    for name in MUJOCO:
        task, env = tasks.load(name), gymnasium_copy(name)
        env.reset(seed=0)
        for _ in range(5):
            obs = env.step(rng.uniform(-1, 1, task.actions.width))[0]
        batch = task.batch(obs, np.zeros(task.actions.width), obs, np.array(False))

        def joint(label, part, env=env):
            return getattr(env.data.joint(label), part)[0]

        if name == "Reacher-v5":
            gap = env.data.body("fingertip").xpos - env.data.body("target").xpos
            assert batch["distance"] == pytest.approx(np.linalg.norm(gap[:2]), abs=1e-6)
            assert batch["miss_y"] == pytest.approx(gap[1], abs=1e-6)
            assert batch["sin_2"] == pytest.approx(np.sin(joint("joint1", "qpos")))
            assert batch["velocity_1"] == pytest.approx(joint("joint0", "qvel"))
        elif name == "Hopper-v5":
            assert batch["height"] == pytest.approx(joint("rootz", "qpos"))
            assert batch["lean"] == pytest.approx(joint("rooty", "qpos"))
            assert batch["x_velocity"] == pytest.approx(joint("rootx", "qvel"))
            for part in ("thigh", "leg", "foot"):
                assert batch[f"{part}_angle"] == pytest.approx(joint(f"{part}_joint", "qpos"))
                assert batch[f"{part}_velocity"] == pytest.approx(joint(f"{part}_joint", "qvel"))
        else:
            assert batch["pitch"] == pytest.approx(joint("rooty", "qpos"))
            assert batch["x_velocity"] == pytest.approx(joint("rootx", "qvel"))
            for side, label in (("back", "b"), ("front", "f")):
                for part in ("thigh", "shin", "foot"):
                    assert batch[f"{side}_{part}_angle"] == pytest.approx(joint(f"{label}{part}", "qpos"))
                    assert batch[f"{side}_{part}_velocity"] == pytest.approx(joint(f"{label}{part}", "qvel"))
        assert isinstance(env.model, mujoco.MjModel)


@pytest.mark.parametrize("name", MUJOCO)
def test_shipped_sizes_are_those_of_gymnasium(name):
    env = tasks.load(name).env
    assert GymEnv.inspect(name) == env
    assert env.chosen_engine() == "envpool"


@term
def moved(next_position):
    return 1.0 * (next_position > -0.3)


POSITION = Field("position", "m", -1.2, 0.6, "position of the car", read=0)


def test_from_gymnasium_makes_a_task_of_any_environment():
    task = Task.from_gymnasium(
        "MountainCar-v0", fields=[POSITION], success=Success(moved), horizon=50, name="mine"
    )
    assert (task.name, task.horizon, task.observation_size, task.actions) == ("mine", 50, 2, Discrete(3))
    copies = task.env.open(3, 0)
    obs, rng = copies.reset(), np.random.default_rng(0)
    ours = MountainCar()
    for _ in range(60):
        actions = random_actions(task.env, rng, 3)
        step = copies.step(actions)
        np.testing.assert_allclose(step.next_obs, ours.step(obs, actions), atol=1e-5)
        batch = task.batch(obs, actions, step.next_obs, step.terminated, step.reward)
        assert task.native(batch).tolist() == [-1.0] * 3
        obs = step.obs
    assert "native_reward" not in {field.name for field in task.table()}
    copies.close()


def test_options_reach_the_simulator_and_choose_the_engine():
    def make(**options):
        return GymEnv.inspect("HalfCheetah-v5", horizon=10, options=options)

    env = make(exclude_current_positions_from_observation=False)
    assert env.observation_size == 18
    assert env.chosen_engine() == "envpool"
    noisy = opened(make(reset_noise_scale=0.5), "envpool", copies=64).reset()
    still = opened(make(reset_noise_scale=0.0), "envpool", copies=64).reset()
    assert noisy.std() > 0.1
    assert still.std(axis=0).max() == 0
    # an option that envpool does not know
    assert make(camera_id=0).chosen_engine() == "gymnasium"


def test_what_cannot_be_a_task_is_refused_in_one_line():
    for id, said in [
        ("NoSuchThing-v0", "an id that gymnasium.make knows"),
        ("Blackjack-v7", "an id that gymnasium.make knows"),
        ("CartPole-v77", "an id that gymnasium.make knows"),
        ("no_such_package:Thing-v0", "no_such_package"),
    ]:
        with pytest.raises((BadInput, MissingExtra), match=said) as caught:
            GymEnv.inspect(id)
        assert "\n" not in str(caught.value)
    with pytest.raises(BadInput, match="options of CartPole-v1"):
        GymEnv.inspect("CartPole-v1", options={"wheels": 3})
    with pytest.raises(BadInput, match="try engine='gymnasium'"):
        GymEnv("NotInEnvpool-v0", 2, Discrete(2), 10, engine="envpool").open(1, 0)
    with pytest.raises(BadInput, match="engine"):
        GymEnv("CartPole-v1", 4, Discrete(2), 10, engine="isaac")
    with pytest.raises(BadInput, match="at least 1"):
        GymEnv("CartPole-v1", 4, Discrete(2), 10).open(0, 0)


def test_a_missing_package_is_answered_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(gym_module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'rewardsmith\[control\]'"):
        GymEnv.inspect("CartPole-v1")
    with pytest.raises(MissingExtra, match=r"pip install 'rewardsmith\[mujoco\]'"):
        GymEnv("CartPole-v1", 4, Discrete(2), 10, engine="envpool").open(1, 0)
    assert GymEnv("CartPole-v1", 4, Discrete(2), 10).chosen_engine() == "gymnasium"


def test_a_diverged_policy_is_named():
    copies = GymEnv("Pendulum-v1", 3, Box((-2.0,), (2.0,)), 10).open(2, 0)
    copies.reset()
    with pytest.raises(BadInput, match="the policy has diverged"):
        copies.step(np.full((2, 1), np.nan))
    copies.close()
