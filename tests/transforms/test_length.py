"""Length transforms against their formulas, written as slow loops, and at the edges of groups."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput, MissingField
from rewardsmith.transforms import CosineLength, LengthBand, OverlongPenalty, RelativeLength


def some(seed: int = 0, count: int = 40) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    correct = (rng.random(count) < 0.5).astype(float)
    correct = np.where(rng.random(count) < 0.1, np.nan, correct)
    return {
        "group": rng.integers(0, 6, count),
        "correct": correct,
        "length": rng.integers(1, 60, count).astype(float),
    }


def test_cosine_is_the_formula():
    batch = some()
    found = CosineLength(50.0, 2.0, 1.0, -3.0, -1.0).apply(batch["correct"], batch, ())[0]
    for i, (length, right) in enumerate(zip(batch["length"], batch["correct"], strict=True)):
        t = min(length / 50.0, 1.0)
        short, long = (2.0, 1.0) if right == 1 else (-3.0, -1.0)
        expected = long + 0.5 * (short - long) * (1 + math.cos(math.pi * t))
        assert (math.isnan(right) and math.isnan(found[i])) or found[i] == pytest.approx(expected)
    # what it is for: among right answers shorter is better, among wrong ones longer is
    default, order = CosineLength(limit=50.0).apply(batch["correct"], batch, ())[0], np.argsort(batch["length"])
    for kind, sign in ((1.0, -1), (0.0, 1)):
        assert (sign * np.diff(default[order][batch["correct"][order] == kind]) >= -1e-12).all()
    with pytest.raises(BadInput, match="limit"):
        CosineLength(limit=0.0)


def test_overlong_is_the_three_cases_of_the_paper():
    batch = some()
    found = OverlongPenalty(limit=40.0, buffer=15.0, weight=2.0).apply(np.ones(40), batch, ())[0]
    assert len(np.unique(found)) > 5
    for i, length in enumerate(batch["length"]):
        over = 0.0 if length <= 25 else 1.0 if length >= 40 else (length - 25) / 15
        assert found[i] == pytest.approx(1 - 2 * over)
    with pytest.raises(BadInput, match="buffer"):
        OverlongPenalty(buffer=0.0)
    with pytest.raises(MissingField, match="length"):
        OverlongPenalty().apply(np.ones(2), {}, ())


def slow_relative(batch: dict[str, np.ndarray], i: int, alpha: float) -> float:
    right = [
        length
        for length, c, g in zip(batch["length"], batch["correct"], batch["group"], strict=True)
        if c == 1 and g == batch["group"][i]
    ]
    if batch["correct"][i] != 1:
        return 0.0 * batch["correct"][i]
    spread = np.std(right)
    z = (batch["length"][i] - np.mean(right)) / spread if spread > 0 else 0.0
    return 1 - alpha / (1 + math.exp(-z))


def test_relative_length_is_the_formula_of_grpo_lambda():
    batch = some(2)
    found = RelativeLength(alpha=0.6).apply(batch["correct"], batch, ())[0]
    np.testing.assert_allclose(found, [slow_relative(batch, i, 0.6) for i in range(40)])


def test_relative_length_never_pays_a_wrong_answer():
    batch = {"group": np.zeros(3), "correct": np.array([0.0, 0.0, 0.0]), "length": np.array([1.0, 5.0, 9.0])}
    assert RelativeLength().apply(batch["correct"], batch, ())[0].tolist() == [0.0, 0.0, 0.0]
    one = {**batch, "correct": np.array([1.0, 0.0, np.nan])}
    found = RelativeLength(alpha=0.6).apply(one["correct"], one, ())[0]
    np.testing.assert_array_equal(found, [0.7, 0.0, np.nan])  # one right answer: sigmoid(0)
    equal = {**batch, "correct": np.ones(3), "length": np.full(3, 0.1)}
    np.testing.assert_allclose(RelativeLength(alpha=0.6).apply(equal["correct"], equal, ())[0], 0.7)
    # a wrong answer far from the correct ones: z is -5000, and exp(5000) would overflow
    far = {**batch, "correct": np.array([1.0, 1.0, 0.0]), "length": np.array([1e4, 1e4 + 2, 5e3])}
    assert np.isfinite(RelativeLength().apply(far["correct"], far, ())[0]).all()


@pytest.mark.parametrize("punish_wrong", [False, True])
def test_the_band_is_its_formula(punish_wrong: bool):
    batch = some(3)
    batch["correct"][batch["group"] == 2] = 0.0  # a group without a correct answer
    found = LengthBand(0.5, 0.2, punish_wrong).apply(np.zeros(40), batch, ())[0]
    for i, (group, right, length) in enumerate(
        zip(batch["group"], batch["correct"], batch["length"], strict=True)
    ):
        lengths = batch["length"][(batch["group"] == group) & (batch["correct"] == 1)]
        expected = 0.0
        if len(lengths) and right == 1:
            expected = -0.5 * min(1.0, max(0.0, abs(length - lengths.mean()) / lengths.mean() - 0.2))
        elif len(lengths) and punish_wrong and length < 0.8 * lengths.mean():
            expected = -0.5
        assert (math.isnan(right) and math.isnan(found[i])) or found[i] == pytest.approx(expected)
    assert (found[batch["group"] == 2] == 0.0).all()
    assert len(np.unique(found)) > 8
    with pytest.raises(BadInput, match="tolerance"):
        LengthBand(tolerance=-0.1)


@pytest.mark.parametrize(
    "transform",
    [CosineLength(40.0), OverlongPenalty(40.0, 20.0), RelativeLength(), LengthBand(punish_wrong=True)],
)
def test_three_libraries_agree(transform):
    import jax.numpy as jnp
    import torch

    arrays = {k: v.astype(np.float32) if v.dtype == float else v for k, v in some(4).items()}
    expected = transform.apply(arrays["correct"], arrays, ())[0]
    for make in (jnp.asarray, torch.tensor):
        given = {name: make(value) for name, value in arrays.items()}
        found = transform.apply(given["correct"], given, ())[0]
        np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-4, atol=1e-5)
