"""Group statistics against a slow obvious loop, in three libraries."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardsmith.core.groups import Groups
from rewardsmith.transforms import GroupNormalize


def slow(values: np.ndarray, ids: list[int], statistic: str) -> np.ndarray:
    out = []
    for i, own in enumerate(ids):
        known = [v for v, other in zip(values, ids, strict=True) if other == own and not np.isnan(v)]
        rest = [
            v
            for j, (v, o) in enumerate(zip(values, ids, strict=True))
            if o == own and j != i and not np.isnan(v)
        ]
        if statistic == "others":
            out.append(np.mean(rest) if rest else np.nan)
        elif statistic == "size":
            out.append(len(known))
        elif statistic == "total":
            out.append(sum(known))
        elif statistic == "mean":
            out.append(np.mean(known) if known else np.nan)
        else:
            ddof = int(statistic[-1])
            out.append(np.std(known, ddof=ddof) if len(known) > ddof else np.nan)
    return np.array(out, float)


def filled_up(rows: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Of 1, 5 or 12 rows, because JAX compiles every operation for every number of them."""
    length = next(length for length in (1, 5, 12) if length >= len(rows))
    return (rows * length)[:length]


@settings(deadline=None)  # three libraries are imported
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 3), st.floats(-5, 5) | st.just(float("nan"))), min_size=1, max_size=12
    )
)
def test_statistics_equal_a_loop(rows):
    import jax
    import jax.numpy as jnp
    import torch

    with jax.enable_x64():
        for lib in (np.asarray, torch.as_tensor, jnp.asarray):
            if lib is jnp.asarray:
                rows = filled_up(rows)
            ids, values = [i for i, _ in rows], np.array([v for _, v in rows])
            groups, own = Groups.of(lib(np.array(ids))), lib(values)
            found = {
                "size": groups.size(own), "total": groups.total(own), "mean": groups.mean(own),
                "std0": groups.std(own, 0), "std1": groups.std(own, 1), "others": groups.others(own),
            }  # fmt: skip
            for name, array in found.items():
                np.testing.assert_allclose(np.asarray(array), slow(values, ids, name), atol=1e-9, err_msg=name)


def test_ids_may_be_texts_and_of_any_shape():
    groups = Groups.of(np.array([["p", "q"], ["q", "p"]]))
    assert groups.mean(np.array([[1.0, 2.0], [4.0, 3.0]])).tolist() == [[2.0, 3.0], [3.0, 2.0]]


def test_the_advantages_of_grpo_rloo_and_dr_grpo():
    """Oracles: the formulas as TRL writes them, for groups of equal size that follow each other."""
    rng = np.random.default_rng(0)
    rewards, ids = rng.normal(size=(5, 4)), np.repeat(np.arange(5), 4)
    mixed = rng.permutation(20)  # groups are found by id, wherever their members stand
    batch = {"group": ids[mixed]}

    def run(transform):
        out = np.empty(20)
        out[mixed] = transform.apply(rewards.ravel()[mixed], batch, ())[0]
        return out.reshape(5, 4)

    mean, std = rewards.mean(1, keepdims=True), rewards.std(1, ddof=1, keepdims=True)
    np.testing.assert_allclose(run(GroupNormalize()), (rewards - mean) / (std + 1e-4))
    np.testing.assert_allclose(run(GroupNormalize(scale="none")), rewards - mean)
    np.testing.assert_allclose(run(GroupNormalize("others", "none")), (rewards - mean) * 4 / 3)


def test_groups_that_compare_nothing_have_no_verdict():
    batch = {"group": [0, 0, 1, 2, 2, 2]}
    reward = np.array([1.0, 1.0, 5.0, 0.0, np.nan, 1.0])
    standard = GroupNormalize().apply(reward, batch, ())[0]
    assert np.isnan(standard[:3]).all()  # no spread; alone
    assert np.isfinite(standard[[3, 5]]).all()
    assert np.isnan(standard[4])
    assert GroupNormalize(scale="none").apply(reward, batch, ())[0][:2].tolist() == [0.0, 0.0]
