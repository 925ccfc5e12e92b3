"""Hand-made controllers: they show what is reachable on a task without any learning."""

from __future__ import annotations

import numpy as np

from rewardsmith.tasks.control.acrobot import height_of_tip, total_energy
from rewardsmith.tasks.control.cartpole import pole_energy
from rewardsmith.tasks.control.pendulum import rod_energy
from rewardsmith.tasks.envs.cartpole import FORCE, semi_implicit_euler


def play(task, controller, episodes=20, seed=0):
    """Success and length of every episode under ``controller(obs) -> action``."""
    env = task.env
    state = env.reset(np.random.default_rng(seed), (episodes,))
    alive = np.ones(episodes, bool)
    signals, lived = [], []
    for _ in range(task.horizon):
        obs = env.observe(state)
        action = controller(obs)
        state = env.step(state, action)
        ended = env.terminated(state)
        batch = task.with_success(task.batch(obs, action, env.observe(state), ended))
        signals.append(batch["success"])
        lived.append(alive.copy())
        alive &= ~ended
    signal, lived = np.stack(signals, -1), np.stack(lived, -1)
    return task.success.episode(signal, lived), lived.sum(-1)


def regulator(step, size, cost, effort):
    """Gains of the discrete linear-quadratic regulator around the origin, by Riccati iteration."""
    nudge = 1e-5
    rows = nudge * np.eye(size)
    a = np.stack([(step(row, 0.0) - step(-row, 0.0)) / (2 * nudge) for row in rows], axis=1)
    b = ((step(np.zeros(size), nudge) - step(np.zeros(size), -nudge)) / (2 * nudge))[:, None]
    value = cost
    for _ in range(2000):
        gain = np.linalg.solve(effort + b.T @ value @ b, b.T @ value @ a)
        value = cost + a.T @ value @ (a - b @ gain)
    return gain[0]


POLE_GAIN = regulator(semi_implicit_euler, 4, np.diag([1.0, 0.1, 10.0, 0.1]), np.array([[0.01]]))


class SwingUp:
    """Pump the energy of the pole towards that of upright rest, then catch it with a regulator.

    Both ask for forces between the two that the task offers: the difference is carried over to the
    next steps (as in a class-D amplifier), so that the mean force is the wanted one.
    """

    def __init__(self):
        self.owed = 0.0

    def __call__(self, obs):
        owed = self.owed + np.clip(wanted_force(obs) / FORCE, -1, 1)
        action = (owed > 0).astype(int)
        self.owed = np.clip(owed - (2 * action - 1), -1, 1)
        return action


def wanted_force(obs):
    """The force on the cart, in newtons, that an ideal motor would apply."""
    x, x_velocity, cos, sin, velocity = (obs[..., i] for i in range(5))
    pump = np.clip(10 * (pole_energy(obs) - 1), -4, 4) * np.sign(velocity * cos + 1e-12) - x - x_velocity
    balance = -np.stack([x, x_velocity, np.arctan2(sin, cos), velocity], -1) @ POLE_GAIN
    catch = (cos > 0.8) & (np.abs(velocity) < 4)
    return np.where(catch, balance, pump)


def hold(obs):
    """Pump the energy of the rod towards that of upright rest, then brake into a spring."""
    cos, sin, velocity = obs[..., 0], obs[..., 1], obs[..., 2]
    pump = np.where(rod_energy(obs) < 1.0, 2.0, -2.0) * np.where(velocity >= 0, 1.0, -1.0)
    spring = -20 * np.arctan2(sin, cos) - 4 * velocity
    return np.clip(np.where(cos > 0.9, spring, pump), -2, 2)[..., None]


def balance_pole(obs):
    """Push to where the pole falls."""
    return (obs @ np.array([0.1, 0.3, 3.0, 1.0]) > 0).astype(int)


def rock(obs):
    """Push with the motion: -1 or 1."""
    return np.where(obs[..., 1] >= 0, 1, -1)


def pump_elbow(obs, target=1.0):
    """Torque along the velocity of the elbow up to an energy, then against it."""
    push = np.sign(obs[..., 5])
    return (1 + np.where(total_energy(obs) < target, push, -push)).astype(int)


def planned_height(env, episodes, horizon, plans=96, ahead=20, seed=0):
    """Share of the last half with the tip above the line, by random planning with the true dynamics.

    At every step ``plans`` action sequences are simulated ``ahead`` steps; the first action of the
    best is taken.  A sequence is good for every step above the line and for an energy near upright rest.
    """
    rng = np.random.default_rng(seed)
    state = env.reset(rng, (episodes,))
    best = np.ones((episodes, ahead), int)
    above = []
    for _ in range(horizon):
        sequences = rng.integers(0, 3, (episodes, plans, ahead))
        held = rng.random(sequences.shape) < 0.7
        for step in range(1, ahead):
            sequences[..., step] = np.where(held[..., step], sequences[..., step - 1], sequences[..., step])
        changed = rng.random((episodes, plans // 2, ahead)) < 0.1
        sequences[:, : plans // 2] = np.where(changed, sequences[:, : plans // 2], best[:, None])
        sequences[:, 0] = best
        chosen = sequences[np.arange(episodes), _scores(env, state, sequences).argmax(1)]
        state = env.step(state, chosen[:, 0])
        best = np.concatenate([chosen[:, 1:], np.ones((episodes, 1), int)], axis=1)
        above.append(height_of_tip(env.observe(state)) > 1)
    return np.array(above)[horizon // 2 :].mean(0)


def _scores(env, state, sequences):
    reached = np.repeat(state[:, None], sequences.shape[1], axis=1)
    score = np.zeros(sequences.shape[:2])
    for step in range(sequences.shape[2]):
        reached = env.step(reached, sequences[..., step])
        height = height_of_tip(env.observe(reached))
        score += (height > 1) + 0.03 * np.minimum(height, 1.2)
    return score - np.abs(total_energy(env.observe(reached)) - 1.05)
