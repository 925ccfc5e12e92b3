"""The planner against closed forms: noise, a linear-quadratic problem, masks and verdicts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from rewardsmith import tasks
from rewardsmith.core.errors import BadInput, MissingField
from rewardsmith.core.fields import Field
from rewardsmith.core.term import term
from rewardsmith.optimize.plan import ArrayModel, MujocoModel, Plan, Planner, coloured_noise, plan
from rewardsmith.optimize.plan.search import returns, to_actions
from rewardsmith.tasks.spaces import Box, Discrete
from rewardsmith.tasks.success import Success
from rewardsmith.tasks.task import Task

A = np.array([[1.0, 0.2], [0.0, 1.0]])
B = np.array([[0.02], [0.2]])
Q = np.diag([1.0, 0.1])
R = 0.05
FORCES = Box((-4.0,), (4.0,))


@dataclass(frozen=True)
class Mass:
    """A mass on a line: x' = A x + B u, ends beyond ``wall``."""

    wall: float = np.inf
    observation_size: int = 2
    actions: Box = FORCES
    gym_id: str | None = None
    frame: tuple[float, float, float, float] = (-1.0, 1.0, -1.0, 1.0)

    def reset(self, key, shape):
        return key.uniform(-1.0, 1.0, (*shape, 2))

    def step(self, state, action):
        return state @ A.T + action @ B.T

    def observe(self, state):
        return state

    def terminated(self, state):
        return abs(state[..., 0]) > self.wall

    def sketch(self, obs):
        return []


@term
def quadratic(place, speed, push):
    return -(Q[0, 0] * place**2 + Q[1, 1] * speed**2 + R * push**2)


@term
def near(next_place):
    return (abs(next_place) < 0.1) * 1.0


@term
def one(place):
    return place * 0.0 + 1.0


@term
def undecided(push, *, above=0.0):
    return np.where(push > above, np.nan, push)


def mass(wall: float = np.inf, horizon: int = 30) -> Task:
    fields = (
        Field("place", "m", read=0),
        Field("speed", "m/s", read=1),
        Field("push", "N", -4.0, 4.0, kind="action", read=0),
    )
    return Task("mass", "Stop at 0.", Mass(wall), fields, horizon, Success(near, window=(0.5, 1.0)))


def riccati(steps: int) -> np.ndarray:
    """P of the least cost x' P x over ``steps`` steps."""
    found = np.zeros((2, 2))
    for _ in range(steps):
        gain = np.linalg.solve(R + B.T @ found @ B, B.T @ found @ A)
        found = Q + A.T @ found @ (A - B @ gain)
    return found


@pytest.mark.parametrize("colour", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("length", [16, 33])
def test_coloured_noise_has_unit_variance_and_the_right_spectrum(colour: float, length: int) -> None:
    drawn = coloured_noise(np.random.default_rng(0), (20_000, length), colour)
    assert abs(drawn.mean()) < 0.02
    np.testing.assert_allclose(drawn.var(axis=0), 1.0, rtol=0.05)
    power = np.mean(np.abs(np.fft.rfft(drawn)) ** 2, axis=0)[1 : (length + 1) // 2]
    frequency = np.arange(1, 1 + len(power))
    slope = np.polyfit(np.log(frequency), np.log(power), 1)[0]
    assert slope == pytest.approx(-colour, abs=0.05)


@pytest.mark.parametrize("start", [(1.0, 0.0), (-0.5, 1.0)])
def test_a_plan_costs_as_little_as_the_riccati_equation_says(start: tuple[float, float]) -> None:
    planner = Planner(horizon=12, samples=200, iterations=12, elites=20, deviation=0.5, colour=1.0)
    state = np.asarray(start)
    best = float(state @ riccati(12) @ state)
    for seed in range(3):
        found = plan(quadratic, mass(), state, planner, seed=seed)
        assert best - 1e-9 <= -found.value <= 1.03 * best


def test_following_plans_costs_as_little_as_the_best_controller() -> None:
    """Receding horizon, each plan from the one before; the oracle is the infinite-horizon controller."""
    planner, task = Planner(horizon=15, samples=100, iterations=5, elites=10, colour=1.0), mass()
    state, cost, found = np.array([1.0, 0.0]), 0.0, None
    best = float(state @ riccati(500) @ state)
    for clock in range(40):
        found = plan(quadratic, task, state, planner, clock=clock, after=found)
        cost += float(state @ Q @ state + R * found.action[0] ** 2)
        state = task.env.step(state, found.action)
    assert best <= cost <= 1.03 * best


def test_a_plan_is_never_worse_than_doing_nothing_or_going_on() -> None:
    task, state = mass(), np.array([0.7, -0.3])
    planner = Planner(horizon=10, samples=4, iterations=1, elites=1, momentum=0.0)
    still = ArrayModel(task).imagine(state[None], np.zeros((1, 1, 10, 1)))
    found = plan(quadratic, task, state, planner)
    assert found.value >= quadratic(still).sum() - 1e-12
    again = plan(quadratic, task, state, planner, seed=1, after=Plan(found.actions, found.value, found.search))
    moved = np.append(found.actions[1:], found.actions[-1:], axis=0)
    onward = ArrayModel(task).imagine(state[None], moved[None, None])
    assert again.value >= quadratic(onward).sum() - 1e-12
    assert plan(quadratic, task, state, planner).actions.tolist() == found.actions.tolist()


def test_steps_after_the_end_do_not_count_and_rewards_are_discounted() -> None:
    task = mass(wall=1.0)
    state = np.array([[0.9, 0.4]])  # 0.98, 1.06: the second step ends it
    actions = np.zeros((1, 2, 6, 1))
    actions[0, 1] = -4.0  # turns round in time: 0.9, 0.74, ...
    paid = returns(Planner(discount=0.5), ArrayModel(task), one, state, actions, 0)
    np.testing.assert_allclose(paid, [[1.5, 2 - 0.5**5]])


def test_a_sequence_without_a_verdict_is_never_chosen() -> None:
    planner = Planner(horizon=4, samples=30, iterations=2, elites=30)
    found = plan(undecided(above=0.5), mass(), np.zeros(2), planner)
    assert found.value <= 2.0 + 1e-12
    assert found.actions.max() <= 0.5
    with pytest.raises(BadInput, match="no verdict"):
        plan(undecided(above=-5.0), mass(), np.zeros(2), planner)


def test_success_and_the_start_of_the_episode_can_be_read() -> None:
    import rewardsmith as rs

    @term
    def began(first):
        return first * 1.0

    model, actions = ArrayModel(mass()), np.zeros((1, 1, 3, 1))
    at = np.array([[0.05, 0.0]])
    assert returns(Planner(), model, rs.success, at, actions, 5).tolist() == [[3.0]]
    assert [float(returns(Planner(), model, began, at, actions, t)[0, 0]) for t in (0, 1)] == [1.0, 0.0]


def test_numbers_become_actions() -> None:
    raw = np.array([[-1.0, 0.5], [1.0, 0.0]])
    np.testing.assert_allclose(to_actions(Box((0.0, -2.0), (4.0, 2.0)), raw), [[0.0, 1.0], [4.0, 0.0]])
    assert to_actions(Discrete(2), raw).tolist() == [1, 0]


def test_what_cannot_be_planned_is_refused_in_one_line() -> None:
    task = mass()
    with pytest.raises(BadInput, match="at most samples = 8"):
        Planner(samples=8, elites=9)
    with pytest.raises(BadInput, match=r"Planner\.horizon: received 0"):
        Planner(horizon=0)
    with pytest.raises(BadInput, match=r"one state, \(D,\)"):
        plan(quadratic, task, np.zeros((1, 2)))
    with pytest.raises(MissingField, match="next_upright"):
        plan(tasks.load("pendulum").naive, task, np.zeros(2))
    with pytest.raises(BadInput, match="ArrayModel"):
        plan(quadratic, "pendulum", np.zeros(2))
    with pytest.raises(BadInput, match="one of 8 steps"):
        plan(quadratic, task, np.zeros(2), Planner(horizon=8), after=plan(quadratic, task, np.zeros(2)))
    with pytest.raises(BadInput, match="a simulator"):
        ArrayModel(tasks.load("Reacher-v5"))
    with pytest.raises(BadInput, match="ArrayModel plays arrays"):
        MujocoModel(task)
    cart = replace(tasks.load("cartpole"), env=tasks.GymEnv.inspect("CartPole-v1"))
    with pytest.raises(BadInput, match="a MuJoCo environment"):
        MujocoModel(cart)
