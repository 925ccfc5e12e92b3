"""The two small robots against physics, and what the twelve instructions mean."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.optimize.plan import ArrayModel
from rewardsmith.tasks.envs import ArrayEnv, TwoLinkArm, Unicycle
from rewardsmith.tasks.envs import arm as arm_module
from rewardsmith.tasks.envs import unicycle as unicycle_module
from rewardsmith.tasks.instructed import instructions, turned


def lagrangian(q, speed):
    """Two uniform rods: kinetic minus potential energy, from positions alone."""
    import jax
    import jax.numpy as jnp

    length, mass = arm_module.LENGTH, arm_module.MASS

    def places(q):
        half1 = 0.5 * length * jnp.stack([jnp.cos(q[0]), jnp.sin(q[0])])
        half2 = 0.5 * length * jnp.stack([jnp.cos(q[0] + q[1]), jnp.sin(q[0] + q[1])])
        return half1, 2 * half1 + half2

    (_, moved) = jax.jvp(places, (q,), (speed,))
    kinetic = 0.5 * mass * sum(jnp.sum(v**2) for v in moved)
    inertia = mass * length**2 / 12
    kinetic = kinetic + 0.5 * inertia * (speed[0] ** 2 + (speed[0] + speed[1]) ** 2)
    return kinetic - mass * arm_module.GRAVITY * sum(place[1] for place in places(q))


def euler_lagrange(q, speed, torque):
    """Accelerations by autodiff: M a = torque - damping - d2L/dqdq' q' + dL/dq."""
    import jax
    import jax.numpy as jnp

    mass = jax.hessian(lagrangian, argnums=1)(q, speed)
    _, mixed = jax.jvp(lambda q: jax.grad(lagrangian, argnums=1)(q, speed), (q,), (speed,))
    force = torque - arm_module.DAMPING * speed - mixed + jax.grad(lagrangian)(q, speed)
    return jnp.linalg.solve(mass, force)


def test_the_arm_obeys_its_lagrangian() -> None:
    import jax

    rng = np.random.default_rng(0)
    q, speed, torque = (rng.normal(size=(5, 2)) * 2 for _ in range(3))
    with jax.enable_x64():
        wanted = jax.jit(jax.vmap(euler_lagrange))(q, speed, torque)
    found = arm_module.accelerations(q, speed, torque)
    np.testing.assert_allclose(found, wanted, rtol=1e-9)
    np.testing.assert_allclose(arm_module.inverse_dynamics(q, speed, found), torque, rtol=1e-9)


def test_the_arm_hangs_still_and_its_hand_is_where_the_angles_say() -> None:
    env = TwoLinkArm()
    hanging = env._observed(np.array([-np.pi / 2, 0.0, 0.0, 0.0]), np.zeros(1))
    assert env.step(hanging, np.zeros(2))[:6] == pytest.approx(hanging[:6], abs=1e-12)
    assert hanging[4:6] == pytest.approx([0.0, -2 * arm_module.LENGTH], abs=1e-12)
    state = env.reset(np.random.default_rng(0), (50,))
    for _ in range(20):
        state = env.step(state, np.array([4.0, -3.0]))
    np.testing.assert_allclose(state[:, 4:6], arm_module.hand(state[:, :2]))
    np.testing.assert_allclose(state[:, 6], 1.0)


def test_the_unicycle_drives_circles_and_its_pole_is_thrown_outwards() -> None:
    env = Unicycle()
    state = np.array([1.0, 0.0, np.pi / 2, 0.6, 0.6, 0.0, 0.0, 0.0])
    for _ in range(200):
        # the motor holds the pole upright against the turn
        state = env.step(state, np.array([0.0, 0.0, 0.6 * 0.6 / unicycle_module.POLE]))
        assert np.hypot(state[0], state[1]) == pytest.approx(1.0, abs=0.03)
        assert state[5] == 0.0
    thrown = env.step(np.array([0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]), np.zeros(3))
    assert thrown[5] < 0.0  # a turn to the left throws it to the right
    falling = env.step(np.array([0.0] * 5 + [0.1, 0.0, 0.0]), np.zeros(3))
    rate = 0.05 * 9.81 * np.sin(0.1) / 1.0
    assert falling[5:7] == pytest.approx([0.1 + 0.05 * rate, rate])


@pytest.mark.parametrize("env", [TwoLinkArm(), Unicycle()])
def test_numpy_and_jax_agree(env: ArrayEnv) -> None:
    import jax
    import jax.numpy as jnp

    assert isinstance(env, ArrayEnv)
    state = env.reset(np.random.default_rng(1), (4,))
    action = np.random.default_rng(2).uniform(-30.0, 30.0, (4, env.actions.width))
    with jax.enable_x64():
        np.testing.assert_allclose(env.step(jnp.asarray(state), jnp.asarray(action)), env.step(state, action))
        assert env.reset(jax.random.key(0), (3,)).shape == (3, env.observation_size)
    assert not env.terminated(state).any()
    assert env.sketch(env.observe(state)[0])


def test_angles_wrap() -> None:
    assert turned(np.array([3.1, -3.1]), np.array([-3.1, 3.1])) == pytest.approx(
        [6.2 - 2 * np.pi, 2 * np.pi - 6.2]
    )


def test_there_are_twelve_and_none_is_carried_out_by_doing_nothing() -> None:
    tasks = instructions()
    assert len({task.name for task in tasks}) == len({task.text for task in tasks}) == 12
    for task in tasks:
        model = ArrayModel(task)
        states = model.begin([(0, e) for e in range(20)])
        idle = model.imagine(states, np.zeros((20, 1, task.horizon, task.actions.width)))
        alive = np.ones((20, task.horizon), bool)
        done = task.success.episode(task.success.signal(idle)[:, 0], alive)
        assert (done < 0.95).all(), task.name


def test_a_sequence_asks_for_both_parts() -> None:
    task = next(task for task in instructions() if task.name == "go, spin")
    time = 0.05 * np.arange(1, 101)
    good = {
        "next_time": time,
        "next_x": np.where(time < 2.6, 0.0, 9.0),
        "next_y": np.where(time < 2.6, 1.0, 9.0),
        "next_turn_rate": np.where(time < 3.9, 0.0, 1.5),
        "terminated": np.zeros(100, bool),
    }
    alive = np.ones(100, bool)
    assert task.success.episode(task.success.signal(good), alive) == 1.0
    missed = task.success.signal({**good, "next_x": good["next_x"] + 1.0})
    assert task.success.episode(missed, alive) == pytest.approx(50 / 60)
    still = task.success.signal({**good, "next_turn_rate": 0.0 * time})
    assert task.success.episode(still, alive) == pytest.approx(40 / 60)
