"""The vector wrapper equals environments that are wrapped one by one, in every autoreset mode."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers.vector import DictInfoToList

import rewardsmith as rs
from rewardsmith.connect.gymnasium import NoVerdict, wrap
from rewardsmith.connect.gymnasium_vector import wrap_vector
from rewardsmith.core.errors import BadInput, ScopeError

X = rs.Field("x", "m", read=0)
ANGLE = rs.Field("angle", "rad", read=2)
COPIES, STEPS = 5, 80


@rs.term
def lean(next_angle):
    return -(next_angle**2)


@rs.term
def progress(x, next_x):
    return abs(x) - abs(next_x)


@rs.term
def fall(terminated):
    return np.where(terminated, -1.0, 0.1)


@rs.term
def native(native_reward):
    return native_reward


@rs.term
def undecided_near_the_middle(next_x):
    return np.where(abs(next_x) < 0.03, np.nan, 1.0)


@rs.term
def upright(angle):
    return -abs(angle)


PLAIN = 2.0 * lean + progress + fall + 0.5 * native | rs.Potential(upright, discount=0.9)
RUNNING = 2.0 * lean + fall | rs.Normalize()
Step = tuple[float, float, bool, dict[str, float]]  # paid, native, over, parts


def actions(copy: int) -> Callable[[int], int]:
    drawn = np.random.default_rng([7, copy]).integers(0, 2, 10 * STEPS)
    return lambda i: int(drawn[i])


def one_by_one(reward: rs.Reward, **options: Any) -> list[list[Step]]:
    """Single wrapped environments, each with its own actions and seed; reset wherever an episode ends."""
    found: list[list[Step]] = []
    for copy in range(COPIES):
        # Limits differ, so that truncations and terminations both occur, and at different times.
        env = wrap(gymnasium.make("CartPole-v1", max_episode_steps=9 + copy), reward, [X, ANGLE], **options)
        env.reset(seed=100 + copy)
        rows: list[Step] = []
        for i in range(STEPS):
            _, paid, terminated, truncated, info = env.step(actions(copy)(i))
            rows.append((paid, info["native_reward"], terminated or truncated, info["reward_terms"]))
            if terminated or truncated:
                env.reset()
        found.append(rows)
    return found


def together(reward: rs.Reward, mode: AutoresetMode, steps: int = STEPS, **options: Any) -> list[list[Step]]:
    """The same in one vector environment; every copy draws its next action only where something happened."""
    envs = SyncVectorEnv(
        [lambda c=c: gymnasium.make("CartPole-v1", max_episode_steps=9 + c) for c in range(COPIES)],
        autoreset_mode=mode,
        copy=False,  # the environment writes into the observations it gave before
    )
    wrapped = wrap_vector(envs, reward, [X, ANGLE], **options)
    wrapped.reset(seed=100)
    found: list[list[Step]] = [[] for _ in range(COPIES)]
    while min(len(rows) for rows in found) < steps:
        given = np.array([actions(copy)(len(rows)) for copy, rows in enumerate(found)])
        _, paid, terminated, truncated, info = wrapped.step(given)
        over = terminated | truncated
        assert paid.shape == (COPIES,)
        for copy in range(COPIES):
            if not info["_reward_terms"][copy]:
                assert mode is AutoresetMode.NEXT_STEP
                assert paid[copy] == 0.0
                continue
            parts = {name: float(part[copy]) for name, part in info["reward_terms"].items()}
            native = float(info["native_reward"][copy])
            found[copy].append((float(paid[copy]), native, bool(over[copy]), parts))
        if mode is AutoresetMode.DISABLED and over.any():
            wrapped.reset(options={"reset_mask": over.copy()})
    return [rows[:steps] for rows in found]


@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize(
    ("reward", "options"),
    [(PLAIN, {}), (RUNNING, {}), (RUNNING, {"reset_state": "episode"})],
    ids=["plain", "running", "anew"],
)
def test_equals_environments_wrapped_one_by_one(mode: Any, reward: rs.Reward, options: dict[str, Any]) -> None:
    expected, found = one_by_one(reward, **options), together(reward, mode, **options)
    ends = [sum(over for _, _, over, _ in rows) for rows in expected]
    assert min(ends) >= 3
    for mine, theirs in zip(found, expected, strict=True):
        assert [row[2] for row in mine] == [row[2] for row in theirs]
        np.testing.assert_allclose([r[:2] for r in mine], [r[:2] for r in theirs], rtol=1e-12, atol=1e-14)
        for (paid, _, _, parts), (_, _, _, other) in zip(mine, theirs, strict=True):
            assert parts == pytest.approx(other, rel=1e-12, abs=1e-14)
            assert sum(parts.values()) == pytest.approx(paid, abs=1e-12)


def test_one_evaluation_pays_all_copies() -> None:
    sizes: list[int] = []

    @rs.term
    def counting(next_x):
        sizes.append(len(next_x))
        return next_x

    plain = gymnasium.make_vec("CartPole-v1", 16, vectorization_mode="vector_entry_point")
    envs = wrap_vector(plain, counting, [X])
    envs.reset(seed=0)
    for _ in range(4):
        envs.step(envs.action_space.sample())
    assert sizes == [1, 16, 16, 16, 16]  # the first asks whether the reward keeps a state


def test_a_shared_state_sees_the_rewards_of_all_copies() -> None:
    envs = wrap_vector(gymnasium.make_vec("CartPole-v1", 3), lean | rs.Normalize(), [ANGLE], state="shared")
    envs.reset(seed=4)
    plain = gymnasium.make_vec("CartPole-v1", 3)
    plain.reset(seed=4)
    seen: list[float] = []
    for _ in range(6):
        given = np.array([0, 1, 1])
        values = -(plain.step(given)[0][:, 2].astype(float) ** 2)
        seen += values.tolist()
        expected = (values - np.mean(seen)) / np.sqrt(np.var(seen) + 1e-8)
        np.testing.assert_allclose(envs.step(given)[1], expected, rtol=1e-9)


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_infos_split_into_those_of_each_copy(mode: AutoresetMode) -> None:
    envs = gymnasium.make_vec(
        "CartPole-v1", 3, vectorization_mode="sync", vector_kwargs={"autoreset_mode": mode}, max_episode_steps=4
    )
    listed = DictInfoToList(wrap_vector(envs, PLAIN, [X, ANGLE]))
    listed.reset(seed=1)
    for i in range(1, 11):
        _, paid, _, _, infos = listed.step(np.ones(3, int))
        for copy, info in enumerate(infos):
            nothing = mode is AutoresetMode.NEXT_STEP and i % 5 == 0
            assert ("reward_terms" in info) is not nothing
            assert sum(info.get("reward_terms", {}).values()) == pytest.approx(paid[copy])


def test_no_verdict_follows_the_same_policy() -> None:
    def run(undecided: Any) -> tuple[Any, Any]:
        envs = wrap_vector(
            gymnasium.make_vec("CartPole-v1", 8), undecided_near_the_middle, [X], undecided=undecided
        )
        envs.reset(seed=0)
        obs, paid, *_ = envs.step(np.zeros(8, int))
        return abs(obs[:, 0]) < 0.03, paid

    with pytest.raises(NoVerdict, match=r"in \d of 8 environments"):
        run("raise")
    missing, paid = run("nan")
    assert 0 < missing.sum() < 8
    assert np.array_equal(np.isnan(paid), missing)
    missing, paid = run("native")
    assert paid.tolist() == [1.0] * 8  # both say 1
    with pytest.raises(BadInput, match="never 0"):
        run("zero")


def test_boxes_with_one_number_keep_their_column() -> None:
    @rs.term
    def torque(action):
        assert action.shape == (4, 1) or action.shape == (1, 1)
        return -(action[:, 0] ** 2)

    envs = wrap_vector(gymnasium.make_vec("Pendulum-v1", 4), torque)
    envs.reset(seed=0)
    _, paid, *_ = envs.step(np.full((4, 1), 0.5, np.float32))
    np.testing.assert_allclose(paid, -0.25)


def test_wiring_refuses_what_cannot_work() -> None:
    envs = gymnasium.make_vec("CartPole-v1", 2)
    with pytest.raises(ScopeError, match=r"Delta.* must see a whole EPISODE.*Gymnasium wrapper"):
        wrap_vector(envs, lean | rs.Delta(), [ANGLE])
    with pytest.raises(BadInput, match=r"no field 'next_angle'.*reads it"):
        wrap_vector(envs, lean)
    with pytest.raises(BadInput, match="wrap is for one environment"):
        wrap_vector(gymnasium.make("CartPole-v1"), lean, [ANGLE])  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="there is wrap_vector"):
        wrap(envs, lean, [ANGLE])  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="episodes end at different times"):
        wrap_vector(envs, lean, [ANGLE], state="shared", reset_state="episode")
    with pytest.raises(BadInput, match="'each' or 'shared'"):
        wrap_vector(envs, lean, [ANGLE], state="both")  # type: ignore[arg-type]
    with pytest.raises(gymnasium.error.ResetNeeded):
        wrap_vector(envs, lean, [ANGLE]).step(np.zeros(2, int))
    envs.metadata = {}
    with pytest.raises(BadInput, match="autoreset mode"):
        wrap_vector(envs, lean, [ANGLE])


def test_nan_where_nothing_happened_is_never_asked() -> None:
    """In the step that resets a copy there is no transition, so a reward cannot fail on it."""
    envs = gymnasium.make_vec("CartPole-v1", 2, vectorization_mode="sync", max_episode_steps=3)

    @rs.term
    def jump(x, next_x):
        return np.where(abs(next_x - x) > 0.05, np.nan, 1.0)

    wrapped = wrap_vector(envs, jump, [X])
    wrapped.reset(seed=0)
    paid = [wrapped.step(np.array([i % 2, 1 - i % 2]))[1].tolist() for i in range(8)]
    assert paid == [[1, 1]] * 3 + [[0, 0]] + [[1, 1]] * 3 + [[0, 0]]
    assert not any(math.isnan(p) for row in paid for p in row)
