"""Errands: against a walk by hand, and costs in stages against the formula."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core import mdp as m
from rewardsmith.core.errors import BadInput
from rewardsmith.core.grid import gridworld
from rewardsmith.design.errand import errand, staged
from rewardsmith.design.tabular import baseline
from rewardsmith.optimize.tabular import QLearning
from rewardsmith.program import parse

LEARNING = QLearning(episodes=80, horizon=30)
CARRY = errand("carry", "KSG", "KG", LEARNING)


def test_places_count_in_order_only() -> None:
    # K S G: left to K (2 of 3 cells), then right twice
    assert float(CARRY.mdp.initial @ m.value_iteration(CARRY.mdp)) == pytest.approx(0.95**2)
    s, path = 1, []
    for action in (2, 1, 0, 0, 2, 2):  # to G too early, stay, back to S, to K, to S, to G
        s = int(CARRY.mdp.transition[s, action].argmax())
        path.append(s)
    assert path == [2, 2, 1, 3, 4, 5]
    assert CARRY.mdp.ends.tolist() == [False] * 5 + [True]
    assert CARRY.mdp.reward[4, 2, 5] == 1
    assert CARRY.mdp.reward[1, 2, 2] == 0


def test_one_place_is_a_plain_grid() -> None:
    text = "S.#\n..G"
    one, plain = errand("reach", text, "G", LEARNING, slip=0.2), gridworld(text, slip=0.2)
    assert np.asarray(one.mdp.transition) == pytest.approx(plain.transition)
    assert one.mdp.expected_reward == pytest.approx(plain.expected_reward)
    assert set(one.values) == {"row", "column", "to_g"}


@pytest.mark.parametrize("order", ["", "KK", "KX", "K."])
def test_orders_that_cannot_be(order: str) -> None:
    with pytest.raises(BadInput, match="order"):
        errand("bad", "K..SG", order, LEARNING)


def test_stages_cost_what_is_left() -> None:
    stages = [("has_a > 0.5", "to_a / 4"), ("has_b > 0.5", "to_b / 4"), ("", "to_g / 4")]
    task = errand("three", "A.SBG", "ABG", LEARNING)
    found = np.asarray(parse(staged(stages), task.table)(task.batch))
    for row in range(len(found)):
        at = {name: float(values[row, 0]) for name, values in task.batch.items()}
        left = 2 - at["has_a"] - at["has_b"]
        goal = {2: "to_a", 1: "to_b", 0: "to_g"}[int(left)]
        assert found[row, 0] == pytest.approx(-at[goal] / 4 - left)
    with pytest.raises(BadInput, match="stages"):
        staged([])


def test_stages_are_learned() -> None:
    text = staged([("next_has_k > 0.5", "next_to_k / 3"), ("", "next_to_g / 3")])
    tables = CARRY.tables(parse(text, CARRY.table))
    assert tables is not None
    assert baseline(CARRY, tables["reward"], range(8), 1).mean() > 0.99
