"""A term pointed at other fields is the same function of those fields, and still a value."""

from __future__ import annotations

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith.core.errors import BadInput, MissingField
from rewardsmith.testing import check_reward


@rs.term
def advance(position, next_position, *, weight=1.0):
    return weight * (next_position - position)


@rs.term
def length_of(vector, *, power=2.0):
    return rs.xp(vector).sum(abs(vector) ** power, axis=-1)


def batch() -> dict:
    rng = np.random.default_rng(0)
    numbers = {name: rng.normal(size=(3, 4)) for name in ("x", "y", "next_x", "next_y", "position")}
    return {**numbers, "next_position": rng.normal(size=(3, 4)), "terminated": np.zeros((3, 4), bool)}


def test_one_field_and_its_twin_follows():
    b = batch()
    pointed = advance(position="x", weight=2.0)
    np.testing.assert_array_equal(pointed(b), 2 * (b["next_x"] - b["x"]))
    assert pointed.fields == {"x", "next_x"}
    np.testing.assert_array_equal(advance(position="x", next_position="y")(b), b["y"] - b["x"])
    np.testing.assert_array_equal(advance(b), b["next_position"] - b["position"])


def test_several_fields_are_columns():
    b = batch()
    np.testing.assert_allclose(length_of(vector=("x", "y"))(b), b["x"] ** 2 + b["y"] ** 2)
    later = rs.at_next(length_of(vector=("x", "y")))
    np.testing.assert_allclose(later(b), b["next_x"] ** 2 + b["next_y"] ** 2)
    shaped = 0.0 * advance | rs.Potential(length_of(vector=("x",)), discount=0.5)
    np.testing.assert_allclose(shaped(b), 0.5 * b["next_x"] ** 2 - b["x"] ** 2)


def test_it_is_a_value():
    pair = advance(position="x") + 0.5 * length_of(vector=("x", "y"), power=3.0) + length_of(vector=("y",))
    check_reward(pair, batch())
    assert str(length_of(vector=("x", "y"))) == "length_of(vector=('x', 'y'), power=2.0)"
    assert sorted(pair.terms(batch())) == ["advance_x", "length_of_x_y", "length_of_y"]
    assert "length_of_x_y.power" in pair.numbers()
    assert advance(position="x") != advance(position="y") != advance
    assert advance(position="x")(position="position") == advance
    check_reward(advance + advance(position="y"), batch())


def test_it_is_the_same_on_torch_and_jax():
    import jax.numpy as jnp
    import torch

    reward, b = length_of(vector=("x", "y")), batch()
    for make in (torch.as_tensor, jnp.asarray):
        found = reward({name: make(value) for name, value in b.items()})
        np.testing.assert_allclose(np.asarray(found), reward(b), rtol=1e-5)


def test_bad_input_is_one_line():
    with pytest.raises(BadInput, match="a tuple of names"):
        advance(position=1.0)
    with pytest.raises(BadInput, match="a tuple of names"):
        length_of(vector=())
    with pytest.raises(BadInput, match="fields position, next_position"):
        advance(place="x")
    with pytest.raises(MissingField, match="advance_z"):
        advance(position="z")(batch())
