"""Gates, redistribution, delays and first times against loops over episodes."""

from __future__ import annotations

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith.core.errors import BadInput, ScopeError
from rewardsmith.transforms import Delay, FirstTime, GatedAccumulation, Redistribute, conservation
from transforms.pieces import agrees_everywhere, each_episode, episodes, in_pieces


@rs.term
def outcome(solved):
    return solved


@rs.term
def weight(gain):
    return gain


def world(seed: int):
    batch = episodes(seed)
    rng = np.random.default_rng(seed + 100)
    shape = batch["first"].shape
    batch["solved"] = np.where(batch["terminated"], rng.choice([0.0, 0.5, 1.0], shape), 0.0)
    batch["gain"] = rng.random(shape) * (rng.random(shape) < 0.7)
    return batch, rng.normal(size=shape)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("needs_end", [False, True])
def test_gated_accumulation(seed: int, strict: bool, needs_end: bool) -> None:
    batch, reward = world(seed)
    gate = GatedAccumulation(outcome, 0.5, strict, needs_end)
    found = gate.apply(reward, batch, gate.init(batch))[0]
    gates = gate.gates(batch)
    for row, steps in each_episode(batch["first"]):
        total, ended = batch["solved"][row, steps].sum(), batch["terminated"][row, steps].any()
        reached = total > 0.5 if strict else total >= 0.5
        is_open = reached and (ended or not needs_end)
        np.testing.assert_array_equal(found[row, steps], reward[row, steps] if is_open else 0.0)
        assert (gates["open"][row, steps] == is_open).all()
        assert (gates["no_outcome"][row, steps] == (needs_end and not ended)).all()
    assert (sum(gates.values()) == 1).all()


def test_a_sandbox_that_failed_is_not_an_agent_that_failed() -> None:
    batch = {"terminated": np.array([[False, True]] * 3), "solved": np.array([[0, np.nan], [0, 1], [0, 0]])}
    gate = GatedAccumulation(outcome, 0.5)
    found = (rs.term(_one) | gate)(batch)
    np.testing.assert_array_equal(found, [[np.nan, np.nan], [1, 1], [0, 0]])
    assert gate.gates(batch)["no_verdict"].tolist() == [[True, True], [False, False], [False, False]]


def _one(terminated):
    return 0.0 * terminated + 1.0


def test_two_gates_are_two_levels() -> None:
    """Oracle: the formula of the paper for three levels."""
    rng = np.random.default_rng(0)
    batch = {
        "terminated": np.eye(4)[-1:].repeat(20, 0) > 0,
        "solved": rng.random((20, 4)),
        "gain": rng.random((20, 4)),
    }
    low = rng.normal(size=(20, 4))
    both = GatedAccumulation(weight, 2.0) | GatedAccumulation(outcome, 2.0)
    found = both.apply(low, batch, both.init(batch))[0]
    is_open = (batch["gain"].sum(1) >= 2) & (batch["solved"].sum(1) >= 2)
    assert 0 < is_open.sum() < 20
    np.testing.assert_array_equal(found, low * is_open[:, None])


def test_step_by_step_wiring_is_refused() -> None:
    with pytest.raises(ScopeError, match="GatedAccumulation"):
        rs.require_scope(outcome | GatedAccumulation(outcome, 0.5), rs.Scope.STEP, "a step wrapper")


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("discount", [1.0, 0.9])
@pytest.mark.parametrize("rule", ["keep", "even"])
def test_redistribution(seed: int, discount: float, rule: str) -> None:
    batch, reward = world(seed)
    batch["gain"][0] = 0.0  # a row of episodes without any importance
    spread = Redistribute(weight, discount, rule)
    found = spread.apply(reward, batch, spread.init(batch))[0]
    for row, steps in each_episode(batch["first"]):
        mine, u = reward[row, steps], batch["gain"][row, steps]
        factor = discount ** np.arange(len(mine))
        share = u / u.sum() if u.sum() else np.full(len(mine), 1 / len(mine))
        expected = share * (factor * mine).sum() / factor
        if not u.sum() and rule == "keep":
            expected = mine
        np.testing.assert_allclose(found[row, steps], expected, atol=1e-12)
        if u.sum():
            assert (found[row, steps] * np.sign(expected.sum()) >= 0).all()  # no share of the other sign
    assert conservation(reward, found, batch, discount).max() < 1e-9
    assert conservation(reward, 1.1 * found, batch, discount).max() > 1e-2


def test_negative_importance_is_refused() -> None:
    with pytest.raises(BadInput, match="0 or more"):
        (outcome | Redistribute(weight))({"solved": np.ones(2), "gain": np.array([1.0, -1.0])})


@pytest.mark.parametrize("steps", [0, 1, 3, None])
@pytest.mark.parametrize("seed", range(4))
def test_delay(steps: int | None, seed: int) -> None:
    batch, reward = world(seed)
    del batch["truncated"]  # rows are whole episodes
    found = Delay(steps).apply(reward, batch, ())[0]
    expected = np.zeros_like(reward)
    for row, part in each_episode(batch["first"]):
        for t in range(part.start, part.stop):
            due = part.stop - 1 if steps is None else min(t + steps, part.stop - 1)
            expected[row, due] += reward[row, t]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert conservation(reward, found, batch).max() < 1e-9


@pytest.mark.parametrize(
    "transform", [Delay(0), Delay(2), Delay(12), Delay(), FirstTime(), FirstTime(0.4)], ids=str
)
@pytest.mark.parametrize("seed", range(4))
def test_an_episode_may_arrive_in_pieces(transform, seed: int) -> None:
    batch, reward = world(seed)
    whole, state = transform.apply(reward, batch, transform.init(batch))
    for cut in range(1, reward.shape[1]):
        found, after = in_pieces(transform, reward, batch, cut)
        np.testing.assert_allclose(found, whole, atol=1e-12)
        np.testing.assert_allclose(after[0], state[0], atol=1e-12)


def test_what_is_delayed_is_held_until_the_episode_ends() -> None:
    flags = np.zeros((1, 2), bool)
    begin = {"first": np.array([[True, False]]), "terminated": flags, "truncated": flags}
    found, state = Delay().apply(np.array([[1.0, 2.0]]), begin, ())
    assert found.tolist() == [[0.0, 0.0]]
    end = {"first": flags, "terminated": np.array([[False, True]]), "truncated": flags}
    found, state = Delay().apply(np.array([[3.0, 4.0]]), end, state)
    assert found.tolist() == [[0.0, 10.0]]
    assert state[0].tolist() == [[0.0]]


@pytest.mark.parametrize("seed", range(4))
def test_first_time(seed: int) -> None:
    batch, reward = world(seed)
    found = FirstTime(0.3).apply(reward, batch, ())[0]
    for row, steps in each_episode(batch["first"]):
        mine = reward[row, steps]
        hits = np.flatnonzero(mine > 0.3)
        expected = np.zeros(len(mine))
        expected[hits[:1]] = mine[hits[:1]]
        np.testing.assert_array_equal(found[row, steps], expected)


@pytest.mark.parametrize(
    "transform",
    [GatedAccumulation(outcome, 0.5), Redistribute(weight, 0.9, "even"), Delay(2), Delay(), FirstTime(0.3)],
    ids=str,
)
def test_other_libraries(transform) -> None:
    batch, reward = world(3)
    agrees_everywhere(transform, reward, batch)


@pytest.mark.parametrize(
    "make", [lambda: Delay(-1), lambda: Redistribute(weight, 0.0), lambda: Redistribute(weight, 1.0, "no")]
)
def test_bad_settings(make) -> None:
    with pytest.raises(BadInput):
        make()
