"""Stable-Baselines3 trains on a wrapped environment, with a reward of ours and its parts in the logs."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.logger import KVWriter, Logger

import rewardsmith as rs
from rewardsmith import tasks
from rewardsmith.connect.gymnasium import wrap
from rewardsmith.connect.sb3 import LogTerms


@rs.term
def upright(next_angle):
    return 1.0 - abs(next_angle) / 0.2095


@rs.term
def centred(next_x):
    return 1.0 - abs(next_x) / 2.4


@rs.term
def fallen(terminated):
    return np.where(terminated, -1.0, 0.0)


@rs.term
def balance(angle):
    return -abs(angle)


REWARD = 0.5 * upright + 0.2 * centred + 5.0 * fallen | rs.Potential(balance, discount=0.98) | rs.Clip(-5, 1)
PARTS = ["upright", "centred", "fallen", "potential", "clip"]


def make() -> gymnasium.Env[Any, Any]:
    return wrap(gymnasium.make("CartPole-v1"), REWARD, fields=tasks.load("cartpole"))


class Kept(KVWriter):
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def write(self, key_values: dict[str, Any], key_excluded: Any, step: int = 0) -> None:
        self.rows.append(dict(key_values))

    def close(self) -> None:
        pass


def lengths(model: PPO, episodes: int = 10) -> list[int]:
    """Steps until the pole falls, in the plain environment."""
    env, found = gymnasium.make("CartPole-v1"), []
    for seed in range(episodes):
        obs, _ = env.reset(seed=1000 + seed)
        steps, over = 0, False
        while not over:
            obs, _, terminated, truncated, _ = env.step(model.predict(obs, deterministic=True)[0])
            steps, over = steps + 1, terminated or truncated
        found.append(steps)
    return found


def test_its_own_checker_is_content() -> None:
    check_env(make())


def test_the_parts_in_the_logs_sum_to_what_was_paid() -> None:
    kept = Kept()
    envs = make_vec_env(make, n_envs=2, seed=0)
    model = PPO("MlpPolicy", envs, n_steps=128, batch_size=64, n_epochs=1, seed=0, device="cpu")
    model.set_logger(Logger(None, [kept]))
    model.learn(256, callback=LogTerms())
    row = next(row for row in kept.rows if "rollout/ep_rew_mean" in row)
    assert sum(row[f"reward_terms/{name}"] for name in PARTS) == pytest.approx(
        row["rollout/ep_rew_mean"], abs=1e-4
    )
    assert row["reward_terms/native"] == pytest.approx(row["rollout/ep_len_mean"])  # CartPole pays 1 a step


@pytest.mark.slow
def test_ppo_learns_from_a_composed_reward() -> None:
    torch.set_num_threads(1)
    envs = make_vec_env(make, n_envs=8, seed=1)
    model = PPO(
        "MlpPolicy", envs, n_steps=64, batch_size=256, n_epochs=10, learning_rate=2e-3, gamma=0.98,
        gae_lambda=0.8, seed=1, device="cpu",
    )  # fmt: skip
    before = lengths(model)
    kept = Kept()
    model.set_logger(Logger(None, [kept]))
    model.learn(16_384, callback=LogTerms())
    after = lengths(model)
    assert np.mean(before) < 60
    assert np.mean(after) > 300
    paid = [row["reward_terms/upright"] for row in kept.rows if "reward_terms/upright" in row]
    assert max(paid) > 4 * paid[0]
