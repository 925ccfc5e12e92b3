"""Train several rewards and seeds at once, and judge them by success, which none of them reads."""

from __future__ import annotations

import rewardsmith as rs
from rewardsmith import tasks
from rewardsmith.optimize.control import PPO, train


@rs.term
def upright(next_angle):
    return rs.xp(next_angle).cos(next_angle)


@rs.term
def centred(next_x):
    return 1 - (next_x / 2.4) ** 2


task = tasks.load("cartpole")
rewards = [rs.Constant(0.0), task.native, rs.minimum(upright, centred)]
result = train(task, rewards, seeds=range(4), config=PPO(steps=32_768), episodes=8)

success = result.evaluation.success.reshape(len(rewards), -1)
print(task.name, "-", task.success.meaning)
for reward, values in zip(rewards, success, strict=True):
    print(f"  {values.mean():.2f} success over 4 seeds   {reward}")
assert success[1:].mean() > success[0].mean()  # either reward teaches more than paying nothing
