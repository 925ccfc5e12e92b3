"""Pusher-v5 and Ant-v5: columns, rewards and physics are those of Gymnasium's own simulators."""

import dataclasses
import warnings

import gymnasium
import mujoco
import numpy as np
import pytest

from rewardsmith import tasks
from rewardsmith.tasks import GymEnv

NAMES = ["Pusher-v5", "Ant-v5"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """MuJoCo writes its log into the working directory."""
    monkeypatch.chdir(tmp_path)


def played(name, steps=6):
    """Gymnasium's environment after some random steps, its last transition, and the task's batch of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        env = gymnasium.make(name, disable_env_checker=True).unwrapped
    task, rng = tasks.load(name), np.random.default_rng(0)
    obs, _ = env.reset(seed=0)
    for _ in range(steps):
        before, action = obs, rng.uniform(*task.actions.bounds, task.actions.width)
        obs, reward, ended, _, info = env.step(action)
    batch = task.batch(before, action, obs, np.array(ended), np.array(reward))
    return env, batch, info


@pytest.mark.parametrize("name", NAMES)
def test_shipped_sizes_are_those_of_gymnasium(name):
    env = tasks.load(name).env
    assert GymEnv.inspect(name) == env
    assert env.chosen_engine() == "envpool"


def test_columns_of_pusher():
    env, batch, _ = played("Pusher-v5")
    for thing, body in (("tip", "tips_arm"), ("cylinder", "object"), ("disc", "goal")):
        there = [batch[f"next_{thing}_{axis}"] for axis in "xyz"]
        np.testing.assert_allclose(there, env.data.body(body).xpos, atol=1e-6)
    for ours in ("shoulder_pan", "shoulder_lift", "upper_arm_roll", "elbow_flex", "wrist_flex", "wrist_roll"):
        joint = env.data.joint(f"r_{ours}_joint")
        assert batch[f"next_{ours}_angle"] == pytest.approx(joint.qpos[0])
        assert batch[f"next_{ours}_velocity"] == pytest.approx(joint.qvel[0])
    disc = env.model.geom(int(env.model.body("goal").geomadr[0]))
    assert float(disc.size[0]) == pytest.approx(0.08)


def test_columns_of_ant():
    env, batch, info = played("Ant-v5")
    mujoco.mj_kinematics(env.model, env.data)  # bodies lag one substep behind joints
    turned = env.data.body("torso").xmat.reshape(3, 3)
    assert batch["next_upright"] == pytest.approx(turned[2, 2], abs=1e-6)
    assert batch["next_heading"] == pytest.approx(np.arctan2(turned[1, 0], turned[0, 0]), abs=1e-6)
    assert batch["next_height"] == pytest.approx(env.data.body("torso").xpos[2], abs=1e-6)
    for k, side in enumerate(("front_left", "front_right", "back_left", "back_right"), start=1):
        for part in ("hip", "ankle"):
            joint = env.data.joint(f"{part}_{k}")
            assert batch[f"next_{side}_{part}_angle"] == pytest.approx(joint.qpos[0])
            assert batch[f"next_{side}_{part}_velocity"] == pytest.approx(joint.qvel[0])
    assert info["reward_contact"] == pytest.approx(-5e-4 * batch["next_contact"], abs=1e-6)
    assert info["reward_ctrl"] == pytest.approx(-0.5 * batch["effort"])
    middle = (batch["x_velocity"] + batch["next_x_velocity"]) / 2
    assert info["x_velocity"] == pytest.approx(middle, abs=0.3)


def test_legs_of_the_ant_are_where_their_names_say():
    """Level and unturned, "front" is ahead along x and "left" is along +y."""
    env, _, _ = played("Ant-v5", 1)
    env.reset_model()
    env.set_state(np.r_[0, 0, 0.75, 1, 0, 0, 0, np.zeros(8)], np.zeros(14))
    for k, (ahead, aside) in enumerate([(1, 1), (-1, 1), (-1, -1), (1, -1)], start=1):
        name = ("front_left_leg", "front_right_leg", "back_leg", "right_back_leg")[k - 1]
        foot = env.data.body(name).xipos
        assert np.sign(foot[0]) == ahead, name
        assert np.sign(foot[1]) == aside, name


@pytest.mark.parametrize("engine", ["envpool", "gymnasium"])
def test_native_reward_of_pusher_is_the_documented_formula(engine):
    task, rng = tasks.load("Pusher-v5"), np.random.default_rng(3)
    copies = dataclasses.replace(task.env, engine=engine).open(4, 1)
    obs = copies.reset()
    for _ in range(30):
        actions = rng.uniform(-2, 2, (4, 7))
        step = copies.step(actions)
        batch = task.with_success(task.batch(obs, actions, step.next_obs, step.terminated, step.reward))
        drop = batch["next_cylinder_z"] - batch["next_disc_z"]
        far = np.hypot(batch["next_disc_distance"], drop)
        paid = -far - 0.1 * batch["effort"] - 0.5 * batch["next_tip_distance"]
        np.testing.assert_allclose(task.native(batch), paid, atol=1e-6)
        np.testing.assert_array_equal(batch["success"], batch["next_disc_distance"] < 0.08)
        obs = step.obs
    copies.close()


@pytest.mark.parametrize("name", NAMES)
def test_envpool_steps_like_gymnasium(name):
    """Transitions of envpool, replayed in Gymnasium from the same positions and velocities."""
    task, rng = tasks.load(name), np.random.default_rng(0)
    env, _, _ = played(name, 1)
    copies = dataclasses.replace(task.env, engine="envpool").open(1, 4)
    obs = copies.reset()
    for _ in range(30):
        action = rng.uniform(*task.actions.bounds, (1, task.actions.width))
        step = copies.step(action)
        if name == "Ant-v5":
            qpos, qvel = np.r_[0, 0, obs[0, :13]], obs[0, 13:27]
        else:  # slides of cylinder and disc are relative to the places where their bodies are drawn
            qpos = np.r_[obs[0, :7], obs[0, 18] + 0.05, obs[0, 17] - 0.45, obs[0, 21] + 0.05, obs[0, 20] - 0.45]
            qvel = np.r_[obs[0, 7:14], np.zeros(4)]
        env.data.qacc_warmstart[:] = 0
        env.set_state(qpos, qvel)
        again, paid, terminated, _, _ = env.step(action[0])
        places = slice(0, 27) if name == "Ant-v5" else slice(0, 17)
        np.testing.assert_allclose(step.next_obs[0][places], again[places], atol=2e-2)
        assert step.reward[0] == pytest.approx(paid, abs=0.1)  # Ant pays the way of a body, which lags behind
        assert step.terminated[0] == terminated
        obs = step.obs
    copies.close()
