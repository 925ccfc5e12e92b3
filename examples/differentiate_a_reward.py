"""Fit the numbers of a reward by gradient: recover the weights behind observed ratings."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

import rewardsmith as rs


@rs.term
def speed(x_velocity):
    return x_velocity


@rs.term
def effort(action):
    return -(action**2)


@rs.term
def lean(angle, *, scale=1.0):
    return -((angle / scale) ** 2)


rs.register_pytrees()  # rewards become JAX pytrees: their numbers are the leaves

rng = np.random.default_rng(0)
batch = {name: jnp.asarray(rng.normal(size=512)) for name in ("x_velocity", "action", "angle")}
hidden = 1.5 * speed + 0.3 * effort + 0.8 * lean
ratings = hidden(batch)


@jax.jit
def step(reward):
    """One step of gradient descent on the squared error, in the reward's numbers."""
    gradient = jax.grad(lambda r: jnp.mean((r(batch) - ratings) ** 2))(reward)
    return jax.tree.map(lambda number, slope: number - 0.1 * slope, reward, gradient)


reward = 1.0 * speed + 1.0 * effort + 1.0 * lean
for _ in range(300):
    reward = step(reward)

found = {name: float(value) for name, value in reward.numbers().items()}
print("found", {name: round(value, 3) for name, value in found.items()})
assert abs(found["speed.weight"] - 1.5) < 1e-3
assert abs(found["effort.weight"] - 0.3) < 1e-3
# weight and scale of `lean` act together: only weight / scale^2 can be known from ratings
assert abs(found["lean.weight"] / found["lean.scale"] ** 2 - 0.8) < 1e-3
