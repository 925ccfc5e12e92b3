"""The array dynamics against Gymnasium itself, and against physics."""

import warnings

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rewardsmith import tasks
from rewardsmith.tasks.control.acrobot import total_energy
from rewardsmith.tasks.envs import (
    Acrobot,
    ArrayEnv,
    CartPole,
    CartPoleSwingUp,
    MountainCar,
    MountainCarContinuous,
    Pendulum,
)
from rewardsmith.tasks.envs.cartpole import explicit_euler, semi_implicit_euler

LIKE_GYMNASIUM = [CartPole(), MountainCar(), MountainCarContinuous(), Pendulum(), Acrobot()]
ALL = [*LIKE_GYMNASIUM, CartPoleSwingUp(), Acrobot(stops=False, torque=4.0)]
STEPS, LIMIT = 1000, 200


def random_action(env, rng, shape=()):
    if isinstance(env.actions, tasks.Discrete):
        return rng.integers(env.actions.n, size=shape)
    low, high = np.array(env.actions.low), np.array(env.actions.high)
    return rng.uniform(1.2 * low, 1.2 * high, (*shape, len(low)))  # beyond the bounds too: both must clip


def make(id):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return gymnasium.make(id, disable_env_checker=True).unwrapped


@pytest.mark.parametrize("env", LIKE_GYMNASIUM, ids=lambda env: env.gym_id)
def test_1000_random_steps_like_gymnasium(env):
    other, rng = make(env.gym_id), np.random.default_rng(0)
    other.reset(seed=0)
    # Long stretches of one action reach the walls and the goals, single random actions do not.
    ends, age, worst, action = 0, LIMIT, 0.0, None
    for step in range(STEPS):
        if age == LIMIT:
            state, age = env.reset(rng, ()), 0
            other.state = np.array(state)
            if hasattr(other, "steps_beyond_terminated"):
                other.steps_beyond_terminated = None
        if action is None or step % 7 == 0 or isinstance(env, CartPole):
            action = random_action(env, rng)
        state = env.step(state, np.asarray(action))
        obs, _, terminated, _, _ = other.step(int(action) if np.ndim(action) == 0 else action)
        worst = max(
            worst, np.abs(np.asarray(other.state) - state).max(), np.abs(obs - env.observe(state)).max()
        )
        assert bool(env.terminated(state)) == terminated
        ends += terminated
        age = LIMIT if terminated else age + 1
    assert worst <= 1e-5
    if isinstance(env, CartPole):
        assert ends > 10


@pytest.mark.parametrize(
    ("env", "state", "action"),
    [
        (MountainCar(), [0.48, 0.05], 2),
        (MountainCar(), [-1.19, -0.06], 0),
        (MountainCar(), [0.5, -0.03], 0),
        (MountainCarContinuous(), [0.44, 0.02], [1.0]),
        (MountainCarContinuous(), [-1.15, -0.07], [-1.0]),
        (Acrobot(), [3.0, 0.1, 0.5, 0.5], 1),
        (Acrobot(), [3.1, 3.1, 12.5, -28.0], 2),
        (CartPole(), [2.39, 1.0, 0.0, 0.0], 1),
        (CartPole(), [0.0, 0.0, -0.209, -0.5], 0),
        (Pendulum(), [0.0, 7.99], [2.0]),
    ],
)
def test_edges_like_gymnasium(env, state, action):
    """Goals, walls, speed limits and wrapping, which a random walk may not meet."""
    other = make(env.gym_id)
    other.reset(seed=0)
    other.state = np.array(state)
    obs, _, terminated, _, _ = other.step(action if np.ndim(action) == 0 else np.array(action))
    new = env.step(np.array(state), np.asarray(action))
    np.testing.assert_allclose(env.observe(new), obs, atol=1e-5)
    assert bool(env.terminated(new)) == terminated


def test_swing_up_is_gymnasium_with_its_other_integrator():
    env, other, rng = CartPoleSwingUp(), make("CartPole-v1"), np.random.default_rng(1)
    other.reset(seed=0)
    other.kinematics_integrator = "semi-implicit euler"
    state = env.reset(rng, ())
    other.state = np.array(state)
    for _ in range(STEPS):
        action = int(rng.integers(2))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it goes on past its own termination
            other.step(action)
        state = env.step(state, np.array(action))
        np.testing.assert_allclose(state, other.state, rtol=1e-9, atol=1e-9)
        if env.terminated(state):
            state = env.reset(rng, ())
            other.state = np.array(state)


@pytest.mark.parametrize("env", ALL, ids=repr)
def test_jax_and_numpy_agree_on_free_leading_axes(env):
    rng = np.random.default_rng(2)
    state, actions = env.reset(rng, (3, 4)), [random_action(env, rng, (3, 4)) for _ in range(10)]
    compiled = jax.jit(env.step)
    traced = jnp.asarray(state, jnp.float32)
    for action in actions:
        state, traced = env.step(state, action), compiled(traced, jnp.asarray(action))
    assert traced.dtype == jnp.float32
    assert env.observe(state).shape == (3, 4, env.observation_size)
    np.testing.assert_allclose(env.observe(traced), env.observe(state), atol=2e-3)
    assert env.terminated(traced).shape == env.terminated(state).shape == (3, 4)
    alone = env.step(state[1, 2], actions[0][1, 2])
    np.testing.assert_allclose(env.step(state, actions[0])[1, 2], alone, rtol=1e-12)


@pytest.mark.parametrize("env", ALL, ids=repr)
def test_start_states_have_the_same_range_from_both_generators(env):
    ours = np.asarray(env.reset(jax.random.PRNGKey(0), (2000,)))
    theirs = env.reset(np.random.default_rng(0), (2000,))
    assert isinstance(env, ArrayEnv)
    assert not np.asarray(env.terminated(ours)).any()
    np.testing.assert_allclose(ours.min(0), theirs.min(0), atol=0.05)
    np.testing.assert_allclose(ours.max(0), theirs.max(0), atol=0.05)


def test_acrobot_without_torque_keeps_its_energy():
    """An oracle for the field ``energy`` that owes nothing to the equations of motion."""
    env = Acrobot()
    state = np.array([[1.0, 0.5, 0.2, -0.4], [0.4, -0.3, 0.0, 0.0]])
    start = total_energy(env.observe(state))
    for _ in range(25):
        state = env.step(state, np.ones(2, int))
    np.testing.assert_allclose(total_energy(env.observe(state)), start, atol=5e-3)
    rest = total_energy(env.observe(np.array([[0.0, 0, 0, 0], [np.pi, 0, 0, 0]])))
    np.testing.assert_allclose(rest, [-1, 1], atol=1e-12)


def test_the_integrator_of_the_swing_up_does_not_pump():
    """Unforced for 500 steps: CartPole-v1's own integrator would let the pole swing 4 times as far."""
    hanging = CartPoleSwingUp().reset(np.random.default_rng(0), (50,))
    kept, pumped = hanging, hanging
    swings = []
    for _ in range(500):
        kept, pumped = semi_implicit_euler(kept, 0.0), explicit_euler(pumped, 0.0)
        swings.append([np.abs(state[:, 2] - np.pi) for state in (kept, pumped)])
    first, last = np.array(swings[:100]).max(0), np.array(swings[-100:]).max(0)
    np.testing.assert_allclose(last[0], first[0], rtol=0.05)
    assert (last[1] > 3 * np.abs(hanging[:, 2] - np.pi)).all()
    assert (last[1] > 2.5 * first[1]).all()


@pytest.mark.parametrize("env", ALL, ids=repr)
def test_sketch_stays_in_the_frame_and_moves(env):
    state = env.reset(np.random.default_rng(0), ())
    left, right, bottom, top = env.frame
    before = env.sketch(env.observe(state))
    for _ in range(20):
        state = env.step(state, np.full(env.actions.width, 1.0) if env.actions.width else np.array(1))
    after = env.sketch(env.observe(state))
    assert before != after
    for shape in after:
        assert shape[0] in ("line", "circle", "polyline")
        points = {"line": [shape[1:3], shape[3:5]], "circle": [shape[1:3]], "polyline": shape[1]}[shape[0]]
        assert all(left <= x <= right and bottom <= y <= top for x, y in points)
        assert shape[-1] in ("ground", "body", "limb", "joint", "goal", "accent")


def test_acrobot_sketch_draws_the_height_that_is_judged():
    task = tasks.load("acrobot_high")
    obs = task.env.observe(task.env.step(np.array([2.0, 0.7, 1.0, -2.0]), np.array(2)))
    tip = next(shape for shape in task.sketch(obs) if shape[-1] == "accent")
    height = task.batch(obs, np.array(1), obs, np.array(False))["tip_height"]
    assert tip[2] == pytest.approx(float(height))
