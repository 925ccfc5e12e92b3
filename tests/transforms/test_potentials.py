"""Dynamic, learned and action potentials: exact on tabular MDPs, telescoping on episodes."""

from __future__ import annotations

import numpy as np
import pytest

import rewardsmith as rs
import strategies as own
from rewardsmith.core import mdp as tables
from rewardsmith.core.errors import BadInput, CompositionError
from rewardsmith.transforms import DynamicPotential, LearnedPotential, PotentialAdvice
from transforms.pieces import agrees_everywhere, each_episode, episodes

GAMMA = 0.9


def walk(seed: int) -> tuple[dict, np.ndarray]:
    """Episodes in which the next state of a step is the state of the next step."""
    batch = episodes(seed)
    rng = np.random.default_rng(seed + 7)
    shape = batch["first"].shape
    for name in ("position", "velocity", "action"):
        values = rng.normal(size=shape)
        batch[name], batch["next_" + name] = (
            values,
            np.concatenate([values[:, 1:], rng.normal(size=(shape[0], 1))], 1),
        )
    batch["time"] = np.cumsum(np.ones(shape), axis=1) - 1
    batch["next_time"] = batch["time"] + 1
    return batch, rng.normal(size=shape)


def discounted(values: np.ndarray) -> float:
    return float((GAMMA ** np.arange(len(values)) * values).sum())


@pytest.mark.parametrize("seed", range(4))
def test_a_dynamic_potential_telescopes(seed: int) -> None:
    batch, reward = walk(seed)
    fade = DynamicPotential(own.height, GAMMA, start=2.0, end=0.5, duration=5.0)
    extra = fade.apply(reward, batch, ())[0] - reward
    for row, steps in each_episode(batch["first"]):
        t0, t1 = steps.start, steps.stop
        w0, w1 = (2.0 - 1.5 * min(t / 5.0, 1.0) for t in (t0, t1))
        ends = batch["terminated"][row, t1 - 1]
        late = 0.0 if ends else GAMMA ** (t1 - t0) * w1 * np.sin(3 * batch["next_position"][row, t1 - 1])
        assert discounted(extra[row, steps]) == pytest.approx(
            late - w0 * np.sin(3 * batch["position"][row, t0])
        )


def timed(mdp: tables.TabularMDP, steps: int) -> tuple[tables.TabularMDP, np.ndarray, np.ndarray]:
    """The MDP with a clock in its state: (state, time) -> (next state, min(time + 1, steps - 1))."""
    size = mdp.states * steps
    transition = np.zeros((size, mdp.actions, size))
    reward = np.zeros((size, mdp.actions))
    for t in range(steps):
        here = slice(t * mdp.states, (t + 1) * mdp.states)
        there = min(t + 1, steps - 1) * mdp.states
        transition[here, :, there : there + mdp.states] = mdp.transition
        reward[here] = mdp.expected_reward
    initial = np.concatenate([mdp.initial, np.zeros(size - mdp.states)])
    big = tables.TabularMDP(transition, reward, mdp.discount, initial)
    return big, np.tile(np.arange(mdp.states), steps), np.repeat(np.arange(steps), mdp.states).astype(float)


def test_fading_out_one_weight_for_both_sides_is_what_breaks_invariance() -> None:
    lost_dynamic, lost_naive = [], []
    for seed in range(8):
        mdp = tables.random_mdp(np.random.default_rng(seed), 4, 3, GAMMA)
        big, state, clock = timed(mdp, 6)
        phi = np.random.default_rng(seed + 50).normal(size=4, scale=3.0)[state]
        batch = big.batch({"position": phi, "time": clock})
        s, a, after = big.transitions()
        fade = DynamicPotential(_phi, GAMMA, 1.0, 0.0, 5.0)
        for lost, shaped in (
            (lost_dynamic, fade.apply(big.expected_reward[s, a][:, None], batch, ())[0]),
            (lost_naive, big.expected_reward[s, a][:, None] + _naive(fade, batch)),
        ):
            table = np.zeros(big.transition.shape)
            table[s, a, after] = shaped[:, 0]
            lost.append(tables.invariance_violation(big, table))
    assert max(lost_dynamic) < 1e-8
    assert max(lost_naive) > 1e-2


@rs.term
def _phi(position):
    return position


def _naive(fade: DynamicPotential, batch: dict) -> np.ndarray:
    weight = fade.weight(batch["time"])
    return weight * (rs.Potential(_phi, GAMMA).apply(0.0 * batch["position"], batch, ())[0])


@pytest.mark.parametrize("seed", range(4))
def test_advice_telescopes_and_shifts_values(seed: int) -> None:
    """Oracle: Q of the shaped reward is Q - Phi for any policy, by a linear solve over pairs (s, a)."""
    rng = np.random.default_rng(seed)
    mdp = tables.random_mdp(rng, 5, 3, GAMMA)
    policy, phi = rng.dirichlet(np.ones(3), 5), rng.normal(size=(5, 3))
    q = tables.q_values(mdp, policy)
    # all (s, a, s', a') at once
    s, a, after, later = (i.ravel() for i in np.indices((5, 3, 5, 3)))
    batch = {"position": phi[s, a], "next_position": phi[after, later], "terminated": np.zeros(len(s), bool)}
    batch |= {"action": np.ones(len(s)), "next_action": np.ones(len(s))}
    shaped = PotentialAdvice(_advised, GAMMA).apply(mdp.expected_reward[s, a], batch, ())[0].reshape(5, 3, 5, 3)
    chance = mdp.transition[:, :, :, None] * policy[None, None]
    reward = (chance * shaped).sum((2, 3)).ravel()
    moves = chance.reshape(15, 15)
    found = np.linalg.solve(np.eye(15) - GAMMA * moves, reward).reshape(5, 3)
    np.testing.assert_allclose(found, q - phi, atol=1e-10)


@rs.term
def _advised(position, action):
    return position * action


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("cuts", [(), (3,), (2, 3, 6)])
def test_a_learned_potential_telescopes_while_it_learns(seed: int, cuts: tuple[int, ...]) -> None:
    batch, reward = walk(seed)
    fit = LearnedPotential(("position", "velocity"), GAMMA, learning_rate=0.7, weight=0.5)
    state = (np.array([1.0, -2.0, 0.3]), ())
    begin, extra, at_start = 0, [], []
    for end in (*cuts, reward.shape[1]):
        part = {name: values[:, begin:end] for name, values in batch.items()}
        at_start.append(fit.values(part, state[0]))
        out, new = fit.apply(reward[:, begin:end], part, state)
        extra.append(out - reward[:, begin:end])
        begin, weights, state = end, state[0], new
    shaping, value = np.concatenate(extra, 1), np.concatenate(at_start, 1)
    for row, steps in each_episode(batch["first"]):
        final = np.array(
            [batch["next_position"][row, steps.stop - 1], batch["next_velocity"][row, steps.stop - 1], 1.0]
        )
        length = steps.stop - steps.start
        flagged = batch["truncated"][row, steps.stop - 1] or batch["terminated"][row, steps.stop - 1]
        if not flagged or (steps.stop < reward.shape[1] and cuts):
            continue  # the last V of an episode that is cut off depends on the piece it ends in
        late = 0.0 if batch["terminated"][row, steps.stop - 1] else GAMMA**length * float(final @ weights)
        assert discounted(shaping[row, steps]) == pytest.approx(0.5 * (late - value[row, steps.start]))


def test_a_terminated_episode_gains_minus_the_first_value_in_any_pieces() -> None:
    rng = np.random.default_rng(0)
    cells = rng.integers(0, 5, (1, 9))
    batch = {"cell": cells[:, :-1], "next_cell": cells[:, 1:], "terminated": np.arange(8)[None] == 7}
    batch["first"] = np.arange(8)[None] == 0
    fit = LearnedPotential("cell", GAMMA, learning_rate=0.5, size=5)
    start = rng.normal(size=5)
    for cut in range(1, 8):
        state, extra = (start, ()), []
        for piece in (slice(0, cut), slice(cut, None)):
            part = {name: values[:, piece] for name, values in batch.items()}
            reward = rng.normal(size=part["cell"].shape)
            out, state = fit.apply(reward, part, state)
            extra.append(out - reward)
        assert discounted(np.concatenate(extra, 1)[0]) == pytest.approx(-start[cells[0, 0]])


def test_the_table_learns_the_values() -> None:
    """Oracle: the linear solve, on a chain whose every transition is shown in every batch."""
    mdp = tables.chain(1, 4, GAMMA)
    right = np.ones(mdp.states, dtype=int)
    batch = mdp.batch({"cell": np.arange(mdp.states)})
    s, a, after = mdp.transitions()
    keep = a == 1
    batch = {name: values[keep] for name, values in batch.items()}
    reward = mdp.reward[s, a, after][keep][:, None]
    fit = LearnedPotential("cell", GAMMA, learning_rate=1.0, size=mdp.states)
    state = fit.init(batch)
    for _ in range(10):
        shaped, state = fit.apply(reward, batch, (state[0], ()))
    values = tables.evaluate_policy(mdp, right)
    np.testing.assert_allclose(state[0], values, atol=1e-12)
    np.testing.assert_allclose(shaped, 0.0, atol=1e-12)  # once V is exact every step is worth its advantage, 0


@pytest.mark.parametrize("seed", range(6))
def test_with_any_weights_no_optimal_policy_is_lost(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mdp = tables.random_mdp(rng, 5, 3, GAMMA)
    batch = mdp.batch({"cell": np.arange(5)})
    s, a, after = mdp.transitions()
    table = np.zeros(mdp.transition.shape)
    fit = LearnedPotential("cell", GAMMA, size=5)
    table[s, a, after] = fit.apply(mdp.expected_reward[s, a][:, None], batch, (rng.normal(size=5), ()))[0][:, 0]
    assert tables.invariance_violation(mdp, table) < 1e-8


def test_steps_without_verdict_teach_nothing() -> None:
    fit = LearnedPotential("position", GAMMA, 0.5)
    batch = {
        "position": np.array([[1.0, 2.0]]),
        "next_position": np.zeros((1, 2)),
        "terminated": np.ones((1, 2), bool),
    }
    _, (found, _) = fit.apply(np.array([[np.nan, 3.0]]), batch, fit.init(batch))
    np.testing.assert_allclose(found, 0.5 * 3.0 * np.array([2.0, 1.0]))


@pytest.mark.parametrize(
    "transform",
    [
        DynamicPotential(own.height, 0.9, 2.0, 0.5, 5.0),
        PotentialAdvice(_advised, 0.9),
        LearnedPotential(("position", "velocity"), 0.9),
    ],
    ids=str,
)
def test_other_libraries(transform) -> None:
    batch, reward = walk(2)
    agrees_everywhere(transform, reward, batch)


def test_a_learned_table_in_other_libraries() -> None:
    batch, reward = walk(2)
    cells = np.random.default_rng(0).integers(0, 5, reward.shape)
    fit = LearnedPotential("cell", 0.9, size=5)
    agrees_everywhere(fit, reward, {**batch, "cell": cells, "next_cell": cells[:, ::-1].copy()})


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: LearnedPotential(()), "one or more names"),
        (lambda: LearnedPotential("next_x"), "state fields"),
        (lambda: LearnedPotential(("x", "y"), size=3), "one field"),
        (lambda: DynamicPotential(own.height, duration=0.0), "above 0"),
        (lambda: PotentialAdvice(own.height, discount=2.0), "0 to 1"),
    ],
)
def test_bad_settings(make, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        make()


def test_misfits_name_both_parts() -> None:
    with pytest.raises(CompositionError, match=r"DynamicPotential\(effort\).*action"):
        DynamicPotential(own.effort)
    fit = LearnedPotential("cell", size=2)
    with pytest.raises(BadInput, match=r"0\.\.1"):
        fit.values({"cell": np.array([5])}, np.zeros(2))
