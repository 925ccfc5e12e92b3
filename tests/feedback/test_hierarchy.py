"""Lexicographic labels against a slow tree of ifs, and what must and must not change them."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.feedback.hierarchy import (
    Hierarchy,
    Undecided,
    decided,
    labels_changed,
    lexicographic_preference,
)

NAMES = ("a", "b", "c", "d")


def batch(seed: int, count: int = 400) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "a": rng.integers(0, 3, count).astype(float),
        "b": rng.normal(size=count),
        "c": rng.exponential(size=count),
        "d": rng.normal(size=count),
    }


def rows(data: dict[str, np.ndarray], pick: np.ndarray) -> dict[str, np.ndarray]:
    return {name: values[pick] for name, values in data.items()}


def labels(order: Hierarchy, data: dict[str, np.ndarray]) -> np.ndarray:
    pick = np.random.default_rng(9).integers(0, len(data["a"]), (2, 2000))
    return order.label(rows(data, pick[0]), rows(data, pick[1]), order.spread(data))


def slow(order: Hierarchy, data: dict[str, np.ndarray], i: int, j: int) -> float:
    for name, margin, sign in zip(order.factors, order.margins, order.better, strict=True):
        gap = sign * (data[name][i] - data[name][j])
        if abs(gap) > margin * data[name].std():
            return float(gap > 0)
    return float("nan")


@pytest.mark.parametrize("margins", [0.0, 1.0, (0.5, 2.0, 0.1, 1.5)])
def test_labels_are_those_of_the_slow_tree(margins: float | tuple[float, ...]) -> None:
    """Defect of the released code: one margin was wrapped again on every pair, levels 3 and 4 shared one."""
    order, data = Hierarchy(NAMES, margins, (1, -1, 1, -1)), batch(0)
    pick = np.random.default_rng(9).integers(0, 400, (2, 2000))
    expected = [slow(order, data, i, j) for i, j in pick.T]
    np.testing.assert_array_equal(labels(order, data), expected)
    np.testing.assert_array_equal(labels(order, data), expected)  # the second call meets the same margins
    if not isinstance(margins, tuple):
        assert order.margins == (margins,) * 4


def test_every_level_has_a_margin_of_its_own() -> None:
    alike, data = np.zeros(2), np.array([0.0, 1.0])
    for level in range(4):
        values = {name: data if k == level else alike for k, name in enumerate(NAMES)}
        first, second = rows(values, np.array([1])), rows(values, np.array([0]))
        for width, expected in ((0.9, 1.0), (1.1, np.nan)):
            margins = tuple(width if k == level else 0.0 for k in range(4))
            label = Hierarchy(NAMES, margins).label(first, second, np.ones(4))
            np.testing.assert_array_equal(label, [expected])


@pytest.mark.parametrize("name", NAMES)
def test_affine_maps_change_no_label(name: str) -> None:
    data, order = batch(1), Hierarchy(NAMES, margins=(0.5, 1.0, 0.7, 0.2))
    np.testing.assert_array_equal(labels(order, data), labels(order, {**data, name: 100 * data[name] + 17}))


@pytest.mark.parametrize("curve", [np.exp, np.cbrt, lambda z: z**3 + 1e-3 * z])
@pytest.mark.parametrize("name", NAMES)
def test_at_margin_0_no_increasing_map_changes_a_label(name: str, curve) -> None:
    data, order = batch(2), Hierarchy(NAMES, margins=0.0)
    np.testing.assert_array_equal(labels(order, data), labels(order, {**data, name: curve(data[name])}))


def test_with_a_margin_a_curved_map_does_change_labels() -> None:
    data, order = batch(2), Hierarchy(("c",), margins=1.0)
    curved = {**data, "c": np.exp(data["c"])}
    before, after = labels(order, data), labels(order, curved)
    assert (np.isnan(before) != np.isnan(after)).mean() > 0.05
    pairs = np.random.default_rng(9).integers(0, 400, (2, 2000))
    share = np.mean(np.nan_to_num(before, nan=0.5) != np.nan_to_num(after, nan=0.5))
    assert labels_changed(order, data, curved, pairs) == pytest.approx(share)
    assert labels_changed(order, data, {**data, "c": 3 * data["c"] - 1}, pairs) == 0


def test_swapping_a_pair_swaps_its_label() -> None:
    rng = np.random.default_rng(3)
    first, second = rng.integers(0, 3, (2, 500, 3)).astype(float)
    margins, spread = np.array([0.5, 1.0, 0.0]), np.ones(3)
    label, level = lexicographic_preference(first, second, margins, spread)
    other, same = lexicographic_preference(second, first, margins, spread)
    np.testing.assert_array_equal(label, 1 - other)
    np.testing.assert_array_equal(level, same)
    assert np.isnan(label).sum() == (level == 3).sum() > 0


def test_rounding_is_no_factor_and_what_is_unknown_decides_nothing() -> None:
    data = batch(4) | {"a": 1e6 + 1e-9 * np.random.default_rng(0).normal(size=400)}
    assert Hierarchy(NAMES).spread(data)[0] == 0
    np.testing.assert_array_equal(labels(Hierarchy(("a", "b")), data), labels(Hierarchy(("b",)), data))
    data["a"] = np.where(np.arange(400) < 200, np.nan, data["d"])
    unknown = Hierarchy(("a",), 0.0).label(rows(data, np.array([0])), rows(data, np.array([300])), np.ones(1))
    assert np.isnan(unknown).all()


def test_decided_counts_levels_and_refuses_nothing_decided() -> None:
    assert decided(np.array([0, 0, 1, 2]), 2).tolist() == [2, 1, 1]
    with pytest.raises(Undecided, match="3 pairs"):
        decided(np.array([2, 2, 2]), 2)


@pytest.mark.parametrize(
    "call",
    [
        lambda: Hierarchy(()),
        lambda: Hierarchy(("a", "a")),
        lambda: Hierarchy(("a", "b"), (1.0,)),
        lambda: Hierarchy(("a",), -1.0),
        lambda: Hierarchy(("a",), better=0),
        lambda: Hierarchy(("a",)).values({"a": np.array([np.inf])}),
        lambda: lexicographic_preference(np.zeros((2, 3)), np.zeros((2, 3)), np.zeros(2), np.zeros(3)),
    ],
)
def test_refusals(call) -> None:
    with pytest.raises(BadInput):
        call()
