"""ExpAdaRD against slow loops, every vertex of its programme, exact policies, and what it must refuse."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from rewardsmith.core import mdp as m
from rewardsmith.core.errors import BadInput
from rewardsmith.core.grid import gridworld
from rewardsmith.design.adaptive import ExpAdaRD, NothingToTell, adaptive_informativeness, expadard
from rewardsmith.design.informative import InfeasibleMargin, exprd
from rewardsmith.design.preserving import target_margins
from rewardsmith.optimize.tabular import Reinforce, reinforce

CHAIN = m.chain(1, 4, discount=0.9, rewards=(0.0, 1.0), slip=0.1)
ROOM = gridworld("S..\n...\n..G", discount=0.9, slip=0.1)  # ties: right or down


def a_learner(mdp: m.TabularMDP, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(mdp.actions), mdp.states)


def slow_informativeness(mdp: m.TabularMDP, reward: np.ndarray, learner: np.ndarray, spread: float) -> float:
    best = m.optimal_actions(mdp)
    target = best / best.sum(-1, keepdims=True)
    q = m.q_values(mdp, target)

    def visits(policy: np.ndarray) -> list[float]:
        now, seen = np.array(mdp.initial), np.zeros(mdp.states)
        for t in range(2000):
            seen += mdp.discount**t * now
            now = sum(now[s] * policy[s, a] * mdp.transition[s, a] for s, a in pairs)
        seen[mdp.ends] = 0.0
        return list(seen / seen.sum())

    pairs = list(product(range(mdp.states), range(mdp.actions)))
    of_target = visits((1 - spread) * target + spread / mdp.actions)
    of_learner = visits(learner)
    total = 0.0
    for s, a in pairs:
        v = sum(target[s, b] * q[s, b] for b in range(mdp.actions))
        mean_advantage = sum(learner[s, b] * (q[s, b] - v) for b in range(mdp.actions))
        mean_reward = sum(learner[s, b] * reward[s, b] for b in range(mdp.actions))
        visited = of_learner[s] * learner[s, a]  # mu_L(s, a)
        edge = q[s, a] - v - mean_advantage
        total += of_target[s] * visited * learner[s, a] * edge * (reward[s, a] - mean_reward)
    return total


@pytest.mark.parametrize(("mdp", "spread"), [(CHAIN, 0.0), (ROOM, 0.4)])
def test_informativeness_is_its_definition(mdp: m.TabularMDP, spread: float) -> None:
    reward, learner = np.random.default_rng(1).normal(size=(mdp.states, mdp.actions)), a_learner(mdp)
    ours = adaptive_informativeness(mdp, reward, learner, spread=spread)
    assert abs(ours) > 1e-4
    assert ours == pytest.approx(slow_informativeness(mdp, reward, learner, spread))


def test_what_changes_informativeness_and_what_does_not() -> None:
    rng, learner = np.random.default_rng(2), a_learner(ROOM)
    reward = rng.normal(size=(ROOM.states, ROOM.actions))
    plain = adaptive_informativeness(ROOM, reward, learner)
    assert adaptive_informativeness(ROOM, reward + 7.0, learner) == pytest.approx(plain)
    by_state = reward + rng.normal(size=(ROOM.states, 1))
    assert adaptive_informativeness(ROOM, by_state, learner) == pytest.approx(plain)
    assert adaptive_informativeness(ROOM, -3 * reward, learner) == pytest.approx(-3 * plain)
    assert adaptive_informativeness(ROOM, reward, a_learner(ROOM, 1)) != pytest.approx(plain, rel=0.01)


def three_states() -> m.TabularMDP:
    return m.random_mdp(np.random.default_rng(5), 3, 2, 0.8)


def vertices(upper: np.ndarray, limits: np.ndarray) -> list[np.ndarray]:
    """Every point where as many rows as unknowns are equalities and all others hold."""
    found = []
    for rows in combinations(range(len(upper)), upper.shape[1]):
        chosen = list(rows)
        if abs(np.linalg.det(upper[chosen])) > 1e-10:
            point = np.linalg.solve(upper[chosen], limits[chosen])
            if (upper @ point <= limits + 1e-9).all():
                found.append(point)
    return found


def test_the_design_is_the_best_of_all_vertices() -> None:
    mdp, bound = three_states(), 2.5
    learner, targets = a_learner(mdp, 3), m.optimal_actions(mdp)
    assert (targets.sum(-1) == 1).all()
    best, units = targets.argmax(-1), np.eye(6).reshape(6, 3, 2)
    worth = np.array([adaptive_informativeness(mdp, unit, learner, spread=0.2) for unit in units])
    q = np.array([m.q_values(mdp.with_reward(unit), best) for unit in units])  # one unit of reward at a time
    gaps = np.array([q[:, s, best[s]] - q[:, s, 1 - best[s]] for s in range(3)])
    # A margin between what the box alone would choose and what the box can reach.
    chosen, reach = gaps @ (bound * np.sign(worth)), bound * np.abs(gaps).sum(-1)
    margins = np.where(np.arange(3) == (reach - chosen).argmax(), (reach + chosen) / 2, 0.0)
    assert margins.max() > chosen[margins.argmax()] + 0.1
    points = vertices(np.vstack([-gaps, np.eye(6), -np.eye(6)]), np.append(-margins, np.full(12, bound)))
    assert len(points) > 10
    values = [adaptive_informativeness(mdp, point.reshape(3, 2), learner, spread=0.2) for point in points]
    design = expadard(mdp, learner, reward_bound=bound, margins=margins, spread=0.2)
    assert design.informativeness == pytest.approx(max(values))
    assert design.informativeness < bound * np.abs(worth).sum() - 1e-3  # the margin has its price


@pytest.mark.parametrize("mdp", [CHAIN, ROOM])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_target_stays_optimal_and_nothing_allowed_tells_more(mdp: m.TabularMDP, seed: int) -> None:
    learner = a_learner(mdp, seed)
    design = expadard(mdp, learner, reward_bound=1.0, spread=0.3)
    designed = mdp.with_reward(design.reward)
    q = m.backup(designed, m.value_iteration(designed))
    greedy = q >= q.max(-1, keepdims=True) - 1e-7
    assert (greedy == m.optimal_actions(mdp))[~mdp.ends].all()
    assert m.invariance_violation(mdp, design.reward, tolerance=1e-7) < 1e-9
    assert np.abs(design.reward).max() <= 1.0 + 1e-9
    worth = [
        adaptive_informativeness(mdp, reward, learner, spread=0.3)
        for reward in (design.reward, mdp.expected_reward, exprd(mdp, np.flatnonzero(~mdp.ends)).reward)
    ]
    assert worth[0] == pytest.approx(design.informativeness)
    assert worth[0] > 1.01 * max(worth[1:])


def test_it_adapts_to_the_learner() -> None:
    learners = [a_learner(ROOM, seed) for seed in (0, 1)]
    own, other = (expadard(ROOM, learner, spread=0.3) for learner in learners)
    for learner, mine, theirs in ((learners[0], own, other), (learners[1], other, own)):
        better, worse = (
            adaptive_informativeness(ROOM, design.reward, learner, spread=0.3) for design in (mine, theirs)
        )
        assert better > worse + 1e-6


def test_features_are_shared_weights() -> None:
    learner = a_learner(ROOM)
    pays = [s for s in range(ROOM.states) if not ROOM.ends[s]]
    entries = np.zeros((len(pays) * ROOM.actions, ROOM.states, ROOM.actions))
    for index, (s, a) in enumerate(product(pays, range(ROOM.actions))):
        entries[index, s, a] = 2.0  # the weight is then half of the entry
    free, scaled = expadard(ROOM, learner), expadard(ROOM, learner, features=entries)
    assert scaled.informativeness == pytest.approx(free.informativeness)
    # One weight that only scales the original reward: the bound of R decides, not one of the weight.
    alone = expadard(ROOM, learner, features=4 * ROOM.expected_reward[None], reward_bound=3.0)
    scale = 3.0 / np.abs(ROOM.expected_reward).max()
    assert alone.reward == pytest.approx(scale * ROOM.expected_reward)
    overlapping = expadard(ROOM, learner, features=np.stack([entries[0] + entries[1], *entries[1:]]))
    assert overlapping.informativeness == pytest.approx(free.informativeness)
    assert np.abs(overlapping.reward).max() <= 1 + 1e-9


def test_a_learner_that_no_reward_tells_anything() -> None:
    still = np.zeros(CHAIN.states, dtype=np.int64)  # always left
    reward = np.random.default_rng(0).normal(size=(CHAIN.states, 2))
    assert adaptive_informativeness(CHAIN, reward, still) == 0.0
    with pytest.raises(NothingToTell, match="informativeness of every reward is 0"):
        expadard(CHAIN, still)
    ready = m.optimal_actions(ROOM) / m.optimal_actions(ROOM).sum(-1, keepdims=True)
    with pytest.raises(NothingToTell):  # it tries several actions, all of them right
        expadard(ROOM, ready)


def test_margins_out_of_reach_come_with_their_largest_share() -> None:
    margins = 100 * target_margins(CHAIN, m.optimal_actions(CHAIN))
    learner = a_learner(CHAIN)
    with pytest.raises(InfeasibleMargin, match="at most") as caught:
        expadard(CHAIN, learner, active=[4], reward_bound=2.0, margins=margins)
    scale = caught.value.largest_scale
    assert 0 < scale < 1
    expadard(CHAIN, learner, active=[4], reward_bound=2.0, margins=margins * scale * (1 - 1e-6))
    feature = np.zeros((1, CHAIN.states, 2))
    feature[0, 4] = [-5.0, 5.0]  # both entries by one weight: its bound is 2 / 5, not 2
    with pytest.raises(InfeasibleMargin) as tied:
        expadard(CHAIN, learner, features=feature, reward_bound=2.0, margins=margins)
    assert 0 < tied.value.largest_scale <= scale + 1e-9


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"learner": np.ones((6, 2))}, "policy"),
        ({"active": []}, "active"),
        ({"active": [1, 1]}, "active"),
        ({"active": [1], "features": np.ones((1, 6, 2))}, "active and features"),
        ({"features": np.ones((6, 2))}, "features"),
        ({"features": np.full((1, 6, 2), np.nan)}, "features"),
        ({"reward_bound": 0.0}, "reward_bound"),
        ({"targets": np.zeros((6, 2), bool)}, "targets"),
        ({"margins": np.zeros(5)}, "margins"),
        ({"spread": 1.5}, "spread"),
    ],
)
def test_refusals(change: dict[str, object], what: str) -> None:
    arguments: dict[str, object] = {"mdp": CHAIN, "learner": a_learner(CHAIN), **change}
    with pytest.raises(BadInput, match=what):
        expadard(**arguments)


def test_refusals_of_a_reward_table() -> None:
    for table in (np.zeros((6, 3)), np.full((6, 2), np.nan)):
        with pytest.raises(BadInput, match="reward"):
            adaptive_informativeness(CHAIN, table, a_learner(CHAIN))


def test_online_it_is_the_design_for_the_policy_that_played() -> None:
    online = ExpAdaRD(("own", "first"), fixed=CHAIN.expected_reward[None], every=2, spread=0.3)
    state = online.start(CHAIN, 2)
    assert online.variants == 3
    uniform = expadard(CHAIN, np.full((6, 2), 0.5), spread=0.3).reward
    assert state.reward[:2] == pytest.approx(np.stack([CHAIN.expected_reward] * 2))
    assert state.reward[2:] == pytest.approx(np.stack([uniform] * 4))
    setting = Reinforce(episodes=6, horizon=10, learning_rate=30.0, evaluate_every=6)
    watched = Watched(online)
    reinforce(CHAIN, [3, 4], setting, watched)
    assert [seen for seen, *_ in watched.seen] == [1, 2, 3, 4, 5, 6]
    for seen, policy, reward in watched.seen:
        assert reward[4:] == pytest.approx(np.stack([uniform] * 2))  # "first" stays
        if seen % 2 == 0:
            for agent in (2, 3):
                assert reward[agent] == pytest.approx(expadard(CHAIN, policy[agent], spread=0.3).reward)


class Watched:
    """Passes everything on and keeps what ``learn`` left behind."""

    def __init__(self, inner: ExpAdaRD) -> None:
        self.inner, self.variants = inner, inner.variants
        self.start, self.pay = inner.start, inner.pay
        self.seen: list[tuple[int, np.ndarray, np.ndarray]] = []

    def learn(self, state, mdp, episode):
        state = self.inner.learn(state, mdp, episode)
        own = CHAIN.expected_reward[episode.state, episode.action]
        assert episode.own == pytest.approx(own)
        self.seen.append((state.seen, episode.table, state.reward))
        return state


def test_a_fixed_reward_is_learned_as_if_it_were_the_mdps_own() -> None:
    setting = Reinforce(episodes=20, horizon=10, learning_rate=3.0, evaluate_every=20)
    table = np.random.default_rng(0).normal(size=(6, 2)) * ~CHAIN.ends[:, None]
    paid = reinforce(CHAIN, range(3), setting, ExpAdaRD((), fixed=table[None]))
    own = CHAIN.with_reward(table)
    direct = reinforce(own, range(3), setting, ExpAdaRD((), fixed=table[None]))
    assert (paid.steps == direct.steps).all()
    assert paid.performance[..., 0] != pytest.approx(direct.performance[..., 0])  # measured by its own reward


@pytest.mark.parametrize(
    "change", [{"every": 0}, {"sees": ("else",)}, {"sees": ()}, {"fixed": np.zeros((6, 2))}]
)
def test_refusals_of_the_follower(change: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="ExpAdaRD"):
        ExpAdaRD(**change)
    with pytest.raises(BadInput, match="fixed"):
        ExpAdaRD(fixed=np.zeros((1, 3, 2))).start(CHAIN, 1)
