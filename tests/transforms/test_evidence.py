"""The group evidence of JEPO against its definition, also where one thought is everything."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp

from rewardsmith.core.groups import Groups
from rewardsmith.transforms import GroupEvidence


def slowly(logprobs, group):
    found = np.full(len(logprobs), np.nan)
    for i, value in enumerate(logprobs):
        mine = [j for j in range(len(group)) if group[j] == group[i] and not np.isnan(logprobs[j])]
        rest = [j for j in mine if j != i]
        if not np.isnan(value) and rest:
            every = logsumexp(logprobs[mine]) - np.log(len(mine))
            found[i] = every - (logsumexp(logprobs[rest]) - np.log(len(rest)))
    return found


@pytest.mark.parametrize("scale", [0.1, 3.0, 300.0])  # 300: one thought is e^300 times as likely as the rest
def test_against_the_definition(scale):
    rng = np.random.default_rng(0)
    group = rng.integers(0, 9, size=40)
    logprobs = -scale * rng.random(40)
    logprobs[rng.random(40) < 0.2] = np.nan
    logprobs[group == 3] = -1.0  # all equal
    found = GroupEvidence().apply(logprobs, {"group": group}, ())[0]
    np.testing.assert_allclose(found, slowly(logprobs, group), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found[group == 3], 0.0, atol=1e-12)


def test_a_useless_thought_of_two_loses_log_two():
    found = GroupEvidence().apply(np.array([-1.0, -900.0]), {"group": [0, 0]}, ())[0]
    np.testing.assert_allclose(found, [899.0 - np.log(2.0), -np.log(2.0)])


def test_three_libraries_and_the_largest_of_groups():
    import jax
    import torch

    rng = np.random.default_rng(1)
    group, logprobs = rng.integers(0, 5, size=20), -3.0 * rng.random(20)
    logprobs[4] = np.nan
    expected = slowly(logprobs, group)
    on_torch = GroupEvidence().apply(torch.as_tensor(logprobs), {"group": torch.as_tensor(group)}, ())[0]
    np.testing.assert_allclose(on_torch.numpy(), expected)
    with jax.enable_x64():
        batch = {"group": jax.numpy.asarray(group)}
        on_jax = GroupEvidence().apply(jax.numpy.asarray(logprobs), batch, ())[0]
    np.testing.assert_allclose(np.asarray(on_jax), expected)
    largest = Groups.of([0, 0, 2, 1]).largest(np.array([1.0, 3.0, np.nan, -2.0]))
    assert largest.tolist() == [3.0, -2.0, -np.inf]
