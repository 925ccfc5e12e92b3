"""GroupGate, ContrastiveBonus and Payback against slow loops, and at ties and missing verdicts."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput, MissingField
from rewardsmith.core.groups import Groups
from rewardsmith.transforms import Clip, ContrastiveBonus, GroupGate, Normalize, Payback, Scale


def some(seed: int = 0, groups: int = 9, size: int = 6) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.repeat(np.arange(groups), size))
    ease = rng.random(groups)
    correct = (rng.random(group.shape) < ease[group]).astype(float)
    correct = np.where(rng.random(group.shape) < 0.15, np.nan, correct)
    behaviour = (rng.random(group.shape) < 0.5).astype(float)
    return {"group": group, "correct": correct, "behaviour": behaviour}


def test_the_top_share_of_groups_is_transformed():
    batch = some()
    batch["correct"][batch["group"] == 4] = np.nan  # no accuracy: never chosen
    reward = np.random.default_rng(1).normal(size=batch["group"].shape)
    accuracy = {g: np.nanmean(batch["correct"][batch["group"] == g]) for g in range(9) if g != 4}
    assert len(set(accuracy.values())) >= 6
    for share in (0.0, 0.1, 0.3, 0.5, 1.0):
        found = GroupGate(Scale(10.0), share=share).apply(reward, batch, (0, ()))[0]
        moved = {int(g) for g in batch["group"][found != reward]}
        count = max(1, math.ceil(share * 8 - 1e-9))
        assert len(moved) == count
        kept = [accuracy[g] for g in accuracy if g not in moved]
        assert min(accuracy[g] for g in moved) >= max(kept, default=0.0)
        inside = np.isin(batch["group"], list(moved))
        np.testing.assert_allclose(found, np.where(inside, 10 * reward, reward))


def test_rounding_does_not_add_a_group():
    batch = {"group": np.arange(15), "correct": np.arange(15) / 15}
    assert GroupGate(Scale(0.0), share=0.2).chosen(Groups.of(batch["group"]), batch["correct"]).sum() == 3


def test_the_threshold_rule():
    batch = {"group": np.array([0, 0, 0, 0, 1, 1, 2]), "correct": np.array([1, 1, 1, 0, 1, 0, np.nan])}
    gate = GroupGate(Scale(2.0), rule="threshold", threshold=0.75)
    assert gate.apply(np.ones(7), batch, (0, ()))[0].tolist() == [2, 2, 2, 2, 1, 1, 1]


def test_ties_are_drawn_anew_for_each_batch_and_evenly():
    batch = {"group": np.arange(5), "correct": np.ones(5)}
    gate, state = GroupGate(Scale(2.0), share=0.2), (0, ())
    chosen = np.zeros(5)
    for seen in range(500):
        found, state = gate.apply(np.ones(5), batch, state)
        assert state == (seen + 1, ())
        chosen += found == 2.0
    assert chosen.sum() == 500
    assert (abs(chosen - 100) < 40).all()  # 4.5 standard deviations of a fair draw
    again = gate.apply(np.ones(5), batch, (7, ()))[0]
    np.testing.assert_array_equal(again, gate.apply(np.ones(5), batch, (7, ()))[0])


def test_the_state_of_the_gated_transform_is_kept():
    batch = {"group": np.array([0, 0, 1, 1]), "correct": np.array([1.0, 1.0, 0.0, 0.0])}
    gate = GroupGate(Normalize(), share=0.5)
    state = gate.init(batch)
    _, state = gate.apply(np.array([1.0, 2.0, 3.0, 4.0]), batch, state)
    assert state[1][0] == 4.0  # it has seen everything
    found, _ = gate.apply(np.array([1.0, 2.0, 3.0, 4.0]), batch, state)
    np.testing.assert_allclose(found, [(1 - 2.5) / np.sqrt(1.25), (2 - 2.5) / np.sqrt(1.25), 3.0, 4.0])
    assert gate.fields == {"group", "correct"}


@pytest.mark.parametrize("least", [1, 2])
def test_the_mask_of_a_slow_loop(least: int):
    signs: set[float] = set()
    for seed in range(20):
        batch = some(seed)
        reward = np.zeros(batch["group"].shape)
        found = ContrastiveBonus(bonus=0.5, margin=0.1, least=least).apply(reward, batch, ())[0]
        for g in range(9):
            here = batch["group"] == g
            sides = [
                [c for c, b in zip(batch["correct"][here], batch["behaviour"][here], strict=True) if b == side]
                for side in (1, 0)
            ]
            verdicts = [[c for c in side if not np.isnan(c)] for side in sides]
            mask = 0.0
            if min(map(len, verdicts)) >= least:
                gap = np.mean(verdicts[0]) - np.mean(verdicts[1])
                mask = float(gap > 0.1) - float(gap < -0.1)
            signs.add(mask)
            np.testing.assert_allclose(found[here], 0.5 * mask * batch["behaviour"][here])
    assert signs == {-1.0, 0.0, 1.0}


def test_a_behaviour_that_was_not_judged():
    batch = {
        "group": np.zeros(5),
        "correct": np.array([1.0, 1, 0, 0, 1]),
        "behaviour": np.array([1.0, 1, 0, 0, 0]),
    }
    batch["behaviour"][4] = np.nan
    found = ContrastiveBonus().apply(np.zeros(5), batch, ())[0]
    np.testing.assert_array_equal(found, [0.5, 0.5, 0.0, 0.0, np.nan])


@pytest.mark.parametrize(("stages", "share"), [(2, 0.5), (3, 0.9)])
def test_plans_share_in_what_becomes_of_them(stages: int, share: float):
    rng = np.random.default_rng(stages)
    plan, stage = rng.integers(0, 4, 60), rng.integers(0, stages, 60)
    reward = np.where(rng.random(60) < 0.1, np.nan, rng.normal(size=60))
    batch = {"plan": plan, "stage": stage}
    found = Payback(share=share, stages=stages).apply(reward, batch, ())[0]
    paid = reward.copy()
    for now in reversed(range(stages - 1)):
        for row in np.flatnonzero(stage == now):
            later = [paid[i] for i in range(60) if stage[i] == now + 1 and plan[i] == plan[row]]
            known = [value for value in later if not np.isnan(value)]
            paid[row] = reward[row] + share * (np.mean(known) if known else np.nan)
    np.testing.assert_allclose(found, paid)
    np.testing.assert_array_equal(found[stage == stages - 1], reward[stage == stages - 1])


def test_bad_settings():
    with pytest.raises(BadInput, match="share"):
        GroupGate(Clip(0.0, 1.0), share=1.5)
    with pytest.raises(BadInput, match="rule"):
        GroupGate(Clip(0.0, 1.0), rule="best")  # pyright: ignore[reportArgumentType]
    with pytest.raises(BadInput, match="least"):
        ContrastiveBonus(least=0)
    with pytest.raises(BadInput, match="stages"):
        Payback(stages=1)
    with pytest.raises(MissingField, match="behaviour"):
        ContrastiveBonus().apply(np.zeros(1), {"group": [0], "correct": np.zeros(1)}, ())


@pytest.mark.parametrize(
    "transform", [GroupGate(Scale(0.5), share=0.4), ContrastiveBonus(least=1), Payback(stages=2)]
)
def test_three_libraries_agree(transform):
    import jax.numpy as jnp
    import torch

    batch = some(5) | {"plan": np.arange(54) % 7, "stage": np.arange(54) % 2}
    reward = np.random.default_rng(2).normal(size=54).astype(np.float32)
    arrays = {k: v.astype(np.float32) if v.dtype == float else v for k, v in batch.items()}
    expected = transform.apply(reward, arrays, transform.init(arrays))[0]
    for make in (jnp.asarray, torch.tensor):
        given = {name: make(value) for name, value in arrays.items()}
        found = transform.apply(make(reward), given, transform.init(given))[0]
        np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-5)
