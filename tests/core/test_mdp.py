"""The tabular oracle against closed forms, enumeration of all policies, and Gymnasium's own tables."""

from __future__ import annotations

import itertools
import pickle

import gymnasium
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rewardsmith as rs
from rewardsmith.core import mdp as m
from rewardsmith.core.errors import BadInput
from rewardsmith.core.grid import FOUR_ROOMS, coordinates, four_rooms, frozen_lake, gridworld

seeds = st.integers(0, 10_000)


def two_states(discount: float = 0.9) -> m.TabularMDP:
    """State 0: stay (pays 1) or leave for state 1 (pays 5), where every action pays 0 and stays."""
    transition = np.zeros((2, 2, 2))
    transition[0, 0, 0] = transition[0, 1, 1] = 1
    transition[1, :, 1] = 1
    return m.TabularMDP(transition, np.array([[1.0, 5.0], [0.0, 0.0]]), discount, np.array([1.0, 0.0]))


@pytest.mark.parametrize("discount", [0.0, 0.5, 0.79, 0.81, 0.99])
def test_two_states_closed_form(discount: float) -> None:
    mdp = two_states(discount)
    stay, leave = 1 / (1 - discount), 5.0
    assert m.value_iteration(mdp)[0] == pytest.approx(max(stay, leave))
    assert m.policy_iteration(mdp)[1][0] == pytest.approx(max(stay, leave), abs=1e-12)
    assert m.performance(mdp, np.array([0, 0])) == pytest.approx(stay)
    assert m.regret(mdp, np.array([1, 1])) == pytest.approx(max(0, stay - leave))
    assert m.optimal_actions(mdp)[0].tolist() == [stay > leave, leave > stay]
    assert m.occupancy(mdp, np.array([0, 1])) == pytest.approx(np.array([[stay, 0], [0, 0]]))


def test_ties_are_all_listed_and_do_not_cycle() -> None:
    mdp = two_states(0.8)  # 1 / (1 - 0.8) = 5: both actions are optimal
    assert m.optimal_actions(mdp).all()
    assert m.advantages(mdp) == pytest.approx(np.zeros((2, 2)), abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_policy_iteration_beats_every_deterministic_policy(seed: int) -> None:
    mdp = m.random_mdp(np.random.default_rng(seed), 4, 3, 0.9, branching=2)
    every = [m.evaluate_policy(mdp, np.array(p)) for p in itertools.product(range(3), repeat=4)]
    best = np.max(every, axis=0)
    assert m.policy_iteration(mdp)[1] == pytest.approx(best, abs=1e-9)
    assert m.value_iteration(mdp) == pytest.approx(best, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(seeds, st.floats(0, 0.95))
def test_occupancy_mass_return_and_slow_sum(seed: int, discount: float) -> None:
    rng = np.random.default_rng(seed)
    mdp = m.random_mdp(rng, 5, 3, discount)
    policy = rng.dirichlet(np.ones(3), 5)
    visits = m.occupancy(mdp, policy)
    assert visits.sum() == pytest.approx(1 / (1 - discount))
    assert (visits * mdp.expected_reward).sum() == pytest.approx(m.performance(mdp, policy))
    slow, now = np.zeros((5, 3)), mdp.initial
    for t in range(600):
        slow += discount**t * now[:, None] * policy
        now = np.einsum("s,sa,sat->t", now, policy, mdp.transition)
    assert visits == pytest.approx(slow, abs=1e-8)


def test_advantages_average_to_zero_under_the_policy() -> None:
    rng = np.random.default_rng(3)
    mdp = m.random_mdp(rng, 6, 4)
    policy = rng.dirichlet(np.ones(4), 6)
    assert (policy * m.advantages(mdp, policy)).sum(-1) == pytest.approx(np.zeros(6), abs=1e-12)
    assert m.q_values(mdp).max(-1) == pytest.approx(m.value_iteration(mdp))


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_shaping_keeps_optimal_policies_and_shifts_values(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mdp = m.random_mdp(rng, 5, 3, 0.9)
    potential = rng.normal(size=5) * 10
    shaped = mdp.with_reward(m.potential_shaping(mdp, potential))
    assert m.value_iteration(shaped) == pytest.approx(m.value_iteration(mdp) - potential, abs=1e-7)
    assert m.invariance_violation(mdp, shaped.reward) == pytest.approx(0, abs=1e-9)


def test_shaping_at_a_terminal_state_counts_its_potential_as_zero() -> None:
    mdp = m.chain(2, 2)
    shaped = mdp.with_reward(m.potential_shaping(mdp, np.full(5, 7.0)))
    expected = m.value_iteration(mdp) - np.where(mdp.ends, 0, 7.0)
    assert m.value_iteration(shaped) == pytest.approx(expected)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_invariance_violation_is_the_worst_of_all_optimal_policies(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mdp = m.random_mdp(rng, 3, 3, 0.8)
    other = rng.integers(0, 2, (3, 3)).astype(float)  # small integers make ties
    allowed = m.optimal_actions(mdp.with_reward(other))
    choices = itertools.product(*(np.flatnonzero(row) for row in allowed))
    loss = max((m.value_iteration(mdp) - m.evaluate_policy(mdp, np.array(p))).max() for p in choices)
    assert m.invariance_violation(mdp, other) == pytest.approx(max(loss, 0), abs=1e-8)


def test_a_constant_reward_allows_everything() -> None:
    mdp = m.chain(2, 5)
    assert m.invariance_violation(mdp, np.zeros((8, 2))) > 0.5


def test_chain_closed_form() -> None:
    mdp = m.chain(2, 4, discount=0.9, rewards=(0.5, 1.0))
    assert m.performance(mdp, np.zeros(7, int)) == pytest.approx(0.9 * 0.5)
    assert m.performance(mdp, np.ones(7, int)) == pytest.approx(0.9**3)
    assert m.evaluate_policy(mdp, np.ones(7, int))[[0, 6]].tolist() == [0.0, 0.0]


def test_frozen_lake_is_gymnasiums() -> None:
    tables = gymnasium.make("FrozenLake-v1", is_slippery=True).unwrapped.P
    mdp = frozen_lake(discount=0.9)
    for s in np.flatnonzero(~mdp.ends):
        for a in range(4):
            row = np.zeros(16)
            for share, after, reward, done in tables[int(s)][a]:
                row[after] += share
                assert mdp.reward[s, a, after] == reward
                assert mdp.ends[after] == done
            assert mdp.transition[s, a] == pytest.approx(row)


def test_four_rooms_shortest_path() -> None:
    mdp = four_rooms(discount=0.9, slip=0.0)
    # 12 moves from corner to corner, the last one pays.
    assert m.performance(mdp, m.policy_iteration(mdp)[0]) == pytest.approx(0.9**11)
    assert coordinates(FOUR_ROOMS)["row"].shape == (mdp.states,)


def test_batch_enumerates_possible_transitions_with_twins() -> None:
    mdp = gridworld("S.G", discount=0.5)
    batch = mdp.batch({"x": np.array([0.0, 1.0, 2.0])})
    assert {name: array.shape for name, array in batch.items()} == dict.fromkeys(
        ("action", "terminated", "state", "next_state", "x", "next_x"), (8, 1)
    )
    assert batch["terminated"].tolist() == (batch["next_state"] == 2).tolist()


@rs.term
def advance(x, next_x, action):
    return next_x - x + 0.1 * action


@rs.term
def place(x):
    return x * x


def test_tabulate_judges_every_transition() -> None:
    mdp = gridworld("S.G", discount=0.5)
    table = m.tabulate(advance, mdp, {"x": np.arange(3.0)})
    assert table[1, 2, 2] == pytest.approx(1.2)
    assert np.isnan(table[0, 0, 2])
    assert (table[2] == 0).all()
    assert mdp.with_reward(table).expected_reward[1] == pytest.approx([-1.0, 0.1, 1.2, 0.3])


def test_tabulated_potential_is_the_shaping_table() -> None:
    mdp, x = m.chain(2, 3, discount=0.8), np.arange(6.0)
    table = m.tabulate(rs.Constant(0.0) | rs.Potential(place, discount=0.8), mdp, {"x": x})
    expected = m.potential_shaping(mdp.with_reward(np.zeros((6, 2))), x**2)
    possible = mdp.transitions()
    assert table[possible] == pytest.approx(expected[possible])


def test_value_object() -> None:
    mdp = two_states()
    assert pickle.loads(pickle.dumps(mdp)) == mdp
    assert hash(mdp) == hash(two_states())
    assert mdp != two_states(0.8)
    with pytest.raises(ValueError, match="read-only"):
        mdp.reward[0, 0] = 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"discount": 1.0}, "discount"),
        ({"reward": np.zeros(3)}, "reward"),
        ({"reward": np.full((2, 2), np.nan)}, "NaN"),
        ({"initial": np.array([0.5, 0.4])}, "initial"),
        ({"initial": np.array([1.0])}, "initial"),
        ({"transition": np.ones((2, 2, 2))}, "transition"),
        ({"transition": np.ones((2, 2))}, "transition"),
        ({"terminal": np.array([True])}, "terminal"),
    ],
)
def test_bad_tables_are_refused(change: dict[str, object], message: str) -> None:
    good = {
        "transition": two_states().transition,
        "reward": np.zeros((2, 2)),
        "discount": 0.9,
        "initial": np.array([1.0, 0]),
    }
    with pytest.raises(BadInput, match=message):
        m.TabularMDP(**{**good, **change})  # type: ignore[arg-type]


@pytest.mark.parametrize("policy", [np.array([0, 2]), np.array([0.0, 1.0]), np.ones((2, 2)), np.zeros(5, int)])
def test_bad_policies_are_refused(policy: np.ndarray) -> None:
    with pytest.raises(BadInput, match="policy"):
        m.as_policy(two_states(), policy)


@pytest.mark.parametrize(
    "call",
    [
        lambda: gridworld("S.\nG"),
        lambda: gridworld("..G"),
        lambda: gridworld("S#"),
        lambda: gridworld("SG", slip=2.0),
        lambda: gridworld("SG", rewards={"X": 1.0}),
        lambda: m.chain(0, 3),
        lambda: m.random_mdp(np.random.default_rng(0), 3, 2, branching=4),
    ],
)
def test_bad_generators_are_refused(call: object) -> None:
    with pytest.raises(BadInput):
        call()  # type: ignore[operator]


def test_a_small_concentration_leaves_few_likely_successors() -> None:
    def likely(concentration: float) -> float:
        mdp = m.random_mdp(np.random.default_rng(0), 20, 3, concentration=concentration)
        return float((1 / (mdp.transition**2).sum(-1)).mean())  # effective number of successors

    # E[sum p^2] = (a + 1) / (20 a + 1)
    assert likely(0.15) == pytest.approx(4 / 1.15, rel=0.2)
    assert likely(1.0) == pytest.approx(21 / 2, rel=0.1)
