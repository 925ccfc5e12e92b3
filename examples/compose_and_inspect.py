"""Compose a reward for CartPole, look at what each part pays, and find the part that never matters."""

from __future__ import annotations

import numpy as np

import rewardsmith as rs
from rewardsmith import tasks


@rs.term
def centred(next_x, *, track=2.4):
    return 1 - abs(next_x) / track


@rs.term
def upright(next_angle):
    return rs.xp(next_angle).cos(next_angle)


@rs.term
def calm(angular_velocity, *, scale=100.0):
    return -((angular_velocity / scale) ** 2)


task = tasks.load("cartpole")
rng = np.random.default_rng(0)
obs = rng.uniform(-0.2, 0.2, size=(1000, task.observation_size))
batch = task.batch(
    obs=obs,
    action=rng.integers(0, 2, size=1000),
    next_obs=obs + 0.02 * rng.normal(size=obs.shape),
    terminated=np.zeros(1000, dtype=bool),
)

together = rs.minimum(centred, upright) + 0.5 * calm
either = rs.lexicographic(upright, centred)
guarded = rs.gate(together, when=upright, above=0.9)

for reward in (together, either, guarded):
    print(reward)
    sizes = {name: float(np.abs(part).mean()) for name, part in reward.terms(batch).items()}
    for name, size in sizes.items():
        print(f"  {name:<10} {size / sum(sizes.values()):7.2%} of what is paid and charged")

# Weights are numbers, so a part that never matters can be given a say, without touching its code.
louder = together.with_numbers({"calm.scale": 1.0})
print("calm pays", together.terms(batch)["calm"].mean(), "and then", louder.terms(batch)["calm"].mean())
assert together != louder
assert np.allclose(sum(louder.terms(batch).values()), louder(batch))
