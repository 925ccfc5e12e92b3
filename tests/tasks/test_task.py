"""Task: named fields, tables, and the wall around success."""

import dataclasses
import pickle
import warnings

import gymnasium
import jax.numpy as jnp
import numpy as np
import pytest

from rewardsmith import tasks
from rewardsmith.core.errors import BadInput
from rewardsmith.core.fields import Field
from rewardsmith.core.term import term
from rewardsmith.tasks import Box, Discrete, Success, Task

ARRAY_TASKS = [name for name in tasks.names() if tasks.load(name).is_array]


@term
def always(x):
    return 0 * x + 1


@term
def reads_unknown(nobody):
    return nobody


def steps_of(task, steps=30, seed=0, shape=(6,)):
    rng = np.random.default_rng(seed)
    state = task.env.reset(rng, shape)
    for _ in range(steps):
        if task.actions.width:
            action = rng.uniform(*task.actions.bounds, (*shape, task.actions.width))
        else:
            action = rng.integers(task.actions.n, size=shape)
        after = task.env.step(state, action)
        yield state, action, after
        state = after


@pytest.mark.parametrize("name", ARRAY_TASKS)
def test_batch_holds_the_table_and_never_success(name):
    task = tasks.load(name)
    for before, action, after in steps_of(task, steps=3):
        obs, next_obs = task.env.observe(before), task.env.observe(after)
        batch = task.batch(obs, action, next_obs, task.env.terminated(after))
        assert set(batch) == {field.name for field in task.table()}
        assert "success" not in batch
        for field in task.table():
            assert batch[field.name].shape == ((6, field.width) if field.width else (6,))
            if field.kind == "state":
                of_next = task.batch(next_obs, action, next_obs, task.env.terminated(after))
                np.testing.assert_array_equal(batch[f"next_{field.name}"], of_next[field.name])
        judged = task.with_success(batch)
        assert "success" not in batch
        assert ((judged["success"] >= 0) & (judged["success"] <= 1)).all()


@pytest.mark.parametrize("name", ARRAY_TASKS)
def test_fields_stay_in_their_bounds(name):
    task = tasks.load(name)
    for before, action, after in steps_of(task, steps=200):
        live = ~task.env.terminated(before)
        batch = task.batch(
            task.env.observe(before), action, task.env.observe(after), task.env.terminated(after)
        )
        for field in task.fields:
            values = np.asarray(batch[field.name])[live]
            assert (values >= field.low - 1e-6).all(), field.name
            assert (values <= field.high + 1e-6).all(), field.name


@pytest.mark.parametrize("name", ARRAY_TASKS)
def test_batch_is_the_same_in_jax(name):
    task = tasks.load(name)
    before, action, after = next(iter(steps_of(task)))
    parts = (task.env.observe(before), action, task.env.observe(after), task.env.terminated(after))
    ours, theirs = (
        task.with_success(task.batch(*made)) for made in (parts, [jnp.asarray(part) for part in parts])
    )
    for field, value in ours.items():
        np.testing.assert_allclose(theirs[field], value, atol=1e-4)
    for reward in (task.native, task.naive):
        if reward is not None:
            np.testing.assert_allclose(reward(theirs), reward(ours), atol=1e-3)


@pytest.mark.parametrize(
    "name", [n for n in ARRAY_TASKS if tasks.load(n).env.gym_id and not n.endswith("sparse")]
)
def test_native_is_the_reward_gymnasium_pays(name):
    task = tasks.load(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        env = gymnasium.make(task.env.gym_id, disable_env_checker=True).unwrapped
    env.reset(seed=0)
    compared = 0
    for before, action, after in steps_of(task, steps=100, shape=()):
        if task.env.terminated(before):
            break
        env.state = np.array(before)
        _, paid, terminated, _, _ = env.step(int(action) if np.ndim(action) == 0 else action)
        batch = task.batch(task.env.observe(before), action, task.env.observe(after), np.asarray(terminated))
        assert float(task.native(batch)) == pytest.approx(paid, abs=1e-4)
        compared += 1
    assert compared >= 8


@pytest.mark.parametrize(
    ("name", "state", "action"),
    [
        ("mountain_car", [0.48, 0.05], 2),
        ("mountain_car_continuous", [0.44, 0.03], [0.7]),
        ("acrobot", [3.0, 0.1, 0.5, 0.5], 1),
    ],
)
def test_native_at_the_goal(name, state, action):
    task = tasks.load(name)
    env = gymnasium.make(task.env.gym_id, disable_env_checker=True).unwrapped
    env.reset(seed=0)
    env.state = np.array(state)
    _, paid, terminated, _, _ = env.step(action if np.ndim(action) == 0 else np.array(action))
    assert terminated
    before, action = np.array(state), np.asarray(action)
    after = task.env.step(before, action)
    batch = task.batch(task.env.observe(before), action, task.env.observe(after), task.env.terminated(after))
    assert float(task.native(batch)) == pytest.approx(paid, abs=1e-6)
    assert float(task.success.signal(batch)) == 1.0


@pytest.mark.parametrize("name", tasks.names())
def test_tasks_are_values(name):
    task = tasks.load(name)
    assert pickle.loads(pickle.dumps(task)) == task
    assert hash(task) == hash(tasks.load(name))
    assert task.name == name
    assert task.text.endswith(".")
    assert task.success.meaning
    assert all(field.meaning and field.unit for field in task.fields)


TASK = tasks.load("pendulum")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fields": (Field("height", read=7),)}, "columns 0 to 2 of obs"),
        ({"fields": (Field("height"),)}, "no 'read'"),
        ({"fields": (Field("push", kind="action", read=1),)}, "columns 0 to 0 of action"),
        ({"fields": (Field("obs", read=0),)}, "the engine fills that one"),
        ({"fields": (Field("success", read=0),)}, "another name"),
        ({"fields": (Field("a", read=0), Field("a", read=1))}, "'a' twice"),
        ({"fields": (Field("a", kind="flag", read=0),)}, "'state' or 'action'"),
        ({"fields": (Field("a", read=len),)}, r"shape \(\)"),
        ({"fields": (Field("a", read=lambda obs: obs[..., 9]),)}, "IndexError"),
        ({"fields": ("a",)}, "str"),
        ({"horizon": 0}, "at least 1"),
        ({"horizon": 1.5}, "whole number"),
        ({"discount": 0.0}, "above 0"),
        ({"name": ""}, "a word"),
        ({"env": "Pendulum-v1"}, "an ArrayEnv or a GymEnv"),
        ({"success": always}, r"a Success\(signal, ...\)"),
        ({"success": Success(reads_unknown)}, "'nobody'"),
        ({"naive": reads_unknown}, "naive of task pendulum"),
        ({"naive": len}, "a reward"),
    ],
)
def test_misuse_is_named_in_one_line(change, said):
    with pytest.raises(BadInput, match=said) as caught:
        dataclasses.replace(TASK, **change)
    assert "\n" not in str(caught.value)


def test_no_reward_of_a_task_may_read_success():
    from rewardsmith.core.term import success

    with pytest.raises(BadInput, match="'success'"):
        dataclasses.replace(TASK, native=success)


def test_spaces_refuse_nonsense():
    with pytest.raises(BadInput, match="n >= 2"):
        Discrete(1)
    with pytest.raises(BadInput, match="as many lows"):
        Box((0.0,), (1.0, 2.0))
    with pytest.raises(BadInput, match="finite low < high"):
        Box((-np.inf,), (1.0,))
    with pytest.raises(BadInput, match="finite low < high"):
        Box((1.0,), (1.0,))
    assert Box((-1, 0), (2, 3)).bounds == (-1.0, 3.0)


def test_a_task_needs_a_known_kind_of_environment():
    assert isinstance(TASK, Task)
    assert TASK.is_array
    assert TASK.frame is not None
    assert tasks.load("Hopper-v5").sketch(np.zeros(11)) == []
