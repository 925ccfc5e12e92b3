"""The idea in twelve lines: a reward is a value."""

from __future__ import annotations

import numpy as np

import rewardsmith as rs


@rs.term
def height(position):
    return rs.xp(position).sin(3 * position)


@rs.term
def effort(action):
    return -(action**2)


reward = 1.0 * rs.success + 0.1 * effort | rs.Potential(height, discount=0.99) | rs.Clip(-1, 1)

batch = {
    "action": np.array([0.5, -1.0, 0.0]),
    "success": np.array([0.0, 0.0, 1.0]),
    "terminated": np.array([False, False, True]),
    "position": np.array([-0.5, 0.1, 0.4]),
    "next_position": np.array([0.1, 0.4, 0.6]),
}

print("reward   ", reward)
print("per step ", reward(batch).round(3))
for name, part in reward.terms(batch).items():
    print(f"  {name:<10}", part.round(3))
print("numbers  ", reward.numbers())
assert np.allclose(sum(reward.terms(batch).values()), reward(batch))
assert rs.parse(str(reward), terms=[height, effort]) == reward
