"""The staged bandit against exact enumeration of all plans and details."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith.core.errors import BadInput, MissingField
from rewardsmith.optimize.bandit import PolicyGradient
from rewardsmith.optimize.gibbs import log_softmax
from rewardsmith.optimize.staged import StagedArms, learn_staged
from rewardsmith.transforms import GroupNormalize, Payback, dispatch


@rs.term
def worth(worth):
    return worth


@rs.term
def result(result):
    return result


def read_table(details, fields):
    """The result of details 0/1 is an entry of the plan's table."""
    code = (details @ 2 ** np.arange(details.shape[1])).astype(int)
    return {"result": fields["table"][np.arange(len(code)), code]}


def world(seed: int = 0) -> StagedArms:
    rng = np.random.default_rng(seed)
    fields = {"worth": rng.normal(size=(2, 3)), "table": rng.normal(size=(2, 3, 4))}
    return StagedArms(fields, rng.normal(size=(2, 3)), rng.normal(size=(2, 3, 2)), read_table)


def value(arms: StagedArms, plan_logits, detail_logits) -> float:
    """The expected result, summed over prompts, by enumeration."""
    total = 0.0
    plans, coins = np.exp(log_softmax(plan_logits)), 1 / (1 + np.exp(-detail_logits))
    for p, k in product(range(2), range(3)):
        for bits in product((0, 1), repeat=2):
            chance = np.prod([c if b else 1 - c for b, c in zip(bits, coins[p, k], strict=True)])
            total += plans[p, k] * chance * arms.fields["table"][p, k, bits[0] + 2 * bits[1]]
    return float(total)


def test_one_step_is_the_gradient_of_both_stages():
    arms = world()
    config = PolicyGradient(updates=1, samples=100_000, learning_rate=1.0)
    # plans are paid with the mean result of their details, details with their own
    moved = learn_staged([arms], result, [0], config, details=2)
    for which, shape in (("plan", (2, 3)), ("detail", (2, 3, 2))):
        gradient = np.zeros(shape)
        for index in np.ndindex(shape):
            step = np.zeros(shape)
            step[index] = 1e-5
            ends = [
                value(arms, arms.plan_logits + s, arms.detail_logits)
                if which == "plan"
                else value(arms, arms.plan_logits, arms.detail_logits + s)
                for s in (step, -step)
            ]
            gradient[index] = (ends[0] - ends[1]) / 2e-5
        if which == "plan":
            np.testing.assert_allclose(moved.log_plans[0], log_softmax(arms.plan_logits + gradient), atol=0.02)
        else:
            np.testing.assert_allclose(moved.detail_logits[0], arms.detail_logits + gradient, atol=0.02)


def test_the_batch_has_a_row_for_each_sample():
    arms = world()
    plans = np.array([[0, 2], [1, 1]])
    details = np.random.default_rng(1).integers(0, 2, (2, 2, 3, 2)).astype(float)
    batch = arms.batch(plans, details)
    assert batch["stage"].tolist() == [0] * 4 + [1] * 12
    assert batch["plan"].tolist() == [0, 1, 2, 3] + [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3
    assert batch["group"].tolist() == [0, 0, 2, 2] + [1] * 6 + [3] * 6
    for row in range(4, 16):
        plan = batch["plan"][row]
        p, k = divmod(plan, 2)[0], plans.ravel()[plan]
        bits = details.reshape(-1, 2)[row - 4]
        assert batch["worth"][row] == arms.fields["worth"][p, k]
        assert batch["result"][row] == arms.fields["table"][p, k, int(bits[0] + 2 * bits[1])]
    for plan in range(4):
        below = (batch["plan"] == plan) & (batch["stage"] == 1)
        np.testing.assert_allclose(batch["result"][plan], batch["result"][below].mean())


def test_it_finds_the_best_plan_and_details_when_they_are_paid_back():
    """Every bit helps or hurts by itself here, so that there is one optimum and no trap."""
    arms, rng = world(3), np.random.default_rng(4)
    bits = np.array(list(product((0, 1), repeat=2)))[:, ::-1]
    table = 2 * rng.normal(size=(2, 3, 1)) + rng.normal(size=(2, 3, 2)) @ bits.T
    arms = StagedArms({**arms.fields, "table": table}, 0 * arms.plan_logits, 0 * arms.detail_logits, read_table)
    stages = dispatch({0: 0.0 * worth, 1: result}, by="stage")
    reward = stages | Payback(share=1.0) | GroupNormalize(scale="none")
    config = PolicyGradient(updates=1500, samples=16, learning_rate=0.3)
    learned = learn_staged([arms], reward, [0, 1], config)
    best = table.max((1, 2))
    np.testing.assert_allclose(learned.expected([arms], "result"), np.stack([best, best]), atol=0.05)
    again = learn_staged([arms], reward, [1], config)
    np.testing.assert_array_equal(again.log_plans[0], learned.log_plans[1])


def test_bad_input():
    arms = world()
    with pytest.raises(BadInput, match="StagedArms"):
        StagedArms({}, np.zeros((2, 3)), np.zeros((2, 4, 1)), read_table)
    with pytest.raises(BadInput, match="other than"):
        StagedArms({"stage": np.zeros((2, 3))}, arms.plan_logits, arms.detail_logits, read_table)
    with pytest.raises(BadInput, match="in front"):
        StagedArms({"worth": np.zeros((3, 2))}, arms.plan_logits, arms.detail_logits, read_table)
    with pytest.raises(MissingField, match="success"):
        learn_staged([arms], rs.success, [0], PolicyGradient(updates=1))
    with pytest.raises(BadInput, match="worlds"):
        learn_staged([arms, arms], result, [0], PolicyGradient(updates=1))
