"""Searches on tabular tasks: against occupancies, slow loops, and what strategies may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from rewardsmith.core import mdp as m
from rewardsmith.core.errors import BadInput
from rewardsmith.core.fields import Field
from rewardsmith.design.strategy import Best, Independent
from rewardsmith.design.tabular import (
    Plan,
    TabularTask,
    baseline,
    grid_task,
    retrain,
    search,
    train,
)
from rewardsmith.feedback.person import Oracle
from rewardsmith.optimize import tabular as t
from rewardsmith.program import parse

LEARNING = t.QLearning(episodes=30, horizon=20)
TASK = grid_task("small", "S..H\n...G", LEARNING, slip=0.2)
WORSE_FIRST = Oracle(noise=1.0)


def tables(text: str) -> Mapping[str, np.ndarray]:
    found = TASK.tables(parse(text, TASK.table))
    assert found is not None
    return found


def test_fields_of_a_grid() -> None:
    assert TASK.values["far"].tolist() == [4, 3, 2, 1, 3, 2, 1, 0]
    assert TASK.values["hole"].tolist() == [3, 2, 1, 0, 4, 3, 2, 1]
    assert "hole" not in grid_task("plain", "S.G", LEARNING).values
    assert {"success", "native_reward"}.isdisjoint(field.name for field in TASK.table)


def test_pay_of_parts_is_that_of_a_loop() -> None:
    found = tables("return {'near': -next_far, 'ended': 3 * terminated, 'one': 1}")
    mdp, far = TASK.mdp, TASK.values["far"]
    for s in range(mdp.states):
        for a in range(mdp.actions):
            on = not mdp.ends[s]
            row = mdp.transition[s, a]
            near, ended = -row @ far, 3 * row @ mdp.ends
            assert found["near"][s, a] == pytest.approx(near if on else 0)
            assert found["ended"][s, a] == pytest.approx(ended if on else 0)
            assert found["one"][s, a] == pytest.approx(float(on))


def test_programs_that_are_not_finite_have_no_table() -> None:
    assert TASK.tables(parse("1 / next_far", TASK.table)) is None
    assert TASK.tables(parse("log(next_far - 1)", TASK.table)) is None


def test_traces_are_the_pay_per_step_of_each_checkpoint() -> None:
    parts = tables("return {'near': -next_far, 'one': 2}")
    (done,) = train(TASK, [parts], [5])
    learning = replace(LEARNING, evaluate_every=3, keep_policies=True)
    total = parts["near"] + parts["one"]
    curves = t.q_learning(TASK.mdp, total[None], [5], learning)
    assert done.curve == pytest.approx(curves.performance[0, 0, 1:] / TASK.best)
    for point, choice in enumerate(curves.policies[0, 0, 1:]):
        policy = 0.9 * np.eye(4)[choice] + 0.1 / 4
        visits = m.occupancy(TASK.mdp, policy)
        visits[TASK.mdp.ends] = 0
        expected = (visits * parts["near"]).sum() / visits.sum()
        assert done.terms["near"].points[point] == pytest.approx(expected)
    assert done.terms["one"].points == pytest.approx([2.0] * 10)
    assert sum(trace.share for trace in done.terms.values()) == pytest.approx(1.0)
    assert (done.peak, done.last) == (max(done.curve), done.curve[-1])


def test_uncrossed_learners_are_the_diagonal_of_crossed_ones() -> None:
    rewards = np.stack([TASK.mdp.expected_reward, -TASK.mdp.expected_reward])
    crossed = t.q_learning(TASK.mdp, rewards, [3, 4], LEARNING)
    single = t.q_learning(TASK.mdp, rewards, [3, 4], LEARNING, crossed=False)
    for k in range(2):
        assert (single.values[k, 0] == crossed.values[k, k]).all()
        assert (single.performance[k, 0] == crossed.performance[k, k]).all()
    with pytest.raises(BadInput, match="crossed"):
        t.q_learning(TASK.mdp, rewards, [3], LEARNING, crossed=False)


def test_a_search_does_not_depend_on_its_company() -> None:
    plans = [Plan(Best(), seed, rounds=2, candidates=2) for seed in (0, 1)]
    together, alone = search(TASK, plans), search(TASK, plans[1:])
    assert together[1] == alone[0] != together[0]
    assert len(alone[0].trained) == 4
    peaks = [done.peak for done in alone[0].trained.values()]
    assert alone[0].best is not None
    assert alone[0].trained[alone[0].best.candidate.id].peak == max(peaks)


def test_plans_show_only_what_is_to_be_seen() -> None:
    blind, seeing = search(TASK, [Plan(Best(), 0, sees=("order",)), Plan(Best(), 0)])
    assert all(not each.terms and each.score is None and not each.curve for row in blind.rounds for each in row)
    assert all(each.terms and each.score is not None for row in seeing.rounds for each in row)
    assert blind.rounds[0][0].candidate == seeing.rounds[0][0].candidate
    operators = {each.candidate.operator for each in seeing.rounds[1]}
    assert operators == {"improve"}
    (independent,) = search(TASK, [Plan(Independent(), 0, sees=())])
    assert {each.candidate.operator for row in independent.rounds for each in row} == {"fresh"}


def test_a_person_orders_a_round_instead_of_success() -> None:
    honest, wrong = search(TASK, [Plan(Best(), 0, person=Oracle()), Plan(Best(), 0, person=WORSE_FIRST)])
    peaks = {name: done.peak for name, done in honest.trained.items() if name.startswith("r0")}
    assert len(set(peaks.values())) > 1
    assert peaks[honest.rounds[0][0].candidate.id] == max(peaks.values())
    assert peaks[wrong.rounds[0][0].candidate.id] == min(peaks.values())
    assert honest.pairs > 0
    assert honest.last == honest.rounds[-1][0]


def test_fresh_seeds_are_the_same_for_winners_and_baselines() -> None:
    fields = (Field("paid", low=0.0, high=1.0),)
    own = np.eye(TASK.mdp.states)[-1]
    named = TabularTask("named", TASK.mdp, fields, {"paid": own}, LEARNING)
    (found,) = search(named, [Plan(Independent(), 0, rounds=1, candidates=1)])
    assert found.best is not None
    winner = replace(
        found.best, candidate=replace(found.best.candidate, program=parse("next_paid", named.table))
    )
    reached = retrain(named, [winner, None], [7, 8], fresh=2)
    assert reached[0] == baseline(named, TASK.mdp.expected_reward, [7], fresh=2)[0] > 0
    assert np.isnan(reached[1])
