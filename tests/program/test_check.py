"""What ``check`` finds on a batch."""

from __future__ import annotations

import numpy as np
import pytest

from program.helpers import CONTROL, batch_of
from rewardsmith.program import check, parse
from rewardsmith.program.units import parse_unit, times

BATCH = batch_of(CONTROL, 200)


def codes(source: str, batch: dict | None = None) -> list[str]:
    return [finding.code for finding in check(parse(source, CONTROL), BATCH if batch is None else batch)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("-abs(angle) - 0.1 * square(force)", []),
        ("{'a': exp(-square(x / 0.5)), 'living': -1}", []),
        ("log(x / 2 - 100)", ["E_NONFINITE"]),
        ("1 / (x - x)", ["E_NONFINITE"]),
        ("where(log(x / 2 - 100) == 0, 1, 0) + x", ["W_INTERNAL_NAN"]),
        ("x / maximum(1e-3, 1 / (x - x))", ["W_INTERNAL_NAN", "W_CONSTANT"]),
        ("x * 0", ["W_CONSTANT"]),
        ("(x + 1e9) - 1e9", ["W_PRECISION"]),
        ("exp(100 + x / 2)", ["W_RANGE"]),
        ("x * 1e39 * 1e-39", ["W_RANGE"]),
        ("x + speed", ["W_UNIT"]),
        ("x + log(speed ** 2)", ["W_UNIT", "W_UNIT"]),
        ("x + 0.1 * speed", []),
    ],
)
def test_findings(source: str, expected: list[str]) -> None:
    assert codes(source) == expected


def test_messages_say_what_was_seen() -> None:
    batch = {"x": np.array([[1.0, 2.0], [0.0, -1.0]])}
    (finding,) = check(parse("log(x / 1)", CONTROL), batch)
    assert finding.level == "error"
    assert finding.message == "2 of 4 rows are not finite, first row (1, 0) (infinite)"
    (unit,) = check(parse("x + speed", CONTROL), BATCH)
    assert unit.message == "+ of m and m*s^-1"
    (same,) = check(parse("x * 0 + 2", CONTROL), BATCH)
    assert same.message == "2 in all 200 rows"


def test_wrong_shape_is_a_finding_and_one_row_is_not_constant() -> None:
    assert codes("norm(obs)", {"obs": np.zeros((3, 5))}) == ["E_SHAPE"]
    assert codes("x", {"x": np.ones(1)}) == []
    assert codes("x", {"x": np.ones(0)}) == []
    assert codes("x + sum(obs)", {"x": np.float64(1.0), "obs": np.ones(4)}) == []


def test_the_batch_is_not_changed() -> None:
    before = {name: array.copy() for name, array in BATCH.items()}
    codes("log(abs(x)) + norm(obs) * speed - force % 1")
    for name, array in BATCH.items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("1", ()),
        ("m", (("m", 1.0),)),
        ("m/s", (("m", 1.0), ("s", -1.0))),
        ("m/s^2", (("m", 1.0), ("s", -2.0))),
        ("N*m", (("N", 1.0), ("m", 1.0))),
        ("kg m^2 / s^2", (("kg", 1.0), ("m", 2.0), ("s", -2.0))),
        ("1/s", (("s", -1.0),)),
        ("m/m", ()),
        ("??^^", None),
    ],
)
def test_units_are_read(text: str, unit: object) -> None:
    assert parse_unit(text) == unit


def test_units_multiply() -> None:
    speed = parse_unit("m/s")
    assert times(speed, parse_unit("s")) == parse_unit("m")
    assert times((), speed, 2.0) == parse_unit("m^2/s^2")
    assert times(speed, None) is None
