"""The queue against a slow list, one learner at a time."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.learn.label_queue import LabelQueue, ask, merge, no_labels, see


def slow(
    order: str, texts: np.ndarray, queue: LabelQueue, answers: np.ndarray
) -> tuple[dict[int, float], list[int]]:
    """One learner: a plain list of waiting texts, and the answers on their way."""
    waiting, flying, known, taken = list[int](), list[tuple[int, int]](), dict[int, float](), list[int]()
    ever = set[int]()
    for now, text in enumerate(texts):
        if text not in ever:
            ever.add(int(text))
            waiting.append(int(text))
        if now % queue.every == 0:
            for _ in range(min(queue.batch, len(waiting))):
                each = waiting.pop(-1 if order == "lifo" else 0)
                flying.append((now + queue.latency, each))
                taken.append(each)
        for due, each in list(flying):
            if due <= now:
                known[each] = answers[each]
                flying.remove((due, each))
    return known, taken


@pytest.mark.parametrize("order", ["lifo", "fifo"])
@pytest.mark.parametrize("latency", [0, 7])
def test_it_is_the_slow_list(order: str, latency: int) -> None:
    rng = np.random.default_rng(0)
    queue = LabelQueue(order, batch=2, every=5, latency=latency)
    texts, answers = rng.integers(0, 30, (60, 3)), rng.random((3, 30))
    labels, live = no_labels(3, 30), np.ones(3, bool)
    for now in range(60):
        clock = np.full(3, now)
        labels = see(labels, texts[now], clock, live)
        labels = ask(queue, labels, clock, clock % queue.every == 0)
        labels = merge(queue, labels, answers, clock)
    for learner in range(3):
        known, taken = slow(order, texts[:, learner], queue, answers[learner])
        found = {int(w): labels.label[learner, w] for w in np.flatnonzero(labels.answered[learner])}
        assert found == known
        assert set(np.flatnonzero(np.isfinite(labels.asked[learner]))) == set(taken)


def test_unreadable_is_answered_but_no_label_and_versions_count_merges() -> None:
    queue = LabelQueue(batch=3, every=1, latency=2)
    labels, one, live = no_labels(1, 3), np.array([0]), np.array([True])
    labels = ask(queue, see(see(labels, one, one, live), one + 1, one, live), one, live)
    before = merge(queue, labels, np.array([[1.0, np.nan, 1.0]]), one + 1)
    assert not before.answered.any()
    assert before.version.tolist() == [0]
    after = merge(queue, before, np.array([[1.0, np.nan, 1.0]]), one + 2)
    np.testing.assert_array_equal(after.label, [[1.0, np.nan, np.nan]])
    assert after.answered.tolist() == [[True, True, False]]
    assert after.version.tolist() == [1]
    assert merge(queue, after, np.zeros((1, 3)), one + 9) is after  # nothing new: nothing changes
    assert np.isinf(labels.seen[0, 2])
    assert np.isnan(no_labels(1, 3).label).all()


def test_who_is_not_live_sees_nothing() -> None:
    labels = see(no_labels(2, 2), np.array([0, 1]), np.array([3, 3]), np.array([True, False]))
    assert labels.seen.tolist() == [[3.0, np.inf], [np.inf, np.inf]]


@pytest.mark.parametrize("settings", [{"order": "newest"}, {"batch": 0}, {"every": 0}, {"latency": -1}])
def test_refusals(settings) -> None:
    with pytest.raises(BadInput):
        LabelQueue(**settings)
