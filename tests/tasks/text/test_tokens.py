"""The token task: truth and primitives by hand, the gradient by enumeration, learning on a sure reward."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.tasks.text import tokens as t

STOP, STEP, RIGHT, WRONG, FORMAT, FILL = range(6)


def response(*body: int) -> np.ndarray:
    return np.array([*body, *[STOP] * (12 - len(body))])


@pytest.mark.parametrize(
    ("tokens", "length", "right", "signals"),
    [
        (response(FORMAT, STEP, STEP, RIGHT), 4, True, (1, 1, 1, 0)),
        (response(RIGHT, WRONG), 2, False, (0, 0, 0, 0)),
        (response(WRONG, RIGHT, FILL), 3, True, (1, 0, 0, 0)),
        (response(), 0, False, (0, 0, 0, 0)),
        (np.full(12, RIGHT), 12, True, (1, 0, 0, 1)),
        (np.array([FORMAT, STOP, *[RIGHT] * 10]), 1, False, (0, 1, 0, 0)),
        (response(*[STEP] * 5), 5, False, (0, 0, 0, 0)),
        (response(*[FILL] * 9, RIGHT), 10, True, (1, 0, 0, 1)),
    ],
)
def test_by_hand(tokens: np.ndarray, length: int, right: bool, signals: tuple[int, ...]) -> None:
    sure = t.Tokens(noise=0.0)
    assert t.lengths(tokens) == length
    assert t.last_answer_right(tokens) == right
    row = int(sure.primitives(tokens, np.random.default_rng(0)))
    assert tuple(t.combinations()[row].round().astype(int)) == signals
    assert bool(sure.truth(tokens)) == (right and 4 <= length <= 6)


def test_the_check_is_wrong_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    rows = t.Tokens(noise=0.2).primitives(np.tile(response(RIGHT), (20_000, 1)), rng)
    assert np.mean(rows & 1) == pytest.approx(0.8, abs=0.01)


def test_gradient_is_that_of_the_log_probability() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(1, 12, 6))
    tokens = t.sample(logits, 3, rng)
    advantage = rng.normal(size=(1, 3))

    def objective(table: np.ndarray) -> float:
        logs = np.log(t.probabilities(table))[0]
        total = 0.0
        for b in range(3):
            for position in range(min(int(t.lengths(tokens[0, b])) + 1, 12)):
                total += advantage[0, b] * logs[position, tokens[0, b, position]]
        return total / 3

    got = t.policy_gradient(logits, tokens, advantage)
    for position in range(12):
        for token in range(6):
            moved = logits.copy()
            moved[0, position, token] += 1e-6
            slope = (objective(moved) - objective(logits)) / 1e-6
            assert got[0, position, token] == pytest.approx(slope, abs=1e-5)


def test_training_on_a_primitive_raises_it() -> None:
    rng = np.random.default_rng(2)
    task = t.Tokens(noise=0.0)
    tables = t.combinations().T  # each primitive as the reward
    logits = task.train(tables, rng, steps=100)
    for i in range(4):
        rows = task.primitives(t.sample(logits[i : i + 1], 500, rng), rng)
        assert np.mean((rows >> i) & 1) > 0.8


def test_a_constant_reward_changes_nothing() -> None:
    assert (t.Tokens().train(np.ones((2, 16)), np.random.default_rng(0), steps=5) == 0).all()


def test_score_of_the_uniform_policy_is_the_enumeration() -> None:
    # P(length = n) = (5/6)^n / 6; the last answer among n non-stop tokens is RIGHT with (1 - (3/5)^n) / 2.
    expected = sum((5 / 6) ** n / 6 * (1 - (3 / 5) ** n) / 2 for n in range(4, 7))
    got = t.Tokens().score(np.zeros((1, 12, 6)), np.random.default_rng(0), 40_000)
    assert got[0] == pytest.approx(expected, abs=0.006)


def test_tabulate() -> None:
    table = t.tabulate("outcome - 2 * loose")
    assert table is not None
    assert table == pytest.approx(t.combinations()[:, 0] - 2 * t.combinations()[:, 3])
    for useless in ("3 + 2", "outcome / 0", "outcome +", "unknown", "(0 / 0) * outcome"):
        assert t.tabulate(useless) is None


@pytest.mark.parametrize(
    "call",
    [
        lambda: t.Tokens(shortest=5, longest=4),
        lambda: t.Tokens(noise=0.7),
        lambda: t.Tokens().train(np.ones((2, 15)), np.random.default_rng(0)),
        lambda: t.Tokens().train(np.full((1, 16), np.nan), np.random.default_rng(0)),
    ],
)
def test_refusals(call: object) -> None:
    with pytest.raises(BadInput):
        call()  # type: ignore[operator]
