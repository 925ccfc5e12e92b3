"""EXPRD against its definition, exact policy iteration, and a hand-solvable problem."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardsmith.core import mdp as m
from rewardsmith.core.errors import BadInput
from rewardsmith.core.grid import gridworld
from rewardsmith.design.informative import (
    Exprd,
    InfeasibleMargin,
    exprd,
    informativeness,
    target_margins,
)

CHAIN = m.chain(1, 4, discount=0.9, rewards=(0.0, 1.0), slip=0.1)
ROOM = gridworld("S..\n...\n..G", discount=0.9, slip=0.1)  # ties: right or down


def slow_informativeness(mdp: m.TabularMDP, reward: np.ndarray, horizons: tuple[int, ...]) -> float:
    targets = m.optimal_actions(mdp)
    q_star = m.q_values(mdp)
    total = 0.0
    pi = targets / targets.sum(-1, keepdims=True)
    for h in horizons:
        for s in range(mdp.states):
            others = [a for a in range(mdp.actions) if not targets[s, a]]
            if not others:
                continue
            delta = q_star[s].max() - max(q_star[s, a] for a in others)

            def look(s: int, a: int, h: int = h) -> float:
                now, value = np.zeros((mdp.states, mdp.actions)), 0.0
                now[s, a] = 1
                for t in range(h + 1):
                    value += mdp.discount**t * (now * reward).sum()
                    now = np.einsum("sa,sat->t", now, mdp.transition)[:, None] * pi
                return value

            target = sum(pi[s, a] * look(s, a) for a in range(mdp.actions))
            total += max(0.0, max(delta - (target - look(s, a)) for a in others))
    return -total / (len(horizons) * mdp.states)


@pytest.mark.parametrize("mdp", [CHAIN, ROOM])
def test_informativeness_is_its_definition(mdp: m.TabularMDP) -> None:
    reward = np.random.default_rng(0).normal(size=(mdp.states, mdp.actions)) * 0.1
    assert informativeness(mdp, reward, (0, 2, 5)) == pytest.approx(
        slow_informativeness(mdp, reward, (0, 2, 5))
    )


@pytest.mark.parametrize("mdp", [CHAIN, ROOM])
def test_designs_keep_the_optimal_policies_and_become_more_informative(mdp: m.TabularMDP) -> None:
    designs = Exprd(extra=2, reward_bound=5.0).designs(mdp)
    for design in designs:
        assert m.invariance_violation(mdp, design.reward) < 1e-9
        assert (m.optimal_actions(mdp.with_reward(design.reward), 1e-7) == m.optimal_actions(mdp))[
            ~mdp.ends
        ].all()
        assert np.abs(design.reward).max() <= 5.0 + 1e-9
        outside = np.setdiff1d(np.arange(mdp.states), design.active)
        assert (design.reward[outside] == 0).all()
    values = [design.informativeness for design in designs]
    assert values == sorted(values)
    assert values[0] >= informativeness(mdp, mdp.expected_reward) - 1e-9
    assert values[-1] > values[0] + 1e-4


def test_all_states_active_reach_full_informativeness() -> None:
    # R = -gap * [a not target] shows every gap in one step: I(R) = 0 is attainable, so it must be attained.
    design = exprd(CHAIN, [s for s in range(6) if not CHAIN.ends[s]], reward_bound=5.0)
    assert design.informativeness == pytest.approx(0.0, abs=1e-9)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_no_random_feasible_reward_is_more_informative(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mdp = m.random_mdp(rng, 4, 2, 0.8)
    design = exprd(mdp, range(4), reward_bound=3.0, horizons=(1, 3))
    own = np.clip(mdp.expected_reward, -3, 3)
    if (own == mdp.expected_reward).all():
        assert design.informativeness >= informativeness(mdp, own, (1, 3)) - 1e-9
    shaped = mdp.with_reward(m.potential_shaping(mdp, rng.normal(size=4) * 0.3)).expected_reward
    if np.abs(shaped).max() <= 3:
        assert design.informativeness >= informativeness(mdp, shaped, (1, 3)) - 1e-9


def test_sparsity_lowers_the_norm() -> None:
    states = [s for s in range(6) if not CHAIN.ends[s]]
    dense, sparse = (exprd(CHAIN, states, 5.0, sparsity=weight) for weight in (0.0, 0.05))
    assert np.abs(sparse.reward).sum() < np.abs(dense.reward).sum()
    assert m.invariance_violation(CHAIN, sparse.reward) < 1e-9


def test_infeasible_margins_come_with_a_proof() -> None:
    margins = 100 * target_margins(CHAIN, m.optimal_actions(CHAIN))
    with pytest.raises(InfeasibleMargin, match="at most") as caught:
        exprd(CHAIN, [4], reward_bound=2.0, margins=margins)
    scale = caught.value.largest_scale
    assert 0 < scale < 1
    exprd(CHAIN, [4], reward_bound=2.0, margins=margins * scale * (1 - 1e-6))
    with pytest.raises(InfeasibleMargin):
        exprd(CHAIN, [4], reward_bound=2.0, margins=margins * scale * (1 + 1e-4))
    # Weak duality by hand: for every |r| <= 2, scale <= y @ gaps @ r <= 2 * |gaps.T @ y|_1.
    gap_dual, tie_dual = caught.value.certificate
    pi = m.optimal_actions(CHAIN)
    assert (gap_dual >= -1e-12).all()
    assert len(tie_dual) == 0
    rows = []
    for a in range(2):
        unit = np.zeros((6, 2))
        unit[4, a] = 1
        q = m.q_values(CHAIN.with_reward(unit), pi.argmax(-1))
        rows.append([q[s, 1] - q[s, 0] for s in range(1, 5)])
    assert gap_dual @ margins[1:5] == pytest.approx(1)
    assert 2.0 * np.abs(np.array(rows) @ gap_dual).sum() == pytest.approx(scale)


@pytest.mark.parametrize(
    "change",
    [{"active": []}, {"active": [1, 1]}, {"active": [99]}, {"reward_bound": 0.0}, {"horizons": ()},
     {"targets": np.zeros((6, 2), bool)}],
)  # fmt: skip
def test_refusals(change: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        exprd(**{"mdp": CHAIN, "active": [4], **change})  # type: ignore[arg-type]
