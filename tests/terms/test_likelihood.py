"""Likelihood of a reference: the five kinds against slow loops, the floor, and the gradient."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardsmith import terms
from rewardsmith.terms.likelihood import KINDS
from rewardsmith.transforms import GroupEvidence

rows = st.lists(st.one_of(st.none(), st.floats(-200, 0), st.just(-math.inf)), min_size=1, max_size=6)


def slowly(row, kind, floor):
    known = [max(value, floor) for value in row if value is not None]
    if not known:
        return math.nan
    return {
        "logprob": sum(known),
        "avg_logprob": sum(known) / len(known),
        "prob": math.exp(sum(known)),
        "avg_prob": sum(math.exp(value) for value in known) / len(known),
    }[kind]


@given(st.lists(rows, min_size=1, max_size=5), st.floats(-150, -1))
def test_against_a_slow_loop(lists, floor):
    padded = np.full((len(lists), max(map(len, lists))), np.nan)
    for line, row in zip(padded, lists, strict=True):
        line[: len(row)] = [math.nan if value is None else value for value in row]
    for kind in KINDS:
        expected = [slowly(row, kind, floor) for row in lists]
        np.testing.assert_allclose(terms.likelihood(padded, kind, floor), expected, rtol=1e-9)
        term = terms.reference_logprob(kind=kind, floor=floor)
        np.testing.assert_allclose(term({"reference_token_logprobs": padded}), expected, rtol=1e-9)
    below = sum(value is not None and value < floor for row in lists for value in row)
    assert terms.below_floor(padded, floor) == below


def test_the_supervised_part_of_the_gradient():
    """d R / d l_t: 1, 1/L, R and p_t / L; 0 at padding and below the floor."""
    import jax

    logprobs = np.log(np.array([[0.5, 0.2, 0.9]]))
    padded = np.concatenate([logprobs, [[np.nan, -500.0]]], axis=1)
    expected = {
        "logprob": np.ones(3),
        "avg_logprob": np.full(3, 0.25),
        "prob": np.full(3, 0.09 * math.exp(-100.0)),
        "avg_prob": np.array([0.5, 0.2, 0.9]) / 4,
    }
    with jax.enable_x64():
        for kind, gradient in expected.items():
            found = jax.grad(lambda x, kind=kind: terms.likelihood(x, kind).sum())(jax.numpy.asarray(padded))
            np.testing.assert_allclose(np.asarray(found)[0], [*gradient, 0.0, 0.0])


def test_jepo_is_the_term_and_the_group():
    rng = np.random.default_rng(0)
    logprobs = np.log(rng.random((4, 3)))
    reward = terms.reference_logprob | GroupEvidence()
    found = reward({"reference_token_logprobs": logprobs, "group": [0, 0, 0, 0]})
    probability = np.exp(logprobs.sum(-1))
    expected = [np.log(probability.mean() / np.delete(probability, i).mean()) for i in range(4)]
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_a_reference_that_leaked_has_the_largest_reward(kind):
    """Probability 1 for every token: nothing can be higher, which is how a leak shows."""
    certain = terms.likelihood(np.zeros((1, 5)), kind)[0]
    assert certain == (0.0 if "log" in kind else 1.0)
