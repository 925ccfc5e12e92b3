"""dispatch against a loop over samples, and its refusals."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith.core.errors import BadInput, MissingField
from rewardsmith.transforms import Clip, GroupNormalize, Normalize, dispatch


@rs.term
def a(a):
    return a


@rs.term
def picky(box):
    """Refuses what is not of its kind, as terms over gold boxes do."""
    if np.isnan(box).any():
        raise BadInput("box", "NaN", "a box")
    return box.sum(-1)


@rs.term
def words(completion):
    return np.array([float(len(text.split())) for text in completion])


BATCH = {
    "kind": ["box", "text", "number", "box", "text"],
    "a": np.array([1.0, 2.0, 3.0, 4.0, np.nan]),
    "box": np.array([[1.0, 2.0], [np.nan] * 2, [np.nan] * 2, [3.0, 4.0], [np.nan] * 2]),
    "completion": ["", "a b c", "", "", "a"],
}
REWARD = dispatch({"number": 10.0 * a, "box": picky, "text": words})


def test_every_sample_goes_to_its_own_reward():
    assert REWARD(BATCH).tolist() == [3.0, 3.0, 30.0, 7.0, 1.0]
    for i in range(5):
        one = {name: value[i : i + 1] for name, value in BATCH.items()}
        assert REWARD(one)[0] == REWARD(BATCH)[i]


def test_shares_have_one_name_per_kind_whatever_is_in_the_batch():
    parts = REWARD.terms(BATCH)
    assert list(parts) == ["kind.number", "kind.box", "kind.text"]
    np.testing.assert_array_equal(sum(parts.values()), REWARD(BATCH))
    only = {name: value[1:2] for name, value in BATCH.items()}
    assert {name: part.tolist() for name, part in REWARD.terms(only).items()} == {
        "kind.number": [0.0],
        "kind.box": [0.0],
        "kind.text": [3.0],
    }


def test_a_missing_verdict_stays_with_its_sample():
    found = dispatch({"x": a, "y": 2.0 * a})({"kind": ["x", "y", "x"], "a": np.array([1.0, np.nan, 3.0])})
    np.testing.assert_array_equal(found, [1.0, np.nan, 3.0])


@pytest.mark.parametrize("kind", ["essay", None, np.nan, ""])
def test_an_unknown_or_missing_kind_is_an_error(kind):
    with pytest.raises(BadInput, match="'number', 'box', 'text'"):
        REWARD({**BATCH, "kind": ["box", kind, "number", "box", "text"]})
    with pytest.raises(MissingField, match="kind"):
        REWARD({"a": BATCH["a"]})


def test_kinds_that_do_not_fit_their_rewards():
    with pytest.raises(BadInput, match="0 rewards"):
        dispatch({})
    with pytest.raises(BadInput, match="all different"):
        type(REWARD)((a, a), ("x", "x"))


def test_numbers_as_kinds_and_another_field():
    reward = dispatch({0: a, 1: -1.0 * a}, by="stage")
    batch = {"stage": np.array([0, 1, 1]), "a": np.array([1.0, 2.0, 3.0])}
    assert reward(batch).tolist() == [1.0, -2.0, -3.0]
    assert list(reward.terms(batch)) == ["stage.0.0", "stage.1.0"]


def test_text_json_and_pickle_give_an_equal_reward():
    reward = dispatch({"x": a | Clip(-1.0, 1.0), 2: 0.5 * a + 1.0}, by="task") + a | GroupNormalize()
    assert rs.parse(str(reward), [a]) == reward
    assert rs.from_json(json.loads(json.dumps(rs.to_json(reward))), [a]) == reward
    assert pickle.loads(pickle.dumps(reward)) == reward
    assert reward.fields == {"a", "task", "group"}
    assert reward.scope is rs.Scope.GROUP
    changed = reward.with_numbers({"a.weight": 4.0})
    assert changed != reward
    assert rs.parse(str(changed), [a]) == changed


def test_kinds_that_change_inside_an_episode():
    reward = dispatch({"x": a, "y": 3.0 * a})
    batch = {"kind": np.array([["x", "y"], ["y", "y"]]), "a": np.array([[1.0, 2.0], [np.nan, 4.0]])}
    np.testing.assert_array_equal(reward(batch), [[1.0, 6.0], [np.nan, 12.0]])
    with pytest.raises(BadInput, match="one kind per step"):
        reward({**batch, "kind": np.array([["x", "y", "x"]] * 2)})
    # a kind per episode, not per step
    whole = {"kind": ["x", "y"], "a": batch["a"]}
    np.testing.assert_array_equal(reward(whole), [[1.0, 2.0], [np.nan, 12.0]])


def test_statistics_are_of_the_own_kind_only():
    reward = dispatch({"x": a | Normalize(), "y": a})
    first = {"kind": ["y", "y"], "a": np.array([100.0, 200.0])}
    _, state = reward.apply(first, reward.init(first))
    second = {"kind": ["x", "y", "x"], "a": np.array([1.0, 50.0, 3.0])}
    found, state = reward.apply(second, state)
    np.testing.assert_allclose(found, [-1.0, 50.0, 1.0], atol=1e-6)
    assert state[0][1][0] == 2.0  # two verdicts of kind x counted


def test_torch_and_jax_agree_and_gradients_pass():
    import jax.numpy as jnp
    import torch

    reward = dispatch({"x": 2.0 * a, "y": a | Clip(-1.0, 1.0)})
    kinds, values = ["y", "x", "y", "x"], np.array([0.5, 2.0, 3.0, -1.0])
    expected = reward({"kind": kinds, "a": values})
    assert np.allclose(reward({"kind": kinds, "a": jnp.asarray(values)}), expected)
    leaf = torch.tensor(values, requires_grad=True)
    found = reward({"kind": kinds, "a": leaf})
    assert np.allclose(found.detach().numpy(), expected)
    found.sum().backward()
    assert leaf.grad is not None
    assert leaf.grad.tolist() == [1.0, 2.0, 0.0, 2.0]
