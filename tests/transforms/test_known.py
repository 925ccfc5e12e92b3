"""Sums over verdicts and GDPO against slow loops and against the formula of TRL 1.16."""

from __future__ import annotations

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith.core.errors import BadInput
from rewardsmith.transforms import (
    BatchNormalize,
    Clip,
    GroupNormalize,
    KnownSum,
    known_sum,
    normalize_then_sum,
)


@rs.term
def a(a):
    return a


@rs.term
def b(b):
    return b


@rs.term
def c(c):
    return c


def some(seed: int = 0, count: int = 40, missing: float = 0.3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    batch = {name: rng.normal(size=count) for name in "abc"}
    batch = {name: np.where(rng.random(count) < missing, np.nan, v) for name, v in batch.items()}
    return batch | {"group": np.repeat(np.arange(count // 8), 8)}


@pytest.mark.parametrize("renormalize", [False, True])
def test_a_slow_loop_adds_the_verdicts(renormalize: bool):
    batch, weights = some(missing=0.6), (2.0, -1.0, 0.5)
    reward = known_sum(2.0 * a, -1.0 * b, 0.5 * c, renormalize=renormalize)
    expected = []
    for values in zip(batch["a"], batch["b"], batch["c"], strict=True):
        pairs = [(w, v) for w, v in zip(weights, values, strict=True) if not np.isnan(v)]
        scale = 3.5 / sum(abs(w) for w, _ in pairs) if pairs and renormalize else 1.0
        expected.append(scale * sum(w * v for w, v in pairs) if pairs else np.nan)
    np.testing.assert_allclose(reward(batch), expected)
    assert np.isnan(expected).any()
    np.testing.assert_allclose(sum(reward.terms(batch).values()), expected)


def test_parts_of_nested_rewards_still_sum_to_the_total():
    batch = some()
    reward = known_sum(a + b | Clip(-0.5, 0.5), c, 1.0)
    np.testing.assert_allclose(sum(reward.terms(batch).values()), reward(batch))
    assert not np.isnan(reward(batch)).any()  # the constant always has a verdict
    with pytest.raises(BadInput, match="no rewards"):
        KnownSum(())


def test_gdpo_is_what_trl_computes():
    """TRL 1.16, grpo_trainer.py, multi_objective_aggregation='normalize_then_sum', written out."""
    import torch

    batch, weights = some(3), torch.tensor([1.0, 2.0, 0.5], dtype=torch.float64)
    batch["c"][:8] = 1.0  # a part without spread in one group
    per_function = torch.tensor(np.stack([batch[name] for name in "abc"], axis=1))
    grouped = per_function.view(-1, 8, 3)
    mean = torch.nanmean(grouped, dim=1, keepdim=True)
    known = (~grouped.isnan()).sum(1, keepdim=True)
    std = (torch.nansum((grouped - mean) ** 2, dim=1, keepdim=True) / (known - 1)).sqrt()
    summed = (((grouped - mean) / (std + 1e-4)).view(-1, 3) * weights).nansum(1)
    summed[per_function.isnan().all(1)] = torch.nan
    middle = torch.nanmean(summed)
    spread = (torch.nansum((summed - middle) ** 2) / ((~summed.isnan()).sum() - 1)).sqrt()
    expected = (summed - middle) / (spread + 1e-4)

    reward = normalize_then_sum(a + 2.0 * b + 0.5 * c) | BatchNormalize()
    found = reward(batch)
    alone = np.isnan(batch["a"]) & np.isnan(batch["b"]) & (np.arange(40) < 8)
    assert not alone.any()  # else ours would be NaN where TRL has a 0
    np.testing.assert_allclose(found, expected.numpy())
    # the answers of the first group differ although one part has no spread there
    assert not np.isnan(found[:8]).all()
    assert np.isnan((a + c | GroupNormalize())({**batch, "a": 0 * batch["a"] + 1})[:8]).all()


def test_each_part_weighs_as_much_as_its_weight_says():
    """The collapse that GDPO was made for: (1, 0) and (0, 1) get one advantage from the sum, two from GDPO."""
    batch = {"a": np.array([1.0, 0.0, 1.0, 0.0]), "b": np.array([0.0, 1.0, 0.0, 0.0]), "group": np.zeros(4)}
    both = a + b
    summed, parts = (both | GroupNormalize())(batch), normalize_then_sum(both)(batch)
    assert summed[0] == summed[1]
    assert abs(parts[0] - parts[1]) > 0.1
    # scale of a part does not matter, its weight does
    np.testing.assert_allclose(normalize_then_sum(both)({**batch, "a": 100 * batch["a"]}), parts, atol=1e-3)


def test_batch_normalize():
    values = np.array([1.0, 2.0, 4.0, np.nan])
    found = BatchNormalize(epsilon=0.5, ddof=0).apply(values, {}, ())[0]
    np.testing.assert_allclose(found[:3], (values[:3] - 7 / 3) / (values[:3].std() + 0.5))
    assert np.isnan(found[3])
    assert np.isnan(BatchNormalize().apply(np.array([1.0, np.nan]), {}, ())[0]).all()
    with pytest.raises(BadInput, match="ddof"):
        BatchNormalize(ddof=2)
