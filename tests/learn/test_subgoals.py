"""Judges at the numbers they are set to, scores by hand, and the three ways to pay along one walk."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.learn.subgoals import NoisyJudge, SubgoalReward, credit_score
from rewardsmith.tasks.key_room import key_room

EVENTS = np.random.default_rng(0).random(200_000) < 0.03


@pytest.mark.parametrize(("precision", "recall"), [(1.0, 1.0), (0.9, 0.6), (0.5, 1.0), (0.3, 0.3)])
def test_a_judge_has_the_precision_and_recall_it_is_set_to(precision: float, recall: float) -> None:
    score = credit_score(NoisyJudge(precision, recall).verdicts(EVENTS, np.random.default_rng(1)), EVENTS)
    for measured, wanted in ((score.precision, precision), (score.recall, recall)):
        assert measured[0] == pytest.approx(wanted, abs=0.02)
        assert measured[1] <= measured[0] <= measured[2]
    assert score.f1 == pytest.approx(
        2 * score.precision[0] * score.recall[0] / (score.precision[0] + score.recall[0])
    )


def test_undefined_is_nan_with_the_count() -> None:
    never = credit_score(np.zeros(50, bool), EVENTS[:50] | True)
    assert np.isnan(never.precision).all()
    assert (never.recall[0], never.f1, never.said, never.true) == (0.0, 0.0, 0, 50)
    assert np.isnan(credit_score(np.zeros(5, bool), np.zeros(5, bool)).f1)


def test_three_ways_to_pay_along_one_walk() -> None:
    """Key, down, key again, door, goal: raw pays 3, once 2, the potential's discounted sum is 0."""
    room, gamma = key_room(), 0.97
    verdicts = np.broadcast_to(room.subgoals, (3, 1, *room.subgoals.shape)).copy()
    reward = SubgoalReward(
        verdicts, ("raw", "once", "potential"), room.mdp.ends, gamma, weights=(1.0, 1.0, 0.3)
    )
    state, s, rows = reward.start(room.mdp, 1), int(room.mdp.initial.argmax()), list[np.ndarray]()
    for action in (2, 2, 1, 1, 4, 4, 4, 2, 4, 2, 2, 2, 2):
        after = int(room.mdp.transition[s, action].argmax())
        paid, state = reward.pay(state, *(np.full(3, v) for v in (s, action, after)), np.ones(3, bool))
        rows.append(paid)
        s = after
    assert room.mdp.ends[s]
    paid = np.array(rows)
    assert paid[:, :2].sum(0).tolist() == [3.0, 2.0]
    assert gamma ** np.arange(len(paid)) @ paid[:, 2] == pytest.approx(0.0, abs=1e-12)
    assert reward.memory(state).tolist() == [3, 3, 3]
    state = reward.learn(state, room.mdp, None)
    assert reward.memory(state).tolist() == [0, 0, 0]
    assert state.history[0].tolist() == [3, 3, 3]


def test_who_is_done_is_paid_nothing() -> None:
    room = key_room()
    verdicts = np.ones((1, 2, *room.subgoals.shape), bool)
    reward = SubgoalReward(verdicts, ("raw",), room.mdp.ends, 0.97)
    zero = np.zeros(2, np.int64)
    paid, state = reward.pay(reward.start(room.mdp, 2), zero, zero, zero, np.array([True, False]))
    assert paid.tolist() == [2.0, 0.0]
    assert state.yeses.tolist() == [2, 0]


@pytest.mark.parametrize(
    "call",
    [
        lambda: NoisyJudge(precision=0.0),
        lambda: NoisyJudge(recall=1.5),
        lambda: NoisyJudge(0.01, 1.0).false_positives(0.5),
        lambda: NoisyJudge().false_positives(0.0),
        lambda: credit_score([1, 0], [True, False]),
        lambda: SubgoalReward(np.zeros((1, 2, 3), bool), ("raw",), np.zeros(3, bool), 0.9),
        lambda: SubgoalReward(np.zeros((1, 1, 1, 3, 2), bool), ("twice",), np.zeros(3, bool), 0.9),
        lambda: SubgoalReward(np.zeros((1, 1, 1, 3, 2), bool), ("raw",), np.zeros(3, bool), 0.9, (1.0, 2.0)),
        lambda: SubgoalReward(np.zeros((1, 1, 1, 3, 2), bool), ("raw",), np.zeros(3, bool), 0.9).start(
            key_room().mdp, 1
        ),
    ],
)
def test_refusals(call) -> None:
    with pytest.raises(BadInput):
        call()
