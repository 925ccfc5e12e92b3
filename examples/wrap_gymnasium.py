"""Put a reward into a Gymnasium environment: every part shows up in `info`."""

from __future__ import annotations

import gymnasium

import rewardsmith as rs
from rewardsmith import tasks


@rs.term
def upright(next_angle):
    return rs.xp(next_angle).cos(next_angle)


@rs.term
def centred(next_x):
    return -((next_x / 2.4) ** 2)


reward = upright + 0.5 * centred
env = rs.connect.gymnasium.wrap(gymnasium.make("CartPole-v1"), reward, fields=tasks.load("cartpole"))
obs, info = env.reset(seed=0)
for _ in range(5):
    # a simple controller: push towards the side to which the pole falls
    obs, paid, terminated, truncated, info = env.step(int(obs[2] + 0.5 * obs[3] > 0))
    parts = ", ".join(f"{name} {value:+.4f}" for name, value in info["reward_terms"].items())
    print(f"paid {paid:+.4f} = {parts}   (the environment's own reward: {info['native_reward']})")
    assert abs(sum(info["reward_terms"].values()) - paid) < 1e-9
env.close()
