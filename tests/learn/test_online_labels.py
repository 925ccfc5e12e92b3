"""Online labels: the mix by a slow loop, the released code's dead normalisation, no verdict that is no 0."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core import mdp as tables
from rewardsmith.core.errors import BadInput
from rewardsmith.learn.label_queue import LabelQueue
from rewardsmith.learn.online_labels import (
    EventTexts,
    OnlineLabelReward,
    OnlineLabels,
    count_discount,
    ranked_value,
    text_values,
)

CHAIN = tables.chain(2, 2)  # five states, two actions: ten texts
TEXTS = tuple(f"{verb} {place}" for place in ("a", "b", "c", "d", "e") for verb in ("left", "right"))
INDEX = np.arange(10).reshape(5, 2, 1)
EVENTS = EventTexts(TEXTS, INDEX)
ANSWERS = np.array([[0.0, 1.0, 0.0, np.nan, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0]])


def play(
    reward: OnlineLabelReward, walk: list[tuple[int, int]], episodes: int = 1
) -> tuple[np.ndarray, object]:
    state, paid, live = reward.start(CHAIN, 1), list[np.ndarray](), np.ones(reward.variants, bool)
    for _ in range(episodes):
        for s, a in walk:
            each = (np.full(reward.variants, v) for v in (s, a, s))
            extra, state = reward.pay(state, *each, live)
            paid.append(extra)
        state = reward.learn(state, CHAIN, None)
    return np.array(paid), state


WALK = [(2, 0), (1, 1), (2, 0), (2, 1), (3, 1), (2, 0)]


def test_a_table_pays_its_labels_late_and_less_each_time() -> None:
    queue = LabelQueue("fifo", batch=2, every=1, latency=2)
    reward = OnlineLabelReward(EVENTS, (OnlineLabels("table", queue, beta=3.0, weight=0.5),), ANSWERS, 10, (0,))
    paid, state = play(reward, WALK, episodes=2)
    known, slow = dict[int, tuple[int, float]](), list[float]()
    for now, (s, a) in enumerate([*WALK, *WALK]):
        text = int(INDEX[s, a, 0])
        known.setdefault(text, (now + 2, float(ANSWERS[0, text])))  # two are taken every step, so none waits
        start = len(WALK) * (now // len(WALK))
        count = [int(INDEX[x]) for x in [(*p, 0) for p in [*WALK, *WALK][start : now + 1]]].count(text)
        due, label = known[text]
        slow.append(0.0 if due > now or np.isnan(label) else 0.5 * label / count**3)
    np.testing.assert_allclose(paid[:, 0], slow)
    assert sum(slow) > 0.5
    answered = state.labels.answered[0]
    assert answered[3]
    assert np.isnan(state.labels.label[0, 3])  # unreadable: answered, and no label
    assert not answered[0]
    assert np.isnan(state.value[0, 0])  # never seen
    assert state.labels.version[0] == 4
    steps, covered, _ = np.stack(state.history)[:, :, 0].T
    assert steps.tolist() == [6.0, 6.0]
    assert 0 < covered[0] < covered[1] == 6


def test_the_memory_is_which_paying_texts_were_met_in_this_episode() -> None:
    queue = LabelQueue(batch=9, every=1, latency=0)
    reward = OnlineLabelReward(EVENTS, (OnlineLabels("table", queue),), ANSWERS, 10, (0,), memories=100)
    state, seen, one = reward.start(CHAIN, 1), list[int](), np.array([True])
    for s, a in [(0, 0), (2, 0), (2, 1), (2, 0), (1, 0)]:  # no, yes, yes, yes again, no
        _, state = reward.pay(state, np.array([s]), np.array([a]), np.array([s]), one)
        seen.append(int(reward.memory(state)[0]))
    assert seen[0] == 0
    assert len({*seen[:3]}) == 3
    assert seen[2] == seen[3] == seen[4]
    state = reward.learn(state, CHAIN, None)
    assert reward.memory(state).tolist() == [0]
    for s, a in [(2, 1), (2, 0)]:  # the same set in another order
        _, state = reward.pay(state, np.array([s]), np.array([a]), np.array([s]), one)
    assert reward.memory(state).tolist() == [seen[2]]


def test_novelty_counts_all_experience_and_needs_no_label() -> None:
    arm = OnlineLabels("novelty", weight=1.0)
    paid, state = play(OnlineLabelReward(EVENTS, (arm,), ANSWERS, 10, (0,)), [(2, 0), (2, 0)], episodes=2)
    np.testing.assert_allclose(paid[:, 0], 1 / np.sqrt([1, 2, 3, 4]))
    assert not state.labels.answered.any()


def test_normalising_and_thresholding_change_what_is_paid() -> None:
    """Defect of the released code: both went into a variable that nothing reads, and the raw score was paid."""
    scores = np.array([0.0, 1.0, 2.0, 9.0, np.nan])
    raw = ranked_value(scores, normalize=False, threshold=None)
    normal = ranked_value(scores, threshold=None)
    np.testing.assert_array_equal(raw, scores)
    np.testing.assert_allclose(normal[:4], (scores[:4] - 3) / scores[:4].std())
    np.testing.assert_array_equal(ranked_value(scores), [0, 0, 0, 1, np.nan])
    np.testing.assert_array_equal(ranked_value(scores, normalize=False), [0, 1, 1, 1, np.nan])
    texts = [f"{verb} {n}" for verb in ("opens", "looks", "waits", "waves", "sits") for n in range(4)]
    label = np.repeat([1.0, 0.5, 0.0, 0.0, 0.0], 4)
    paid = [text_values(OnlineLabels("ranker", threshold=t), texts, label, seed=1) for t in (-9.0, 1.0, 9.0)]
    assert paid[0].sum() == 20
    assert paid[1].tolist() == [1.0] * 4 + [0.0] * 16
    assert paid[2].sum() == 0


def test_what_has_no_label_is_left_out_and_not_unhelpful() -> None:
    texts = [f"{verb} {n}" for verb in ("opens", "waits") for n in range(4)]
    label = np.array([1.0, 1.0, np.nan, np.nan, 0.0, 0.0, np.nan, np.nan])
    table = text_values(OnlineLabels("table"), texts, label)
    np.testing.assert_array_equal(table, label)
    helpful = [1.0] * 4 + [0.0] * 4
    np.testing.assert_array_equal(text_values(OnlineLabels("classifier"), texts, label), helpful)
    ranked = text_values(OnlineLabels("ranker", threshold=0.0), texts, label, seed=1)
    np.testing.assert_array_equal(ranked, helpful)
    assert np.isnan(text_values(OnlineLabels("classifier"), texts, np.full(8, np.nan))).all()
    as_no = text_values(OnlineLabels("classifier"), texts, np.nan_to_num(np.array([1.0, *[np.nan] * 7])))
    assert as_no.sum() < 4  # had unknown meant no, most of the good would be lost


def test_wordings_are_drawn_as_often_as_stated_and_belong_to_the_seed() -> None:
    events = EventTexts(TEXTS, np.arange(40).reshape(5, 2, 4) % 10, reworded=0.3)
    drawn = events.wordings(np.random.default_rng(0), 20_000)
    assert (drawn > 0).mean() == pytest.approx(0.3, abs=0.01)
    assert np.bincount(drawn)[1:] == pytest.approx(np.full(3, 2000), rel=0.1)
    answers = np.repeat(ANSWERS, 2, axis=0)
    state = OnlineLabelReward(events, (OnlineLabels("none"),) * 2, answers, 50, (3, 4)).start(CHAIN, 2)
    np.testing.assert_array_equal(state.wording[:, :2], state.wording[:, 2:])
    assert (state.wording[:, 0] != state.wording[:, 1]).any()


def test_the_discount_stops_repetition() -> None:
    count = np.arange(1, 1000)
    assert count_discount(1.0, count, 0.0).sum() == pytest.approx(999)
    assert count_discount(1.0, count, 3.0).sum() == pytest.approx(1.2020569, abs=1e-5)  # zeta(3)


@pytest.mark.parametrize(
    "call",
    [
        lambda: OnlineLabels("oracle"),
        lambda: OnlineLabels(beta=-1.0),
        lambda: count_discount(1.0, 0, 1.0),
        lambda: count_discount(1.0, 1, -1.0),
        lambda: EventTexts(TEXTS, INDEX + 1),
        lambda: EventTexts(TEXTS, INDEX, reworded=2.0),
        lambda: OnlineLabelReward(EVENTS, (OnlineLabels(),), ANSWERS, 10, (0, 1)),
        lambda: OnlineLabelReward(EVENTS, (OnlineLabels(),), ANSWERS, 10, (0,)).start(tables.chain(1, 1), 1),
    ],
)
def test_refusals(call) -> None:
    with pytest.raises(BadInput):
        call()
