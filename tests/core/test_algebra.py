"""What the algebra does in cases where people get hurt: errors, infinities, scopes, text."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rewardsmith as rs
import strategies as own
from rewardsmith.core.errors import (
    BadInput,
    CompositionError,
    MissingExtra,
    MissingField,
    NonFiniteError,
    ProgramError,
    RewardsmithError,
    ScopeError,
)

BATCH = {
    "position": np.array([0.0, 0.1, 0.2]),
    "next_position": np.array([0.1, 0.2, 0.3]),
    "action": np.array([1.0, 2.0, -1.0]),
    "success": np.array([0.0, 1.0, 0.0]),
    "terminated": np.array([False, False, True]),
}


def test_the_readme_example():
    reward = 1.0 * rs.success + 0.1 * own.effort | rs.Potential(own.height, discount=0.99) | rs.Clip(-1, 1)
    assert str(reward) == "1.0 * success + 0.1 * effort | Potential(height, discount=0.99) | Clip(-1.0, 1.0)"
    names = ["success.weight", "effort.weight", "potential.discount", "clip.low", "clip.high"]
    assert list(reward.numbers()) == names
    phi, later = np.sin(3 * BATCH["position"]), np.sin(3 * BATCH["next_position"])
    later[2] = 0.0
    expected = np.clip(BATCH["success"] - 0.1 * BATCH["action"] ** 2 + 0.99 * later - phi, -1, 1)
    np.testing.assert_allclose(reward(BATCH), expected)
    assert list(reward.terms(BATCH)) == ["success", "effort", "potential", "clip"]
    assert reward.fields == {"success", "action", "position", "next_position", "terminated"}


@given(levels=st.integers(2, 20), data=st.data())
def test_lexicographic_orders_as_tuples_do(levels, data):
    """Oracle: Python's comparison of (level of a, level of b, c)."""
    grid = st.tuples(*(st.integers(0, levels - 1),) * 2, st.floats(0, 1))
    x, y = data.draw(grid), data.draw(grid)
    names = ("position", "velocity", "action")

    def value(item):
        middle = [(item[0] + 0.5) / levels, (item[1] + 0.5) / levels, item[2]]
        batch = {name: np.array([v]) for name, v in zip(names, middle, strict=True)}
        return rs.lexicographic(first, second, third, levels=levels)(batch)[0]

    if x < y:
        assert value(x) <= value(y) + 1e-12
        if x[:2] < y[:2]:
            assert value(x) < value(y)


@rs.term
def first(position):
    return position


@rs.term
def second(velocity):
    return velocity


@rs.term
def third(action):
    return action


def test_infinity_is_an_error_that_says_how_often():
    with pytest.raises(NonFiniteError, match="infinite at 1 of 3 steps"):
        (third | rs.Scale(1e308) | rs.Scale(10))({"action": np.array([0.0, 1.0, 0.1])})


def test_a_missing_field_names_the_reader_and_what_there_is():
    with pytest.raises(MissingField, match=r"term height reads the field 'position'.*has: action"):
        own.height({"action": np.zeros(2)})


def test_scopes_are_checked_where_a_reward_is_wired():
    reward = own.effort | rs.Delta() | rs.Clip(-1, 1)
    assert reward.scope == rs.Scope.EPISODE
    with pytest.raises(ScopeError, match=r"Delta\(\).*EPISODE.*Gymnasium.*STEP"):
        rs.require_scope(reward, rs.Scope.STEP, "a Gymnasium environment")
    rs.require_scope(own.effort, rs.Scope.STEP, "a Gymnasium environment")


@pytest.mark.parametrize(
    "make",
    [
        lambda: own.effort | 3,
        lambda: own.effort | own.height,
        lambda: rs.Clip(0, 1) | own.effort,
        lambda: own.effort + np.sin,
        lambda: own.effort / own.height,
        lambda: rs.at_next(own.effort),
        lambda: rs.term(len),
        lambda: rs.term(lambda *fields: 0),
    ],
)
def test_misfits_are_refused_when_composed(make):
    with pytest.raises(CompositionError) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_a_term_must_give_one_number_per_step():
    batch = {"action": np.zeros((3, 2)), "terminated": np.zeros(3, bool)}
    with pytest.raises(BadInput, match=r"shape \(3, 2\).*\(3,\).*sum or average"):
        own.effort(batch)


@rs.term
def verdicts(completion):
    return [None if text == "?" else len(text) for text in completion]


def test_none_in_a_list_is_no_verdict():
    np.testing.assert_array_equal(verdicts({"completion": ["ab", "?", ""]}), [2.0, np.nan, 0.0])


@pytest.mark.parametrize(
    "text",
    [
        "effort +",
        "effort.x",
        "open('f')",
        "[effort]",
        "effort(1)",
        "Clip(1)",
        "unknown",
        "a" * 9 + "(" * 500,
        "effort\x00",
    ],
)
def test_bad_text_is_refused_in_one_line(text):
    with pytest.raises(RewardsmithError) as caught:
        rs.parse(text, own.TERMS)
    assert "\n" not in str(caught.value)


def test_json_never_imports_what_a_file_names():
    data = {"type": "Term", "name": "system", "module": "os", "numbers": {}}
    with pytest.raises(BadInput, match="system"):
        rs.from_json(data)


def test_unknown_numbers_are_refused():
    with pytest.raises(BadInput, match=r"effort\.wait.*effort\.weight"):
        (2.0 * own.effort).with_numbers({"effort.wait": 1.0})


@pytest.mark.parametrize(
    "error",
    [
        BadInput("x", 1, "2", "why"),
        MissingField("a", "term b", "c"),
        MissingExtra("jax", "control", "training"),
        ProgramError("E_NAME", "the name y", "x", 2, 3),
        ScopeError("s"),
    ],
)
def test_errors_survive_pickle(error):
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert copy.__dict__ == error.__dict__


def test_two_array_libraries_in_one_expression_are_refused():
    import torch

    with pytest.raises(BadInput, match="numpy and torch"):
        rs.xp(np.zeros(2), torch.zeros(2))
