"""Quantities: the same numbers as arrays, bounds that hold, units that follow the rules of arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rewardsmith as rs
from rewardsmith import tasks
from rewardsmith.core.fields import Field
from rewardsmith.measure.check.quantity import Quantity
from rewardsmith.measure.check.scene import Scene
from rewardsmith.measure.check.trace import trace
from rewardsmith.program import parse
from rewardsmith.program.units import parse_unit

UNARY = ("negative", "absolute", "square", "exp", "tanh", "arctan", "floor", "sin", "cos", "sign", "sqrt")
BINARY = ("add", "subtract", "multiply", "maximum", "minimum", "hypot", "arctan2", "divide")


def field(name: str, unit: str, values: np.ndarray) -> Quantity:
    return Quantity.read(values, Field(name, unit, float(values.min()), float(values.max())), name, [])


numbers = st.lists(st.floats(-30, 30), min_size=1, max_size=6).map(np.array)


@given(numbers, st.sampled_from(UNARY))
def test_bounds_hold_for_functions_of_one(values: np.ndarray, name: str) -> None:
    with np.errstate(all="ignore"):
        plain, found = getattr(np, name)(values), getattr(np, name)(field("x", "m", values))
    np.testing.assert_array_equal(np.asarray(found), plain)
    known = plain[np.isfinite(plain)]
    assert np.all(known >= found.about.low - 1e-9)
    assert np.all(known <= found.about.high + 1e-9)


@given(numbers, numbers, st.sampled_from(BINARY))
def test_bounds_hold_for_functions_of_two(a: np.ndarray, b: np.ndarray, name: str) -> None:
    a, b = a[: len(b)], b[: len(a)]
    with np.errstate(all="ignore"):
        plain = getattr(np, name)(a, b)
        found = getattr(np, name)(field("x", "m", a), field("y", "m", b))
    np.testing.assert_array_equal(np.asarray(found), plain)
    known = plain[np.isfinite(plain)]
    assert np.all(known >= found.about.low - 1e-9 * np.abs(known))
    assert np.all(known <= found.about.high + 1e-9 * np.abs(known))


@pytest.mark.parametrize(
    ("make", "unit"),
    [
        (lambda x, v: x * v, "m^2/s"),
        (lambda x, v: x / v, "s"),
        (lambda x, v: x**2, "m^2"),
        (lambda x, v: np.sqrt(x * x), "m"),
        (lambda x, v: np.arctan2(x, x), "rad"),
        (lambda x, v: x.sum(axis=-1), "m"),
        (lambda x, v: np.where(x > 0, x, 0.0), "m"),
        (lambda x, v: np.clip(x, -1, 1), "m"),
    ],
)
def test_units_follow(make: Any, unit: str) -> None:
    x, v = field("x", "m", np.array([1.0, 2.0])), field("v", "m/s", np.array([1.0, 3.0]))
    assert make(x, v).about.unit == parse_unit(unit)


def test_a_weight_has_any_unit() -> None:
    assert (2.0 * field("x", "m", np.array([1.0]))).about.unit is None


@rs.term
def bounded(angle: Any, *, limit: float = 0.5) -> Any:
    angle = angle * 1.0
    angle += 0.25
    return np.where((limit < angle) & (angle > 0.1), np.square(angle - 0.5), 0.0)


def test_events_of_a_term_and_of_a_program_are_alike() -> None:
    task = tasks.load("cartpole")
    scene = Scene(bounded, task)
    program = parse("where(angle + 0.25 > 0.5 and 0.1 < angle + 0.25, square(angle + 0.25 - 0.5), 0.0)", task)
    mine, theirs = (trace(each, scene.steps, scene.fields) for each in (bounded, program))
    kinds = [[(e.kind, e.op, e.right.low) for _, e in found.events] for found in (mine, theirs)]
    assert kinds[0] == kinds[1]
    assert ("compared", ">", 0.1) in kinds[0]
    assert mine.unseen == theirs.unseen == ()


def test_what_cannot_be_followed_is_listed() -> None:
    @rs.term
    def stubborn(angle: Any) -> Any:
        if type(angle) is not np.ndarray:
            raise TypeError("plain arrays only")
        return angle

    scene = Scene(stubborn, tasks.load("cartpole"))
    assert scene.trace.unseen == ("stubborn",)


def test_programs_are_evaluated_as_they_are() -> None:
    """The small interpreter of the trace against the real one, on every function of the language."""
    task = tasks.load("Reacher-v5")
    scene = Scene(rs.success, task)
    text = (
        "sigmoid(cos_1) + hypot(miss_x, miss_y) % 0.1 + round(cos_2 * 3) + where(not cos_1 > 0, 1, 2)"
        " + max(obs) - min(obs[:, 2:5]) + norm(obs) + dot(obs, obs) / mean(obs) + clip(cos_1, -0.1, 0.3)"
        " + sqrt(abs(obs[:, 3])) + (1 if 0 < cos_2 < 0.5 or sin_1 > 0.2 else 0)"
        " + square(tan(arctan(cos_1))) + pi"
    )
    program = parse(text, task)
    from rewardsmith.measure.check.trace import _value

    expr = program.parts[0][1]
    batch = {name: value[:50] for name, value in scene.steps.items()}
    np.testing.assert_allclose(_value(expr, batch, {}), program(batch), rtol=1e-12)
