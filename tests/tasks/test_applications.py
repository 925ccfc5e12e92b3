"""Job applications: the closed form of the chance, the rewards of answers, and the best decisions."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.tasks import applications as jobs


def test_the_chance_is_calibrated():
    drawn = jobs.draw_applications(60_000, np.random.default_rng(0))
    assert drawn.label.mean() == pytest.approx(0.35, abs=0.01)
    for low in np.arange(0.15, 0.8, 0.1):
        here = (drawn.chance >= low) & (drawn.chance < low + 0.1)
        error = 4 * np.sqrt(0.25 / here.sum())
        assert drawn.label[here].mean() == pytest.approx(drawn.chance[here].mean(), abs=error)


def test_rewards_of_every_answer_against_a_loop():
    drawn = jobs.draw_applications(3, np.random.default_rng(1))
    gentle = jobs.gentle_reward()(drawn.fields())
    harsh = jobs.penalties(drawn.fields())
    for i in range(3):
        for answer in range(jobs.ANSWERS):
            decision, rest = divmod(answer, jobs.SCORES * jobs.FORMS)
            rating, form = divmod(rest, jobs.FORMS)
            paid = (decision == drawn.label[i]) + 0.5 * (1 - abs(rating - drawn.target[i]) / 10)
            assert gentle[i, answer] == pytest.approx(paid + 0.25 * (form < 2) + 0.25 * (form == 0))
            loss = 3 * (decision == 1 and drawn.label[i] == 0) + (decision == 0 and drawn.label[i] == 1)
            assert harsh[i, answer] == -(loss + 2 * (form == 2))


def test_best_decisions_are_thresholds():
    drawn = jobs.draw_applications(500, np.random.default_rng(2))
    gentle = jobs.best_decisions(jobs.gentle_reward(), drawn)
    harsh = jobs.best_decisions(jobs.gentle_reward() + jobs.penalties, drawn)
    assert (gentle == (drawn.chance > 1 / 2)).all()
    assert (harsh == (drawn.chance > 4 / 6)).all()  # a false SELECTED costs 1 + 3, a false REJECTED 1 + 1


def test_written_answers_are_those_of_the_label():
    drawn = jobs.draw_applications(400, np.random.default_rng(3))
    policy = np.eye(jobs.ANSWERS)[drawn.written(np.random.default_rng(4))]
    assert (jobs.decision_chances(policy)[:, 1] == drawn.label).all()
    valid = (policy * (drawn.fields()["form"] == 0)).sum(1)
    assert valid.mean() == pytest.approx(0.8, abs=0.07)


def test_bad_input():
    with pytest.raises(BadInput):
        jobs.draw_applications(3, np.random.default_rng(0), selected=0.1)
