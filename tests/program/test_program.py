"""Programs are rewards: values, parts, numbers, identity, other array libraries."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys

import jax
import numpy as np
import pytest
import torch

import rewardsmith as rs
from program.helpers import CONTROL, VECTORS, WRITTEN, batch_of
from rewardsmith.core.errors import BadInput, MissingField, NonFiniteError, ProgramError
from rewardsmith.program import FUNCTIONS, Program, parse

BATCH = batch_of(CONTROL, 32)
NAMED = "def reward(x, force):\n    far = abs(x)\n    return {'near': 1.5 - far, 'effort': -0.1 * force ** 2}"


def test_values_of_a_program_by_hand() -> None:
    x, force = BATCH["x"], BATCH["force"]
    program = parse(NAMED, CONTROL)
    np.testing.assert_allclose(program(BATCH), 1.5 - np.abs(x) - 0.1 * force**2)
    parts = program.terms(BATCH)
    np.testing.assert_array_equal(parts["near"], 1.5 - np.abs(x))
    np.testing.assert_array_equal(parts["effort"], -0.1 * force**2)
    assert program.fields == {"x", "force"}
    assert program.scope is rs.Scope.STEP
    assert program.size == 10


# Oracles are written out, not taken from the table that is tested.
SAMPLES = np.array([-2.5, -0.5, 0.0, 0.5, 1.0, 3.7])
ONE = {
    "abs": np.abs, "sign": np.sign, "square": lambda x: x * x, "sqrt": np.sqrt, "exp": np.exp, "log": np.log,
    "sin": np.sin, "cos": np.cos, "tan": lambda x: np.sin(x) / np.cos(x), "arctan": np.arctan,
    "tanh": lambda x: (np.exp(2 * x) - 1) / (np.exp(2 * x) + 1), "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "floor": np.floor, "round": np.rint,
}  # fmt: skip
TWO = {
    "minimum": lambda x, y: np.where(x < y, x, y), "maximum": lambda x, y: np.where(x > y, x, y),
    "arctan2": lambda y, x: np.angle(x + 1j * y), "hypot": lambda x, y: np.sqrt(x * x + y * y),
}  # fmt: skip
COLUMNS = {
    "sum": lambda v: v.sum(-1), "mean": lambda v: v.mean(-1), "max": lambda v: v.max(-1),
    "min": lambda v: v.min(-1), "norm": lambda v: np.sqrt((v**2).sum(-1)),
}  # fmt: skip


def test_every_function_has_an_oracle_here() -> None:
    assert set(ONE) | set(TWO) | set(COLUMNS) | {"clip", "where", "dot"} == set(FUNCTIONS)


@pytest.mark.parametrize("name", [*ONE, *TWO, *COLUMNS])
def test_function_against_its_definition(name: str) -> None:
    with np.errstate(all="ignore"):
        if name in ONE:
            program, expected = f"x * 0 + {name}(x)", ONE[name](SAMPLES)
        elif name in TWO:
            program, expected = f"{name}(x, speed)", TWO[name](SAMPLES, SAMPLES[::-1])
        else:
            program, expected = f"{name}(obs)", COLUMNS[name](np.outer(SAMPLES, [1.0, -2.0, 0.5, 3.0]))
    batch = {"x": SAMPLES, "speed": SAMPLES[::-1], "obs": np.outer(SAMPLES, [1.0, -2.0, 0.5, 3.0])}
    value = parse(program, CONTROL).share(batch, ())[0].total
    np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-15, equal_nan=True)


def test_where_clip_dot_and_logic() -> None:
    batch = {"x": SAMPLES, "obs": np.outer(SAMPLES, [1.0, 0.0, 2.0, 0.0]), "next_obs": np.ones((6, 4))}
    cases = {
        "clip(x, -1, 2)": [-1, -0.5, 0, 0.5, 1, 2],
        "clip(x, 2, -1)": [-1, -1, -1, -1, -1, -1],
        "where(x, 1, 2) + x * 0": [1, 1, 2, 1, 1, 1],
        "dot(obs, next_obs)": 3 * SAMPLES,
        "x > 0": [0, 0, 0, 1, 1, 1],
        "-1 < x <= 1": [0, 1, 1, 1, 1, 0],
        "not x": [0, 0, 1, 0, 0, 0],
        "x and x - 1": [1, 1, 0, 1, 0, 1],
        "x or x - 1": [1, 1, 1, 1, 1, 1],
        "(x > 0) + (x > 0) * 2": [0, 0, 0, 3, 3, 3],
        "-(x > 0)": [0, 0, 0, -1, -1, -1],
        "x % 1": [0.5, 0.5, 0, 0.5, 0, 0.7],
        "sum(obs > 0)": [0, 0, 0, 2, 2, 2],
        "x == 0.5": [0, 0, 0, 1, 0, 0],
        "x != 0.5": [1, 1, 1, 0, 1, 1],
        "2 ** x": 2.0**SAMPLES,
        "1 if x > 0 else -1 if x < 0 else 0": [-1, -1, 0, 1, 1, 1],
    }
    for source, expected in cases.items():
        np.testing.assert_allclose(parse(source, CONTROL)(batch), expected, rtol=1e-12, err_msg=source)


def test_nothing_is_protected() -> None:
    values = {
        "x / 0": [-np.inf, np.nan, np.inf], "log(x)": [np.nan, -np.inf, 0.0], "sqrt(x)": [np.nan, 0.0, 1.0],
        "x ** 0.5": [np.nan, 0.0, 1.0], "x % 0": [np.nan] * 3, "exp(1000 * x)": [0.0, 1.0, np.inf],
        "maximum(x, 0 / (x - x))": [np.nan] * 3,
    }  # fmt: skip
    for source, expected in values.items():
        value = parse(source, CONTROL).share({"x": np.array([-1.0, 0.0, 1.0])}, ())[0].total
        np.testing.assert_array_equal(value, expected, err_msg=source)


def test_nan_is_no_verdict_infinity_is_an_error_and_run_checked_refuses_both() -> None:
    program = parse("log(x)", CONTROL)
    assert np.isnan(program({"x": np.array([-1.0, 1.0])})[0])
    with pytest.raises(NonFiniteError):
        program({"x": np.array([0.0, 1.0])})
    with pytest.raises(ProgramError, match=r"E_NONFINITE.*1 of 2 rows are not finite, first row 1 \(NaN\)"):
        program.run_checked({"x": np.array([1.0, -1.0])})
    np.testing.assert_array_equal(program.run_checked({"x": np.ones(2)}), np.zeros(2))


@pytest.mark.parametrize("source", WRITTEN)
def test_shapes_types_and_inputs(source: str) -> None:
    program = parse(source, CONTROL)
    flat = program(BATCH)
    for array in BATCH.values():
        array.flags.writeable = False
    deep = program({name: array.reshape(4, 8, *array.shape[1:]) for name, array in BATCH.items()})
    np.testing.assert_array_equal(deep, flat.reshape(4, 8))
    single = program({name: array[0] for name, array in BATCH.items()})
    assert np.shape(single) == ()
    np.testing.assert_allclose(single, flat[0], rtol=1e-12)
    assert program({name: array[:0] for name, array in BATCH.items()}).shape == (0,)
    narrow = program({name: array.astype(np.float32) for name, array in BATCH.items()})
    assert narrow.dtype == np.float32
    for part in program.terms(BATCH).values():
        assert not any(np.shares_memory(part, array) for array in BATCH.values())


def test_integers_and_booleans_become_numbers() -> None:
    batch = {"x": np.array([1, 2]), "terminated": np.array([True, False])}
    value = parse("x / 2 - terminated", CONTROL)(batch)
    np.testing.assert_array_equal(value, [-0.5, 1.0])
    assert value.dtype == np.float64


def test_wrong_batches_are_refused() -> None:
    program = parse("norm(obs) + x", CONTROL)
    with pytest.raises(ProgramError, match=r"E_SHAPE.*'obs' of shape \(32, 3\)"):
        program({**BATCH, "obs": BATCH["obs"][:, :3]})
    with pytest.raises(ProgramError, match=r"E_SHAPE.*rows of shape"):
        program({**BATCH, "x": BATCH["x"][:, None]})
    with pytest.raises(MissingField, match="'obs'"):
        program({"x": BATCH["x"]})


@pytest.mark.parametrize("source", WRITTEN)
def test_torch_and_jax_give_the_same(source: str) -> None:
    program = parse(source, CONTROL)
    expected = program(BATCH)
    on_torch = program({name: torch.tensor(array) for name, array in BATCH.items()})
    np.testing.assert_allclose(on_torch.numpy(), expected, rtol=1e-9, atol=1e-12)
    with jax.enable_x64():
        on_jax = program({name: jax.numpy.asarray(array) for name, array in BATCH.items()})
        np.testing.assert_allclose(np.asarray(on_jax), expected, rtol=1e-9, atol=1e-12)
        for part in program.terms({name: jax.numpy.asarray(array) for name, array in BATCH.items()}).values():
            assert part.shape == expected.shape


def test_gradients_in_the_numbers_are_central_differences() -> None:
    rs.register_pytrees()
    program = parse("{'a': 0.7 * exp(-square((x - 0.2) / 0.5)), 'b': -0.1 * abs(force) ** 2}", CONTROL)
    with jax.enable_x64():
        batch = {name: jax.numpy.asarray(array) for name, array in BATCH.items()}
        gradient = jax.grad(lambda p: p(batch).mean())(program).numbers()
    for name, value in program.numbers().items():
        above = program.with_numbers({name: value + 1e-6})(BATCH).mean()
        below = program.with_numbers({name: value - 1e-6})(BATCH).mean()
        assert float(gradient[name]) == pytest.approx((above - below) / 2e-6, abs=1e-6)


def test_numbers_are_named_and_replaced() -> None:
    program = parse(NAMED, CONTROL)
    assert program.numbers() == {
        "program.near.c0": 1.5, "program.effort.c0": -0.1, "program.effort.c1": 2.0,
    }  # fmt: skip
    other = program.with_numbers({"program.effort.c0": 0.25})
    assert "0.25 * force ** 2.0" in str(other)
    assert other != program
    assert other.shape_key == program.shape_key
    assert other.structural_hash != program.structural_hash
    with pytest.raises(BadInput, match=r"program\.near\.c0"):
        program.with_numbers({"near": 1.0})
    assert (
        parse(str(program.with_numbers({"program.near.c0": -0.0})), CONTROL).numbers()["program.near.c0"] == 0
    )


def test_hash_does_not_see_order_names_or_spelling() -> None:
    same = [
        ("x * speed + 1", "1 + speed * x"),
        ("x > speed", "speed < x"),
        ("a = x * 2\nreturn a + speed", "b = 2 * x\nreturn speed + b"),
        ("{'a': x, 'b': speed}", "{'b': speed, 'a': x}"),
        ("1 if x else 0", "where(x, 1, 0)"),
    ]
    for first, second in same:
        one, two = parse(first, CONTROL), parse(second, CONTROL)
        assert one.structural_hash == two.structural_hash, first
        np.testing.assert_allclose(one(BATCH), two(BATCH))
    different = [
        "x - speed",
        "speed - x",
        "x < speed",
        "x <= speed",
        "x ** speed",
        "{'a': x - speed}",
        "sum(obs)",
    ]
    assert len({parse(source, CONTROL).structural_hash for source in different}) == len(different)


def test_hash_is_the_same_in_another_process() -> None:
    code = (
        "from rewardsmith.core.fields import Field; from rewardsmith.program import parse;"
        "p = parse(\"{'a': x * y + 1, 'b': max(v)}\", [Field('x'), Field('y'), Field('v', width=3)]);"
        "print(p.structural_hash, p.shape_key)"
    )
    seen = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in "12"
    }
    assert len(seen) == 1


def test_pickle_json_and_python_equality() -> None:
    for source in WRITTEN:
        program = parse(source, CONTROL)
        program(BATCH)
        again = pickle.loads(pickle.dumps(program))
        stored = rs.from_json(json.loads(json.dumps(rs.to_json(program))))
        assert again == stored == program
        assert hash(again) == hash(program)
        np.testing.assert_array_equal(stored(BATCH), program(BATCH))


def test_programs_compose_with_other_rewards() -> None:
    program = parse(NAMED, CONTROL)
    combined = 2.0 * program + parse("x", CONTROL) | rs.Clip(-1, 1)
    np.testing.assert_allclose(combined(BATCH), np.clip(2 * program(BATCH) + BATCH["x"], -1, 1))
    assert set((2.0 * program).terms(BATCH)) == {"near", "effort"}


def test_only_valid_trees_become_programs() -> None:
    from rewardsmith.program.tree import Apply, Number, Read

    with pytest.raises(ProgramError, match="E_NAME"):
        Program((("a", Read("nowhere")),), (), VECTORS)
    with pytest.raises(ProgramError, match="E_SHAPE"):
        Program((("a", Read("obs")),), (), VECTORS)
    with pytest.raises(ProgramError, match="E_SHAPE"):
        Program((("a", Number(1.0)),), (), VECTORS)
    expr = Read("x")
    for _ in range(90):
        expr = Apply("+", (expr, Number(1.0)))
    with pytest.raises(ProgramError, match="E_DEPTH"):
        Program((("a", expr),), (), CONTROL)


def test_wide_vectors() -> None:
    table = [rs.Field("obs", width=40), rs.Field("next_obs", width=40, kind="next")]
    obs = np.random.default_rng(0).normal(size=(7, 40))
    cases = {
        "sum(obs)": obs.sum(1), "max(obs)": obs.max(1), "min(obs)": obs.min(1), "mean(obs)": obs.mean(1),
        "norm(obs)": np.linalg.norm(obs, axis=1), "dot(obs, obs[:, :])": (obs * obs).sum(1),
    }  # fmt: skip
    for source, expected in cases.items():
        np.testing.assert_allclose(parse(source, table)({"obs": obs}), expected, rtol=1e-12)
