"""Sentences are compared with what a person would write for the same reward."""

from __future__ import annotations

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith.core.fields import Field, with_twins
from rewardsmith.design.affine import affine
from rewardsmith.design.words import in_words
from rewardsmith.program import parse
from rewardsmith.program.printing import show
from rewardsmith.sandbox import parse_python

FIELDS = (
    Field("x", "m", -2.4, 2.4, "position of the cart; the episode ends beyond -2.4 and 2.4"),
    Field("upright", "1", -1.0, 1.0, "cosine of the angle: 1 upright, -1 hanging"),
    Field("cos_1", "1", -1.0, 1.0, "cosine of the angle of link 1: 1 hanging, -1 upright"),
    Field("energy", "1", -1.0, 5.0, "energy of the pole: -1 hanging at rest, 1 upright at rest"),
    Field("speed", "m/s", meaning="speed of the cart"),
    Field("plain_name"),
    Field("effort", "1", 0.0, 6.0, "sum of squared actions", kind="action"),
    Field("obs", width=3),
    Field("terminated", kind="flag", low=0.0, high=1.0),
)
TABLE = with_twins(FIELDS)

ENERGY = "keeping the energy of the pole near 1 (upright at rest)"
UPRIGHT = "a high cosine of the angle (upright)"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            "1.3 * exp(-1.2 * (energy - 1) ** 2) + 2.0 * upright - 5.0 * terminated",
            f"pays for {UPRIGHT}, then for {ENERGY}; ending the episode early costs",
        ),
        ("0.5 * upright + 1.3 * exp(-square(energy - 1))", f"pays for {ENERGY}, then for {UPRIGHT}"),
        ("-abs(x / 2.4)", "pays for keeping the position of the cart near 0"),
        ("-0.1 * (speed - 1.5) ** 2", "pays for keeping the speed of the cart near 1.5"),
        ("abs(speed)", "pays for the speed of the cart being far from 0"),
        ("-cos_1", "pays for a low cosine of the angle of link 1 (upright)"),
        ("-0.01 * effort", "a high sum of squared actions costs"),
        ("-0.01 * effort - terminated", "ending the episode early and a high sum of squared actions cost"),
        ("plain_name", "pays for a high plain name"),
        ("next_energy - energy", "pays for raising the energy of the pole"),
        ("2.0 * (speed - next_speed)", "pays for lowering the speed of the cart"),
        ("abs(x) - abs(next_x)", "pays for bringing the position of the cart closer to 0"),
        (
            "2.0 * next_upright + speed - next_speed",
            f"pays for {UPRIGHT}, then for lowering the speed of the cart",
        ),
        ("where(upright > 0.9, 1.0, 0.0)", "pays for the cosine of the angle being above 0.9"),
        ("1.0 if upright < 0.9 else 3.0", "pays for every step; the cosine of the angle being below 0.9 costs"),
        ("2.0 * (abs(x) < 0.5)", "pays for the position of the cart being within 0.5 of 0"),
        (
            "where(upright > 0.9 and abs(x) < 0.5, 1.0, 0.0)",
            "pays for the cosine of the angle being above 0.9 "
            "and the position of the cart being within 0.5 of 0",
        ),
        (
            "(upright > 0.9) * exp(-speed ** 2)",
            "pays for keeping the speed of the cart near 0 while the cosine of the angle is above 0.9",
        ),
        ("upright - 0.1", f"pays for {UPRIGHT}; every step costs"),
        ("tanh(2.0 * speed)", "pays for a high speed of the cart"),
        (  # at most 0.1 * 2.4 ** 2 = 0.576
            "0.5 * upright - 0.1 * x ** 2",
            f"pays for keeping the position of the cart near 0, then for {UPRIGHT}",
        ),
        (
            "0.5 * upright - 0.1 * abs(x)",
            f"pays for {UPRIGHT}, then for keeping the position of the cart near 0",
        ),
        ("abs(speed) - abs(next_speed)", "pays for bringing the speed of the cart closer to 0"),
        ("1.0 / (1.0 + 3.0 * abs(speed - 2.0))", "pays for keeping the speed of the cart near 2"),
        ("-abs(x - speed)", "pays for keeping the position of the cart near the speed of the cart"),
        ("obs[:, 1]", "pays for a high obs [1]"),
        ("x * speed", "pays for `x * speed`"),
        ("-norm(obs)", "`norm(obs)` costs"),
        ("x - x + upright", f"pays for {UPRIGHT}"),
        ("0.0 * upright", "pays nothing"),
    ],
)
def test_a_person_would_say_the_same(source: str, words: str) -> None:
    assert in_words(parse(source, TABLE), FIELDS) == words


def test_named_parts_and_local_names_are_seen_through() -> None:
    source = """
def reward(energy, upright):
    gap = energy - 1.0
    return {"energy": 3.0 * exp(-gap ** 2), "upright": upright}
"""
    assert in_words(parse(source, TABLE), FIELDS) == f"pays for {ENERGY}, then for {UPRIGHT}"


@rs.term
def calm(speed):
    """1 while the cart is calm."""
    return np.exp(-(speed**2))


def test_sums_of_terms_and_programs() -> None:
    reward = 3.0 * calm + 0.5 * parse("upright", TABLE) - rs.Constant(0.1)
    expected = f"pays for calm (1 while the cart is calm), then for {UPRIGHT}; every step costs"
    assert in_words(reward, FIELDS) == expected


def test_what_has_no_shape_is_quoted() -> None:
    assert in_words(calm | rs.Clip(-1.0, 1.0), FIELDS) == "pays for `calm | Clip(-1.0, 1.0)`"


@pytest.mark.parametrize("source", ["2 * (x - 3 * (speed + 1) / 4) - -x", "where(x > 1, 2.0, 5.0) + x / 4"])
def test_affine_form_has_the_value_of_the_program(source: str) -> None:
    rng = np.random.default_rng(0)
    batch = {"x": rng.normal(size=50) * 2, "speed": rng.normal(size=50)}
    program = parse(source, TABLE)
    form = affine(program.parts[0][1])
    total = form.constant + sum(
        weight * parse(f"1.0 * ({show(atom)})", TABLE)(batch) for weight, atom in form.parts.values()
    )
    np.testing.assert_allclose(total, program(batch), rtol=1e-12)


def test_python_is_called_what_it_is():
    fields = (Field("speed", "m/s"),)
    assert (
        in_words(parse_python("def reward(speed):\n    return -speed**2", fields), fields)
        == "a function in Python"
    )
